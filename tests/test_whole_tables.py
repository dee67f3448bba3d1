"""What is worked out for whole tables at once is what working it out one by one gives."""

from datetime import date
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from kuzbass_lean import maturity, sample
from kuzbass_lean.maturity import cuts, units
from kuzbass_lean.maturity.bases import Basis
from kuzbass_lean.maturity.reach import UNKNOWN, Reach
from kuzbass_lean.metrics import (
    Value,
    adoptions,
    attainment,
    by_unit,
    change,
    improvements,
    replication_table,
)
from kuzbass_lean.registry import Registry

DAY = date(2019, 9, 30)
NUMBERS = (0.0, 0.1, 0.3, 0.9, 1.2, 3.0, 12.5, 33.3, 40.0, 44.99, 45.0, 60.0)
KIND = "employment_center"


def odd(seed: int, gaps: float = 0.2, count: int = 600) -> Registry:
    """A generated registry of all kinds of values, of practices taken over, of units that share projects."""
    random = np.random.default_rng(seed)
    tables = sample.generate(count, 6, seed)
    projects = tables["projects"]
    ids = projects["project_id"].to_numpy(dtype=object)
    projects["replicates"] = pd.Series(random.choice(ids[:12], count)).where(random.random(count) < 0.3)
    tables["organizations"]["kind"] = random.choice([KIND, "mfc", "school"], len(tables["organizations"]))
    tables["participants"] = pd.DataFrame(
        {
            "project_id": random.choice(ids, count),
            "organization_id": random.choice(tables["organizations"]["organization_id"], count),
        }
    )
    keys = [f"m{number}" for number in range(2 * count)]
    tables["measures"] = pd.DataFrame(
        {
            "measure_id": keys,
            "project_id": random.choice(ids, len(keys)),
            "name": random.choice(["Время", "время ", "Запас"], len(keys)),
            "unit": random.choice(["minute", "percent"], len(keys)),
            "family": random.choice(["lead_time", "waste"], len(keys), p=[0.8, 0.2]),
            "better": random.choice(["lower", "higher", "target"], len(keys)),
            "statistic": "mean",
            "service": pd.Series(random.choice(["first", "repeat"], len(keys))).where(
                random.random(len(keys)) < 0.8
            ),
        }
    )
    rows = []
    for phase in ("before", "target", "after"):
        for key in (key for key in keys if random.random() > gaps):
            low, high = sorted(random.choice(NUMBERS, 2).tolist())
            qualifier = str(
                random.choice(
                    ["exact", "range", "up_to", "at_least"], p=[0.9 - gaps, 0.1, gaps / 2, gaps / 2]
                )
            )
            ends = {"exact": (low, low), "range": (low, high), "up_to": (None, high), "at_least": (low, None)}
            seen = None if random.random() < gaps / 2 else int(random.integers(0, 9))
            rows.append((key, phase, *ends[qualifier], qualifier, seen))
    columns = ["measure_id", "phase", "low", "high", "qualifier", "observations"]
    tables["values"] = pd.DataFrame(rows, columns=columns)
    return Registry.from_frames(tables)


def least(one: Reach, other: Reach) -> Reach:
    highs = [high for high in (one[1], other[1]) if high is not None]
    low = None if one[0] is None or other[0] is None else min(one[0], other[0])
    return low, min(highs) if highs else None


def greatest(one: Reach, other: Reach) -> Reach:
    lows = [low for low in (one[0], other[0]) if low is not None]
    high = None if one[1] is None or other[1] is None else max(one[1], other[1])
    return max(lows) if lows else None, high


def cut(before: tuple[Fraction, Fraction], after: tuple[Fraction, Fraction]) -> Reach:
    return 100 * (1 - after[1] / before[0]), 100 * (1 - after[0] / before[1])


def receptions(
    registry: Registry, unit: str
) -> list[tuple[str, int | None, list[tuple[Fraction, Fraction]]]]:
    """Service, observations and the ends before and after of each measure of a unit, row by row."""
    own = set(registry.projects.loc[registry.projects["organization_id"].eq(unit), "project_id"])
    values = {(row.measure_id, row.phase): row for row in registry["values"].itertuples()}
    found = []
    for measure in registry["measures"].itertuples():
        if measure.project_id not in own or measure.family != "lead_time" or pd.isna(measure.service):
            continue
        rows = [values.get((measure.measure_id, phase)) for phase in ("before", "after")]
        ends = [
            (Fraction(str(row.low)), Fraction(str(row.high)))
            for row in rows
            if row is not None and row.qualifier in ("exact", "range")
        ]
        usable = rows[0] is not None and rows[0].qualifier in ("exact", "range")
        count = int(rows[0].observations) if usable and not pd.isna(rows[0].observations) else None
        found.append((measure.service, count, ends))
    return found


def one_by_one(registry: Registry, unit: str, reading: str) -> Reach:
    measures = receptions(registry, unit)
    if reading == "pooled":
        counts = [count for _, count, _ in measures]
        complete = all(count is not None and len(ends) == 2 for _, count, ends in measures)
        if {service for service, _, _ in measures} != {"first", "repeat"} or not complete or not sum(counts):
            return UNKNOWN
        sums = [
            tuple(sum(ends[phase][end] * count for _, count, ends in measures) for end in (0, 1))
            for phase in (0, 1)
        ]
        return cut(*sums) if sums[0][0] else UNKNOWN
    by_service: dict[str, Reach] = {}
    for service, _, ends in measures:
        found = cut(*ends) if len(ends) == 2 and ends[0][0] > 0 else UNKNOWN
        by_service[service] = least(by_service[service], found) if service in by_service else found
    both = [by_service.get(service, UNKNOWN) for service in ("first", "repeat")]
    return (least if reading == "both" else greatest)(*both)


