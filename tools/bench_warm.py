"""What the benches share: commands that must succeed, registries held, cells run in warm processes."""

import ast
import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
SAMPLE = slice(4, None, 8)
"""The reports of the plan that the slow ways make; all ways are compared per report. The first of all is
the region's, the dearest: a sample with it would make the slow ways look slower than they are."""


def call(*command: str | Path, **options: object) -> None:
    """Run a command; it must succeed."""
    done = subprocess.run(
        [str(part) for part in command], cwd=ROOT, capture_output=True, check=False, **options
    )
    if done.returncode:
        raise SystemExit(f"{command[0]}: {done.stderr.decode()[-2000:]}")


def planned(data: str = "") -> list:
    """Return the plan of the reports on a registry."""
    from kuzbass_lean import intake
    from kuzbass_lean.press.plan import load_plan

    return list(load_plan(ROOT / "params", ROOT / "notebooks", intake.read(data)))


def held(work: Path, *sources: str) -> list[Path]:
    """Store registries as a build does, for warm processes to hold."""
    from kuzbass_lean import intake

    folders = []
    for number, source in enumerate(sources):
        folders.append(work / f"held-{number}")
        folders[-1].mkdir()
        intake.store(intake.read(source).public(), folders[-1])
    return folders


def in_process(work: Path, module: str, what: str, folder: Path, *arguments: str) -> dict:
    """Have a new process do something warm, a function of one of the tools, on a stored registry."""
    from kuzbass_lean import intake
    from kuzbass_lean.press import crew

    tell = work / "told.json"
    code = f"import sys; from tools import {module}; {module}.{what}(*sys.argv[1:])"
    environment = {**os.environ, **crew.ENVIRONMENT, intake.DATA_VARIABLE: str(folder)}
    call(sys.executable, "-c", code, tell, *arguments, env=environment)
    return json.loads(tell.read_text())


def alone(what: Callable) -> object:
    """Return what a function gives in a fork of this process."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        with os.fdopen(writer, "wb") as file:
            pickle.dump(what(), file)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as file:
        found = pickle.load(file)
    os.waitpid(pid, 0)
    return found


def run_cells(spec: object) -> list[tuple[str, float]]:
    """Run a notebook's cells by plain exec; return each one's source and processor seconds."""
    names: dict = {}
    took = []
    for cell in nbformat.read(spec.notebook, as_version=4).cells:
        if cell.cell_type != "code":
            continue
        begun = time.process_time()
        tree = ast.parse(cell.source)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "cell", "exec"), names)
        if last is not None:
            shown = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
            shown._repr_mimebundle_()
        took.append((cell.source, time.process_time() - begun))
        if "parameters" in cell.metadata.get("tags", []):
            names.update(spec.parameters)
    return took


def whole(spec: object, *, pdf: bool = False) -> float:
    """Make a report as a build does; return its processor seconds."""
    from kuzbass_lean.press.report import make
    from kuzbass_lean.press.work import Work

    with tempfile.TemporaryDirectory() as folder:
        begun = time.process_time()
        make(Work(spec, Path(folder) / "a.ipynb", "warm", 600, pdf))
        return time.process_time() - begun
