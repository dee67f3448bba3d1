from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from kuzbass_lean import catalogue, maturity
from kuzbass_lean.errors import UnknownNameError, UsageError
from kuzbass_lean.maturity import DirectionScore
from kuzbass_lean.registry import Registry

DAY = date(2019, 9, 30)
PLACES = [place.key for place in catalogue.municipalities()]


def frame(kind: str, units: int, as_of: str = "2019-09-01") -> dict[str, object]:
    return {"kind": kind, "units": units, "as_of": pd.Timestamp(as_of), "status": "reported"}


def organizations(kind: str, count: int, sector: str = "gov", **more: object) -> pd.DataFrame:
    ids = [f"{kind}-{number}" for number in range(count)]
    return pd.DataFrame({"organization_id": ids, "name": ids, "kind": kind, "sector": sector, **more})


def projects(owners: list[str], status: str = "implemented", **more: object) -> pd.DataFrame:
    ids = [f"p{number}" for number in range(len(owners))]
    columns = {"project_id": ids, "title": ids, "organization_id": owners, "sector": "gov", "status": status}
    return pd.DataFrame({**columns, "centralised": False, **more})


def registry(frames: list[dict[str, object]], **tables: pd.DataFrame) -> Registry:
    tables.setdefault("organizations", organizations("other", 1))
    tables.setdefault("projects", projects([]))
    if frames:
        tables["frames"] = pd.DataFrame(frames)
    return Registry.from_frames(tables)


def scored(data: Registry, number: int, reading: str = "", as_of: date = DAY) -> DirectionScore:
    readings = {number: reading} if reading else None
    return maturity.score(data, readings=readings, as_of=as_of).direction(number)


def verdicts(score: DirectionScore) -> list[str]:
    return [rule.verdict for rule in score.rules]


def owners(kind: str, units: int, total: int) -> list[str]:
    """Each of the units has a project; the first has the rest."""
    return [f"{kind}-{number}" for number in range(units)] + [f"{kind}-0"] * (total - units)


@pytest.mark.parametrize(
    ("total", "percent", "needed"),
    [
        (72, 25, 18),
        (72, 50, 36),
        (72, 75, 54),
        (34, 25, 9),
        (34, 75, 26),
        (35, 20, 7),
        (25, 25, 7),
        (33, 75, 25),
    ],
)
def test_a_threshold_is_the_share_rounded_up_in_whole_numbers(total: int, percent: int, needed: int) -> None:
    assert maturity.threshold(total, percent) == needed


@pytest.mark.parametrize(
    ("units", "total", "level"),
    [
        (17, 300, "none"),
        (18, 24, "none"),
        (18, 25, "reserve"),
        (35, 100, "reserve"),
        (36, 99, "reserve"),
        (36, 100, "candidate"),
        (53, 250, "candidate"),
        (54, 249, "candidate"),
        (54, 250, "leader"),
        (55, 251, "leader"),
    ],
)
def test_direction_1_needs_both_bodies_and_projects(units: int, total: int, level: str) -> None:
    data = registry(
        [frame("state_body", 72)],
        organizations=organizations("state_body", 72),
        projects=projects(owners("state_body", units, total)),
    )
    assert scored(data, 1).level == level


def test_direction_1_read_as_each_wants_every_body_to_have_the_projects() -> None:
    bodies = organizations("state_body", 4)
    enough = projects(["state_body-0"] * 25)
    short = projects(["state_body-0"] * 24)
    assert scored(
        registry([frame("state_body", 4)], organizations=bodies, projects=enough), 1, "each"
    ).level == ("reserve")
    assert (
        scored(registry([frame("state_body", 4)], organizations=bodies, projects=short), 1, "each").level
        == "none"
    )


@pytest.mark.parametrize(
    ("units", "level"), [(8, "none"), (9, "reserve"), (16, "reserve"), (17, "candidate")]
)
def test_direction_2_counts_municipalities_with_a_realised_municipal_project(units: int, level: str) -> None:
    towns = organizations("municipal_body", 34, municipality_id=PLACES)
    work = projects(owners("municipal_body", units, 100), direction="appeals")
    data = registry([frame("municipality", 34)], organizations=towns, projects=work)
    assert scored(data, 2).level == level
    without = work.assign(direction=None)
    assert (
        scored(registry([frame("municipality", 34)], organizations=towns, projects=without), 2).level
        == "none"
    )


def assessments(kind: str, model: str, met: list[int], of: int) -> dict[str, pd.DataFrame]:
    rows = [
        (
            f"{kind}-{unit}",
            model,
            "v1",
            number,
            pd.Timestamp("2019-09-01"),
            "met" if number < count else "not_met",
        )
        for unit, count in enumerate(met)
        for number in range(of)
    ]
    names = ["organization_id", "model", "version", "number", "assessed_on", "result"]
    criteria = pd.DataFrame({"model": model, "version": "v1", "number": range(of), "block": "Б", "text": "Т"})
    return {"assessments": pd.DataFrame(rows, columns=names), "criteria": criteria}


