"""What-if and next steps: adding never lowers, the steps reach the level, nothing smaller does."""

from dataclasses import replace
from datetime import date
from itertools import combinations, combinations_with_replacement, pairwise

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kuzbass_lean import maturity
from kuzbass_lean.errors import UnknownNameError, UsageError
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


def test_a_slider_takes_the_nearest_units_first() -> None:
    results = [["met", "met", None, None], ["met", None, None, None], ["met", "met", "met", None]]
    found = registry("polyclinic", 3, 4, **answers("polyclinic", results, "mo_pmsp", 4))
    # 3 of 4 criteria in 2 of 4 polyclinics: the third has them, the first lacks one, the second two
    score = maturity.what_if(found, [Change(3, units=1, y=75)], as_of=DAY).direction(3)
    assert score.worst_case == "candidate"
    step = step_of(found, 3)
    assert (step.target, step.units, [lack.unit for lack in step.nearest]) == (
        "candidate",
        1,
        ["polyclinic-0"],
    )
    assert (step.nearest[0].criteria, step.nearest[0].choose_from) == (1, (3, 4))


def test_criteria_that_most_others_meet_come_first() -> None:
    results = [["met", "met", "not_met", "not_met"], ["met", "met", "not_met", "met"]]
    found = registry("polyclinic", 2, 2, **answers("polyclinic", results, "mo_pmsp", 4))
    step = step_of(found, 3)
    assert (step.target, step.changes) == ("leader", (
        Change(3, unit="polyclinic-1", criteria=(3,)),
        Change(3, unit="polyclinic-0", criteria=(4, 3)),
    ))  # fmt: skip


def test_a_named_criterion_of_a_named_unit_counts() -> None:
    found = registry("mfc", 1, 1, **answers("mfc", [["met", "not_met", "not_met", "not_met"]], "mfc", 4))
    assert maturity.score(found, as_of=DAY).direction(6).level == "none"
    assert (
        maturity.what_if(found, [Change(6, unit="mfc-0", criteria=(3,))], as_of=DAY).direction(6).level
        == "reserve"
    )


def test_units_and_projects_are_both_needed_and_a_shared_project_takes_fewer() -> None:
    found = registry("state_body", 6, 8, projects=projects(["state_body-0"] * 22))
    step = step_of(found, 1)
    # 2 of 8 bodies have to have a project, 25 projects in all: 1 body and 3 projects
    assert (step.units, step.projects, step.centralised) == (1, 3, 3)
    assert step.changes == (Change(1, unit="state_body-1", projects=1), Change(1, projects=2))
    many = registry("state_body", 6, 8, projects=projects(["state_body-0"] * 109 + ["state_body-1"]))
    step = step_of(many, 1)
    assert (step.target, step.units, step.projects, step.centralised) == ("candidate", 2, 2, 1)


def test_a_unit_with_an_open_project_is_nearer() -> None:
    work = projects(
        ["state_body-0", "state_body-2", "state_body-2"], status=["implemented", "planned", "in_progress"]
    )
    found = registry("state_body", 3, 8, projects=work)
    nearest = step_of(found, 1).nearest[0]
    assert (nearest.unit, nearest.open_projects) == ("state_body-2", ("p2", "p1"))


def test_units_that_the_registry_does_not_list_come_last() -> None:
    found = registry("state_body", 1, 8)
    step = step_of(found, 1)
    assert [lack.unit for lack in step.nearest] == ["state_body-0", None]
    assert maturity.what_if(found, step.changes, as_of=DAY).direction(1).level == "reserve"


def test_worst_and_best_case_differ_where_inputs_are_missing() -> None:
    met, failed, unknown = ["met"] * 4, ["not_met"] * 4, [None] * 4
    found = registry(
        "polyclinic", 4, 4, **answers("polyclinic", [met, failed, failed, unknown], "mo_pmsp", 4)
    )
    step = step_of(found, 3)
    # candidate takes two: the unknown one may already be there
    assert (step.level, step.target, step.units, step.best_units) == ("reserve", "candidate", 1, 0)
    found = registry(
        "polyclinic", 4, 4, **answers("polyclinic", [failed, failed, failed, failed], "mo_pmsp", 4)
    )
    step = step_of(found, 3)
    assert (step.target, step.units, step.best_units) == ("reserve", 1, 1)


def test_without_a_frame_the_steps_are_unknown_not_none() -> None:
    found = registry("state_body", 3, None, projects=projects(["state_body-0"] * 20))
    step = step_of(found, 1)
    assert (step.units, step.projects, step.reachable, step.best_projects) == (None, None, None, 5)
    assert step.missing == ("frames: state_body",)


