import json
from pathlib import Path
from typing import Any

import pytest

from kuzbass_lean.errors import UsageError
from kuzbass_lean.outlines import read_outlines
from kuzbass_lean.registry import Registry

RING = [[86.0, 55.0], [87.0, 55.0], [87.0, 56.0], [86.0, 55.0]]


def feature(name: str, kind: str = "Polygon", coordinates: Any = None) -> dict[str, Any]:
    geometry = {"type": kind, "coordinates": [RING] if coordinates is None else coordinates}
    return {"type": "Feature", "properties": {"name": name}, "geometry": geometry}


def written(folder: Path, document: Any) -> str:
    path = folder / "map.geojson"
    path.write_text(json.dumps(document), encoding="utf-8")
    return str(path)


def collection(*features: dict[str, Any]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


REGISTRY = Registry.from_frames({})


def test_without_a_file_there_is_no_map() -> None:
    assert read_outlines("", REGISTRY) == {}


def test_territories_are_found_by_key_and_by_common_spelling(tmp_path: Path) -> None:
    both = collection(feature("г. Кемерово"), feature("yaysky-rayon", "MultiPolygon", [[RING], [RING]]))
    found = read_outlines(written(tmp_path, both), REGISTRY)
    assert set(found) == {"kemerovsky-okrug", "yaysky-rayon"}
    assert len(found["yaysky-rayon"]) == 2
    assert found["kemerovsky-okrug"][0][0] == (86.0, 55.0)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ([], "not a GeoJSON FeatureCollection"),
        (collection(feature("Марс")), r"feature 1: .*Марс"),
        (collection(feature("г. Кемерово", "Point", [1, 2])), "feature 1 is a Point"),
        (collection(feature("г. Кемерово", "Polygon", [[["a", 1]]])), "not numbers"),
        (collection({"properties": {}, "geometry": None}), "has none of the properties"),
    ],
)
def test_a_map_that_cannot_be_used_is_refused_with_its_place(
    tmp_path: Path, document: Any, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        read_outlines(written(tmp_path, document), REGISTRY)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no map .*no\.geojson"):
        read_outlines(str(tmp_path / "no.geojson"), REGISTRY)