@pytest.mark.parametrize(("number", "kind", "model"), [(3, "polyclinic", "mo_pmsp"), (6, "mfc", "mfc")])
@pytest.mark.parametrize(
    ("met", "level"),
    [
        ([11, 0, 0, 0], "reserve"),
        ([10, 10, 10, 10], "none"),
        ([12, 0, 0, 0], "reserve"),
        ([17, 17, 0, 0], "candidate"),
        ([17, 16, 0, 0], "reserve"),
        ([22, 22, 22, 0], "leader"),
        ([22, 22, 21, 0], "candidate"),
    ],
)
def test_directions_3_and_6_need_each_unit_to_meet_its_criteria(
    number: int, kind: str, model: str, met: list[int], level: str
) -> None:
    data = registry(
        [frame(kind, 4)], organizations=organizations(kind, 4), **assessments(kind, model, met, 22)
    )
    assert scored(data, number).level == level


def test_direction_3_read_as_mean_takes_the_best_units_together() -> None:
    data = registry(
        [frame("polyclinic", 4)],
        organizations=organizations("polyclinic", 4),
        **assessments("polyclinic", "mo_pmsp", [22, 12, 0, 0], 22),
    )
    assert scored(data, 3).level == "reserve"
    assert scored(data, 3, "mean").level == "candidate"
    assert scored(data, 3).sensitivity == {"each": "reserve", "mean": "candidate"}


def test_a_unit_without_assessment_is_unknown_with_a_best_and_a_worst_case() -> None:
    data = registry(
        [frame("polyclinic", 4)],
        organizations=organizations("polyclinic", 4),
        **assessments("polyclinic", "mo_pmsp", [22, 0, 0], 22),
    )
    score = scored(data, 3)
    assert (score.level, score.worst_case, score.best_case) == ("unknown", "reserve", "candidate")
    assert score.rules[1].missing == ("assessments: mo_pmsp, 1",)


def test_criteria_that_do_not_apply_are_left_out_and_unanswered_ones_make_bounds() -> None:
    found = assessments("polyclinic", "mo_pmsp", [2], 5)
    answers = found["assessments"]
    answers.loc[answers["number"].eq(4), "result"] = "na"
    data = registry([frame("polyclinic", 1)], organizations=organizations("polyclinic", 1), **found)
    assert [(r.verdict, r.actual_y) for r in scored(data, 3).rules] == [
        ("met", 50),
        ("not_met", 50),
        ("not_met", 50),
    ]
    found["assessments"] = answers[answers["number"].ne(3)]
    score = scored(
        registry([frame("polyclinic", 1)], organizations=organizations("polyclinic", 1), **found), 3
    )
    assert verdicts(score) == ["met", "unknown", "not_met"]


@pytest.mark.parametrize(
    ("units", "total", "level"),
    [(25, 25, "reserve"), (24, 30, "none"), (25, 24 + 1, "reserve"), (75, 100, "leader")],
)
def test_direction_4_counts_all_kinds_of_institutions(units: int, total: int, level: str) -> None:
    kinds = [frame("school", 97), frame("kindergarten", 1), frame("college", 1), frame("university", 1)]
    schools = organizations("school", 97, "edu")
    data = registry(kinds, organizations=schools, projects=projects(owners("school", units, total)))
    assert scored(data, 4).level == level
    assert scored(registry(kinds[:3], organizations=schools, projects=projects([])), 4).units is None


def reception(
    cuts: list[tuple[object, object, object, object]], observations: object = 10
) -> dict[str, pd.DataFrame]:
    measures, values = [], []
    for number, (first, first_after, repeat, repeat_after) in enumerate(cuts):
        for service, before, after in (("first", first, first_after), ("repeat", repeat, repeat_after)):
            key = f"m{number}-{service}"
            measures.append((key, "p0", f"employment_center-{number}", service))
            for phase, value in (("before", before), ("after", after)):
                if value is not None:
                    values.append((key, phase, value, value, "exact", observations))
    measure = pd.DataFrame(measures, columns=["measure_id", "project_id", "organization_id", "service"])
    measure = measure.assign(name="ВПП", unit="minute", family="lead_time", better="lower", statistic="mean")
    names = ["measure_id", "phase", "low", "high", "qualifier", "observations"]
    return {
        "measures": measure,
        "values": pd.DataFrame(values, columns=names),
        "organizations": organizations("employment_center", len(cuts), "empl"),
        "projects": projects(["employment_center-0"]),
    }