def test_fewer_companies_than_municipalities_can_never_cover_them() -> None:
    fleet = companies("transport_company", ["a", "b"], [True, True])
    found = registry("transport_company", 2, 2, organizations=fleet)
    step = step_of(found, 8)
    # leader and candidate ask for companies in 3 and 4 of 5 municipalities
    assert (step.level, step.target, step.reachable, step.units) == ("reserve", "candidate", False, None)


def test_switching_goes_where_nobody_has_switched_yet() -> None:
    houses = companies("management_company", ["a", "a", "b", "c", "c"], [True, False, False, False, False])
    found = registry("management_company", 5, 5, organizations=houses)
    step = step_of(found, 7)
    assert [lack.unit for lack in step.nearest] == ["management_company-2", "management_company-3"]
    assert [lack.municipality_id for lack in step.nearest] == ["b", "c"]


def test_a_hypothetical_switch_leaves_the_others_unknown() -> None:
    houses = companies("management_company", ["a", "b", "c"], [False, False, False])
    found = registry("management_company", 3, 3, organizations=houses)
    score = maturity.what_if(found, [Change(7, unit="management_company-1")], as_of=DAY).direction(7)
    assert (score.worst_case, score.best_case) == ("reserve", "leader")


@pytest.mark.parametrize(("others", "level"), [(9, "reserve"), (10, "none")])
def test_subset_alone_can_fall_when_a_municipality_joins(others, level) -> None:
    # one of one has switched; then 2 of 10 are a fifth, 2 of 11 are not
    houses = companies("management_company", ["a"] + ["b"] * others, [True] + [False] * others)
    found = registry("management_company", 1 + others, 1 + others, organizations=houses)
    readings = {7: "subset"}
    assert maturity.score(found, readings=readings, as_of=DAY).direction(7).level == "reserve"
    change = Change(7, unit="management_company-1")
    assert maturity.what_if(found, [change], readings=readings, as_of=DAY).direction(7).level == level


def test_a_municipality_has_next_steps_of_its_own() -> None:
    own = pd.DataFrame({"organization_id": [f"s{n}" for n in range(4)], "municipality_id": "a"})
    own = own.assign(name="Ш", kind="school", sector="edu")
    found = registry("school", 4, None, organizations=own, projects=projects(["s0"]))
    profile = maturity.score_local(found, "a", as_of=DAY)
    assert [(score.number, score.level) for score in profile.directions] == [(4, "reserve")]
    step = maturity.next_steps(found, profile, municipality="a")[0]
    assert (step.target, step.units, step.projects, step.changes) == (
        "candidate", 1, 1, (Change(4, unit="s1", projects=1),),
    )  # fmt: skip
    assert (
        maturity.what_if(found, step.changes, as_of=DAY, municipality="a").direction(4).level == "candidate"
    )


def test_at_the_highest_level_there_is_no_next_step() -> None:
    found = registry("polyclinic", 1, 1, **answers("polyclinic", [["met"] * 4], "mo_pmsp", 4))
    step = step_of(found, 3)
    assert (step.level, step.target, step.units, step.changes) == ("leader", None, 0, ())


def test_more_units_than_there_are_change_nothing_further() -> None:
    found = registry("state_body", 2, 4)
    all_of_them = maturity.what_if(found, [Change(1, units=4)], as_of=DAY).direction(1)
    beyond = maturity.what_if(found, [Change(1, units=9)], as_of=DAY).direction(1)
    assert all_of_them == beyond
    assert beyond.rules[0].qualifying_units == 4


def test_a_what_if_leaves_the_registry_alone_and_marks_its_rows() -> None:
    found = registry("state_body", 2, 4)
    before = found.digest
    changed = maturity.hypothetical(found, [Change(1, units=1)], as_of=DAY)
    assert found.digest == before
    assert changed.projects["source"].tolist() == ["what-if"]


