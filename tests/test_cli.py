import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kuzbass_lean import __version__, cli, intake, runs
from kuzbass_lean.cli import reports
from kuzbass_lean.errors import CapabilityError, UsageError

ROOT = Path(__file__).parents[1]


Captured = pytest.CaptureFixture[str]


def document(capsys: Captured, *arguments: str) -> tuple[int, dict[str, Any]]:
    code = cli.run([*arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(intake.sample_path(), tmp_path / "registry"))


def test_facts_lists_290_figures_and_28_relations_of_which_22_hold(
    capsys: Captured,
) -> None:
    code, found = document(capsys, "facts")
    assert code == 0
    assert len(found["figures"]) == 290
    relations = found["relations"]
    assert [relation["holds"] for relation in relations].count(True) == 22
    assert len(relations) == 28
    keys = {"id", "slide", "quantity", "value", "unit", "kind"}
    assert all(keys <= set(figure) for figure in found["figures"])
    states = {row["state"] for row in found["reconciliation"]}
    assert states == {"agrees", "cannot_check"}


def test_score_prints_nine_directions(capsys: Captured) -> None:
    code, found = document(capsys, "score", "--reading", "1=each")
    assert code == 0
    directions = found["directions"]
    assert [direction["reading"] for direction in directions][:2] == ["each", "total"]
    assert len(directions) == 9


def test_check_of_a_sound_registry_is_done_with_0(capsys: Captured, folder: Path) -> None:
    code, found = document(capsys, "check", str(folder))
    assert code == 0
    assert found["findings"] == []
    assert found["rows"]["projects"] == {"read": 288, "accepted": 288, "rejected": 0}


def test_check_of_a_broken_registry_names_the_place_and_is_done_with_1(
    capsys: Captured, folder: Path
) -> None:
    path = folder / "projects.csv"
    path.write_text(
        path.read_text(encoding="utf-8").replace("in_progress", "in progres", 1), encoding="utf-8"
    )
    code, found = document(capsys, "check", str(folder))
    assert code == 1
    (finding,) = found["findings"]
    assert (finding["file"], finding["column"], finding["rule"]) == (
        "projects.csv",
        "status",
        "allowed_value",
    )
    assert cli.run(["check", str(folder)]) == 1
    assert "projects.csv, строка" in capsys.readouterr().out


def test_text_of_the_data_neither_steers_the_terminal_nor_is_markup(capsys: Captured, folder: Path) -> None:
    path = folder / "projects.csv"
    text = path.read_text(encoding="utf-8").replace("in_progress", "\x1b[31m[bold]in progres", 1)
    path.write_text(text, encoding="utf-8")
    assert cli.run(["check", str(folder)]) == 1
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\\x1b[31m[bold]" in shown


def test_a_build_from_a_broken_registry_stops_with_1_before_any_notebook(
    capsys: Captured, folder: Path, tmp_path: Path
) -> None:
    (folder / "organizations.csv").unlink()
    assert cli.run(["build", "--data", str(folder), "--out", str(tmp_path / "out")]) == 1
    assert "organizations.csv" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["build", "--onli", "x"], "--onli"),
        (["buidl"], "buidl"),
        (["check"], "SRC"),
        (["check", "no-such-folder"], "there is no no-such-folder"),
        (["score", "--data", "no-such-folder"], "there is no no-such-folder"),
        (["score", "--as-of", "30.09.2019"], "is not a date"),
        (["score", "--reading", "1:each"], "is not NO=NAME"),
        (["score", "--reading", "1=eech"], 'did you mean "each"'),
        (["score", "--model", "no-such.yaml"], "cannot be read"),
        (["build", "--only", "sectors/helth"], 'did you mean "sectors/health"'),
        (["build", "--engine", "wram"], 'did you mean "warm"'),
        (["build", "--engine", "wram", "--dask", "tcp://127.0.0.1:1"], 'did you mean "warm"'),
        (["build", "--format", "docx"], 'unknown format "docx"'),
        (["build", "--params", "no-such-folder"], "holds no params file"),
        (["plan", "--as-of", "вчера"], "is not a date"),
        (["sample", "out", "--projects", "0"], "--projects"),
    ],
)
def test_a_wrong_call_says_what_is_wrong_with_2_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(ROOT)
    assert cli.run(arguments) == 2
    shown = capsys.readouterr()
    assert said in shown.err
    assert "Traceback" not in shown.err
    assert shown.out == ""


