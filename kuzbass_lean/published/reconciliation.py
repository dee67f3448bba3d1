"""Published figures against a registry: agrees, differs, or cannot be checked, and why."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pandas as pd

from kuzbass_lean import catalogue
from kuzbass_lean.checks import finding
from kuzbass_lean.errors import Finding
from kuzbass_lean.metrics import frame_units
from kuzbass_lean.published.figures import PublishedFigure, figures, read
from kuzbass_lean.registry import Registry, once

Number = float | tuple[float, ...] | None
_Found = tuple[Number, str]

COLUMNS = ["figure", "slide", "quantity", "unit", "published", "registry", "state", "note"]


@once
def reconcile(registry: Registry) -> pd.DataFrame:
    """Compare every numeric published figure with what the registry gives for it.

    Returns
    -------
    DataFrame
        figure, slide, quantity, unit, published, registry, state, note; one row per numeric
        figure and per blank cell. ``state`` is agrees, differs or cannot_check. A missing table,
        institution or cell cannot be checked; it is never read as zero.

    Source: programme methodology, metrics table: Reconciliation.

    Examples
    --------
    >>> sorted(kl.published.reconcile(registry)["state"].unique())
    ['agrees', 'cannot_check']
    """
    checks = {check["figure"]: check for check in read()["checks"]}
    numeric = [entry for entry in figures() if _is_numeric(entry)]
    rows = [_row(entry, checks.get(entry.id), registry) for entry in numeric]
    return pd.DataFrame(rows, columns=COLUMNS)


REGION = Fraction(1, 2)
"""From this share of the territories on a registry is taken for the region's, not for one office's."""


def departures(registry: Registry) -> list[Finding]:
    """Return the published figures that the registry's rows do not sum to, as warnings.

    Only a registry of the region can: with organisations in at least ``REGION`` of the catalogue's
    territories; and only one from which no row was left out, or its sums would tell that once more.
    Nothing is corrected, for either number may be the right one.

    Examples
    --------
    >>> kl.published.departures(registry)
    []
    """
    known = {entry.key for entry in catalogue.municipalities()}
    covered = known & set(registry.organizations["municipality_id"].dropna())
    if registry.has("municipalities") or registry.left_out or len(covered) < REGION * len(known):
        return []
    table = reconcile(registry)
    return [
        finding(
            "published_total",
            registry.label,
            severity="warning",
            value=_said(row["registry"]),
            other=f"{_said(row['published'])} («{row['quantity']}», {row['slide']})",
        )
        for row in table[table["state"].eq("differs")].to_dict("records")
    ]


def _said(value: object) -> str:
    if isinstance(value, tuple):
        return "–".join(map(_said, value))
    return f"{value:.10g}" if isinstance(value, int | float) else str(value)


def _is_numeric(entry: PublishedFigure) -> bool:
    counted = entry.kind in ("count", "after") and entry.value is None
    return counted or (isinstance(entry.value, int | float | tuple) and entry.kind != "artefact")


def _row(entry: PublishedFigure, check: dict[str, Any] | None, registry: Registry) -> tuple[object, ...]:
    if check is None:
        found: Number = None
        note = "реестр не выражает это число"
    else:
        found, note = _OPERATIONS[check["what"]](check, registry)
    if entry.value is None:
        state, note = "cannot_check", entry.missing
    elif entry.ambiguous and not isinstance(entry.value, tuple):
        state, note = "cannot_check", entry.note or "смысл числа в источнике не определён"
    elif found is None:
        state = "cannot_check"
    else:
        state, note = ("agrees" if found == _plain(entry.value) else "differs"), note
    return entry.id, entry.slide, entry.quantity, entry.unit, entry.value, found, state, note


def _plain(value: object) -> Number:
    if isinstance(value, tuple):
        return tuple(float(item) for item in value)
    return float(value) if isinstance(value, int | float) else None


def _absent(registry: Registry, organizations: list[str]) -> str:
    known = set(registry.organizations["organization_id"])
    lost = [name for name in organizations if name not in known]
    return f"в реестре нет организации {', '.join(lost)}" if lost else ""


def _projects(check: dict[str, Any], registry: Registry) -> _Found:
    """Projects that were not cancelled, by leading organisation, sector, direction, status."""
    projects = registry.projects
    projects = projects[projects["status"].ne("cancelled")]
    named = [*check.get("organizations", []), *check.get("without", [])]
    lost = _absent(registry, named)
    if lost:
        return None, lost
    if "organizations" in check:
        projects = projects[projects["organization_id"].isin(check["organizations"])]
    if "without" in check:
        projects = projects[~projects["organization_id"].isin(check["without"])]
    if "sector" in check:
        projects = projects[projects["sector"].eq(check["sector"])]
    if "kind" in check:
        kinds = registry.organizations.set_index("organization_id")["kind"]
        projects = projects[projects["organization_id"].map(kinds).eq(check["kind"])]
    if check.get("directed"):
        projects = projects[projects["direction"].notna()]
    if "direction" in check:
        projects = projects[projects["direction"].eq(check["direction"])]
    if "status" in check:
        projects = projects[projects["status"].isin(check["status"])]
    return float(len(projects)), ""


def _units(check: dict[str, Any], registry: Registry) -> _Found:
    pairs = registry.project_units()
    return float(pairs.loc[pairs["kind"].eq(check["kind"]), "organization_id"].nunique()), ""


def _coverage(check: dict[str, Any], registry: Registry) -> _Found:
    covered, _ = _units(check, registry)
    units = frame_units(registry.frame("frames"), check["kind"])
    if not units or not isinstance(covered, float):
        return None, f"в реестре нет числа единиц ({check['kind']})"
    return 100 * covered / units, ""


def _municipalities(check: dict[str, Any], registry: Registry) -> _Found:
    directed = registry.projects.loc[registry.projects["direction"].notna(), "project_id"]
    pairs = registry.project_units()
    places = pairs.loc[pairs["project_id"].isin(directed), "municipality_id"]
    return float(places.nunique()), "с проектом муниципального направления"


def _frame(check: dict[str, Any], registry: Registry) -> _Found:
    units = frame_units(registry.frame("frames"), check["kind"])
    return (None, f"в реестре нет числа единиц ({check['kind']})") if units is None else (float(units), "")


def _plan(check: dict[str, Any], registry: Registry) -> _Found:
    plans = registry.frame("plans")
    cells = plans.loc[plans["year"].eq(2019) & plans["kind"].eq(check["kind"]), check["column"]].dropna()
    if cells.empty:
        return None, "в реестре нет такого плана"
    return float(cells.sum()) / check.get("scale", 1), ""


def _rows(check: dict[str, Any], registry: Registry) -> _Found:
    table = registry.table(check["table"])
    return (None, f"в реестре нет таблицы {check['table']}") if table is None else (float(len(table)), "")


def _participants(check: dict[str, Any], registry: Registry) -> _Found:
    pairs = registry.project_units()
    pairs = pairs[pairs["project_id"].eq(check["project"]) & pairs["kind"].eq(check["kind"])]
    if pairs.empty:
        return None, f"в реестре нет участников проекта {check['project']}"
    return float(pairs["organization_id"].nunique()), ""


def _cell(check: dict[str, Any], registry: Registry) -> _Found:
    projects = registry.projects
    cells = projects.loc[projects["project_id"].eq(check["project"]), check["column"]].dropna()
    return (None, f"в реестре нет проекта {check['project']}") if cells.empty else (float(cells.iloc[0]), "")


def _solved_share(check: dict[str, Any], registry: Registry) -> _Found:
    solved, note = _cell({**check, "column": "problems_solved"}, registry)
    found, _ = _cell({**check, "column": "problems_found"}, registry)
    if not isinstance(solved, float) or not isinstance(found, float) or not found:
        return None, note
    return float(round(100 * solved / found)), "до целого процента"


def _measured(registry: Registry, measure: str, phase: str) -> pd.Series | None:
    values = registry.frame("values")
    rows = values[values["measure_id"].eq(measure) & values["phase"].eq(phase)]
    return None if rows.empty else rows.iloc[0]


def _value(check: dict[str, Any], registry: Registry) -> _Found:
    row = _measured(registry, check["measure"], check["phase"])
    if row is None:
        return None, f"в реестре нет значения {check['measure']}, {check['phase']}"
    if row["qualifier"] == "range":
        return (float(row["low"]), float(row["high"])), ""
    number = row["high"] if pd.isna(row["low"]) or row["qualifier"] == "up_to" else row["low"]
    return float(number), ""


def _factor(check: dict[str, Any], registry: Registry) -> _Found:
    row = _measured(registry, check["measure"], "after")
    if row is None or pd.isna(row["factor"]):
        return None, f"в реестре нет показателя {check['measure']}"
    return float(row["factor"]), "известно только, во сколько раз"


def _cut(check: dict[str, Any], registry: Registry) -> _Found:
    before = _measured(registry, check["measure"], "before")
    after = _measured(registry, check["measure"], "after")
    if before is None or after is None:
        return None, f"в реестре нет показателя {check['measure']}"
    return 100 * (1 - float(after["high"]) / float(before["high"])), "от верхней границы «до»"


def _effect(check: dict[str, Any], registry: Registry) -> _Found:
    effects = registry.frame("effects")
    mine = effects["project_id"].eq(check["project"]) & effects["kind"].eq(check["kind"])
    if not mine.any():
        return None, f"в реестре нет эффекта проекта {check['project']}"
    return float(effects.loc[mine, "amount"].sum()), ""


def _standards(check: dict[str, Any], registry: Registry) -> _Found:
    standards = registry.frame("standards")
    mine = standards["project_id"].eq(check["project"]) & standards["kind"].eq(check["kind"])
    counts = standards.loc[mine, "count"].dropna()
    return (None, "в реестре нет числа документов") if counts.empty else (float(counts.sum()), "")


_OPERATIONS: dict[str, Callable[[dict[str, Any], Registry], _Found]] = {
    "projects": _projects,
    "units": _units,
    "coverage": _coverage,
    "municipalities": _municipalities,
    "frame": _frame,
    "plan": _plan,
    "rows": _rows,
    "participants": _participants,
    "cell": _cell,
    "solved_share": _solved_share,
    "value": _value,
    "factor": _factor,
    "cut": _cut,
    "effect": _effect,
    "standards": _standards,
}
