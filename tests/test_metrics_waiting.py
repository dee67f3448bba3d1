"""Open projects one by one, and a registry that began too late."""

from datetime import date

import pandas as pd
import pytest

from kuzbass_lean import metrics

DAY = date(2019, 9, 30)


def projects(*rows: tuple) -> pd.DataFrame:
    names = ["status", "started", "due", "implemented", "closed"]
    frame = pd.DataFrame([(*row, *[None] * (5 - len(row))) for row in rows], columns=names)
    frame = frame.assign(**{name: pd.to_datetime(frame[name]) for name in names[1:]})
    return frame.assign(project_id=[f"p{n}" for n in range(len(rows))])


def test_open_projects_are_listed_the_oldest_first() -> None:
    rows = metrics.ageing_list(
        projects(
            ("in_progress", "2019-09-29", "2019-09-29"),
            ("planned", "2019-10-01", "2019-09-30"),
            ("in_progress", "2019-01-01", None),
            ("closed", "2018-01-01", None),
            ("in_progress", None, "2019-10-01"),
        ),
        DAY,
    )
    assert rows["project_id"].tolist() == ["p2", "p0", "p1", "p4"]
    assert rows["age"].tolist()[:2] == [272, 1]
    assert rows["age"].isna().tolist() == [False, False, True, True]
    assert rows["late"].fillna(-1).tolist() == [-1, 1, 0, 0]


def test_the_list_is_what_the_bands_count() -> None:
    frame = projects(
        *[("in_progress", day) for day in ("2019-09-30", "2019-07-02", "2019-07-01", "2018-01-01")]
    )
    ages = metrics.ageing_list(frame, DAY)["age"]
    bands = metrics.ageing(frame, DAY)
    assert bands["projects"].tolist() == [2, 1, 0, 1, 0]
    assert [int(ages.between(0, 90).sum()), int(ages.between(91, 180).sum())] == [2, 1]


@pytest.mark.parametrize(("since", "before"), [("2019-01-01", 0), ("2019-01-02", 1), ("2019-03-02", 2)])
def test_projects_begun_before_the_records_are_counted(since, before) -> None:
    frame = projects(
        ("closed", "2019-01-01", None, None, "2019-04-01"), ("in_progress", "2019-03-01"), ("planned",)
    )
    found = metrics.left_truncation(frame, date.fromisoformat(since))
    assert (found.before, found.started, found.warning, found.stated) == (before, 2, before > 0, True)


@pytest.mark.parametrize(("early", "warning"), [("2018-12-02", False), ("2018-12-01", True)])
def test_without_a_stated_beginning_the_first_ending_tells(early, warning) -> None:
    # closed after 30 and 30 days, the first on 1 January: records tell of 2 December at the earliest
    frame = projects(
        ("closed", "2018-12-02", None, None, "2019-01-01"),
        ("closed", "2019-02-01", None, None, "2019-03-03"),
        ("in_progress", early),
    )
    found = metrics.left_truncation(frame)
    assert (found.since, found.warning, found.stated) == (date(2018, 12, 2), warning, False)


def test_with_nothing_ended_nothing_tells() -> None:
    found = metrics.left_truncation(projects(("in_progress", "2019-01-01")))
    assert (found.since, found.warning, found.started) == (None, False, 1)
