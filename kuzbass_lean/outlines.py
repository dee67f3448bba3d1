"""An office's own map: the outlines of territories from a GeoJSON file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kuzbass_lean.errors import UnknownNameError, UsageError
from kuzbass_lean.registry import Registry

NAMES = ("municipality_id", "name", "district")
"""Properties of a feature that may name its territory, the first present counts."""

Ring = tuple[tuple[float, float], ...]


def read_outlines(path: str, registry: Registry) -> Mapping[str, tuple[Ring, ...]]:
    """Read the outlines of a registry's territories.

    Parameters
    ----------
    path
        A GeoJSON FeatureCollection of polygons in degrees; each feature names its territory by
        key or by a common spelling. Empty: no map, and the reports show tiles.
    registry
        Whose territories the names are looked up in.

    Returns
    -------
    Mapping
        Rings of (longitude, latitude) by ``municipality_id``.

    Raises
    ------
    UsageError
        There is no such file, it is not such a collection, or a name is unknown.

    Examples
    --------
    >>> kl.read_outlines("", registry)
    {}
    """
    if not path:
        return {}
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError:
        raise UsageError(f"there is no map {path}: name a GeoJSON file") from None
    except ValueError as error:
        raise UsageError(f"{path} is not GeoJSON in UTF-8: {error}") from None
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list):
        raise UsageError(f"{path} is not a GeoJSON FeatureCollection: export the territories as one")
    found: dict[str, tuple[Ring, ...]] = {}
    for number, feature in enumerate(features, 1):
        place = f"{path}, feature {number}"
        name = _name(feature, place)
        try:
            key = registry.municipality(name)
        except UnknownNameError as error:
            raise UsageError(f"{place}: {error}") from None
        found[key] = (*found.get(key, ()), *_rings(feature, place))
    return found


def _name(feature: dict[str, Any], place: str) -> str:
    properties = feature.get("properties") or {}
    for name in NAMES:
        if properties.get(name):
            return str(properties[name])
    raise UsageError(f"{place} has none of the properties {', '.join(NAMES)}: add one")


def _rings(feature: dict[str, Any], place: str) -> tuple[Ring, ...]:
    geometry = feature.get("geometry") or {}
    kind: Any = geometry.get("type")
    coordinates: Any = geometry.get("coordinates")
    if kind not in ("Polygon", "MultiPolygon"):
        raise UsageError(f"{place} is a {kind}: only Polygon and MultiPolygon can be drawn")
    try:
        parts: Any = coordinates if kind == "MultiPolygon" else [coordinates]
        return tuple(tuple((float(p[0]), float(p[1])) for p in ring) for part in parts for ring in part)
    except (TypeError, ValueError, IndexError):
        raise UsageError(f"{place} has coordinates that are not numbers: export it again") from None
