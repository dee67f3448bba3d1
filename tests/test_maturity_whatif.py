"""What-if and next steps: adding never lowers, the steps reach the level, nothing smaller does."""

from dataclasses import replace
from datetime import date
from itertools import combinations, pairwise

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from kuzbass_lean import maturity
from kuzbass_lean.maturity import Change, NextStep
from kuzbass_lean.maturity.model import Model
from kuzbass_lean.registry import Registry

DAY = date(2019, 9, 30)
STAMP = pd.Timestamp("2019-09-01")
PLACES = ["a", "b", "c", "d", "e"]
RANK = {"none": 0, "reserve": 1, "candidate": 2, "leader": 3}
FULL = maturity.load_model()
some = settings(max_examples=20, deadline=None, derandomize=True)


def model(number: int, levels: dict[str, tuple[int, int]] | None = None) -> Model:
    """One direction alone, with the levels of the built-in model or small ones."""
    direction = FULL.direction(number)
    return FULL.model_copy(
        update={"directions": (direction.model_copy(update={"levels": levels or direction.levels}),)}
    )


SMALL = {"reserve": (25, 2), "candidate": (50, 4), "leader": (75, 6)}


def frames(units: int | None, kind: str, places: int = len(PLACES)) -> pd.DataFrame:
    rows = [{"kind": "municipality", "units": places, "as_of": STAMP, "status": "reported"}]
    if units is not None:
        rows.append({"kind": kind, "units": units, "as_of": STAMP, "status": "reported"})
    return pd.DataFrame(rows)


def registry(kind: str, count: int, frame: int | None, **tables: pd.DataFrame) -> Registry:
    ids = [f"{kind}-{n}" for n in range(count)]
    base = pd.DataFrame({"organization_id": ids, "name": ids, "kind": kind, "sector": "gov"}).astype(object)
    towns = pd.DataFrame(
        {"municipality_id": PLACES, "name": PLACES, "kind": "urban_okrug", "tile_row": 1, "tile_column": 1}
    )
    tables.setdefault("organizations", base)
    tables.setdefault("projects", projects([]))
    return Registry.from_frames({**tables, "frames": frames(frame, kind), "municipalities": towns})


def projects(owners: list[str], **more: object) -> pd.DataFrame:
    ids = [f"p{n}" for n in range(len(owners))]
    base = {"project_id": ids, "title": ids, "organization_id": owners, "sector": "gov"}
    return pd.DataFrame({**base, "status": "implemented", "centralised": False, **more})


def companies(kind: str, places: list[str | None], switched: list[bool]) -> pd.DataFrame:
    ids = [f"{kind}-{n}" for n in range(len(places))]
    since = [STAMP if yes else pd.NaT for yes in switched]
    base = {"organization_id": ids, "name": ids, "kind": kind, "sector": "housing"}
    return pd.DataFrame(
        {**base, "municipality_id": places, "lean_since": pd.Series(since, dtype="datetime64[us]")}
    )


def answers(
    kind: str, results: list[list[str | None]], model_name: str, size: int
) -> dict[str, pd.DataFrame]:
    rows = [
        (f"{kind}-{unit}", model_name, "v1", number, STAMP, result)
        for unit, given_ in enumerate(results)
        for number, result in enumerate(given_, start=1)
        if result
    ]
    names = ["organization_id", "model", "version", "number", "assessed_on", "result"]
    listed = {"model": model_name, "version": "v1", "number": range(1, size + 1), "block": "Б", "text": "Т"}
    found = {"criteria": pd.DataFrame(listed)}
    return {**found, "assessments": pd.DataFrame(rows, columns=names)} if rows else found