def test_a_change_of_what_does_not_exist_is_refused() -> None:
    found = registry("mfc", 2, 4, **answers("mfc", [["met"]], "mfc", 4))
    with pytest.raises(UnknownNameError, match="mfc-0"):
        maturity.what_if(found, [Change(6, unit="mfc-O")], as_of=DAY)
    with pytest.raises(UsageError, match="no direction 12"):
        maturity.what_if(found, [Change(12, units=1)], as_of=DAY)
    with pytest.raises(UsageError, match="no criterion 9"):
        maturity.what_if(found, [Change(6, unit="mfc-0", criteria=(9,))], as_of=DAY)
    with pytest.raises(UsageError, match="scored in the region"):
        maturity.what_if(found, [Change(1, units=1)], as_of=DAY, municipality="a")
    for wrong in ({"units": -1}, {"units": 1, "unit": "x"}, {"criteria": (1,)}):
        with pytest.raises(UsageError, match="change of direction 6"):
            Change(6, **wrong)


def test_the_level_under_every_reading_is_that_of_scoring_by_it() -> None:
    houses = companies("management_company", ["a"] * 4 + ["b", "c"], [True] * 5 + [False])
    found = registry("management_company", 6, 6, organizations=houses)
    for score in maturity.score(found, as_of=DAY).directions:
        readings = list(FULL.direction(score.number).readings)
        alone = {
            name: maturity.score(found, readings={score.number: name}, as_of=DAY)
            .direction(score.number)
            .level
            for name in readings
        }
        assert dict(score.sensitivity) == alone
    local = maturity.score_local(found, "a", as_of=DAY).direction(7)
    assert set(local.sensitivity) == {"joint", "nested", "subset"}


def test_a_municipality_pools_the_revenue_of_its_enterprises() -> None:
    own = pd.DataFrame({"organization_id": ["enterprise-0"], "municipality_id": "a"})
    own = own.assign(name="З", kind="enterprise", sector="industry")
    tables = {
        "organizations": own,
        "projects": projects(["enterprise-0"]),
        **revenue("enterprise", [(0.7, 0.3)]),
    }
    found = registry("enterprise", 1, 9, **tables)
    score = maturity.score_local(found, "a", readings={9: "pooled"}, as_of=DAY).direction(9)
    assert (score.units, score.level) == (1, "candidate")


Company = tuple[str | None, bool]


def meets(reading: str, held: list[Company], total: int, x: int, y: int) -> bool:
    """The rule of ЖКХ in the words of the deck, on a list of companies: place, whether switched."""
    own = {place: [yes for at, yes in held if at == place] for place in PLACES}
    covered = [place for place in PLACES if any(own[place])]
    areas = max(-(-len(PLACES) * y // 100), 1)
    if reading == "nested":
        return sum(bool(own[p]) and 100 * sum(own[p]) >= x * len(own[p]) for p in PLACES) >= areas
    pool = [yes for _, yes in held]
    whole = total
    if reading == "subset":
        pool = [yes for place in covered for yes in own[place]]
        whole = len(pool) or total
    return sum(pool) >= max(-(-whole * x // 100), 1) and len(covered) >= areas


def fewest(reading: str, held: list[Company], spare: int, total: int, x: int, y: int) -> int | None:
    """Try every set of switches, and every place for the companies that are not listed."""
    waiting = [n for n, (_, yes) in enumerate(held) if not yes]
    for size in range(len(waiting) + spare + 1):
        for new in range(min(size, spare) + 1):
            for places in combinations_with_replacement([*PLACES, None], new):
                for chosen in combinations(waiting, size - new):
                    after = [(place, yes or n in chosen) for n, (place, yes) in enumerate(held)]
                    if meets(reading, [*after, *((place, True) for place in places)], total, x, y):
                        return size
    return None


@settings(max_examples=20, deadline=None, derandomize=True)
@given(
    st.sampled_from(["joint", "nested", "subset"]),
    st.lists(st.tuples(st.sampled_from([*PLACES, None]), st.booleans()), min_size=1, max_size=5),
    st.integers(0, 2),
)
def test_no_fewer_companies_anywhere_reach_the_level(reading, held, spare) -> None:
    # somebody has switched: without that nobody records switches, and all is unknown
    held = [(held[0][0], True), *held[1:]]
    places, switched = [list(column) for column in zip(*held, strict=True)]
    table = companies("management_company", places, switched)
    found = registry("management_company", len(held), len(held) + spare, organizations=table)
    step = step_of(found, 7, reading)
    if step.target is not None:
        assert step.units == fewest(reading, held, spare, len(held) + spare, step.x, step.y)
        assert step.reachable is (step.units is not None)


@some
@given(cases())
def test_the_best_case_never_takes_more_than_the_worst(case) -> None:
    found, number, reading, rules = case
    step = step_of(found, number, reading, rules)
    if step.units is not None:
        assert 0 <= step.best_units <= step.units
        assert 0 <= step.best_projects <= step.projects
