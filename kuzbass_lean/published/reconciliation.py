"""Published figures against a registry: agrees, differs, or cannot be checked, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import pandas as pd

from kuzbass_lean import catalogue
from kuzbass_lean.checks import finding
from kuzbass_lean.errors import Finding
from kuzbass_lean.lookup import among, positions
from kuzbass_lean.metrics import frame_units
from kuzbass_lean.published.figures import PublishedFigure, figures, read
from kuzbass_lean.registry import Registry, once

Number = float | tuple[float, ...] | None
Behind = Mapping[str, pd.DataFrame | list[str]]
"""Rows of the registry that a number is computed from, by table: a frame of them, or their keys."""

_Found = tuple[Number, str, Behind]

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
    return pd.DataFrame([row for row, _ in _compared(registry)], columns=COLUMNS)


def behind(registry: Registry) -> dict[str, Behind]:
    """Return by published figure the rows that the registry's own number is computed from.

    A figure that cannot be computed from the registry has none.

    Examples
    --------
    >>> kl.published.behind(registry)["mvd.problems"]
    {'projects': ['mvd']}
    """
    return {str(row[0]): rows for row, rows in _compared(registry)}


@once
def _compared(registry: Registry) -> list[tuple[tuple[object, ...], Behind]]:
    checks = {check["figure"]: check for check in read()["checks"]}
    numeric = [entry for entry in figures() if _is_numeric(entry)]
    return [_row(entry, checks.get(entry.id), registry) for entry in numeric]


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


def _row(
    entry: PublishedFigure, check: dict[str, Any] | None, registry: Registry
) -> tuple[tuple[object, ...], Behind]:
    found, note, rows = _unknown("реестр не выражает это число")
    if check is not None:
        found, note, rows = _OPERATIONS[check["what"]](check, registry)
    if entry.value is None:
        state, note = "cannot_check", entry.missing
    elif entry.ambiguous and not isinstance(entry.value, tuple):
        state, note = "cannot_check", entry.note or "смысл числа в источнике не определён"
    elif found is None:
        state = "cannot_check"
    else:
        state, note = ("agrees" if found == _plain(entry.value) else "differs"), note
    return (entry.id, entry.slide, entry.quantity, entry.unit, entry.value, found, state, note), rows


def _plain(value: object) -> Number:
    if isinstance(value, tuple):
        return tuple(float(item) for item in value)
    return float(value) if isinstance(value, int | float) else None


def _unknown(why: str) -> _Found:
    return None, why, {}


def _absent(registry: Registry, organizations: list[str]) -> str:
    known = registry.once(_absent, lambda: frozenset(registry.organizations["organization_id"]))
    lost = [name for name in organizations if name not in known]
    return f"в реестре нет организации {', '.join(lost)}" if lost else ""


@once
def _active(registry: Registry) -> pd.DataFrame:
    """The projects that were not cancelled, with the kind of the organisation that leads each."""
    names = ["project_id", "organization_id", "sector", "direction", "status"]
    projects = registry.projects.loc[registry.projects["status"].ne("cancelled"), names]
    leads = positions(projects["organization_id"], registry.organizations["organization_id"])
    return projects.assign(kind=registry.organizations["kind"].array.take(leads, allow_fill=True))


def _projects(check: dict[str, Any], registry: Registry) -> _Found:
    """Projects that were not cancelled, by leading organisation, sector, direction, status."""
    projects = _active(registry)
    named = [*check.get("organizations", []), *check.get("without", [])]
    lost = _absent(registry, named)
    if lost:
        return _unknown(lost)
    if "organizations" in check:
        projects = projects[projects["organization_id"].isin(check["organizations"])]
    if "without" in check:
        projects = projects[~projects["organization_id"].isin(check["without"])]
    if "sector" in check:
        projects = projects[projects["sector"].eq(check["sector"])]
    if "kind" in check:
        projects = projects[projects["kind"].eq(check["kind"])]
    if check.get("directed"):
        projects = projects[projects["direction"].notna()]
    if "direction" in check:
        projects = projects[projects["direction"].eq(check["direction"])]
    if "status" in check:
        projects = projects[projects["status"].isin(check["status"])]
    return float(len(projects)), "", {"projects": projects["project_id"].tolist()}


def _units(check: dict[str, Any], registry: Registry) -> _Found:
    pairs = registry.project_units()
    units = pairs.loc[pairs["kind"].eq(check["kind"]), "organization_id"].unique().tolist()
    return float(len(units)), "", {"organizations": units}


def _coverage(check: dict[str, Any], registry: Registry) -> _Found:
    covered, _, rows = _units(check, registry)
    units = frame_units(registry.frame("frames"), check["kind"])
    if not units or not isinstance(covered, float):
        return _unknown(f"в реестре нет числа единиц ({check['kind']})")
    return 100 * covered / units, "", {**rows, "frames": _frames(check, registry)}


def _municipalities(check: dict[str, Any], registry: Registry) -> _Found:
    directed = registry.projects.loc[registry.projects["direction"].notna(), "project_id"]
    pairs = registry.project_units()
    placed = pairs[among(pairs["project_id"], directed) & pairs["municipality_id"].notna()]
    rows = {"projects": placed["project_id"].unique().tolist()}
    return float(placed["municipality_id"].nunique()), "с проектом муниципального направления", rows


def _frames(check: dict[str, Any], registry: Registry) -> pd.DataFrame:
    frames = registry.frame("frames")
    return frames[frames["kind"].eq(check["kind"])]


def _frame(check: dict[str, Any], registry: Registry) -> _Found:
    units = frame_units(registry.frame("frames"), check["kind"])
    if units is None:
        return _unknown(f"в реестре нет числа единиц ({check['kind']})")
    return float(units), "", {"frames": _frames(check, registry)}


def _plan(check: dict[str, Any], registry: Registry) -> _Found:
    plans = registry.frame("plans")
    stated = plans["year"].eq(2019) & plans["kind"].eq(check["kind"]) & plans[check["column"]].notna()
    if not stated.any():
        return _unknown("в реестре нет такого плана")
    rows = plans[stated]
    return float(rows[check["column"]].sum()) / check.get("scale", 1), "", {"plans": rows}


def _rows(check: dict[str, Any], registry: Registry) -> _Found:
    table = registry.table(check["table"])
    if table is None:
        return _unknown(f"в реестре нет таблицы {check['table']}")
    return float(len(table)), "", {check["table"]: table}


def _participants(check: dict[str, Any], registry: Registry) -> _Found:
    pairs = registry.project_units()
    pairs = pairs[pairs["project_id"].eq(check["project"]) & pairs["kind"].eq(check["kind"])]
    if pairs.empty:
        return _unknown(f"в реестре нет участников проекта {check['project']}")
    units = pairs["organization_id"].unique().tolist()
    return float(len(units)), "", {"organizations": units, "projects": [check["project"]]}


def _cell(check: dict[str, Any], registry: Registry) -> _Found:
    projects = registry.projects
    cells = projects.loc[projects["project_id"].eq(check["project"]), check["column"]].dropna()
    if cells.empty:
        return _unknown(f"в реестре нет проекта {check['project']}")
    return float(cells.iloc[0]), "", {"projects": [check["project"]]}


def _solved_share(check: dict[str, Any], registry: Registry) -> _Found:
    solved, note, rows = _cell({**check, "column": "problems_solved"}, registry)
    found, _, _ = _cell({**check, "column": "problems_found"}, registry)
    if not isinstance(solved, float) or not isinstance(found, float) or not found:
        return _unknown(note)
    return float(round(100 * solved / found)), "до целого процента", rows


def _measured(registry: Registry, measure: str, phase: str) -> pd.DataFrame:
    values = registry.frame("values")
    return values[values["measure_id"].eq(measure) & values["phase"].eq(phase)].head(1)


def _value(check: dict[str, Any], registry: Registry) -> _Found:
    rows = _measured(registry, check["measure"], check["phase"])
    if rows.empty:
        return _unknown(f"в реестре нет значения {check['measure']}, {check['phase']}")
    row = rows.iloc[0]
    if row["qualifier"] == "range":
        return (float(row["low"]), float(row["high"])), "", {"values": rows}
    number = row["high"] if pd.isna(row["low"]) or row["qualifier"] == "up_to" else row["low"]
    return float(number), "", {"values": rows}


def _factor(check: dict[str, Any], registry: Registry) -> _Found:
    rows = _measured(registry, check["measure"], "after")
    if rows["factor"].dropna().empty:
        return _unknown(f"в реестре нет показателя {check['measure']}")
    return float(rows["factor"].iloc[0]), "известно только, во сколько раз", {"values": rows}


def _cut(check: dict[str, Any], registry: Registry) -> _Found:
    before = _measured(registry, check["measure"], "before")
    after = _measured(registry, check["measure"], "after")
    if before.empty or after.empty:
        return _unknown(f"в реестре нет показателя {check['measure']}")
    left = float(after["high"].iloc[0]) / float(before["high"].iloc[0])
    return 100 * (1 - left), "от верхней границы «до»", {"values": pd.concat([before, after])}


def _effect(check: dict[str, Any], registry: Registry) -> _Found:
    effects = registry.frame("effects")
    mine = effects["project_id"].eq(check["project"]) & effects["kind"].eq(check["kind"])
    if not mine.any():
        return _unknown(f"в реестре нет эффекта проекта {check['project']}")
    return float(effects.loc[mine, "amount"].sum()), "", {"effects": effects[mine]}


def _standards(check: dict[str, Any], registry: Registry) -> _Found:
    standards = registry.frame("standards")
    mine = standards["project_id"].eq(check["project"]) & standards["kind"].eq(check["kind"])
    rows = standards[mine & standards["count"].notna()]
    if rows.empty:
        return _unknown("в реестре нет числа документов")
    return float(rows["count"].sum()), "", {"standards": rows}


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
