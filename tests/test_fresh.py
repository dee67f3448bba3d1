import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kuzbass_lean import intake
from kuzbass_lean.press import fresh, manifest
from kuzbass_lean.press.digests import file_digest
from kuzbass_lean.press.plan import ReportSpec, load_plan
from kuzbass_lean.registry import Registry

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def registry() -> Registry:
    return intake.read(intake.sample_path())


@pytest.fixture(scope="module")
def specs(registry: Registry) -> tuple[ReportSpec, ...]:
    return load_plan(ROOT / "params", ROOT / "notebooks", registry)


@pytest.fixture(scope="module")
def digests(registry: Registry, specs: tuple[ReportSpec, ...]) -> dict[str, str]:
    reads = fresh.Reads(registry)
    return {spec.id: reads.digest(spec) for spec in specs}


def changed(
    registry: Registry, specs: tuple[ReportSpec, ...], digests: dict[str, str], project: str, **cells: object
) -> set[str]:
    """The reports whose data differ after one project's row was changed."""
    mine = registry.projects["project_id"].eq(project)
    other = registry.with_projects(registry.projects.assign(**{
        name: registry.projects[name].mask(mine, value) for name, value in cells.items()
    }))  # fmt: skip
    reads = fresh.Reads(other)
    return {spec.id for spec in specs if reads.digest(spec) != digests[spec.id]}


def test_a_new_title_in_one_municipality_changes_only_the_pages_that_show_it(
    registry: Registry, specs: tuple[ReportSpec, ...], digests: dict[str, str]
) -> None:
    units = registry.project_units().set_index("project_id")
    open_ones = registry.projects[registry.projects["status"].eq("in_progress")]
    project = next(
        p for p in open_ones["project_id"] if units.loc[[p], "municipality_id"].dropna().nunique() == 1
    )
    sector = registry.projects.set_index("project_id").loc[project, "sector"]
    place = units.loc[[project], "municipality_id"].dropna().iloc[0]
    found = changed(registry, specs, digests, project, title="Другое название")
    assert found == {"region", f"sectors/{sector}", f"municipalities/{place}"}


def test_a_new_status_changes_every_funnel_but_no_other_passport(
    registry: Registry, specs: tuple[ReportSpec, ...], digests: dict[str, str]
) -> None:
    row = registry.projects[registry.projects["status"].eq("in_progress")].iloc[0]
    found = changed(registry, specs, digests, row["project_id"], status="cancelled")
    assert {spec.id for spec in specs if spec.kind == "municipality"} <= found
    assert not any(name.startswith("projects/") and name != f"projects/{row['project_id']}" for name in found)


def test_the_order_of_rows_changes_nothing(
    registry: Registry, specs: tuple[ReportSpec, ...], digests: dict[str, str]
) -> None:
    reads = fresh.Reads(registry.with_projects(registry.projects.iloc[::-1]))
    kept = [spec for spec in specs if spec.kind in ("region", "project")]
    assert {spec.id for spec in kept if reads.digest(spec) != digests[spec.id]} == set()


def test_an_unknown_kind_of_notebook_may_read_anything(
    registry: Registry, specs: tuple[ReportSpec, ...]
) -> None:
    own = ReportSpec("other/x", "other", specs[0].notebook, {})
    fewer = registry.with_projects(registry.projects.iloc[1:])
    assert fresh.Reads(registry).digest(own) != fresh.Reads(fewer).digest(own)


def test_a_report_with_its_own_data_is_always_stale(
    registry: Registry, specs: tuple[ReportSpec, ...], tmp_path: Path
) -> None:
    own = ReportSpec("other/x", "other", specs[0].notebook, {"data": "elsewhere"})
    made = fresh.made_from(own, fresh.Reads(registry), ("html",))
    entry = {"made_from": {"data": made.data, "notebook": made.notebook, "parameters": made.parameters,
                           "program": made.program}, "outputs": {}}  # fmt: skip
    assert "data" in fresh.reasons(entry, made, tmp_path)


MADE = fresh.MadeFrom("d", "n", "p", "l")


def recorded(out: Path) -> dict[str, object]:
    (out / "a.html").write_text("страница", encoding="utf-8")
    return {
        "made_from": {"data": "d", "notebook": "n", "parameters": "p", "program": "l"},
        "outputs": {"a.html": file_digest(out / "a.html")},
    }


def test_a_report_that_is_as_it_would_be_is_not_stale(tmp_path: Path) -> None:
    assert fresh.reasons(recorded(tmp_path), MADE, tmp_path) == ()


@pytest.mark.parametrize("name", ["data", "notebook", "parameters", "program"])
def test_what_has_changed_is_named(tmp_path: Path, name: str) -> None:
    entry = recorded(tmp_path)
    entry["made_from"] = {**entry["made_from"], name: "другое"}  # type: ignore[dict-item]
    assert fresh.reasons(entry, MADE, tmp_path) == (name,)


@pytest.mark.parametrize(
    "spoil",
    [lambda page: page.unlink(), lambda page: page.write_text("подделка", encoding="utf-8")],
    ids=["lost", "altered"],
)
def test_a_lost_or_altered_page_is_built_again(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    entry = recorded(tmp_path)
    spoil(tmp_path / "a.html")
    assert fresh.reasons(entry, MADE, tmp_path) == ("output",)


@pytest.mark.parametrize("entry", [None, 5, {}, {"made_from": 1}, []])
def test_a_record_that_cannot_be_read_means_build_again(tmp_path: Path, entry: object) -> None:
    assert fresh.reasons(entry, MADE, tmp_path) == ("new",)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"reports": 5}', "\ufffd"])
def test_a_damaged_manifest_is_no_manifest(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text, encoding="utf-8")
    assert manifest.reports(tmp_path) == {}


def test_stored_outputs_and_ids_are_no_part_of_a_notebook(tmp_path: Path) -> None:
    document = json.loads((ROOT / "notebooks" / "project.ipynb").read_text(encoding="utf-8"))
    plain, edited = tmp_path / "plain.ipynb", tmp_path / "edited.ipynb"
    for cell in document["cells"]:
        cell["id"] = f"x-{cell['id']}"
        if "outputs" in cell:
            cell["outputs"] = []
    plain.write_text(json.dumps(document), encoding="utf-8")
    document["cells"][-1]["source"] = "1 + 1"
    edited.write_text(json.dumps(document), encoding="utf-8")
    assert fresh.notebook_digest(plain) == fresh.notebook_digest(ROOT / "notebooks" / "project.ipynb")
    assert fresh.notebook_digest(edited) != fresh.notebook_digest(plain)