def test_plan_lists_63_reports_and_writes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured, tmp_path: Path
) -> None:
    monkeypatch.chdir(ROOT)
    code, found = document(capsys, "plan", "--out", str(tmp_path / "out"))
    assert code == 0
    assert len(found["reports"]) == 63
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("audience", ["public", "internal"])
def test_plan_calls_nothing_stale_right_after_a_build(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured, tmp_path: Path, audience: str
) -> None:
    # The project is led by somebody, whose name only an internal page tells.
    monkeypatch.chdir(ROOT)
    asked = ["--out", str(tmp_path / "out"), "--only", "projects/mvd"]
    assert cli.run(["build", *asked, "--audience", audience]) == 0
    capsys.readouterr()
    _, found = document(capsys, "plan", *asked, "--audience", audience)
    assert [report["reasons"] for report in found["reports"]] == [[]]
    other = {"public": "internal", "internal": "public"}[audience]
    _, found = document(capsys, "plan", *asked, "--audience", other)
    assert [report["reasons"] for report in found["reports"]] == [["data"]]


def test_sample_writes_a_registry_that_check_accepts(capsys: Captured, tmp_path: Path) -> None:
    assert (
        cli.run(["sample", str(tmp_path / "s"), "--projects", "40", "--municipalities", "5", "--seed", "1"])
        == 0
    )
    capsys.readouterr()
    code, found = document(capsys, "check", str(tmp_path / "s"))
    assert (code, found["findings"]) == (0, [])


def test_the_version_and_the_help_are_there(capsys: Captured) -> None:
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out.strip() == __version__
    assert cli.run(["--help"]) == 0


DRAWS_AND_RUNS = ("matplotlib", "scipy.stats", "papermill", "nbconvert", "IPython")


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("kuzbass_lean", (*DRAWS_AND_RUNS, "pandas")),
        ("kuzbass_lean.press.crew", (*DRAWS_AND_RUNS, "pandas")),
        ("kuzbass_lean.press.cluster", (*DRAWS_AND_RUNS, "pandas")),
        ("kuzbass_lean.press.build", DRAWS_AND_RUNS),
    ],
)
def test_who_makes_no_page_loads_nothing_that_only_pages_need(module: str, heavy: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print([m for m in {heavy} if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_score_tells_the_next_step_its_date_and_the_evidence(capsys: Captured) -> None:
    code, scored = document(capsys, "score", "--json")
    assert code == 0
    following = {d["number"]: d["next"] for d in scored["directions"]}
    assert (following[2]["units"], following[2]["projects"]) == (0, 145)
    assert following[2]["forecast"]["day"] == "2021-02-20"
    assert (following[3]["forecast"]["day"], following[3]["forecast"]["reason"]) == (None, "no_dates")
    assert following[3]["nearest"][0]["criteria"] == 1
    assert "constant_pace" in following[2]["forecast"]["assumptions"]
    assert {row["letter"] for row in scored["evidence"]} <= set("ABCDE")
    # a start that was the worst of its time says what was usual, any other says nothing
    usual = {row["measure_id"]: row["usual"] for row in scored["evidence"]}
    assert (usual["demo-057-time"], usual["chem-lead-time"]) == (34.3, None)


def test_score_in_words_tells_steps_dates_readings_and_evidence(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli.base.stdout, "width", 300)
    assert cli.run(["score"]) == 0
    shown = capsys.readouterr().out
    assert "total: Кандидат; each: нет уровня" in shown
    assert "0 + 145" in shown
    assert "20.02.2021 (27.10.2020 … 18.07.2021)" in shown
    assert "сигнал на контрольной карте" in shown


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_build_that_is_asked_to_stop_says_so_with_the_code_of_the_signal(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("kuzbass_lean.press.build.build", lambda *arguments: signal.raise_signal(number))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background has it ignored
    before = signal.getsignal(signal.SIGTERM)
    assert cli.run(["build", "--only", "region", "--out", str(tmp_path / "out")]) == code
    assert "stopped; what a build has finished is kept" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_site_that_cannot_be_sent_to_its_store_is_a_run_that_failed(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured, tmp_path: Path
) -> None:
    def refuse(target: runs.Destination) -> int:
        raise CapabilityError("the store does not answer")

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("kuzbass_lean.press.build.build", lambda *arguments: ())
    monkeypatch.setattr(runs.Destination, "send", refuse)
    out = tmp_path / "out"
    assert cli.run(["build", "--only", "region", "--out", str(out), "--notify", "true"]) == 3
    assert "the store does not answer" in capsys.readouterr().err
    assert runs.health(runs.Site(out))["failures"] == 1


def test_a_registry_on_a_network_is_asked_for_again_and_one_on_the_disk_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def read(data: str, *, allow_errors: bool) -> str:
        asked.append(data)
        if len(asked) < 3:
            raise UsageError("cannot be read")
        return "registry"

    monkeypatch.setattr(intake, "read", read)
    monkeypatch.setattr(reports, "_PAUSE", 0)
    assert reports._fetched("s3://bucket/registry", 2, allow_errors=False) == "registry"
    assert len(asked) == 3
    asked.clear()
    with pytest.raises(UsageError):
        reports._fetched("folder", 2, allow_errors=False)
    assert len(asked) == 1
