"""What every metric and the maturity score cost on whole tables, against reading those tables.

``python -m tools.bench_metrics FOLDER`` takes a registry stored as Parquet files.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd

from kuzbass_lean import intake, maturity, metrics
from kuzbass_lean.registry import Registry

ROUNDS = 3


def everything(registry: Registry, day: date) -> dict[str, float]:
    """Return the wall seconds of every metric that takes a registry or a frame, and of the score.

    All of them start from the bare tables: nothing that the registry computed before is taken over.
    """
    bare = replace(registry)
    return {name: _seconds(call) for name, call in _calls(bare, day).items()}


def _calls(registry: Registry, day: date) -> dict[str, Callable[[], object]]:
    projects, organizations = registry.projects, registry.organizations
    measures, values = registry["measures"], registry["values"]
    assessments, criteria = registry["assessments"], registry.table("criteria")
    steps = registry["steps"]
    one = steps[steps["measure_id"].eq(steps["measure_id"].iloc[0])] if len(steps) else None
    return {
        "project_units": registry.project_units,
        "adoptions": lambda: metrics.adoptions(registry),
        "ageing": lambda: metrics.ageing(projects, day),
        "ageing_list": lambda: metrics.ageing_list(projects, day),
        "as_at": lambda: metrics.as_at(projects, day),
        "by": lambda: metrics.by(projects, "sector"),
        "by_unit": lambda: metrics.by_unit(projects, registry.project_units()),
        "closed_range": lambda: metrics.closed_range(projects),
        "closed_share": lambda: metrics.closed_share(projects),
        "concentration": lambda: metrics.concentration(projects),
        "covered_units": lambda: metrics.covered_units(projects, registry.project_units()),
        "criteria_share": lambda: metrics.criteria_share(assessments, criteria, day),
        "current_answers": lambda: metrics.current_answers(assessments, criteria, day),
        "durations": lambda: metrics.durations(projects, day),
        "effect_totals": lambda: metrics.effect_totals(registry["effects"]),
        "first_realised": lambda: metrics.first_realised(registry),
        "frame_units": lambda: metrics.frame_units(registry["frames"], "mfc"),
        "implemented_share": lambda: metrics.implemented_share(projects),
        "improvements": lambda: metrics.improvements(measures, values, projects),
        "lead_time_cut": lambda: metrics.lead_time_cut(measures, values, "first", projects),
        "left_truncation": lambda: metrics.left_truncation(projects),
        "overdue": lambda: metrics.overdue(projects, day),
        "plans_totals": lambda: metrics.plans_totals(registry["plans"], day.year),
        "portfolio": lambda: metrics.portfolio(projects, day),
        "realised_days": lambda: metrics.realised_days(registry),
        "realised_share": lambda: metrics.realised_share(projects),
        "replication": lambda: metrics.replication(projects),
        "replication_candidates": lambda: metrics.replication_candidates(registry),
        "replication_table": lambda: metrics.replication_table(registry),
        "solved_share": lambda: metrics.solved_share(projects),
        "standards_count": lambda: metrics.standards_count(registry["standards"]),
        "stream": lambda: metrics.stream(steps),
        "switch_days": lambda: metrics.switch_days(organizations, ["transport_company"]),
        "value_stream": lambda: None if one is None else metrics.value_stream(one),
        "maturity.score": lambda: maturity.score(registry, as_of=day),
    }


def against_reading(folder: Path) -> dict[str, object]:
    """Return the median seconds of everything and of reading the tables, their ratio, and the parts."""
    registry = intake.restore(folder)
    day = registry.as_of
    assert day is not None
    paths = [folder / f"{name}.parquet" for name in registry.tables]
    rounds = []
    for _ in range(ROUNDS):
        read = sum(_seconds(lambda path=path: pd.read_parquet(path)) for path in paths)
        rounds.append((read, everything(registry, day)))
    parts = {name: statistics.median(found[name] for _, found in rounds) for name in rounds[0][1]}
    return {
        "read": statistics.median(read for read, _ in rounds),
        "everything": statistics.median(sum(found.values()) for _, found in rounds),
        "ratio": statistics.median(sum(found.values()) / read for read, found in rounds),
        "parts": parts,
    }


def _seconds(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def main() -> None:
    """Print the figures, the dearest metrics first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    found = against_reading(parser.parse_args().folder)
    for name in ("read", "everything", "ratio"):
        print(f"{name:24}{found[name]:9.2f}")
    for name, seconds in sorted(found["parts"].items(), key=lambda part: -part[1]):
        print(f"{name:24}{seconds:9.3f}")


if __name__ == "__main__":
    main()
