import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from kuzbass_lean import intake
from kuzbass_lean.cli import run
from kuzbass_lean.errors import LeanError, UsageError
from kuzbass_lean.press import crate, digests, manifest
from kuzbass_lean.press import verify as verification
from kuzbass_lean.press.claim import Claim
from kuzbass_lean.press.rebuild import Rebuilt, VerifyOptions
from kuzbass_lean.press.verify import Comparison, ReportVerdict, Verification, verify

ROOT = Path(__file__).parents[1]
NOTEBOOKS = ROOT / "notebooks"
MVD, HEALTH = "projects/mvd", "sectors/health"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A passport and a sector of the bundled sample, as a build publishes them."""
    out = tmp_path_factory.mktemp("verify") / "out"
    arguments = ["build", "--out", str(out), "--format", "pdf", "--only", MVD, "--only", HEALTH]
    folders = ["--params", str(ROOT / "params"), "--notebooks", str(NOTEBOOKS)]
    assert run([*arguments, *folders]) == 0
    return out


@pytest.fixture(scope="module")
def rebuilt(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Rebuilt:
    """The same site built again, once for all edits of files that no report is made from."""
    options = VerifyOptions(site, NOTEBOOKS)
    made = Rebuilt(Claim.read(site), options, tmp_path_factory.mktemp("again"))
    made.build(lambda result: None)
    return made


@pytest.fixture
def edited(site: Path, tmp_path: Path) -> Path:
    """A copy of the site to tamper with."""
    return Path(shutil.copytree(site, tmp_path / "out"))


def compare(out: Path, rebuilt: Rebuilt, tolerance: float = 0.0) -> Verification:
    options = replace(rebuilt.options, out=out, tolerance=tolerance)
    claim = Claim.read(out)
    return Comparison(claim, replace(rebuilt, claim=claim), options).result()


def verdict(found: Verification, report: str) -> ReportVerdict:
    (mine,) = [each for each in found.reports if each.id == report]
    return mine


def swap(path: Path, old: str, new: str) -> None:
    """Edit the first such text of a file."""
    path.chmod(0o644)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8", newline="")


def test_an_untouched_site_matches_and_nothing_is_unexpected(site: Path, rebuilt: Rebuilt) -> None:
    found = compare(site, rebuilt)
    assert {report.id: report.verdict for report in found.reports} == {MVD: "match", HEALTH: "match"}
    assert (found.files, found.unexpected, found.notes) == ((), (), ())
    assert found.good


def test_a_digit_edited_in_a_page_is_found_and_named(edited: Path, rebuilt: Rebuilt) -> None:
    page = edited / f"{HEALTH}.html"
    figures = pd.read_parquet(edited / "data/figures.parquet").query("report == @HEALTH")
    once = figures[figures["text"].str.fullmatch(r"\d+") & ~figures["text"].duplicated(keep=False)]
    html = page.read_text(encoding="utf-8")
    name, text = next((n, t) for n, t in zip(once["id"], once["text"], strict=True) if f">{t}<" in html)
    swap(page, f">{text}<", f">9{text}<")
    found = compare(edited, rebuilt)
    (only,) = verdict(found, HEALTH).differences
    assert (only.file, only.figure) == (f"{HEALTH}.html", name)
    assert (only.recorded, only.recomputed) == (f"9{text}", text)
    assert only.cause == f"{HEALTH}.html was edited after the build"
    assert verdict(found, MVD).verdict == "match"
    assert not found.good


def test_code_slipped_into_a_page_is_found_though_no_text_changes(edited: Path, rebuilt: Rebuilt) -> None:
    swap(edited / f"{MVD}.html", "</body>", "<script>1</script></body>")
    (only,) = verdict(compare(edited, rebuilt, tolerance=0.01), MVD).differences
    assert (only.figure, only.recorded) == (f"{MVD}.html", "other bytes")


def test_a_digit_edited_in_a_pdf_is_found_and_named(edited: Path, rebuilt: Rebuilt) -> None:
    path = edited / f"{MVD}.pdf"
    data = path.read_bytes()
    spot = data.index(b"/Length ") + len(b"/Length ")
    path.write_bytes(data[:spot] + bytes([data[spot] ^ 1]) + data[spot + 1 :])
    (only,) = verdict(compare(edited, rebuilt), MVD).differences
    assert (only.file, only.cause) == (f"{MVD}.pdf", f"{MVD}.pdf was edited after the build")


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_digit_edited_in_the_table_of_figures_is_found_and_named(
    edited: Path, rebuilt: Rebuilt, suffix: str
) -> None:
    path = edited / f"data/figures.{suffix}"
    table = pd.read_parquet(path) if suffix == "parquet" else pd.read_csv(path)
    (row, *_) = table.index[table["report"].eq(HEALTH) & table["value"].notna()]
    table.loc[row, "value"] += 1
    table.to_parquet(path, index=False) if suffix == "parquet" else table.to_csv(path, index=False)
    found = compare(edited, rebuilt)
    mine = verdict(found, HEALTH)
    assert mine.verdict == "differs"
    assert {each.figure for each in mine.differences} == {table.loc[row, "id" if "id" in table else "name"]}
    assert {each.cause for each in mine.differences} == {f"data/figures.{suffix} was edited after the build"}
    assert verdict(found, MVD).verdict == "match"
    assert f"data/figures.{suffix}" in {each.file for each in found.files}


def test_an_output_or_the_code_edited_in_an_executed_notebook_is_found_and_named(
    edited: Path, rebuilt: Rebuilt
) -> None:
    path = edited / f"{MVD}.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    number, cell = next((n, c) for n, c in enumerate(notebook["cells"], 1) if c.get("outputs"))
    cell["source"] = "1 + 1"
    cell["outputs"][0]["data"]["text/plain"] = "Другое"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    mine = verdict(compare(edited, rebuilt), MVD)
    told = {each.figure: each for each in mine.differences}
    assert told[f"code of cell {number}"].recorded == "1 + 1"
    assert told[f"output of cell {number}"].recorded == "Другое"
    assert {each.cause for each in mine.differences} == {f"{MVD}.ipynb was edited after the build"}


@pytest.mark.parametrize("name", [f"{MVD}.html", f"{MVD}.pdf", f"{MVD}.ipynb"])
def test_a_file_of_a_report_that_is_gone_is_missing(edited: Path, rebuilt: Rebuilt, name: str) -> None:
    (edited / name).unlink()
    mine = verdict(compare(edited, rebuilt), MVD)
    assert (mine.verdict, mine.missing) == ("cannot", (name,))


@pytest.mark.parametrize("name", ["index.html", "data/figures.csv", "ro-crate-metadata.json"])
def test_a_file_of_the_site_that_is_gone_is_told(edited: Path, rebuilt: Rebuilt, name: str) -> None:
    (edited / name).unlink()
    found = compare(edited, rebuilt)
    assert (name, "missing") in {(each.file, each.cause) for each in found.files}
    assert not found.good


def test_what_no_build_wrote_is_unexpected_hidden_or_not(edited: Path, rebuilt: Rebuilt) -> None:
    (edited / "projects/other.html").write_text("1", encoding="utf-8")
    (edited / ".htaccess").write_text("1", encoding="utf-8")
    (edited / "data/link").symlink_to("/etc")
    found = compare(edited, rebuilt)
    assert found.unexpected == (".htaccess", "data/link", "projects/other.html")
    assert not found.good


def test_a_page_that_is_a_link_is_not_followed(edited: Path, rebuilt: Rebuilt) -> None:
    (edited / f"{MVD}.html").unlink()
    (edited / f"{MVD}.html").symlink_to("/etc/passwd")
    found = compare(edited, rebuilt)
    assert verdict(found, MVD).missing == (f"{MVD}.html",)
    assert found.unexpected == (f"{MVD}.html",)


def test_an_edited_index_is_told_with_the_text_that_differs(edited: Path, rebuilt: Rebuilt) -> None:
    swap(edited / "index.html", "Кузбасс бережливый", "Кузбасс небережливый")
    found = compare(edited, rebuilt)
    assert ("index.html", "index.html was edited after the build") in {(f.file, f.cause) for f in found.files}
    assert "Кузбасс небережливый: отчёты" in {each.recorded for each in found.files}


def entry(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["reports"][MVD]
    return found


@pytest.mark.parametrize(
    ("edit", "figure"),
    [
        (lambda d: entry(d)["outputs"].update({f"{MVD}.html": "0" * 64}), f"{MVD}.html"),
        (lambda d: entry(d)["outputs"].pop(f"{MVD}.html"), f"{MVD}.html"),
        (lambda d: entry(d).update(title="Другой"), "title"),
        (lambda d: entry(d)["readings"].update({"7": "nested"}), "readings"),
        (lambda d: entry(d)["made_from"].update(data="0" * 64), "made_from"),
    ],
)
def test_an_edited_entry_of_the_manifest_is_found_and_named(
    edited: Path, rebuilt: Rebuilt, edit: Callable[[dict[str, Any]], None], figure: str
) -> None:
    path = edited / "manifest.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    edit(document)
    path.write_text(manifest.text(document), encoding="utf-8")
    found = compare(edited, rebuilt)
    told = verdict(found, MVD).differences
    assert (figure, "the manifest was edited") in {(each.figure, each.cause) for each in told}
    assert "manifest.json and ro-crate-metadata.json do not belong together" in found.files[0].cause


def test_a_page_forged_together_with_manifest_and_crate_differs_still(edited: Path, rebuilt: Rebuilt) -> None:
    page, path = edited / f"{MVD}.html", edited / "manifest.json"
    swap(page, "</h1>", "!</h1>")
    document = json.loads(path.read_text(encoding="utf-8"))
    entry(document)["outputs"][f"{MVD}.html"] = digests.file_digest(page)
    text = manifest.text(document)
    path.write_text(text, encoding="utf-8")
    (edited / crate.NAME).write_text(manifest.text(crate.document(document, text)), encoding="utf-8")
    found = compare(edited, rebuilt)
    (only,) = verdict(found, MVD).differences
    assert only.recorded == f"{only.recomputed}!"
    assert only.cause.startswith("unknown: edited together with the manifest")
    assert found.files == ()


@pytest.mark.parametrize("spot", [b'"lock"', b'"versions"', b'"inputs"', b'"audience"'])
def test_any_byte_of_the_manifest_is_held_by_the_crate(edited: Path, rebuilt: Rebuilt, spot: bytes) -> None:
    path = edited / "manifest.json"
    data = path.read_bytes()
    place = re.compile(spot + rb"[^0-9a-z]*").search(data).end()  # type: ignore[union-attr]
    path.write_bytes(data[:place] + b"7" + data[place + 1 :])
    assert not compare(edited, rebuilt).good


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", LeanError),
        ("{}", LeanError),
        ('{"reports": 1, "failed": 2}', LeanError),
        ("[" * 99_999, LeanError),
    ],
)
def test_a_damaged_manifest_is_refused_by_name(edited: Path, text: str, error: type[LeanError]) -> None:
    (edited / "manifest.json").write_text(text, encoding="utf-8")
    with pytest.raises(error, match=r"manifest\.json is not as a build writes it"):
        Claim.read(edited)


def test_what_is_no_site_is_refused_before_any_work(tmp_path: Path, site: Path) -> None:
    with pytest.raises(UsageError, match=r"holds no manifest\.json"):
        Claim.read(tmp_path)
    with pytest.raises(UsageError, match="there is no folder"):
        Claim.read(tmp_path / "none")
    with pytest.raises(UsageError, match="projects/mvd"):
        Claim.read(site, ["projects/mvt"])


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("../../escaped", {}, "would leave the output folder"),
        ("data/figures", {}, "data is kept for the build"),
        ("projects/x", {"notebook": "../evil.ipynb"}, r"notebook ../evil.ipynb"),
        ("projects/x", {"parameters": {"x=1;import os#": "1"}}, "unknown parameter of project"),
        ("projects/x", {"parameters": {"project": ["mvd"]}}, "must be str"),
        ("projects/x", {"parameters": {"data": "/etc"}}, "files that the site does not hold: /etc"),
    ],
)
def test_a_hostile_entry_is_never_run(
    edited: Path, tmp_path: Path, name: str, change: dict[str, Any], said: str
) -> None:
    path = edited / "manifest.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    document["reports"] = {name: {**document["reports"][MVD], **change}}
    path.write_text(json.dumps(document), encoding="utf-8")
    options = VerifyOptions(edited, NOTEBOOKS)
    made = Rebuilt(Claim.read(edited), options, tmp_path / "again")
    assert made._spec(name, made.claim.chosen[name]) is None
    assert said in made.missing[name][0]


def test_rows_that_no_report_can_read_keep_its_verdict_from_being_told(edited: Path, tmp_path: Path) -> None:
    (path,) = edited.glob("data/registry/*/projects.parquet")
    table = pd.read_parquet(path)
    table[table["project_id"].ne("mvd")].to_parquet(path)
    made = Rebuilt(Claim.read(edited, [MVD]), VerifyOptions(edited, NOTEBOOKS, (MVD,)), tmp_path / "one")
    made.build(lambda result: None)
    assert "its rows cannot be read: UnknownNameError" in made.missing[MVD][0]


def test_an_edited_input_is_found_and_named_with_the_figures_it_moves(edited: Path) -> None:
    (path,) = edited.glob("data/registry/*/projects.parquet")
    table = pd.read_parquet(path)
    table.loc[table["project_id"].eq("mvd"), "team_size"] = 77
    table.to_parquet(path)
    found = verify(VerifyOptions(edited, NOTEBOOKS, only=(MVD,)))
    name = path.relative_to(edited).as_posix()
    mine = verdict(found, MVD)
    assert mine.verdict == "differs"
    assert {each.cause for each in mine.differences} == {f"the input {name} was edited after the build"}
    assert any("77" in each.recomputed for each in mine.differences)
    assert name in {each.file for each in found.files}


def test_an_input_that_is_gone_or_no_table_keeps_a_verdict_from_being_told(
    edited: Path, tmp_path: Path
) -> None:
    (path,) = edited.glob("data/registry/*/projects.parquet")
    name = path.relative_to(edited).as_posix()
    path.write_bytes(b"PAR1")
    made = Rebuilt(Claim.read(edited), VerifyOptions(edited, NOTEBOOKS), tmp_path / "one")
    made.build(lambda result: None)
    assert "cannot be read" in made.missing[MVD][0]
    path.unlink()
    found = verify(VerifyOptions(edited, NOTEBOOKS, only=(MVD,)))
    assert (verdict(found, MVD).verdict, verdict(found, MVD).missing) == ("cannot", (name,))
    assert (name, "missing") in {(each.file, each.cause) for each in found.files}


def test_the_checkers_own_copy_of_the_data_may_differ_and_the_rows_are_named(
    site: Path, rebuilt: Rebuilt, tmp_path: Path
) -> None:
    own = Path(shutil.copytree(intake.sample_path(), tmp_path / "own"))
    options = replace(rebuilt.options, data=str(own))
    for change, said in ((("mvd,", "mvd,"), []), (("mvd,", "mvd,Иначе "), ["projects mvd changed (title)"])):
        swap(own / "projects.csv", *change)
        made = Rebuilt(rebuilt.claim, options, tmp_path)
        assert made._registry(MVD, rebuilt.claim.document["registry"]) is not None
        found = list(Comparison(rebuilt.claim, made, options)._registries())
        assert [each.cause.split(": ")[1] for each in found] == said


def test_an_edited_rule_is_found_and_named(site: Path, tmp_path: Path) -> None:
    """The checker's library has another rule than the one that the site was built with."""
    library = tmp_path / "library"
    ignored = shutil.ignore_patterns("__pycache__", "sample")
    shutil.copytree(ROOT / "kuzbass_lean", library / "kuzbass_lean", ignore=ignored)
    shutil.copytree(ROOT / "kuzbass_lean/sample", library / "kuzbass_lean/sample")
    rules = library / "kuzbass_lean/data/maturity.yaml"
    swap(
        rules,
        "levels: {reserve: [25, 50], candidate: [50, 75]",
        "levels: {reserve: [26, 50], candidate: [50, 75]",
    )
    code = "import sys; from kuzbass_lean.cli import run; sys.exit(run(sys.argv[1:]))"
    arguments = ["verify", str(site), "--notebooks", str(NOTEBOOKS), "--only", HEALTH, "--json"]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": str(library)}, cwd=tmp_path,
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    assert "rule changed: data/maturity.yaml" in told["notes"]
    (report,) = told["reports"]
    assert report["verdict"] == "differs"
    assert {each["cause"] for each in report["differences"]} == {"rule changed: data/maturity.yaml"}


def test_a_tolerance_forgives_numbers_that_are_near_and_no_others() -> None:
    assert verification.differences.near("a 1.0000001 b", "a 1.0 b", 1e-6)
    assert not verification.differences.near("a 1.00001 b", "a 1.0 b", 1e-6)
    assert not verification.differences.near("a 1.0000001 c", "a 1.0 b", 1e-6)
    assert not verification.differences.near("a 1.0000001 b", "a 1.0 b", 0)
