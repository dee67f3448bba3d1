"""When the next level comes, by hand."""

from datetime import date, timedelta

import pandas as pd
import pytest

from kuzbass_lean import maturity
from kuzbass_lean.evidence import Outlook, outlook
from kuzbass_lean.registry import Registry

DAY = date(2019, 9, 30)


def registry(owners: list[str], ages: list[int | None], bodies: int = 8, frame: int | None = 8) -> Registry:
    ids = [f"b{n}" for n in range(bodies)]
    days = [None if age is None else pd.Timestamp(DAY - timedelta(days=age)) for age in ages]
    work = pd.DataFrame({"project_id": [f"p{n}" for n in range(len(owners))], "organization_id": owners})
    work = work.assign(title="П", sector="gov", status="implemented", centralised=False)
    tables = {
        "organizations": pd.DataFrame(
            {"organization_id": ids, "name": ids, "kind": "state_body", "sector": "gov"}
        ),
        "projects": work.assign(implemented=pd.to_datetime(pd.Series(days, dtype="object"))),
    }
    if frame is not None:
        stated = {
            "kind": "state_body",
            "units": frame,
            "as_of": pd.Timestamp("2019-01-01"),
            "status": "reported",
        }
        tables["frames"] = pd.DataFrame([stated])
    return Registry.from_frames(tables)


def of_bodies(found: Registry) -> Outlook:
    profile = maturity.score(found, as_of=DAY)
    return outlook(found, maturity.next_steps(found, profile, directions=[1]), DAY)[0]


def test_the_later_of_units_and_projects_decides() -> None:
    # six bodies of eight with one project each: reserve lacks projects only
    found = of_bodies(registry([f"b{n}" for n in range(6)], [10 * n for n in range(6)]))
    assert (found.target, found.units, found.projects.needed) == ("reserve", None, 19)
    # six in a year: nineteen more take 365 * 19 / 6 days, so the 1156th day
    assert found.day == found.projects.day == DAY + timedelta(days=1156)
    assert found.earliest < found.day < found.latest


def test_missing_units_have_a_pace_of_their_own() -> None:
    # five bodies began this year with twenty projects each: leader lacks one body and 150 projects
    owners = [f"b{n % 5}" for n in range(100)]
    found = of_bodies(registry(owners, [n % 300 for n in range(100)]))
    assert (found.target, found.units.needed, found.projects.needed) == ("leader", 1, 150)
    # a body in 365 / 5 days, projects 150 in 547.5 days
    assert (found.units.day, found.day) == (DAY + timedelta(days=73), DAY + timedelta(days=548))


def test_too_few_beginnings_give_no_day_and_say_so() -> None:
    found = of_bodies(registry(["b0"] * 30, [5] * 30))
    # reserve lacks a second body, and one beginning is no pace
    assert (found.target, found.day, found.reason) == ("reserve", None, "too_few_events")


@pytest.mark.parametrize(("frame", "reason"), [(None, "unknown"), (0, "unreachable")])
def test_what_cannot_be_counted_or_reached_has_no_day(frame, reason) -> None:
    found = of_bodies(registry(["b0"] * 6, [5] * 6, bodies=0 if frame == 0 else 8, frame=frame))
    assert (found.day, found.reason) == (None, reason)


def test_projects_of_later_days_have_not_happened() -> None:
    early = registry([f"b{n}" for n in range(6)], [10] * 6)
    late = registry([*(f"b{n}" for n in range(6)), "b0"], [*[10] * 6, -5])
    assert of_bodies(early) == of_bodies(late)


def test_criteria_leave_no_dates_and_the_highest_level_needs_none() -> None:
    found = registry([], [])
    profile = maturity.score(found, as_of=DAY)
    steps = {step.number: step for step in maturity.next_steps(found, profile)}
    assert outlook(found, [steps[3]], DAY)[0].reason == "unknown"
    top = maturity.NextStep(6, "mfc", ("mfc",), "each", "leader", None)
    assert outlook(found, [top], DAY)[0] == Outlook(6, None, reason="reached")
    lacking = maturity.NextStep(
        6, "mfc", ("mfc",), "each", "none", "reserve", units=1, nearest=(maturity.UnitStep("m", criteria=2),)
    )
    assert outlook(found, [lacking], DAY)[0].reason == "no_dates"


def test_switches_to_lean_have_a_pace() -> None:
    since = [pd.Timestamp(DAY - timedelta(days=30 * n)) for n in range(5)] + [pd.NaT] * 3
    units = pd.DataFrame({"organization_id": [f"u{n}" for n in range(8)], "lean_since": since})
    units = units.assign(name="У", kind="management_company", sector="housing")
    found = Registry.from_frames({"organizations": units, "projects": registry([], []).projects})
    nearest = (maturity.UnitStep("u5", switch=True), maturity.UnitStep("u6", switch=True))
    step = maturity.NextStep(
        7, "housing", ("management_company",), "joint", "none", "reserve", units=2, nearest=nearest
    )
    # five in a year: two more take 146 days
    assert outlook(found, [step], DAY)[0].day == DAY + timedelta(days=146)
