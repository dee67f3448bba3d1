"""Measure how fast reports are made, against the ways others make them and against the limit.

``make bench``: every way once a round, in turn, so that a machine that slows down slows them all;
medians, and ratios taken round by round. Written to output/bench/.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import distributed
import psutil
import yaml

from tools.bench_warm import BIN, ROOT, SAMPLE, alone, call, held, in_process, planned, run_cells, whole

SIZES = ((288, 34), (10_000, 34), (10_000, 2_000), (1_000_000, 2_000))
"""Projects and municipalities of the registries that are measured."""


def machine() -> dict:
    """Name the machine and what else it is doing."""
    models = [line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
              if line.startswith("model name")]  # fmt: skip
    return {
        "processor": models[0] if models else platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
    }


class Meter:
    """Wall seconds, processor seconds and peak memory of what runs within, children included."""

    def __enter__(self) -> "Meter":
        self._stop, self.peak = threading.Event(), 0
        self._watch = threading.Thread(target=self._look, daemon=True)
        self._begun, self._used = time.perf_counter(), self._processor()
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall, self.cpu = time.perf_counter() - self._begun, self._processor() - self._used
        self._stop.set()
        self._watch.join()

    @staticmethod
    def _processor() -> float:
        times = os.times()
        return times.children_user + times.children_system

    def _look(self) -> None:
        me = psutil.Process()
        pause = 0.1  # what is over soon is seen too
        while not self._stop.wait(pause):
            pause, total = 0.5, 0
            for child in me.children(recursive=True):
                try:
                    text = Path(f"/proc/{child.pid}/smaps_rollup").read_text()
                    total += int(text.split("Pss:")[1].split()[0])
                except (OSError, IndexError):
                    continue
            self.peak = max(self.peak, total // 1024)


def commands(specs: list, at_a_time: int) -> None:
    """The command loop: papermill, then nbconvert, for each report."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(at_a_time) as pool:

        def make(number: int) -> None:
            spec, target = specs[number], Path(folder) / f"{number}.ipynb"
            parameters = target.with_suffix(".yaml")
            parameters.write_text(yaml.safe_dump(dict(spec.parameters)))
            run = (BIN / "papermill", "--kernel", "python3", "-f", parameters, spec.notebook, target)
            try:
                call(*run)
            except SystemExit as error:  # two kernels that start at once may take the same port
                said = str(error).strip().splitlines()[-1]
                print(f"{spec.id} once more: {said}", file=sys.stderr, flush=True)
                call(*run)
            call(BIN / "jupyter", "nbconvert", "--to", "html", target)

        list(pool.map(make, range(len(specs))))


LIBRARY = """
import sys, tempfile, papermill
from nbconvert import HTMLExporter
from tools.bench_warm import SAMPLE, planned
exporter = HTMLExporter()
with tempfile.TemporaryDirectory() as folder:
    for spec in planned()[SAMPLE][int(sys.argv[1])::2]:
        made = papermill.execute_notebook(
            str(spec.notebook), f"{folder}/a.ipynb", dict(spec.parameters),
            kernel_name="python3", progress_bar=False)
        exporter.from_notebook_node(made)
"""


def library() -> None:
    """Papermill and nbconvert as libraries, cold kernels, in two processes."""
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda n: call(sys.executable, "-c", LIBRARY, str(n)), range(2)))


def build(out: Path, *options: str | Path) -> None:
    """Our own command."""
    call(BIN / "kuzbass-lean", "build", "--out", out, *options)


@contextmanager
def workers(count: int, work: Path) -> Iterator[str]:
    """Have a Dask scheduler and workers of one thread on this machine; give the address once all are up."""
    told = work / "scheduler.json"
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    common = ["--scheduler-file", str(told), "--no-dashboard"]
    running = [subprocess.Popen([*dask, *common, "--host", "127.0.0.1", "--port", "0"], **quiet)]
    try:
        for number in range(count):
            folder = work / f"worker-{number}"
            options = ["--nthreads", "1", "--no-nanny", "--local-directory", str(folder)]
            running.append(subprocess.Popen([*worker, *common, *options], **quiet))
        while not told.is_file() or not told.read_text():
            time.sleep(0.1)
        address = str(json.loads(told.read_text())["address"])
        with distributed.Client(address, set_as_default=False) as client:
            client.wait_for_workers(count)
        yield address
    finally:
        for process in reversed(running):
            process.terminate()
            process.wait()


def limit(specs: list, parts: int, tell: Path) -> None:
    """Run the same cells by plain exec in warm processes; write the seconds that it took.

    What is shown is made as it is for a page: values are rendered, nothing more.
    """
    from kuzbass_lean.press import warm

    warm.preload("warm", pdf=False)
    warm.hold("")
    begun, children = time.perf_counter(), []
    for part in range(parts):
        pid = os.fork()
        if not pid:
            for spec in specs[part::parts]:
                run_cells(spec)
            os._exit(0)
        children.append(pid)
    codes = [os.waitpid(pid, 0)[1] for pid in children]
    tell.write_text(json.dumps({"wall": time.perf_counter() - begun, "failed": any(codes)}))