def receptions(kind: str, cuts: list[tuple[int | None, int | None]]) -> dict[str, pd.DataFrame]:
    measures, values = [], []
    for unit, pair in enumerate(cuts):
        for service, after in zip(("first", "repeat"), pair, strict=True):
            name = f"m{unit}-{service}"
            about = (name, "p", f"{kind}-{unit}", service, "ВПП", "minute", "lead_time", "lower", "mean")
            measures.append(about)
            for phase, value in (("before", 20.0), ("after", after)):
                if value is not None:
                    values.append((name, phase, value, value, "exact", 10))
    names = [
        "measure_id",
        "project_id",
        "organization_id",
        "service",
        "name",
        "unit",
        "family",
        "better",
        "statistic",
    ]
    columns = ["measure_id", "phase", "low", "high", "qualifier", "observations"]
    return {
        "measures": pd.DataFrame(measures, columns=names),
        "values": pd.DataFrame(values, columns=columns),
    }


def revenue(kind: str, shares: list[tuple[float, float] | None]) -> dict[str, pd.DataFrame]:
    rows = [
        (f"{kind}-{unit}", 2019, flow, share, improved)
        for unit, pair in enumerate(shares)
        if pair
        for flow, share, improved in (("x", pair[0], True), ("y", pair[1], False))
    ]
    columns = ["organization_id", "year", "flow", "share", "improved"]
    return {"revenue": pd.DataFrame(rows, columns=columns)} if rows else {}


counts = st.integers(1, 4)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Registry, int, str, Model]:
    """A small registry, and a direction with a reading to score it by."""
    number = draw(st.sampled_from([1, 2, 3, 4, 5, 7, 9]))
    direction = FULL.direction(number)
    reading, kind = draw(st.sampled_from(list(direction.readings))), direction.unit[0]
    listed = draw(counts)
    frame = draw(st.sampled_from([listed, listed, listed + 1, listed + 2]))
    rules = model(number, SMALL if direction.basis == "projects" and reading != "criteria" else None)
    if number == 2:
        towns = companies("municipal_body", list(PLACES), [False] * 5)
        work = projects([f"municipal_body-{n}" for n in draw(st.lists(st.integers(0, 4), max_size=6))])
        found = registry(
            "municipal_body", 5, None, organizations=towns, projects=work.assign(direction="appeals")
        )
    elif number == 4:
        rules = rules.model_copy(
            update={"directions": (rules.directions[0].model_copy(update={"unit": ("school",)}),)}
        )
    if number in (1, 4):
        work = projects([f"{kind}-{n}" for n in draw(st.lists(st.integers(0, listed - 1), max_size=6))])
        found = registry(kind, listed, frame, projects=work)
    elif number == 3:
        answer = st.sampled_from(["met", "met", "not_met", "na", None])
        results = draw(st.lists(st.lists(answer, min_size=4, max_size=4), min_size=listed, max_size=listed))
        found = registry(kind, listed, frame, **answers(kind, results, "mo_pmsp", 4))
    elif number == 5:
        after = st.sampled_from([20, 16, 15, 10, None])
        cuts = draw(st.lists(st.tuples(after, after), min_size=listed, max_size=listed))
        found = registry(kind, listed, frame, **receptions(kind, cuts))
    elif number == 7:
        listed = draw(st.integers(1, 6))
        places = draw(st.lists(st.sampled_from([*PLACES, None]), min_size=listed, max_size=listed))
        switched = draw(st.lists(st.booleans(), min_size=listed, max_size=listed))
        frame = listed + draw(st.integers(0, 2))
        found = registry(kind, listed, frame, organizations=companies(kind, places, switched))
    elif number == 9:
        pair = st.sampled_from([(0.8, 0.2), (0.4, 0.6), (0.4, 0.3), (0.1, 0.9), None])
        shares = draw(st.lists(pair, min_size=listed, max_size=listed))
        begun = [f"{kind}-{n}" for n in draw(st.sets(st.integers(0, listed - 1)))]
        found = registry(kind, listed, frame, projects=projects(begun), **revenue(kind, shares))
    only = rules.directions[0]
    only = only.model_copy(update={"readings": {reading: only.readings[reading]}})
    return found, number, reading, rules.model_copy(update={"directions": (only,)})


