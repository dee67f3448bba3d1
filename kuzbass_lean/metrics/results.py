"""What projects leave behind: flows, time, money, standards, plans."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd

MINUTES_PER_HOUR = 60


def stream(steps: pd.DataFrame) -> pd.DataFrame:
    """Sum up each value stream, phase by phase.

    Waiting adds no value, so value-adding, necessary and wasted minutes together are the
    lead time. A step without its minutes makes the sums of its stream unknown.

    Returns
    -------
    DataFrame
        ``measure_id, phase, steps, process_minutes, wait_minutes, lead_minutes, va_minutes,
        nnva_minutes, nva_minutes, pce`` (value-adding share of lead time, 0..1; missing when
        the lead time is zero), in the order of the table.

    Source: programme methodology, metrics table: PCE.

    Examples
    --------
    >>> phases = kl.metrics.stream(registry["steps"])
    >>> sorted(phases["phase"].unique())
    ['after', 'before']
    """
    process, wait = steps["process_minutes"], steps["wait_minutes"]
    minutes = {
        f"{value}_minutes": process.where(steps["value"].eq(value), 0.0) for value in ("va", "nnva", "nva")
    }
    minutes["nva_minutes"] = minutes["nva_minutes"] + wait
    rows = steps[["measure_id", "phase"]].assign(process_minutes=process, wait_minutes=wait, **minutes)
    grouped = rows.groupby(["measure_id", "phase"], sort=False)
    sums = grouped.sum(skipna=False).assign(steps=grouped.size()).reset_index()
    lead = sums["process_minutes"] + sums["wait_minutes"]
    sums = sums.assign(lead_minutes=lead, pce=sums["va_minutes"] / lead.where(lead.gt(0)))
    order = [
        "measure_id",
        "phase",
        "steps",
        "process_minutes",
        "wait_minutes",
        "lead_minutes",
        *minutes,
        "pce",
    ]
    return sums[order]


def takt(available: float | None, demand: float | None) -> float | None:
    """Time available per unit demanded, in the unit of ``available``; ``None`` without demand.

    Source: programme methodology, metrics table: takt.

    Examples
    --------
    >>> kl.metrics.takt(available=480, demand=96)
    5.0
    """
    return available / demand if available is not None and demand else None


def capacity_hours(delta_minutes: float | None, annual_volume: float | None) -> float | None:
    """Hours a year that a saving of minutes per case frees; ``None`` without a volume.

    Hours are not roubles unless the office says that they can be cashed.

    Source: programme methodology, metrics table: Capacity equivalence.

    Examples
    --------
    >>> kl.metrics.capacity_hours(delta_minutes=15, annual_volume=1000)
    250.0
    """
    if delta_minutes is None or annual_volume is None:
        return None
    return float(Decimal(str(delta_minutes)) * Decimal(str(annual_volume)) / MINUTES_PER_HOUR)


def effect_totals(effects: pd.DataFrame) -> pd.DataFrame:
    """Sum effects by kind, unit and period; declared and confirmed are separate sums.

    Only exact and unambiguous amounts are summed. The others are counted, so that a reader
    sees what the sum leaves out.

    Returns
    -------
    DataFrame
        ``kind, unit, period, declared`` (everything that can be summed), ``confirmed`` (the
        part of it that is confirmed), ``ambiguous`` and ``inexact`` (numbers of rows left out
        for this reason, ambiguous first). A sum of no rows is missing, not zero.

    Source: programme methodology, metrics table: Effect total.

    Examples
    --------
    >>> found = kl.metrics.effect_totals(registry["effects"]).set_index("kind")
    >>> float(found.loc["wages", "confirmed"])
    168784.0
    """
    ambiguous = effects["ambiguous"].astype("bool")
    inexact = ~ambiguous & effects["qualifier"].ne("exact")
    exact = effects["amount"].map(lambda amount: Decimal(str(amount)))
    summed = effects["amount"].notna() & ~ambiguous & ~inexact
    rows = effects[["kind", "unit", "period"]].assign(
        declared=exact.where(summed, None),
        confirmed=exact.where(summed & effects["confirmed"].astype("bool"), None),
        ambiguous=ambiguous,
        inexact=inexact,
    )
    totals = rows.groupby(["kind", "unit", "period"], as_index=False).agg(
        {"declared": _total, "confirmed": _total, "ambiguous": "sum", "inexact": "sum"}
    )
    return totals.astype(
        {"declared": "float64", "confirmed": "float64", "ambiguous": "int64", "inexact": "int64"}
    )


def standards_count(standards: pd.DataFrame) -> pd.DataFrame:
    """Count standard documents by kind.

    Returns
    -------
    DataFrame
        ``kind, documents, uncounted``: the sum of the stated counts, missing when none is
        stated, and the rows that name a kind without a count.

    Examples
    --------
    >>> found = kl.metrics.standards_count(registry["standards"]).set_index("kind")
    >>> int(found.loc["sok", "documents"])
    2
    """
    grouped = standards.groupby("kind")["count"]
    documents = grouped.sum(min_count=1).astype("Int64")
    uncounted = grouped.apply(lambda counts: int(counts.isna().sum())).astype("int64")
    return pd.DataFrame({"documents": documents, "uncounted": uncounted}).reset_index()


def plans_totals(plans: pd.DataFrame, year: int) -> pd.DataFrame:
    """Sum a year's planned units by kind and sector.

    A region-wide plan already holds those of its municipalities; where there is one, theirs
    are not added to it.

    Returns
    -------
    DataFrame
        ``kind, sector, planned_units, planned_population``; a population that no row states
        is missing.

    Examples
    --------
    >>> plans = kl.metrics.plans_totals(registry["plans"], 2019).set_index("kind")
    >>> int(plans.loc["polyclinic", "planned_units"])
    26
    """
    rows = plans[plans["year"].eq(year)]
    region_wide = rows["municipality_id"].isna()
    has_total = region_wide.groupby([rows["kind"], rows["sector"]], dropna=False).transform("any")
    grouped = rows[region_wide | ~has_total].groupby(["kind", "sector"], dropna=False)
    return grouped[["planned_units", "planned_population"]].sum(min_count=1).astype("Int64").reset_index()


def _total(amounts: pd.Series) -> float | None:
    stated = [amount for amount in amounts if isinstance(amount, Decimal)]
    return float(sum(stated)) if stated else None