def warm_limit(tell: str) -> None:
    """The limit, in a process of its own."""
    specs = planned()
    limit(specs, 2, Path(tell))


def profile(tell: str) -> None:
    """Write what each cell of each kind of report costs, and what the page and the PDF add."""
    from kuzbass_lean.press import warm

    warm.preload("warm", pdf=True)
    warm.hold("")
    told = {}
    for wanted in ("region", "sectors/health", "municipalities/kemerovsky-okrug", "projects/mvd"):
        spec = next(spec for spec in planned() if spec.id == wanted)
        runs = [alone(lambda spec=spec: run_cells(spec)) for _ in range(3)]
        cells = [
            (same[0][0], statistics.median(took for _, took in same)) for same in zip(*runs, strict=True)
        ]
        told[wanted] = {
            "cells": cells,
            "report": statistics.median(alone(lambda spec=spec: whole(spec)) for _ in range(3)),
            "with_pdf": alone(lambda spec=spec: whole(spec, pdf=True)),
        }
    Path(tell).write_text(json.dumps(told, ensure_ascii=False))


def scale(tell: str, projects: str, municipalities: str) -> None:
    """Write what a build does once with a registry of this size, and what all metrics cost on it."""
    import resource

    from tools.bench_metrics import against_reading
    from tools.bench_scale import once_costs

    with tempfile.TemporaryDirectory() as folder:
        work, source = Path(folder), Path(folder) / "data"
        call(
            BIN / "kuzbass-lean", "sample", source, "--projects", projects, "--municipalities", municipalities
        )
        once = once_costs(str(source), work)
        told = {"once": once, "metrics": against_reading(work / "stored")}
    told["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    Path(tell).write_text(json.dumps(told))


def sizes(work: Path) -> dict:
    """Measure registries of several sizes, and pages with a million neighbours and without."""
    from tools.bench_scale import same_slice

    found = {}
    for size in SIZES:
        print(f"registry of {size[0]} projects, {size[1]} municipalities", file=sys.stderr, flush=True)
        folder = work / f"scale-{'-'.join(map(str, size))}"
        folder.mkdir()
        found[" in ".join(map(str, size))] = in_process(folder, "bench", "scale", folder, *map(str, size))
    (work / "slices").mkdir()
    return {"sizes": found, "same_slice": same_slice(work / "slices")}


def with_row_changed(source: Path, target: Path) -> None:
    """Copy a registry with one open project's title changed."""
    import pandas as pd

    shutil.copytree(source, target)
    frame = pd.read_csv(target / "projects.csv", dtype=str, keep_default_na=False)
    row = frame.index[frame["status"].eq("in_progress")][0]
    frame.loc[row, "title"] += " (уточнено)"
    frame.to_csv(target / "projects.csv", index=False)


def rounds(count: int, work: Path) -> tuple[list[dict], int]:
    """Measure every way once a round."""
    from kuzbass_lean import intake

    specs = planned()
    few = specs[SAMPLE]
    (folder,) = held(work, "")
    one, other = work / "data", work / "changed" / "data"
    shutil.copytree(intake.sample_path(), one)
    with_row_changed(one, other)
    out, kept = work / "out", work / "kept"
    build(kept, "--data", one)
    sources = [other, one]

    def cold() -> None:
        shutil.rmtree(out, ignore_errors=True)
        shutil.rmtree(out.with_name("out.runs"), ignore_errors=True)
        build(out)

    def on_dask() -> dict:
        shutil.rmtree(work / "dask", ignore_errors=True)
        shutil.rmtree(work / "dask.runs", ignore_errors=True)
        with tempfile.TemporaryDirectory() as folder, workers(2, Path(folder)) as address:
            begun = time.perf_counter()
            build(work / "dask", "--dask", address)
            return {"wall": time.perf_counter() - begun}

    ways: list[tuple[str, int, Callable[[], object]]] = [
        ("command loop, one at a time", len(few), lambda: commands(few, 1)),
        ("command loop, two at a time", len(few), lambda: commands(few, 2)),
        ("papermill as a library, two processes", len(few), library),
        ("kuzbass-lean build, cold", len(specs), cold),
        ("limit: the cells alone, warm", len(specs), lambda: in_process(work, "bench", "warm_limit", folder)),
        ("kuzbass-lean build, two Dask workers", len(specs), on_dask),
        ("kuzbass-lean build, nothing changed", len(specs), lambda: build(out)),
        ("kuzbass-lean build, one row changed", len(specs), lambda: build(kept, "--data", next(turns))),
    ]
    found = []
    for number in range(count):
        turns = iter(sources if number % 2 == 0 else sources[::-1])
        row = {}
        for name, reports, way in ways:
            with Meter() as meter:
                told = way()
            wall = told["wall"] if isinstance(told, dict) else meter.wall
            row[name] = {"reports": reports, "wall": wall, "cpu": meter.cpu, "peak_mb": meter.peak}
            print(
                f"round {number + 1}: {name}: {wall:.1f} s for {reports} reports", file=sys.stderr, flush=True
            )
        found.append(row)
    return found, len(specs)


def summarise(found: list[dict]) -> dict:
    """Medians of each way, per report, and ratios taken round by round."""
    names = list(found[0])

    def rate(row: dict, name: str, what: str = "wall") -> float:
        return row[name][what] / row[name]["reports"]

    ways = {
        name: {
            "reports_per_minute": 60 / statistics.median(rate(row, name) for row in found),
            "wall": statistics.median(row[name]["wall"] for row in found),
            "cpu_per_report": statistics.median(rate(row, name, "cpu") for row in found),
            "peak_mb": max(row[name]["peak_mb"] for row in found),
        }
        for name in names
    }
    _, two, lib, cold, least, dask, same, row_changed = names

    def ratio(above: str, below: str, what: str = "wall") -> dict:
        values = [rate(row, above, what) / rate(row, below, what) for row in found]
        return {"median": statistics.median(values), "low": min(values), "high": max(values)}

    ratios = {
        "command loop, two at a time / cold build": ratio(two, cold),
        "papermill as a library / cold build": ratio(lib, cold),
        "cold build / limit": ratio(cold, least),
        "cold build / nothing changed": ratio(cold, same),
        "cold build / one row changed": ratio(cold, row_changed),
        "cold build / on two Dask workers": ratio(cold, dask),
    }
    return {"ways": ways, "ratios": ratios}


def markdown(told: dict) -> str:
    """The summary as tables."""
    about = told["machine"]
    lines = [
        f"{about['processor']}, {about['cores']} cores, {about['memory_gb']} GB, {about['system']}, "
        f"Python {about['python']}; load before the start {about['load']:.1f}; {told['rounds']} rounds, "
        f"{told['reports']} reports, the slow ways every {SAMPLE.step}th of them.",
        "",
        "| way | reports a minute | wall, s | processor, s a report | peak memory, MB |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, way in told["ways"].items():
        lines.append(f"| {name} | {way['reports_per_minute']:.0f} | {way['wall']:.1f} "
                     f"| {way['cpu_per_report']:.2f} | {way['peak_mb']} |")  # fmt: skip
    lines += ["", "| ratio, per report | median | from | to |", "|---|---:|---:|---:|"]
    for name, each in told["ratios"].items():
        lines.append(f"| {name} | {each['median']:.2f} | {each['low']:.2f} | {each['high']:.2f} |")
    for name, each in told["profile"].items():
        cells = sum(seconds for _, seconds in each["cells"])
        lines += [
            "",
            f"`{name}`: {1000 * each['report']:.0f} ms of processor time, {1000 * cells:.0f} in cells; "
            f"with its PDF {each['with_pdf'] / each['report']:.1f} times as much. By cell:",
            "",
        ]
        lines += ["| ms | cell |", "|---:|---|"]
        costly = sorted(each["cells"], key=lambda cell: -cell[1])[:12]
        lines += [f"| {1000 * s:.0f} | `{source.splitlines()[-1]}` |" for source, s in costly]
    return "\n".join([*lines, *by_size(told["scale"])]) + "\n"


def by_size(told: dict) -> list[str]:
    """The costs of a run by the size of the registry, as tables."""
    lines = ["", "| registry: projects in municipalities | " + " | ".join(told["sizes"]) + " |"]
    lines += ["|---|" + "---:|" * len(told["sizes"])]
    rows: dict[str, list[str]] = {}
    for each in told["sizes"].values():
        for name, seconds in each["once"].items():
            label = "digests of all reports" if name.startswith("digests") else name
            rows.setdefault(f"{label}, s", []).append(f"{seconds:.2f}")
        rows.setdefault("all metrics and score, s", []).append(f"{each['metrics']['everything']:.2f}")
        rows.setdefault("... / reading the tables", []).append(f"{each['metrics']['ratio']:.1f}")
        rows.setdefault("peak memory, MB", []).append(str(each["peak_mb"]))
    lines += [f"| {name} | " + " | ".join(cells) + " |" for name, cells in rows.items()]
    lines += ["", "| page, processor s | alone | beside a million projects | ratio |", "|---|---:|---:|---:|"]
    for page, each in told["same_slice"].items():
        lines.append(f"| `{page}` | {each['alone']:.2f} | {each['beside']:.2f} | {each['ratio']:.2f} |")
    return lines


def main(arguments: Iterable[str] | None = None) -> None:
    """Measure, and write output/bench/bench.json and bench.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=ROOT / "output" / "bench")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        about = machine()
        found, reports = rounds(asked.rounds, work)
        told = {
            "machine": about,
            "rounds": asked.rounds,
            "reports": reports,
            **summarise(found),
            "measured": found,
        }
        told["profile"] = in_process(work, "bench", "profile", work / "held-0")
        told["scale"] = sizes(work)
    asked.out.mkdir(parents=True, exist_ok=True)
    (asked.out / "bench.json").write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n")
    (asked.out / "bench.md").write_text(markdown(told))
    print(markdown(told))


if __name__ == "__main__":
    main()
