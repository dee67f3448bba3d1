"""Measure what does not grow with the neighbours and what may: a report's own cells, and the costs of a run.

``same_slice`` times the pages of one municipality and one sector in warm processes, once on the sample and
once on the sample with a million projects of other municipalities beside it. ``once_costs`` times
what a build does once, whatever it builds. Both are called by ``tools/bench.py``.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from tools import bench_warm as warmed

PAGES = ("municipalities/kemerovsky-okrug", "projects/mvd")
"""Pages whose slice the neighbours leave as it is."""
MILLION = 1_000_000


def neighbours(projects: int, municipalities: int) -> dict[str, pd.DataFrame]:
    """The sample's tables with so many synthetic projects in other municipalities added.

    Rows of the sample stay as they are, and none of the others is its own: neither
    territory, organisation nor project.
    """
    from kuzbass_lean import catalogue, intake, schema
    from kuzbass_lean.sample import scaled

    own = intake.read()
    added = scaled(projects, municipalities, seed=1)
    places = pd.DataFrame(
        {"municipality_id": m.key, "name": m.name, "kind": m.kind, "tile_row": m.tile_row,
         "tile_column": m.tile_column}
        for m in catalogue.municipalities()
    )  # fmt: skip
    beside = added["municipalities"].assign(tile_row=lambda rows: rows["tile_row"] + places["tile_row"].max())
    tables = {**own.tables, "municipalities": pd.concat([places, beside])}
    for name in ("organizations", "projects", "participants", "measures", "values"):
        tables[name] = pd.concat([own.frame(name), added[name]])
    return {name: frame.reset_index(drop=True)[list(schema.dtypes(name))] if name != "municipalities"
            else frame.reset_index(drop=True) for name, frame in tables.items()}  # fmt: skip


def store(folder: Path, projects: int = MILLION, municipalities: int = 2_000) -> Path:
    """Store the sample with its neighbours as a build stores what it has read."""
    from kuzbass_lean import intake
    from kuzbass_lean.registry import Registry

    folder.mkdir(parents=True)
    intake.store(Registry.from_frames(neighbours(projects, municipalities), "sample").public(), folder)
    return folder


def pages(tell: str, repeats: str = "5") -> None:
    """Write the processor seconds of each page's cells and of its whole report, each made in a fork."""
    from kuzbass_lean.press import warm

    warm.preload("warm", pdf=False)
    warm.hold("")
    specs = {spec.id: spec for spec in warmed.planned()}
    told = {}
    for wanted in PAGES:
        spec = specs[wanted]
        cells = [warmed.alone(lambda spec=spec: warmed.run_cells(spec)) for _ in range(int(repeats))]
        reports = [warmed.alone(lambda spec=spec: warmed.whole(spec)) for _ in range(int(repeats))]
        told[wanted] = {
            "report": statistics.median(reports),
            "cells": [
                (each[0][0], statistics.median(took for _, took in each)) for each in zip(*cells, strict=True)
            ],
        }
    Path(tell).write_text(json.dumps(told, ensure_ascii=False))


def same_slice(work: Path, big: Path | None = None, repeats: int = 5) -> dict:
    """Return, page by page, the seconds on the sample and with a million neighbours, and their ratio.

    Parameters
    ----------
    work
        An empty folder to work in.
    big
        A registry that ``store`` made before; left out, it is made anew.
    """
    (small,) = warmed.held(work, "")
    big = big or store(work / "neighbours")
    told = [warmed.in_process(work, "bench_scale", "pages", folder, str(repeats)) for folder in (small, big)]
    found = {}
    for page in PAGES:
        alone, beside = (each[page] for each in told)
        cells = zip(alone["cells"], beside["cells"], strict=True)
        grown = [(source, one, other) for (source, one), (_, other) in cells]
        found[page] = {
            "alone": alone["report"],
            "beside": beside["report"],
            "ratio": beside["report"] / alone["report"],
            "cells_ratio": sum(row[2] for row in grown) / sum(row[1] for row in grown),
            "cells": sorted(grown, key=lambda row: row[1] - row[2]),
        }
    return found


def once_costs(source: str, work: Path) -> dict[str, float]:
    """Return the wall seconds of what a build does once with a registry, by name."""
    from kuzbass_lean import intake, views
    from kuzbass_lean.press import fresh
    from kuzbass_lean.press.plan import load_plan
    from kuzbass_lean.views import shared

    took: dict[str, float] = {}

    def timed(name: str, what: Callable) -> object:
        begun = time.perf_counter()
        found = what()
        took[name] = time.perf_counter() - begun
        print(f"{took[name]:8.2f} s  {name}", file=sys.stderr, flush=True)
        return found

    folder = work / "stored"
    folder.mkdir()
    registry = timed("read", lambda: intake.read(source).public())
    timed("store", lambda: intake.store(registry, folder))
    restored = timed("restore", lambda: intake.restore(folder))
    timed("read_parquet", lambda: [pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))])
    timed("digest", lambda: registry.digest)
    specs = timed("plan", lambda: load_plan(warmed.ROOT / "params", warmed.ROOT / "notebooks", registry))
    reads = fresh.Reads(registry)
    timed(f"digests of {len(specs)} reports", lambda: [reads.digest(spec) for spec in specs])
    timed("prepare", lambda: shared.prepare(restored, views.report_date(restored, "")))
    return took


def main() -> None:
    """Print both: ``python -m tools.bench_scale [--source FOLDER] [--big STORED]``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", default="", help="a registry to time the costs of a run on")
    parser.add_argument("--big", type=Path, help="a registry that store() made before")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--costs-only", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if asked.source or asked.costs_only:
            once_costs(asked.source, Path(folder))
        if asked.costs_only:
            return
        for page, told in same_slice(Path(folder), asked.big, asked.repeats).items():
            print(f"{page}: {told['alone']:.2f} s alone, {told['beside']:.2f} s beside a million, "
                  f"ratio {told['ratio']:.2f}, of the cells {told['cells_ratio']:.2f}")  # fmt: skip
            for source, one, other in told["cells"][:8]:
                print(f"   {1000 * one:7.1f} {1000 * other:7.1f}  {source.splitlines()[-1][:90]}")


if __name__ == "__main__":
    main()
