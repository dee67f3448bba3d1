import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rocrate.rocrate import ROCrate
from test_build import registry, run, spec

from kuzbass_lean import intake
from kuzbass_lean.press import crate, digests, manifest
from kuzbass_lean.registry import Registry

__all__ = ["registry"]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def record(out: Path) -> dict[str, Any]:
    return dict(json.loads((out / "manifest.json").read_text(encoding="utf-8")))


def metadata(out: Path) -> dict[str, Any]:
    document = json.loads((out / crate.NAME).read_text(encoding="utf-8"))
    return {entity["@id"]: entity for entity in document["@graph"]}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, registry: Registry) -> Path:
    """Two reports that stand, and one that failed."""
    folder = tmp_path_factory.mktemp("site")
    known = replace(registry, inputs={"projects.csv": "a" * 64})
    run(folder / "out", known, spec(folder, "a"), spec(folder, "b", "1 / 0"), spec(folder, "c"))
    return folder / "out"


def test_every_file_of_a_site_stands_in_its_manifest_with_its_digest(site: Path) -> None:
    known = record(site)
    said = {name: digest for entry in known["reports"].values() for name, digest in entry["outputs"].items()}
    said |= {name: digest for entry in known["failed"].values() for name, digest in entry["outputs"].items()}
    said |= {name: digest for kept in known["registries"].values() for name, digest in kept["files"].items()}
    said |= known["site"]
    found = {path.relative_to(site).as_posix(): sha256(path) for path in site.rglob("*") if path.is_file()}
    assert said == {name: d for name, d in found.items() if name not in ("manifest.json", crate.NAME)}


def test_a_manifest_says_what_its_reports_were_made_from(site: Path) -> None:
    known = record(site)
    entry = known["reports"]["sectors/a"]
    assert entry["notebook"] == "a.ipynb"
    assert entry["parameters"] == {"name": "Отчёт a"}
    assert entry["as_of"] == known["as_of"] == "2019-09-30"
    assert entry["readings"]["7"] == "joint"
    assert entry["previous"] == ""
    assert known["failed"]["sectors/b"]["error"] == "cell 4: ZeroDivisionError: division by zero"
    kept = known["registries"][entry["registry"]]
    assert kept["inputs"] == {"projects.csv": "a" * 64}
    assert (kept["audience"], kept["rows"]["projects"], kept["left_out"]) == ("public", 1, {})
    program = known["programs"][entry["made_from"]["program"]]
    assert program["versions"]["python"] == digests.versions()["python"]
    assert program["files"]["data/maturity.yaml"] == sha256(
        Path(manifest.__file__).parents[1] / "data/maturity.yaml"
    )
    assert known["lock"] == sha256(Path(__file__).parents[1] / "requirements.lock")


def test_the_digest_of_a_program_is_that_of_what_the_manifest_says_of_it(site: Path) -> None:
    for digest, said in record(site)["programs"].items():
        assert digests.sha256(digests.canonical(said)) == digest


def test_a_manifest_is_canonical(site: Path) -> None:
    text = (site / "manifest.json").read_text(encoding="utf-8")
    assert manifest.text(json.loads(text)) == text


def test_the_registry_of_a_site_is_the_one_that_its_pages_were_made_from(
    site: Path, registry: Registry
) -> None:
    (home,) = (site / "data/registry").iterdir()
    assert intake.restore(home).digest == registry.digest


def test_a_report_keeps_its_registry_and_its_failure_until_it_is_built_again(
    tmp_path: Path, site: Path, registry: Registry
) -> None:
    out = Path(shutil.copytree(site, tmp_path / "out"))
    newer = registry.with_projects(registry.projects.assign(title="Новый"))
    run(out, newer, spec(tmp_path, "a"))
    known = record(out)
    keys = [known["reports"][name]["registry"] for name in ("sectors/a", "sectors/c")]
    assert set(known["registries"]) == {*keys}
    titles = [intake.restore(out / "data/registry" / key[:16]).projects["title"].iloc[0] for key in keys]
    assert titles == ["Новый", "П"]
    assert list(known["failed"]) == ["sectors/b"]
    assert "ZeroDivisionError" in (out / "index.html").read_text(encoding="utf-8")

    run(out, newer, spec(tmp_path, "b"), spec(tmp_path, "c"))
    assert set(record(out)["registries"]) == {keys[0]}
    assert [path.name for path in (out / "data/registry").iterdir()] == [keys[0][:16]]
    assert record(out)["failed"] == {}
    assert not (out / "failed").exists()


def test_a_manifest_without_its_keys_is_as_good_as_none(tmp_path: Path) -> None:
    assert manifest.load(tmp_path) == {}
    (tmp_path / "manifest.json").write_text("[]", encoding="utf-8")
    assert manifest.load(tmp_path) == {}
    assert manifest.failed(tmp_path) == {}


def test_the_crate_is_a_process_run_of_every_report(site: Path) -> None:
    entities = metadata(site)
    assert entities["./"]["conformsTo"] == {"@id": "https://w3id.org/ro/wfrun/process/0.5"}
    assert entities["./"]["datePublished"] == "2019-09-30"
    built, failed = entities["#report-sectors/a"], entities["#report-sectors/b"]
    assert [each["@id"] for each in built["result"]] == ["sectors/a.html", "sectors/a.ipynb"]
    assert built["instrument"] == {"@id": "#kuzbass-lean"}
    assert failed["actionStatus"] == "http://schema.org/FailedActionStatus"
    assert failed["error"] == record(site)["failed"]["sectors/b"]["error"]


def test_every_reference_of_the_crate_leads_to_an_entity_and_every_file_has_its_digest(site: Path) -> None:
    entities = metadata(site)
    outside = "https://w3id.org/ro/crate/"

    def check(value: Any) -> None:
        if isinstance(value, dict):
            if set(value) == {"@id"}:
                assert value["@id"] in entities or value["@id"].startswith(outside)
            for each in value.values():
                check(each)
        elif isinstance(value, list):
            for each in value:
                check(each)

    check(list(entities.values()))
    files = [entity for entity in entities.values() if entity["@type"] == "File"]
    assert {each["@id"]: each["sha256"] for each in files} == {
        path.relative_to(site).as_posix(): sha256(path)
        for path in site.rglob("*")
        if path.is_file() and path.name != crate.NAME
    }


def test_a_reader_of_crates_reads_it(site: Path) -> None:
    read = ROCrate(site)
    assert read.root_dataset["name"] == "Отчёты программы «Кузбасс бережливый»"
    assert len([each for each in read.get_entities() if each.type == "CreateAction"]) == 4