@pytest.mark.parametrize(("after", "level"), [(15.0, "leader"), (15.01, "none"), (14.99, "leader")])
def test_direction_5_wants_a_cut_of_25_percent_exactly(after: float, level: str) -> None:
    data = registry([frame("employment_center", 1)], **reception([(20.0, after, 1.2, 0.9)]))
    assert scored(data, 5).level == level


def test_direction_5_both_either_and_pooled_differ() -> None:
    data = registry([frame("employment_center", 1)], **reception([(20.0, 10.0, 20.0, 18.0)]))
    assert scored(data, 5).level == "none"
    assert scored(data, 5, "either").level == "leader"
    assert scored(data, 5, "pooled").level == "leader"


def test_a_centre_without_the_time_after_is_unknown_not_failing() -> None:
    data = registry([frame("employment_center", 1)], **reception([(20.0, 10.0, 20.0, None)]))
    score = scored(data, 5)
    assert (score.level, score.worst_case, score.best_case) == ("unknown", "none", "leader")


def test_a_centre_that_surely_failed_one_reception_fails_both_even_if_the_other_is_unknown() -> None:
    data = registry([frame("employment_center", 1)], **reception([(20.0, 19.0, 20.0, None)]))
    assert scored(data, 5).level == "none"


def companies(kind: str, places: list[str | None], switched: int) -> pd.DataFrame:
    since = [pd.Timestamp("2019-01-01")] * switched + [pd.NaT] * (len(places) - switched)
    return organizations(kind, len(places), "housing", municipality_id=places, lean_since=since)


@pytest.mark.parametrize(("number", "kind"), [(7, "management_company"), (8, "transport_company")])
@pytest.mark.parametrize(
    ("switched", "level"),
    [(6, "none"), (7, "reserve"), (20, "reserve"), (21, "candidate"), (27, "candidate"), (28, "leader")],
)
def test_directions_7_and_8_count_companies_and_the_municipalities_they_are_in(
    number: int, kind: str, switched: int, level: str
) -> None:
    frames = [frame(kind, 34), frame("municipality", 34)]
    data = registry(frames, organizations=companies(kind, list(PLACES), switched))
    assert scored(data, number).level == level


def test_direction_7_joint_and_nested_differ_both_ways() -> None:
    crowded = companies("management_company", [PLACES[0]] * 4 + PLACES[1:7], 10)
    frames = [frame("management_company", 100), frame("municipality", 34)]
    data = registry(frames, organizations=crowded)
    assert scored(data, 7).level == "none"
    assert scored(data, 7, "nested").level == "reserve"
    assert scored(data, 7, "subset").level == "reserve"


def test_without_any_date_of_switching_direction_7_is_unknown() -> None:
    frames = [frame("management_company", 2), frame("municipality", 34)]
    score = scored(registry(frames, organizations=companies("management_company", [*PLACES[:2]], 0)), 7)
    assert score.level == "unknown"
    assert "organizations: lean_since, management_company" in score.missing


def revenue(shares: list[list[tuple[float, bool]]]) -> dict[str, pd.DataFrame]:
    rows = [
        (f"enterprise-{unit}", 2019, f"поток {flow}", share, improved)
        for unit, flows in enumerate(shares)
        for flow, (share, improved) in enumerate(flows)
    ]
    names = ["organization_id", "year", "flow", "share", "improved"]
    return {
        "revenue": pd.DataFrame(rows, columns=names),
        "organizations": organizations("enterprise", len(shares), "industry"),
    }


@pytest.mark.parametrize(
    ("flows", "expected"),
    [
        ([(0.7, True), (0.1, True), (0.2, False)], ["met", "met", "met"]),
        ([(0.7, True), (0.09, True), (0.21, False)], ["met", "met", "not_met"]),
        ([(0.4, True), (0.6, False)], ["met", "not_met", "not_met"]),
        ([(0.39, True), (0.61, False)], ["not_met", "not_met", "not_met"]),
        ([(0.4, True), (0.3, False)], ["met", "unknown", "not_met"]),
    ],
)
def test_direction_9_adds_up_improved_revenue_exactly(
    flows: list[tuple[float, bool]], expected: list[str]
) -> None:
    assert verdicts(scored(registry([frame("enterprise", 1)], **revenue([flows])), 9)) == expected


def test_pooled_revenue_lies_between_the_enterprises_and_is_unknown_within() -> None:
    tables = revenue([[(0.7, True), (0.3, False)], [(0.1, True), (0.9, False)]])
    tables["projects"] = projects(["enterprise-0", "enterprise-1"])
    score = scored(registry([frame("enterprise", 2)], **tables), 9, "pooled")
    assert verdicts(score) == ["unknown", "unknown", "not_met"]
    assert "revenue: amounts" in score.missing


