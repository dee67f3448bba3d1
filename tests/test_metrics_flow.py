"""The value stream, by hand."""

import pandas as pd
import pytest

from kuzbass_lean import metrics

STEPS = [
    # phase, step, process, wait, value, waste
    ("after", 1, 4, 2, "va", "waiting"),
    ("after", 2, 4, 0, "nnva", None),
    ("before", 2, 5, 0, "nva", "overprocessing"),
    ("before", 1, 10, 25, "va", "waiting"),
    ("before", 3, 5, 5, "nnva", None),
]


def steps(rows: list[tuple] = STEPS) -> pd.DataFrame:
    names = ["phase", "step", "process_minutes", "wait_minutes", "value", "waste"]
    frame = pd.DataFrame(rows, columns=names).assign(measure_id="m", name="Шаг")
    return frame.astype({"process_minutes": "float64", "wait_minutes": "float64", "waste": "str"})


def test_lead_time_and_its_parts_before_and_after() -> None:
    found = metrics.value_stream(steps())
    assert found.phases.index.tolist() == ["before", "after"]
    minutes = found.phases[["lead_minutes", "va_minutes", "nnva_minutes", "nva_minutes"]]
    # waiting is wasted: before 25 + 5 + 5 of 50 minutes
    assert minutes.to_numpy().tolist() == [[50, 10, 5, 35], [10, 4, 4, 2]]
    assert (found.pce("before"), found.pce("after"), found.pce("check")) == (0.2, 0.4, None)
    assert found.saved == 40


def test_the_steps_of_a_phase_stack_up_to_its_lead_time() -> None:
    found = metrics.value_stream(steps())
    assert found.steps[["phase", "step"]].to_numpy().tolist() == [
        ["before", 1], ["before", 2], ["before", 3], ["after", 1], ["after", 2],
    ]  # fmt: skip
    sums = found.steps.groupby("phase")[["va", "nnva", "nva"]].sum().sum(axis=1)
    assert sums.to_dict() == {"before": 50, "after": 10}


def test_wastes_by_kind_the_most_first_and_nameless_ones_kept() -> None:
    rows = metrics.value_stream(steps()).wastes
    assert rows["minutes"].tolist() == [25, 5, 5, 2]
    assert rows["phase"].tolist() == ["before", "before", "before", "after"]
    assert rows["waste"].tolist()[0] == "waiting"
    assert rows["waste"].isna().sum() == 1
    wasted = metrics.value_stream(steps()).phases["nva_minutes"]
    assert rows.groupby("phase")["minutes"].sum().to_dict() == wasted.to_dict()


def test_a_step_without_minutes_leaves_its_phase_unknown() -> None:
    rows = [*STEPS[:4], ("before", 3, None, 5, "nva", "waiting")]
    found = metrics.value_stream(steps(rows), annual_volume=100)
    assert (found.saved, found.capacity_hours, found.pce("before")) == (None, None, None)
    assert found.pce("after") == 0.4
    assert found.wastes.set_index(["phase", "waste"])["minutes"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize(("volume", "hours"), [(None, None), (0, 0), (300, 200)])
def test_freed_hours_take_a_volume(volume, hours) -> None:
    assert metrics.value_stream(steps(), annual_volume=volume).capacity_hours == hours


@pytest.mark.parametrize(
    ("demand", "takt", "slower"), [(None, None, ()), (0, None, ()), (120, 4, ()), (121, 480 / 121, (1, 2))]
)
def test_takt_and_the_steps_slower_than_it(demand, takt, slower) -> None:
    found = metrics.value_stream(steps(), available_minutes=480, demand=demand)
    assert (found.takt, found.above_takt) == (takt, slower)


def test_only_one_stream_at_a_time() -> None:
    both = pd.concat([steps(), steps().assign(measure_id="n")])
    with pytest.raises(ValueError, match="the steps are of 2"):
        metrics.value_stream(both)
    with pytest.raises(ValueError, match="the steps are of 0"):
        metrics.value_stream(both.iloc[:0])
