from pathlib import Path

import nbformat
import pandas as pd
import pytest
import yaml

from kuzbass_lean import intake
from kuzbass_lean.errors import UsageError
from kuzbass_lean.press.plan import ReportSpec, load_plan, notebook_parameters
from kuzbass_lean.registry import Registry

ROOT = Path(__file__).parents[1]
PLACE = {"notebook": "place", "output": "m"}


@pytest.fixture(scope="module")
def registry() -> Registry:
    return intake.read(intake.sample_path())


@pytest.fixture
def notebooks(tmp_path: Path) -> Path:
    folder = tmp_path / "notebooks"
    folder.mkdir()
    code = 'municipality: str = "kemerovsky-okrug"\nlimit: int = 3\nshare: float = 0.5\nas_of: str = ""'
    cell = nbformat.v4.new_code_cell(code, metadata={"tags": ["parameters"]})
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), folder / "place.ipynb")
    return folder


def plan(
    notebooks: Path, registry: Registry, content: object, only: tuple[str, ...] = ()
) -> tuple[ReportSpec, ...]:
    params = notebooks.parent / "params"
    params.mkdir(exist_ok=True)
    text = content if isinstance(content, str) else yaml.safe_dump(content)
    (params / "place.yaml").write_text(text, encoding="utf-8")
    return load_plan(params, notebooks, registry, "2019-06-30", only)


def test_the_shipped_params_make_one_region_17_sectors_34_municipalities_9_deck_and_2_copied_projects(
    registry: Registry,
) -> None:
    specs = load_plan(ROOT / "params", ROOT / "notebooks", registry)
    kinds = [spec.kind for spec in specs]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "region": 1,
        "sector": 17,
        "municipality": 34,
        "project": 11,
    }
    assert specs[0].id == "region"
    assert list(dict.fromkeys(kinds)) == ["region", "sector", "municipality", "project"]


def test_the_shipped_pairs_are_those_with_projects(registry: Registry) -> None:
    specs = load_plan(ROOT / "params" / "examples", ROOT / "notebooks", registry)
    ids = {spec.id for spec in specs}
    assert "pairs/health/kemerovsky-okrug" in ids
    assert "pairs/coal/kemerovsky-okrug" not in ids
    units = registry.project_units().dropna(subset=["municipality_id"])
    pairs = units.merge(registry.projects[["project_id", "sector"]], on="project_id", suffixes=("_unit", ""))
    assert len(specs) == len(pairs[["sector", "municipality_id"]].drop_duplicates())


def test_keys_may_be_spelled_as_people_do(notebooks: Path, registry: Registry) -> None:
    content = {"notebook": "place", "output": "m/{municipality}", "matrix": {"municipality": ["г. Юрга"]}}
    (spec,) = plan(notebooks, registry, content)
    assert (spec.id, spec.parameters) == (
        "m/yurginsky-okrug",
        {"municipality": "yurginsky-okrug", "as_of": "2019-06-30"},
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            {"notebook": "place", "output": "m", "parameters": {"munisipality": "x"}},
            'place.yaml: unknown parameter of place "munisipality": did you mean "municipality"',
        ),
        (
            {"notebook": "place", "output": "m", "parameters": {"municipality": 5}},
            "parameter municipality of place must be str: 5 is int",
        ),
        (
            {"notebook": "place", "output": "m", "parameters": {"limit": True}},
            "parameter limit of place must be int: True is bool",
        ),
        (
            {
                "notebook": "place",
                "output": "{municipality}",
                "matrix": {"municipality": ["kemerovsky-okrag"]},
            },
            'unknown municipality "kemerovsky-okrag": did you mean "kemerovsky-okrug"',
        ),
        (
            {"notebook": "plase", "output": "m"},
            'unknown notebook "plase": did you mean "place"',
        ),
        (
            {"notebook": "place", "output": "m", "matriks": {}},
            'place.yaml, matriks: .*did you mean "matrix"',
        ),
        (
            {**PLACE, "parameters": {"municipality": "kemerovsky-okrag"}},
            'place.yaml, municipality: unknown municipality "kemerovsky-okrag": did you mean',
        ),
        ({**PLACE, "output": "data/m"}, "data is kept for the build"),
        ({"notebook": "place", "output": "../m"}, "would leave the output folder"),
        ({"notebook": "place", "output": "/etc/m"}, "would leave the output folder"),
        ({"notebook": "place", "output": "{sector}"}, "names a key that matrix does not have"),
        ({"notebook": "place", "output": "m", "matrix": {"limit": "all"}}, '"all" is not known for limit'),
        ("notebook: [", "is not YAML"),
        (
            {
                "notebook": "place",
                "output": "m",
                "matrix": {"municipality": ["yaysky-rayon", "yurginsky-okrug"]},
            },
            'two params files write "m"',
        ),
    ],
)
def test_a_wrong_params_file_is_refused_with_the_place_and_the_nearest_name(
    notebooks: Path, registry: Registry, content: object, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        plan(notebooks, registry, content)


def test_a_whole_number_is_fine_where_a_float_is_wanted(notebooks: Path, registry: Registry) -> None:
    (spec,) = plan(notebooks, registry, {"notebook": "place", "output": "m", "parameters": {"share": 1}})
    assert spec.parameters["share"] == 1


def test_only_takes_patterns_of_ids_and_refuses_one_that_fits_nothing(
    notebooks: Path, registry: Registry
) -> None:
    content = {"notebook": "place", "output": "m/{municipality}", "matrix": {"municipality": "all"}}
    specs = plan(notebooks, registry, content, ("m/yurginsky-*", "m/yaysky-rayon"))
    assert [spec.id for spec in specs] == ["m/yurginsky-okrug", "m/yurginsky-rayon", "m/yaysky-rayon"]
    with pytest.raises(UsageError, match="did you mean"):
        plan(notebooks, registry, content, ("m/yurginski-okrug",))


def test_a_registry_with_its_own_territories_gets_a_report_for_each(notebooks: Path) -> None:
    own = pd.DataFrame({"municipality_id": ["t-1", "t-2"], "name": ["1", "2"], "kind": ["x", "x"]})
    content = {"notebook": "place", "output": "m/{municipality}", "matrix": {"municipality": "all"}}
    specs = plan(notebooks, Registry.from_frames({"municipalities": own}), content)
    assert [spec.id for spec in specs] == ["m/t-1", "m/t-2"]


def test_an_empty_folder_and_a_notebook_without_parameters_are_refused(
    tmp_path: Path, registry: Registry
) -> None:
    with pytest.raises(UsageError, match="holds no params file"):
        load_plan(tmp_path, tmp_path, registry)
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "bare.ipynb")
    with pytest.raises(UsageError, match="one cell tagged parameters"):
        notebook_parameters(tmp_path / "bare.ipynb")
    (tmp_path / "text.ipynb").write_text("нет", encoding="utf-8")
    with pytest.raises(UsageError, match="is not a notebook"):
        notebook_parameters(tmp_path / "text.ipynb")