def test_without_a_frame_nothing_is_met_but_it_may_be() -> None:
    work = projects(owners("state_body", 18, 25))
    score = scored(registry([], organizations=organizations("state_body", 18), projects=work), 1)
    assert (score.units, score.level, score.worst_case, score.best_case) == (
        None,
        "unknown",
        "none",
        "reserve",
    )
    assert score.rules[0].missing == ("frames: state_body",)
    assert score.rules[0].shortfall_units is None


def test_a_frame_of_zero_units_never_passes() -> None:
    data = registry([frame("state_body", 0)], projects=projects(["other-0"] * 250))
    assert scored(data, 1).level == "none"


def test_a_level_never_skips_a_lower_one() -> None:
    rules = Path(__file__).parents[1] / "kuzbass_lean" / "data" / "maturity.yaml"
    text = rules.read_text(encoding="utf-8").replace("{reserve: [25, 25],", "{reserve: [100, 25],", 1)
    changed = maturity.model._parse(text, "changed")
    data = registry(
        [frame("state_body", 4)],
        organizations=organizations("state_body", 4),
        projects=projects(["state_body-0"] * 250 + ["state_body-1", "state_body-2"]),
    )
    score = maturity.score(data, changed, as_of=DAY).direction(1)
    assert verdicts(score) == ["not_met", "met", "met"]
    assert score.level == "none"


def test_the_shortfall_names_units_and_projects() -> None:
    work = projects(owners("state_body", 15, 13 + 2))
    data = registry([frame("state_body", 72)], organizations=organizations("state_body", 72), projects=work)
    rule = scored(data, 1).rules[0]
    assert (rule.threshold_units, rule.qualifying_units, rule.shortfall_units, rule.shortfall_projects) == (
        18,
        15,
        3,
        10,
    )


def test_only_what_happened_by_the_date_counts() -> None:
    bodies = organizations("state_body", 4)
    work = projects(["state_body-0"] * 25, implemented=pd.Timestamp("2019-09-30"))
    data = registry(
        [frame("state_body", 4), frame("state_body", 400, "2019-10-01")], organizations=bodies, projects=work
    )
    assert scored(data, 1).level == "reserve"
    assert scored(data, 1, as_of=date(2019, 9, 29)).level == "none"
    assert scored(data, 1, as_of=date(2019, 10, 1)).units == 400


def test_a_centralised_project_counts_for_every_participant_and_once_in_the_sum() -> None:
    bodies = organizations("state_body", 4)
    shared = pd.DataFrame({"project_id": "p0", "organization_id": list(bodies["organization_id"])})
    data = registry(
        [frame("state_body", 4)],
        organizations=bodies,
        projects=projects(["state_body-0"]),
        participants=shared,
    )
    rule = scored(data, 1).rules[0]
    assert (rule.qualifying_units, rule.actual_y) == (4, 1)


def test_an_unknown_reading_or_direction_is_refused() -> None:
    data = registry([])
    with pytest.raises(UnknownNameError, match='did you mean "each"'):
        maturity.score(data, readings={1: "eech"}, as_of=DAY)
    with pytest.raises(UsageError, match="no direction 12"):
        maturity.score(data, readings={12: "each"}, as_of=DAY)


def test_a_model_file_with_a_fault_is_refused_with_the_place(tmp_path: Path) -> None:
    path = tmp_path / "model.yaml"
    path.write_text("name: М\ndirections:\n  - {number: один}\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"directions\.0\."):
        maturity.load_model(path)
    with pytest.raises(UsageError, match="cannot be read"):
        maturity.load_model(tmp_path / "absent.yaml")


def test_the_document_has_the_promised_keys() -> None:
    document = maturity.score(registry([]), as_of=DAY).to_dict()
    assert document["as_of"] == "2019-09-30"
    assert [d["number"] for d in document["directions"]] == list(range(1, 10))
    keys = {"number", "sector", "reading", "level", "best_case", "worst_case", "units", "rules"}
    assert all(keys <= set(direction) for direction in document["directions"])
    rule = {
        "level",
        "x",
        "y",
        "threshold_units",
        "qualifying_units",
        "actual_y",
        "verdict",
        "shortfall",
        "missing",
    }
    assert all(rule <= set(r) for d in document["directions"] for r in d["rules"])


def test_a_municipality_is_scored_by_its_own_units_without_the_regional_counts() -> None:
    clinics = organizations("polyclinic", 4, "health", municipality_id=PLACES[0])
    data = registry([], organizations=clinics, **assessments("polyclinic", "mo_pmsp", [17, 17, 5, 5], 22))
    profile = maturity.score_local(data, PLACES[0], as_of=DAY)
    assert [(d.number, d.level, d.units, d.notes) for d in profile.directions] == [
        (3, "candidate", 4, ("units_listed",))
    ]


def test_scoring_changes_nothing() -> None:
    data = registry([frame("polyclinic", 4)], organizations=organizations("polyclinic", 4))
    before = data.digest
    maturity.score(data, as_of=DAY)
    assert data.digest == before
