"""The changes of all measures of a registry, one row each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from kuzbass_lean.lookup import distinct, positions, taken
from kuzbass_lean.metrics.change import attainment, change
from kuzbass_lean.metrics.values import Bounds, Value
from kuzbass_lean.schema import PHASES

_COMPUTED = {
    "relative_low": "float64",
    "relative_high": "float64",
    "absolute_low": "float64",
    "absolute_high": "float64",
    "points": "float64",
    "factor": "float64",
    "attainment_low": "float64",
    "attainment_high": "float64",
    "attained": "str",
    "planned": "bool",
    "equals_target": "bool",
    "one_sided": "bool",
    "eliminated": "bool",
}


def improvements(
    measures: pd.DataFrame, values: pd.DataFrame, projects: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Give one row per measure: its values by phase and what they amount to.

    Parameters
    ----------
    measures, values
        Tables of the registry.
    projects
        If given, adds ``project_title``, ``sector`` and ``status``, and a measure that names
        no organisation gets the one that leads its project.

    Returns
    -------
    DataFrame
        ``measure_id, project_id, organization_id, name, unit, family, better, statistic,
        service``; for each phase the stated ``_low, _high, _qualifier, _observations``;
        ``relative_low, relative_high`` (percent), ``absolute_low, absolute_high`` (unit),
        ``points`` (percentage points) and ``factor`` where they are one number, all positive
        when better; ``attainment_low, attainment_high`` (1 = target), ``attained``;
        ``planned`` (a target, but no result yet), ``equals_target, one_sided, eliminated``.
        Unknown is missing. The index is that of ``measures``.

    Source: programme methodology, metrics table: Improvement to Target attainment.

    Examples
    --------
    >>> found = kl.metrics.improvements(registry["measures"], registry["values"])
    >>> round(float(found.set_index("measure_id").loc["chem-lead-time", "relative_low"]), 1)
    72.4
    """
    described = _described(measures, projects)
    phases = _phases(values, measures["measure_id"])
    stated = [phase.drop(columns="factor").add_prefix(f"{name}_") for name, phase in phases.items()]
    return pd.concat([described, *stated, _computed(described, phases)], axis=1)


def lead_time_cut(
    measures: pd.DataFrame, values: pd.DataFrame, service: str, projects: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Give by how much each organisation cut the lead time of a service, in percent.

    Only achieved changes count: without the value before or after, and where there is only
    a target, the cut is unknown, which is not "no cut".

    Returns
    -------
    DataFrame
        ``organization_id, measures, unknown, low, high``: the measures of this service, how
        many of them say nothing, and the lowest and highest cut the others allow. An end
        that is missing while ``unknown < measures`` is unbounded.

    Source: programme methodology, metrics table: lead-time cut for a unit.

    Examples
    --------
    >>> cuts = kl.metrics.lead_time_cut(registry["measures"], registry["values"], "first", registry.projects)
    >>> list(cuts.columns)
    ['organization_id', 'measures', 'unknown', 'low', 'high']
    """
    chosen = measures[measures["family"].eq("lead_time") & measures["service"].eq(service)]
    table = improvements(chosen, values, projects)
    achieved = ~table["planned"]
    low, high = table["relative_low"].where(achieved), table["relative_high"].where(achieved)
    known = low.notna() | high.notna()
    open_low, open_high = known & low.isna(), known & high.isna()
    grouped = pd.DataFrame(
        {
            "organization_id": table["organization_id"],
            "known": known,
            "low": low.mask(open_low, -float("inf")),
            "high": high.mask(open_high, float("inf")),
        }
    ).groupby("organization_id")
    cuts = grouped.agg(
        measures=("known", "size"), known=("known", "sum"), low=("low", "min"), high=("high", "max")
    )
    cuts = cuts.assign(unknown=cuts["measures"] - cuts["known"]).reset_index()
    finite = cuts[["low", "high"]].replace([float("inf"), -float("inf")], float("nan"))
    return pd.concat([cuts[["organization_id", "measures", "unknown"]], finite], axis=1)


def _computed(described: pd.DataFrame, phases: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """What the values amount to, worked out once for all measures that state the same."""
    earlier = {name: phases[name].drop(columns="observations") for name in ("before", "target", "after")}
    codes, rows = distinct(
        pd.concat([described[["better", "unit"]], *earlier.values()], axis=1, keys=["", *earlier])
    )
    found = zip(
        *(rows["", name].tolist() for name in ("better", "unit")),
        *(_values(pd.DataFrame(rows[name])) for name in earlier),
        strict=True,
    )
    computed = pd.DataFrame((_row(*row) for row in found), columns=list(_COMPUTED)).astype(_COMPUTED)
    return computed.take(codes).set_axis(described.index)


def _row(
    better: str, unit: str, before: Value | None, target: Value | None, after: Value | None
) -> tuple[object, ...]:
    planned = after is None and target is not None
    result = change(before, target if planned else after, better, unit, target=target, planned=planned)
    reached = attainment(before, target, after, better)
    return (
        *_pair(result.relative),
        *_pair(result.absolute),
        _single(result.points),
        _single(result.factor),
        *_pair(reached.share),
        reached.attained,
        planned,
        reached.equals_target,
        result.one_sided,
        result.eliminated,
    )


def _described(measures: pd.DataFrame, projects: pd.DataFrame | None) -> pd.DataFrame:
    names = [
        "measure_id",
        "project_id",
        "organization_id",
        "name",
        "unit",
        "family",
        "better",
        "statistic",
        "service",
    ]
    described = measures.reindex(columns=names)
    if projects is None:
        return described
    at = positions(described["project_id"], projects["project_id"])
    project = taken(projects[["organization_id", "title", "sector", "status"]], at, described.index)
    return described.assign(
        organization_id=described["organization_id"].astype("str").fillna(project["organization_id"]),
        project_title=project["title"],
        sector=project["sector"],
        status=project["status"],
    )


def _phases(values: pd.DataFrame, measure_ids: pd.Series) -> dict[str, pd.DataFrame]:
    """What each measure states in each phase, a row a measure."""
    stated = values.reindex(columns=["low", "high", "qualifier", "factor", "observations"])
    measure, phases = positions(values["measure_id"], measure_ids), {}
    for phase in PHASES:
        rows = np.flatnonzero(values["phase"].eq(phase).to_numpy(dtype=bool) & (measure >= 0))
        at = np.full(len(measure_ids), -1, dtype=np.intp)
        at[measure[rows]] = rows
        phases[phase] = taken(stated, at, measure_ids.index)
    return phases


def _values(phase: pd.DataFrame) -> Iterable[Value | None]:
    columns = (phase[name].tolist() for name in ("low", "high", "qualifier", "factor"))
    for low, high, qualifier, factor in zip(*columns, strict=True):
        if low != low and high != high and factor != factor:
            yield None
        else:
            yield Value(_number(low), _number(high), qualifier, _number(factor))


def _number(cell: float) -> float | None:
    return cell if cell == cell else None


def _pair(bounds: Bounds | None) -> tuple[float | None, float | None]:
    return (None, None) if bounds is None else (bounds.low, bounds.high)


def _single(bounds: Bounds | None) -> float | None:
    return bounds.low if bounds is not None and bounds.exact else None
