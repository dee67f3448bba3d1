"""Synthetic measures: times of reception, dated observations, flows, and bare pairs of numbers."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np

from kuzbass_lean import schema
from kuzbass_lean.packaged import document
from kuzbass_lean.sample.rows import DEMO, OBSERVABLE, Row, Rows

_SECTORS = ("health", "edu", "mfc", "muni", "gov", "housing")


def add_results(rows: Rows) -> None:
    """Add the measures of employment centres and of realised and open projects."""
    _add_reception(rows)
    measured = {row["project_id"] for row in rows.tables["measures"]}
    free = [row for row in rows.owned(source="synthetic") if row["project_id"] not in measured]
    free = [row for row in free if row["sector"] in _SECTORS]
    observed = _observed(rows, free)
    for number, row in enumerate(observed):
        _add_observed(rows, row, number)
    taken = {row["project_id"] for row in observed}
    begun = [row for row in free if row["project_id"] not in taken and "started" in row]
    for number, row in enumerate(begun[::2][: document("synthetic.yaml")["stated_projects"]]):
        _add_stated(rows, row, number)


def _observed(rows: Rows, free: list[Row]) -> list[Row]:
    """Choose the projects with dated points: those that others replicate first, then in turn."""
    begin, end = OBSERVABLE
    fitting = [row for row in free if begin <= row.get("implemented", date.max) <= end]
    copied = {row.get("replicates") for row in rows.tables["projects"]}
    first = [row for row in fitting if row["project_id"] in copied]
    others = [row for row in fitting if row["project_id"] not in copied][::2]
    return [*first, *others][: len(document("synthetic.yaml")["observed"])]


def _measure(rows: Rows, key: str, project: str, described: tuple[str, str, str, str], **more: Any) -> None:
    name, unit, family, better = described
    cells = {"name": f"{name} {DEMO}", "unit": unit, "family": family, "better": better, "statistic": "mean"}
    rows.add("measures", "synthetic", measure_id=key, project_id=project, **cells, **more)


def _value(rows: Rows, key: str, phase: str, value: float, observations: int | None = None) -> None:
    cells = {"low": value, "high": value, "qualifier": "exact", "observations": observations}
    method = "timing" if observations else None
    rows.add("values", "synthetic", measure_id=key, phase=phase, **cells, method=method)


def _add_reception(rows: Rows) -> None:
    """First and repeat reception of 20 of the 25 centres; the last of them lacks one value after."""
    given = document("synthetic.yaml")["reception"]
    for number, centre in enumerate(rows.keys("employment_center")[: given["centres"]], 1):
        own = rows.owned(organization_id=centre)
        cut = given["cuts"][number % len(given["cuts"])]
        for service, word, row in (("first", "первичный", own[0]), ("repeat", "повторный", own[1])):
            before = float(rows.random.integers(24, 41))
            key = f"{row['project_id']}-{service}"
            described = (f"ВПП, {word} приём", "minute", "lead_time", "lower")
            _measure(rows, key, row["project_id"], described, organization_id=centre, service=service)
            _value(rows, key, "before", before, 30)
            if number < given["centres"] or service == "first":
                _value(rows, key, "after", round(before * (1 - cut), 2), 30)


def _add_observed(rows: Rows, row: Row, number: int) -> None:
    """Weekly points that end before the implementation, and points that begin after it."""
    given, key = document("synthetic.yaml"), f"{row['project_id']}-time"
    count_before, count_after, factor = given["observed"][number]
    _measure(rows, key, row["project_id"], ("Время протекания процесса", "minute", "lead_time", "lower"))
    level = float(rows.random.integers(20, 60))
    spread = 0.0 if number == given["constant"] else 0.08
    done = row["implemented"]
    means = {}
    for phase, mean, count, first in (
        ("before", level, count_before, done - timedelta(days=7 * count_before)),
        ("after", level * factor, count_after, done + timedelta(days=1)),
    ):
        drawn = np.round(mean * (1 + spread * rows.random.standard_normal(count)), 1)
        for week, value in enumerate(drawn):
            cells = {"measure_id": key, "phase": phase, "observed_on": first + timedelta(days=7 * week)}
            rows.add("observations", "synthetic", **cells, value=float(value))
        means[phase] = float(np.round(drawn.mean(), 1))
        picked = phase == "before" and number == given["worst"]
        _value(rows, key, phase, float(drawn.max()) if picked else means[phase], count)
    if number % 3 < 2:
        _value(rows, key, "target", float(round(level * 0.6)))
    if number < given["with_steps"]:
        _add_steps(rows, key, means)


def _add_steps(rows: Rows, key: str, means: dict[str, float]) -> None:
    """Share out each stated time in tenths; the first waiting step takes what rounding leaves."""
    steps = document("synthetic.yaml")["steps"]
    for column, (phase, mean) in enumerate(means.items(), 1):
        tenths = [round(mean * 10 * step[column]) for step in steps]
        tenths[[step[5] for step in steps].index(True)] += round(mean * 10) - sum(tenths)
        for number, ((name, _, _, value, waste, waits), tenth) in enumerate(
            zip(steps, tenths, strict=True), 1
        ):
            minutes = tenth / 10
            cells = {"process_minutes": 0.0 if waits else minutes, "wait_minutes": minutes if waits else 0.0}
            place = {"measure_id": key, "phase": phase, "step": number, "name": f"{name} {DEMO}"}
            rows.add("steps", "synthetic", **place, **cells, value=value, waste=waste)


def _add_stated(rows: Rows, row: Row, number: int) -> None:
    """Add two numbers and a target; only a realised project has reached anything, and not all say."""
    choices = document("synthetic.yaml")["stated"]
    name, unit, family, better, lowest, highest = choices[number % len(choices)]
    key = f"{row['project_id']}-{family.replace('_', '-')}"
    _measure(rows, key, row["project_id"], (name, unit, family, better))
    before = int(rows.random.integers(lowest, highest))
    change = float(rows.random.uniform(0.15, 0.5))
    sign = -1 if better == "lower" else 1
    timed = 20 if number % 2 else None
    _value(rows, key, "before", float(before), timed)
    _value(rows, key, "target", float(round(before * (1 + sign * 0.4))))
    if row["status"] in schema.REALISED and number % 6:
        _value(rows, key, "after", float(round(before * (1 + sign * change))), timed)