@pytest.mark.parametrize("reading", ["both", "either", "pooled"])
def test_the_cut_of_each_unit_is_that_of_its_measures_one_by_one(reading: str) -> None:
    known = 0
    for seed in range(3):
        registry = odd(seed, gaps=0.02 if reading == "pooled" else 0.2)
        found = cuts.by_lead_time(registry, (KIND,), reading, DAY)
        assert found.reach == {unit: one_by_one(registry, unit, reading) for unit in found.names}
        known += found.listed - found.unknown
    assert known > 3


@pytest.mark.parametrize(("x", "y"), [(25, 25), (50, 10), (75, 0), (10, 60)])
def test_units_are_counted_by_what_they_reached_as_one_by_one(x: int, y: int) -> None:
    found = cuts.by_lead_time(odd(1), (KIND,), "either", DAY)
    case = Basis(found, "lead_time")(x, y)

    reach = list(found.reach.values())
    lows = sorted((low for low, _ in reach if low is not None), reverse=True)
    needed = maturity.threshold(found.total, x)
    assert case.sure == sum(low is not None and low >= y for low, _ in reach)
    assert case.best == sum(high is None or high >= y for _, high in reach) + found.unlisted
    assert case.y[0] == (lows[needed - 1] if needed <= len(lows) else None)


@pytest.mark.parametrize("kinds", [("mfc",), ("municipality",)])
def test_projects_of_each_unit_are_counted_as_one_by_one(kinds: tuple[str, ...]) -> None:
    registry = odd(2)
    found, in_all = units.by_projects(registry, kinds, DAY)

    place = kinds == ("municipality",)
    projects = registry.projects
    ended = projects["implemented"].fillna(projects["closed"])
    done = projects[projects["status"].isin(["implemented", "closed"]) & ~ended.gt(pd.Timestamp(DAY))]
    done = done[done["direction"].notna()] if place else done
    about = registry.organizations.set_index("organization_id")
    taking = [(row.project_id, row.organization_id) for row in projects.itertuples()]
    taking += [(row.project_id, row.organization_id) for row in registry["participants"].itertuples()]
    of: dict[str, set[str]] = {name: set() for name in found.names}
    for project, organization in taking:
        unit = about["municipality_id"][organization] if place else organization
        if project in set(done["project_id"]) and unit in of:
            of[unit].add(project)
    assert found.reach == {name: (Fraction(len(ids)),) * 2 for name, ids in of.items()}
    assert in_all == len(set().union(*of.values()))


def of_row(row: pd.Series, better: str, unit: str) -> tuple[object, ...]:
    def value(phase: str) -> Value | None:
        low, high = row[f"{phase}_low"], row[f"{phase}_high"]
        if pd.isna(low) and pd.isna(high):
            return None
        ends = (None if pd.isna(end) else end for end in (low, high))
        return Value(*ends, row[f"{phase}_qualifier"])

    before, target, after = (value(phase) for phase in ("before", "target", "after"))
    planned = after is None and target is not None
    relative = change(before, target if planned else after, better, unit, target=target).relative
    reached = attainment(before, target, after, better)
    return relative and (relative.low, relative.high), reached.attained, planned


def test_measures_that_state_the_same_have_the_change_that_each_would_have_alone() -> None:
    registry = odd(3)
    found = improvements(registry["measures"], registry["values"], registry.projects)

    assert len(found) == 1200
    for _, row in found.iterrows():
        relative, attained, planned = of_row(row, row["better"], row["unit"])
        ends = tuple(None if pd.isna(row[name]) else row[name] for name in ("relative_low", "relative_high"))
        assert ends == (relative or (None, None))
        assert (None if pd.isna(row["attained"]) else row["attained"], row["planned"]) == (attained, planned)


def test_a_unit_has_each_project_once_as_counted_one_by_one() -> None:
    registry = odd(4)
    pairs = registry.project_units()
    counts = by_unit(registry.projects, pairs)

    status = dict(zip(registry.projects["project_id"], registry.projects["status"], strict=True))
    for place, row in counts.iterrows():
        ids = set(pairs.loc[pairs["municipality_id"].eq(place), "project_id"])
        own = [status[project] for project in ids if status[project] != "cancelled"]
        assert row["projects"] == len(own)
        assert row["realised"] == sum(state in ("implemented", "closed") for state in own)


def test_the_table_of_all_practices_is_made_of_those_of_each() -> None:
    registry = odd(5)
    whole = replication_table(registry)

    assert len(whole) == 12
    alone = pd.concat(
        [replication_table(registry, [name]) for name in whole["project_id"]], ignore_index=True
    )
    pd.testing.assert_frame_equal(whole, alone)


def test_adopters_of_a_practice_are_those_who_take_part_in_its_replicas_and_not_in_itself() -> None:
    registry = odd(6)
    found, pairs = adoptions(registry), registry.project_units()

    for row in replication_table(registry).itertuples():
        own = set(pairs.loc[pairs["project_id"].eq(row.project_id), "organization_id"])
        took = set(found.loc[found["project_id"].eq(row.project_id), "organization_id"]) - own
        assert row.adopters == tuple(sorted(took))
        assert not {*row.candidates} & ({*row.adopters} | own)