def ranks(data: Registry, changes: list[Change], number: int, reading: str, rules: Model) -> tuple[int, int]:
    score = maturity.what_if(data, changes, rules, {number: reading}, DAY).direction(number)
    return RANK[score.worst_case], RANK[score.best_case]


def step_of(data: Registry, number: int, reading: str = "", rules: Model = FULL) -> NextStep:
    profile = maturity.score(data, rules, {number: reading} if reading else None, DAY)
    return maturity.next_steps(data, profile, rules, [number])[0]


@some
@given(cases(), st.data())
def test_adding_never_lowers_a_level_at_worst_or_at_best(case, data) -> None:
    found, number, reading, rules = case
    if reading == "subset":
        return
    units = sorted(maturity.lacking.Survey(found, rules.directions[0], reading, DAY).reach)
    change = st.one_of(
        st.builds(Change, st.just(number), units=st.integers(0, 3), projects=st.integers(0, 3)),
        st.builds(Change, st.just(number), unit=st.sampled_from(units), projects=st.integers(0, 3)),
        st.builds(Change, st.just(number), unit=st.sampled_from(units), y=st.integers(1, 100)),
        st.builds(Change, st.just(number), units=st.integers(1, 2), new=st.just(True)),
    )
    changes = data.draw(st.lists(change, min_size=1, max_size=3))
    steps = [ranks(found, changes[:n], number, reading, rules) for n in range(len(changes) + 1)]
    assert all(low[0] <= high[0] and low[1] <= high[1] for low, high in pairwise(steps))


@some
@given(cases())
def test_sliding_further_never_lowers_a_level(case) -> None:
    found, number, reading, rules = case
    if reading == "subset":
        return
    by_units = [ranks(found, [Change(number, units=n)], number, reading, rules)[0] for n in range(4)]
    by_projects = [ranks(found, [Change(number, projects=n)], number, reading, rules)[0] for n in range(4)]
    assert by_units == sorted(by_units)
    assert by_projects == sorted(by_projects)


def fully(step: NextStep, data: Registry, units: tuple[str | None, ...]) -> list[Change]:
    """Do all that can be done at the units; one that is not listed goes to every place in turn."""
    number, most = step.number, 20 if step.y and step.y < 20 else 100
    by_projects = step.reading in ("total", "each") and step.number in (1, 2, 4)
    changes = []
    for unit in units:
        extra = {"new": True, "units": 1} if unit is None else {"unit": unit}
        if by_projects:
            changes.append(Change(number, projects=most, **extra))
        else:
            changes.append(Change(number, y=100, projects=1, **extra))
    return changes


@settings(max_examples=40, deadline=None, derandomize=True)
@given(cases())
def test_the_steps_reach_the_level_and_nothing_smaller_does(case) -> None:
    found, number, reading, rules = case
    step = step_of(found, number, reading, rules)
    if step.target is None:
        return
    aim = RANK[step.target]

    def reached(changes: list[Change]) -> bool:
        return ranks(found, changes, number, reading, rules)[0] >= aim

    survey = maturity.lacking.Survey(found, rules.directions[0], reading, DAY)
    pool: list[str | None] = [*sorted(survey.reach), *[None] * survey.spare]
    if not step.reachable:
        assert not reached(fully(step, found, tuple(pool)))
        return
    assert reached(list(step.changes))
    places = survey.spare if number == 7 else 0
    for size in range(step.units if not places else 0):
        assert not any(reached(fully(step, found, chosen)) for chosen in set(combinations(pool, size)))
    for left_out in range(len(step.changes)):
        less = list(step.changes)
        change = less.pop(left_out)
        assert not reached(less)
        if len(change.criteria) > 1:
            assert not reached([*less, replace(change, criteria=change.criteria[1:])])
        if change.projects > 1:
            assert not reached([*less, replace(change, projects=change.projects - 1)])
