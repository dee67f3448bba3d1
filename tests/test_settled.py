import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kuzbass_lean import cli, settled
from kuzbass_lean.settled import Request

ROOT = Path(__file__).parents[1]


@pytest.fixture
def request_(tmp_path: Path) -> Request:
    for name in ("data/projects.csv", "params/a.yaml", "notebooks/a.ipynb"):
        path = tmp_path / name
        path.parent.mkdir()
        path.write_text("как было", encoding="utf-8")
    return Request(str(tmp_path / "data"), tmp_path / "params", tmp_path / "notebooks", {"as_of": ""})


@pytest.fixture
def out(tmp_path: Path, request_: Request) -> Path:
    """The output of a build that was settled."""
    folder = tmp_path / "out"
    (folder / "sectors").mkdir(parents=True)
    (folder / "sectors/a.html").write_text("страница", encoding="utf-8")
    (folder / "manifest.json").write_text("{}", encoding="utf-8")
    asked = request_.digest()
    settled.settle(folder, asked, asked, ["sectors/a"])
    return folder


def test_a_build_that_would_change_nothing_is_known_by_its_bytes(request_: Request, out: Path) -> None:
    assert settled.unchanged(out, request_.digest()) == ("sectors/a",)


@pytest.mark.parametrize("name", ["data/projects.csv", "params/a.yaml", "notebooks/a.ipynb"])
def test_one_byte_of_what_is_read_makes_the_build_look(
    request_: Request, out: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text("как стало", encoding="utf-8")
    assert settled.unchanged(out, request_.digest()) is None


@pytest.mark.parametrize("name", ["data/plans.csv", "params/b.yaml", "notebooks/b.ipynb"])
def test_one_more_file_to_read_makes_the_build_look(
    request_: Request, out: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text("", encoding="utf-8")
    assert settled.unchanged(out, request_.digest()) is None


@pytest.mark.parametrize(
    "spoil",
    [
        lambda out: (out / "sectors/a.html").write_text("подделка", encoding="utf-8"),
        lambda out: (out / "sectors/a.html").unlink(),
        lambda out: (out / "sectors/b.html").write_text("чужая", encoding="utf-8"),
        lambda out: (out / "manifest.json").write_text("{ }", encoding="utf-8"),
        lambda out: settled.record_of(out).write_text("{", encoding="utf-8"),
        lambda out: settled.record_of(out).write_text("[]", encoding="utf-8"),
        lambda out: settled.record_of(out).write_text('{"asked": 1}', encoding="utf-8"),
        lambda out: settled.record_of(out).write_bytes(b"\xff"),
        lambda out: settled.record_of(out).unlink(),
    ],
)
def test_doubtful_output_makes_the_build_look(
    request_: Request, out: Path, spoil: Callable[[Path], object]
) -> None:
    spoil(out)
    assert settled.unchanged(out, request_.digest()) is None


def test_other_options_or_another_installed_version_make_the_build_look(
    request_: Request, out: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert settled.unchanged(out, replace(request_, options={"as_of": "2019-01-01"}).digest()) is None
    (tmp_path / "site/pandas-99.dist-info").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    assert settled.unchanged(out, request_.digest()) is None


def test_what_cannot_be_read_as_bytes_is_never_known(
    request_: Request, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert replace(request_, data="sqlite:///x.db").digest() == ""
    assert replace(request_, data="nowhere").digest() == ""
    monkeypatch.setenv("KUZBASS_LEAN_DATA", "elsewhere")
    assert request_.digest() == ""
    assert settled.unchanged(out, "") is None


def test_a_build_whose_input_changed_meanwhile_is_not_settled(request_: Request, tmp_path: Path) -> None:
    settled.settle(tmp_path, request_.digest(), "другой", [])
    assert not settled.record_of(tmp_path).exists()


def test_a_second_build_executes_nothing_and_loads_no_library(tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = ["build", "--params", str(ROOT / "params"), "--notebooks", str(ROOT / "notebooks"), "--json"]
    command += ["--only", "projects/mvd", "--out", str(out)]
    assert cli.run(command) == 0
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    look = f"""
import sys
from kuzbass_lean import cli
code = cli.run({command!r})
print(code, sorted({{"pandas", "papermill", "matplotlib", "nbformat"}} & set(sys.modules)), file=sys.stderr)
"""
    again = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    (report,) = json.loads(again.stdout)["reports"]
    assert (report["id"], report["status"]) == ("projects/mvd", "unchanged")
    assert again.stderr.strip() == "0 []"
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
