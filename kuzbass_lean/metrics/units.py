"""Units of a direction: how many there are, how many take part, how each is assessed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

import numpy as np
import pandas as pd

from kuzbass_lean.lookup import positions
from kuzbass_lean.metrics.values import Ratio
from kuzbass_lean.schema import OPEN, REALISED


def frame_units(
    frames: pd.DataFrame, kind: str, municipality: str | None = None, as_of: date | None = None
) -> int | None:
    """Give how many units of a kind exist: the latest count not after ``as_of``.

    Parameters
    ----------
    frames
        The registry's denominators.
    kind
        An organisation kind, or ``municipality``.
    municipality
        ``None`` for the region's own count; counts of municipalities are not added up,
        because nothing says that they are complete.
    as_of
        ``None`` for the latest count there is.

    Returns
    -------
    int or None
        ``None`` if nobody stated it.

    Examples
    --------
    >>> kl.metrics.frame_units(registry["frames"], "mfc")
    33
    >>> kl.metrics.frame_units(registry["frames"], "school") is None
    True
    """
    place = frames["municipality_id"]
    rows = frames[
        frames["kind"].eq(kind) & (place.isna() if municipality is None else place.eq(municipality))
    ]
    if as_of is not None:
        rows = rows[rows["as_of"].le(pd.Timestamp(as_of))]
    return None if rows.empty else int(rows.sort_values("as_of")["units"].iloc[-1])


def covered_units(
    projects: pd.DataFrame,
    project_units: pd.DataFrame,
    kinds: Collection[str] = (),
    statuses: Collection[str] = REALISED,
) -> tuple[str, ...]:
    """Give the units with at least one project of a qualifying status, sorted.

    Parameters
    ----------
    project_units
        ``Registry.project_units()``: every organisation that takes part in a project, so a
        centralised project covers all its participants.
    kinds
        Organisation kinds to keep, all if empty; ``("municipality",)`` gives municipalities.

    Examples
    --------
    >>> len(kl.metrics.covered_units(registry.projects, registry.project_units(), ["polyclinic"]))
    2
    """
    qualifying = projects["status"].isin(list(statuses)).to_numpy(dtype=bool)
    # a participant's project that is not there is at -1, after the last
    at = positions(project_units["project_id"], projects["project_id"])
    chosen = np.append(qualifying, False)[at]
    if tuple(kinds) == ("municipality",):
        return _in_order(project_units.loc[chosen, "municipality_id"].dropna())
    if kinds:
        chosen &= project_units["kind"].isin(list(kinds)).to_numpy(dtype=bool)
    return _in_order(project_units.loc[chosen, "organization_id"])


def _in_order(keys: pd.Series) -> tuple[str, ...]:
    # as objects all at once: Arrow hands them out one by one, which costs more than sorting them
    return tuple(sorted(pd.Series(keys.unique()).to_numpy(dtype=object)))


def coverage(covered: Collection[str] | int, units: int | None) -> Ratio:
    """Units with a qualifying project of all units; no frame gives an unknown share.

    Source: programme methodology, metrics table: Coverage.

    Examples
    --------
    >>> kl.metrics.coverage(["a", "b"], units=8).percent
    25.0
    """
    return Ratio(covered if isinstance(covered, int) else len(set(covered)), units)


def by_unit(
    projects: pd.DataFrame,
    project_units: pd.DataFrame,
    unit: str = "municipality_id",
    units: Sequence[str] = (),
) -> pd.DataFrame:
    """Count each unit's projects, cancelled ones left out: the input of funnel and map.

    A project counts once in every unit that takes part, so the column sums may exceed the
    number of projects.

    Parameters
    ----------
    unit
        Column of ``project_units``: ``municipality_id``, ``organization_id``, ``kind``, ``sector``.
    units
        The units to list, in this order, with 0 where there is no project; if empty, those
        that have one, in alphabetical order.

    Returns
    -------
    DataFrame
        Indexed by unit: ``projects, realised, closed, open``.

    Examples
    --------
    >>> counts = kl.metrics.by_unit(registry.projects, registry.project_units())
    >>> counts.loc["kiselevsky-okrug"].to_dict()
    {'projects': 9, 'realised': 5, 'closed': 4, 'open': 2}
    """
    codes, names = pd.factorize(project_units[unit], sort=True)
    status = projects["status"]
    # a participant's project that is not there is at -1, after the last
    at = positions(project_units["project_id"], projects["project_id"])
    rows = np.flatnonzero(np.append(status.ne("cancelled").to_numpy(dtype=bool), False)[at] & (codes >= 0))
    pairs = pd.unique(at[rows] * max(len(names), 1) + codes[rows])
    project, of = np.divmod(pairs, max(len(names), 1))
    wanted = {"realised": status.isin(REALISED), "closed": status.eq("closed"), "open": status.isin(OPEN)}
    counts = pd.DataFrame(
        {
            "projects": np.bincount(of, minlength=len(names)),
            **{
                name: np.bincount(of[flags.to_numpy(dtype=bool)[project]], minlength=len(names))
                for name, flags in wanted.items()
            },
        },
        index=pd.Index(names, name=unit),
    )
    counts = counts[counts["projects"].gt(0)]
    return counts.reindex(pd.Index(units, name=unit), fill_value=0) if units else counts


def criteria_share(
    assessments: pd.DataFrame, criteria: pd.DataFrame | None, as_of: date, model: str | None = None
) -> pd.DataFrame:
    """Give each organisation's share of met criteria, with what the gaps could change.

    The latest assessment of a criterion up to ``as_of`` counts, within the version of the
    criteria that was used last. Criteria that do not apply are left out; criteria without
    an answer make a range.

    Parameters
    ----------
    criteria
        The lists of criteria; without the list of a version nobody knows how many answers
        are missing, so ``unanswered``, ``low`` and ``high`` are missing.
    model
        One model of criteria, or all.

    Returns
    -------
    DataFrame
        ``organization_id, model, version, met, not_met, na, unanswered, share, low, high``;
        shares are 0..1 and missing when nothing applies. Thresholds are to be compared with
        the counts, not with the shares.

    Source: programme methodology, metrics table: Criteria share.

    Examples
    --------
    >>> shares = kl.metrics.criteria_share(registry["assessments"], registry["criteria"], day, "mfc")
    >>> len(shares)
    28
    """
    past = assessments[assessments["assessed_on"].le(pd.Timestamp(as_of))]
    if model is not None:
        past = past[past["model"].eq(model)]
    past = past.sort_values(["assessed_on", "version"], kind="stable")
    current = past.drop_duplicates(["organization_id", "model"], keep="last")
    latest = past.merge(current[["organization_id", "model", "version"]]).drop_duplicates(
        ["organization_id", "model", "number"], keep="last"
    )
    results = ["met", "not_met", "na"]
    answers = latest.assign(**{result: latest["result"].eq(result).astype("int64") for result in results})
    counts = answers.groupby(["organization_id", "model", "version"])[results].sum().reset_index()
    return _with_shares(counts, criteria)


def _with_shares(counts: pd.DataFrame, criteria: pd.DataFrame | None) -> pd.DataFrame:
    listed = pd.Series(dtype="int64") if criteria is None else criteria.groupby(["model", "version"]).size()
    versions = pd.MultiIndex.from_frame(counts[["model", "version"]])
    expected = pd.Series(listed.reindex(versions).to_numpy(), index=counts.index, dtype="Int64")
    met, applicable = counts["met"], counts["met"] + counts["not_met"]
    unanswered = (expected - applicable - counts["na"]).clip(lower=0)
    return counts.assign(
        unanswered=unanswered,
        share=_divided(met, applicable),
        low=_divided(met, applicable + unanswered),
        high=_divided(met + unanswered, applicable + unanswered),
    )


def _divided(numerator: pd.Series, denominator: pd.Series) -> pd.Series:
    below = denominator.astype("Float64").astype("float64")
    return numerator.astype("Float64").astype("float64") / below.where(below.gt(0))
