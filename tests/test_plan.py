import json
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from kuzbass_lean import catalogue
from kuzbass_lean.errors import UnknownNameError, UsageError
from kuzbass_lean.press.plan import ReportSpec, best_practices, load_plan
from kuzbass_lean.registry import Registry

ROOT = Path(__file__).parents[1]
PARAMETERS = (
    'municipality: str = ""\nsector: str = ""\nas_of: str = ""\n'
    "top: int = 5\nshare: float = 0.5\nreadings: dict[str, str] = {}"
)


def registry() -> Registry:
    organizations = pd.DataFrame(
        {
            "organization_id": ["clinic", "office"],
            "name": ["Поликлиника", "МФЦ"],
            "kind": ["polyclinic", "mfc"],
            "sector": ["health", "mfc"],
            "municipality_id": ["kemerovsky-okrug", "yaysky-rayon"],
        }
    )
    projects = pd.DataFrame(
        {
            "project_id": ["p1", "p2", "p3", "p4"],
            "title": ["Один", "Два", "Три", "Четыре"],
            "organization_id": ["clinic", "office", "office", "clinic"],
            "sector": ["health", "mfc", "mfc", "health"],
            "status": ["closed"] * 4,
            "replicates": [None, "p1", None, None],
            "source": ["synthetic", "synthetic", "published", None],
            "centralised": [False] * 4,
        }
    )
    return Registry.from_frames({"organizations": organizations, "projects": projects})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    cell = nbformat.v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "municipality.ipynb")
    return tmp_path


def plan(folder: Path, text: str, as_of: str = "", only: tuple[str, ...] = ()) -> tuple[ReportSpec, ...]:
    (folder / "local.yaml").write_text(text, encoding="utf-8")
    return load_plan(folder, folder, registry(), as_of, only)


def asking(**more: object) -> str:
    return json.dumps({"notebook": "municipality", "output": "page", **more}, ensure_ascii=False)


def test_all_takes_every_municipality_in_the_order_of_the_registry(folder: Path) -> None:
    specs = plan(folder, asking(output="places/{municipality}", matrix={"municipality": "all"}))
    keys = [place.key for place in catalogue.municipalities()]
    assert [spec.id for spec in specs] == [f"places/{key}" for key in keys]
    assert specs[0].parameters == {"municipality": keys[0]}


def test_a_common_spelling_becomes_the_key(folder: Path) -> None:
    specs = plan(folder, asking(output="{municipality}", matrix={"municipality": ["Яйский район"]}))
    assert [spec.id for spec in specs] == ["yaysky-rayon"]


def test_pairs_without_projects_are_left_out(folder: Path) -> None:
    matrix = {"sector": "all", "municipality": "all"}
    specs = plan(folder, asking(output="{sector}/{municipality}", matrix=matrix, where="has_projects"))
    order = [sector.key for sector in catalogue.sectors()]
    pairs = ["health/kemerovsky-okrug", "mfc/yaysky-rayon"]
    assert [spec.id for spec in specs] == sorted(pairs, key=lambda pair: order.index(pair.partition("/")[0]))


def test_best_practices_are_published_or_replicated() -> None:
    assert best_practices(registry()) == ["p1", "p3"]


def test_the_report_date_goes_to_a_notebook_that_takes_one(folder: Path) -> None:
    assert plan(folder, asking(), as_of="2019-09-30")[0].parameters == {"as_of": "2019-09-30"}


def test_a_mistyped_parameter_names_the_file_and_the_nearest_one(folder: Path) -> None:
    with pytest.raises(UsageError, match=r'local\.yaml.*"munisipality".*did you mean "municipality"'):
        plan(folder, asking(parameters={"munisipality": "x"}))


@pytest.mark.parametrize(
    ("name", "value"),
    [("top", "5"), ("top", True), ("top", 1.5), ("share", True), ("readings", []), ("as_of", 2019)],
)
def test_a_value_of_another_type_is_refused(folder: Path, name: str, value: object) -> None:
    with pytest.raises(UsageError, match=rf"local\.yaml.*{name}.*{type(value).__name__}"):
        plan(folder, asking(parameters={name: value}))


@pytest.mark.parametrize(
    ("name", "value"), [("top", 7), ("share", 1), ("share", 0.1), ("readings", {"1": "each"})]
)
def test_a_value_of_the_declared_type_is_passed_on(folder: Path, name: str, value: object) -> None:
    assert plan(folder, asking(parameters={name: value}))[0].parameters == {name: value}


@pytest.mark.parametrize(
    ("name", "key", "near"), [("municipality", "yayski-rayon", "yaysky-rayon"), ("sector", "helth", "health")]
)
def test_an_unknown_key_is_refused_with_the_nearest(folder: Path, name: str, key: str, near: str) -> None:
    with pytest.raises(UsageError, match=f'"{key}".*did you mean.*{near}'):
        plan(folder, asking(output=f"{{{name}}}", matrix={name: [key]}))


def test_an_unknown_key_of_a_fixed_parameter_is_refused_with_the_nearest(folder: Path) -> None:
    with pytest.raises(UsageError, match='"yayski-rayon".*did you mean.*yaysky-rayon'):
        plan(folder, asking(parameters={"municipality": "yayski-rayon"}))


@pytest.mark.parametrize("output", ["../page", "/page", "a/../../page", ".", "a\\b", ""])
def test_an_output_outside_the_folder_is_refused(folder: Path, output: str) -> None:
    with pytest.raises(UsageError, match=r"local\.yaml: output"):
        plan(folder, asking(output=output))


@pytest.mark.parametrize("output", ["index", "data/page", "failed/page"])
def test_an_output_that_the_build_itself_writes_is_refused(folder: Path, output: str) -> None:
    with pytest.raises(UsageError, match=r"local\.yaml: output"):
        plan(folder, asking(output=output))


def test_two_reports_with_one_output_are_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match="page"):
        plan(folder, asking(matrix={"sector": ["health", "mfc"]}))


@pytest.mark.parametrize(
    "text", ["notebook: [", "- a\n- b", asking(otput="x"), asking(notebook="municipalty")]
)
def test_a_broken_params_file_is_named(folder: Path, text: str) -> None:
    with pytest.raises(UsageError, match=r"local\.yaml"):
        plan(folder, text)


def test_a_folder_without_params_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.yaml"):
        load_plan(tmp_path, tmp_path, registry())


def test_only_keeps_what_a_pattern_matches(folder: Path) -> None:
    text = asking(output="places/{municipality}", matrix={"municipality": "all"})
    assert [spec.id for spec in plan(folder, text, only=("*/yaysky*",))] == ["places/yaysky-rayon"]


def test_a_pattern_that_matches_nothing_is_refused_with_the_nearest_report(folder: Path) -> None:
    with pytest.raises(UnknownNameError, match='did you mean "page"'):
        plan(folder, asking(), only=("pge",))


def test_the_params_of_the_project_give_region_sectors_municipalities_and_passports_in_that_order() -> None:
    ids = [spec.id for spec in load_plan(ROOT / "params", ROOT / "notebooks", registry())]
    heads = [name.partition("/")[0] for name in ids]
    assert heads == ["region"] + ["sectors"] * 17 + ["municipalities"] * 34 + ["projects"] * 2
    assert ids[-2:] == ["projects/p1", "projects/p3"]
