"""The standing answers, beside the counts they add up to."""

from datetime import date

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from kuzbass_lean import metrics

answers = st.lists(
    st.tuples(
        st.sampled_from(["o1", "o2"]),
        st.sampled_from(["v1", "v2"]),
        st.integers(1, 4),
        st.integers(1, 28),
        st.sampled_from(["met", "not_met", "na"]),
    ),
    max_size=12,
    unique_by=lambda row: row[:4],
)


def assessments(rows: list[tuple]) -> pd.DataFrame:
    names = ["organization_id", "version", "number", "day", "result"]
    frame = pd.DataFrame(rows, columns=names)
    days = pd.to_datetime([f"2019-02-{int(day):02d}" for day in frame["day"]])
    frame = frame.assign(model="mfc", assessed_on=days).drop(columns="day")
    return frame.astype({"organization_id": "str", "version": "str", "result": "str", "number": "Int64"})


CRITERIA = pd.DataFrame(
    {"model": "mfc", "version": ["v1"] * 4 + ["v2"] * 3, "number": [1, 2, 3, 4, 1, 2, 3]}
).astype({"number": "Int64"})


def test_the_latest_answer_of_the_version_used_last_stands() -> None:
    rows = assessments([("o1", "v1", 1, 1, "met"), ("o1", "v2", 1, 2, "not_met"), ("o1", "v2", 1, 3, "met")])
    found = metrics.current_answers(rows, CRITERIA, date(2019, 2, 28))
    assert found[["version", "number", "result"]].to_numpy().tolist() == [
        ["v2", 1, "met"], ["v2", 2, "unanswered"], ["v2", 3, "unanswered"],
    ]  # fmt: skip
    assert metrics.current_answers(rows, CRITERIA, date(2019, 2, 2))["result"].tolist()[0] == "not_met"


@settings(max_examples=40, deadline=None, derandomize=True)
@given(answers, st.booleans())
def test_the_answers_add_up_to_the_counts(rows, listed) -> None:
    rows = [row for row in rows if row[1] == "v1" or row[2] <= 3]
    day, criteria = date(2019, 2, 15), CRITERIA if listed else None
    found = metrics.current_answers(assessments(rows), criteria, day)
    counts = metrics.criteria_share(assessments(rows), criteria, day)
    for row in counts.to_dict("records"):
        own = found[found["organization_id"].eq(row["organization_id"])]["result"].value_counts()
        assert {name: int(own.get(name, 0)) for name in ("met", "not_met", "na")} == {
            name: row[name] for name in ("met", "not_met", "na")
        }
        assert int(own.get("unanswered", 0)) == (row["unanswered"] if listed else 0)
    assert set(found["organization_id"]) == set(counts["organization_id"])
