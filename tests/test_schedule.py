"""The files of docs/schedule: each is well formed, and each command in them is one that there is."""

import configparser
import importlib.util
import json
import re
import shlex
import shutil
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any
from xml.etree import ElementTree

import pytest
import typer
import yaml

from kuzbass_lean.cli.base import app

FOLDER = Path(__file__).parents[1] / "docs" / "schedule"
TASK = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
Words = list[str]


def unit(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(FOLDER / name, encoding="utf-8")
    return parser


def of_systemd() -> list[Words]:
    return [shlex.split(unit("kuzbass-lean.service")["Service"]["ExecStart"])]


def of_cron() -> list[Words]:
    lines = (FOLDER / "crontab").read_text(encoding="utf-8").splitlines()
    jobs = [line for line in lines if re.match(r"[\d*]", line)]
    return [shlex.split(re.split(r"&& | >/dev/null", job)[1]) for job in jobs]


def of_windows() -> list[Words]:
    run = ElementTree.parse(FOLDER / "windows-task.xml").getroot().find(f"{TASK}Actions/{TASK}Exec")
    assert run is not None
    return [[PureWindowsPath(run.findtext(f"{TASK}Command", "")).stem,
             *run.findtext(f"{TASK}Arguments", "").split()]]  # fmt: skip


def of_gitlab() -> list[Words]:
    job = yaml.safe_load((FOLDER / "gitlab-ci.yml").read_text(encoding="utf-8"))["reports"]
    return [shlex.split(line) for line in job["script"] if "kuzbass-lean" in line]


def of_jupyter() -> list[Words]:
    cells = json.loads((FOLDER / "jupyter_scheduler.ipynb").read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    names: dict[str, Any] = {}
    exec(code[0] + "\n" + next(line for line in code[1].splitlines() if line.startswith("command =")), names)
    return [names["command"]]


def of_airflow() -> list[Words]:
    return [shlex.split(task["bash_command"]) for task in airflow_tasks()]


def airflow_tasks() -> list[dict[str, Any]]:
    """Import the DAG where Airflow's own names only write down what they are given."""
    tasks: list[dict[str, Any]] = []

    class Operator:
        def __init__(self, **given: Any) -> None:
            tasks.append(given)

        def __rshift__(self, other: "Operator") -> "Operator":
            return other

    class Dag:
        def __init__(self, name: str, **given: Any) -> None:
            assert given["max_active_runs"] == 1

        def __enter__(self) -> "Dag":
            return self

        def __exit__(self, *error: object) -> None:
            pass

    bash = "airflow.providers.standard.operators.bash"
    packages = [bash.rsplit(".", number)[0] for number in range(1, 5)]
    names: dict[str, dict[str, Any]] = {
        **{name: {} for name in packages},
        "pendulum": {"datetime": lambda *day, tz: day},
        "airflow.sdk": {"DAG": Dag},
        bash: {"BashOperator": Operator},
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, content in names.items():
            module = types.ModuleType(name)
            module.__dict__.update(content)
            patch.setitem(sys.modules, name, module)
        path = FOLDER / "airflow_dag.py"
        spec = importlib.util.spec_from_file_location("airflow_dag", path)
        assert spec is not None
        assert spec.loader is not None
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    return tasks


@pytest.mark.parametrize("found", [of_systemd, of_cron, of_windows, of_gitlab, of_jupyter, of_airflow])
def test_every_scheduled_command_is_one_that_the_command_line_takes(found: Callable[[], list[Words]]) -> None:
    commands = found()
    assert {"build"} <= {arguments[0] for _, *arguments in commands} <= {"build", "runs"}
    for program, name, *arguments in commands:
        assert PurePosixPath(program).name == "kuzbass-lean"
        known = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]
        known.make_context(name, list(arguments))  # raises at an unknown option or a value of the wrong type


def test_an_unknown_option_would_be_found() -> None:
    known = typer.main.get_command(app).commands["build"]  # type: ignore[attr-defined]
    with pytest.raises(Exception, match="--wiat"):
        known.make_context("build", ["--wiat", "3600"])


def test_no_file_names_a_folder_that_is_not_the_offices() -> None:
    for path in filter(Path.is_file, FOLDER.iterdir()):  # beside them lies what Python compiled
        named = set(
            re.findall(
                r"(?<![\w.:/~-])/(?:srv|home|opt|tmp|work|root|var|usr)/[\w-]+", path.read_text("utf-8")
            )
        )
        assert named <= {"/srv/kuzbass-lean", "/srv/lean", "/var/cache"}, path.name


def test_the_timer_starts_the_service_of_its_name_and_the_service_asks_for_a_clean_end() -> None:
    assert unit("kuzbass-lean.timer")["Timer"]["OnCalendar"] == "Mon..Fri 06:15"
    service = unit("kuzbass-lean.service")["Service"]
    assert service["Type"] == "oneshot"
    out = of_systemd()[0][of_systemd()[0].index("--out") + 1]
    assert PurePosixPath(out).is_relative_to(service["ReadWritePaths"])


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_finds_nothing_wrong_but_that_the_program_is_elsewhere() -> None:
    units = [str(FOLDER / "kuzbass-lean.service"), str(FOLDER / "kuzbass-lean.timer")]
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    complaints = [line for line in done.stderr.splitlines() if "kuzbass-lean" in line]
    assert [line for line in complaints if "is not executable" not in line] == []
