"""What lies around the pages: the index, and every shown figure as data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from kuzbass_lean import blocks, catalogue, views, wording
from kuzbass_lean.figures import set_id
from kuzbass_lean.press import export, lineage, outputs
from kuzbass_lean.press.work import ReportResult
from kuzbass_lean.registry import Registry

COLUMNS = {
    "report": "str",
    "position": "Int64",
    "id": "str",
    "name": "str",
    "key": "str",
    "label": "str",
    "value": "float64",
    "text": "str",
    "unit": "str",
    "formula": "str",
    "formula_version": "Int64",
    "formula_text": "str",
    "numerator": "float64",
    "denominator": "float64",
    "note": "str",
    "as_of": "str",
    "rows": "str",
}
"""A figure of a report: its id there, what it is and of what, and ``rows``, the name of its rows in
``data/lineage``; empty where no row of the registry is behind it."""
_GROUPS = {
    "region": "Область",
    "sectors": "Секторы",
    "municipalities": "Муниципальные образования",
    "projects": "Лучшие практики",
}
_OTHER = "Другие отчёты"


def write(out: Path, registry: Registry, results: Sequence[ReportResult], as_of: str, work: Path) -> None:
    """Write ``data/figures``, ``data/lineage`` and ``index.html`` over every page in the output folder."""
    sets: dict[str, dict[str, str]] = {}
    found = sorted(path for path in out.rglob("*.ipynb") if _is_page(path, out))
    pages = {page.report: page for page in (_page(path, out, sets) for path in found)}
    rows = [figure for page in pages.values() for figure in page.figures]
    figures = pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)
    (out / "data").mkdir(exist_ok=True)
    figures.to_parquet(work / "figures.parquet", index=False)
    export.write_csv(work / "figures.csv", figures)
    for name in ("figures.parquet", "figures.csv", *lineage.write(work, registry, sets)):
        (work / name).replace(out / "data" / name)
    index = _index(out, registry, results, as_of, pages)
    (work / "index.html").write_text(index, encoding="utf-8", newline="")
    (work / "index.html").replace(out / "index.html")


def _is_page(path: Path, out: Path) -> bool:
    parts = path.relative_to(out).parts
    return parts[0] != "failed" and not any(part.startswith(".") for part in parts)


@dataclass(frozen=True, slots=True)
class _Page:
    """What an executed notebook shows: its heading, and its figures in their order, as ``COLUMNS``."""

    report: str
    title: str
    figures: list[dict[str, Any]]


def _page(path: Path, out: Path, sets: dict[str, dict[str, str]]) -> _Page:
    """Return what an executed notebook shows; note the rows behind its figures in ``sets``."""
    report = path.relative_to(out).with_suffix("").as_posix()
    notebook = json.loads(path.read_text(encoding="utf-8"))
    shown = outputs.shown_figures(notebook)
    numbered = []
    for position, row in enumerate(shown, 1):
        name = set_id(row["rows"])
        if name:
            sets[name] = row["rows"]
        numbered.append({**row, "report": report, "position": position, "rows": name})
    return _Page(report, outputs.first_heading(notebook), numbered)


def _index(
    out: Path,
    registry: Registry,
    results: Sequence[ReportResult],
    as_of: str,
    pages: Mapping[str, _Page],
) -> str:
    done = {result.id: result for result in results}
    entries = [_entry(out, name, pages.get(name), done.get(name)) for name in sorted({*pages, *done})]
    groups = []
    for head, heading in (*_GROUPS.items(), ("", _OTHER)):
        chosen = [e for e in entries if _head(e["id"]) == head]
        groups.append((head, heading, sorted(chosen, key=lambda entry: entry["title"])))
    day = views.report_date(registry, as_of) if as_of or registry.as_of else None
    template = blocks.environment().get_template("site.html.j2")
    return template.render(
        title="Кузбасс бережливый: отчёты",
        css=blocks.stylesheet(),
        as_of=wording.date(day),
        provenance=str(views.provenance(registry)),
        tiles=(tiles := _tiles(registry, entries)),
        finding=_finding(tiles),
        groups=groups,
        shades=MOST_SHADES,
    )


_COUNTS = ("total", "realised", "overdue")
_NOTHING: dict[str, Any] = {
    "levels": "",
    "level": "",
    "level_value": "",
    "reached": None,
    "counts": ("",) * len(_COUNTS),
    "change": "",
}
_LEVELS = ("none", "reserve", "candidate", "leader")
MOST_SHADES = 4


def _told(figures: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Say what a report's own figures say of it: its levels and its projects."""
    levels = [figure["value"] for figure in figures if figure["name"] == "level"]
    reached = sum(value is not None and value > 0 for value in levels)
    said = f"{wording.number(reached)} из {wording.number(len(levels))}" if levels else ""
    level = level_value = ""
    if len(levels) == 1:
        (only,) = levels
        level = "unknown" if only is None else _LEVELS[int(only)]
        level_value = "" if only is None else str(int(only))
    changes = [f for f in figures if f["name"] == "improvement" and f["value"] is not None]
    by_id = {figure["id"]: figure for figure in figures}
    known = levels and "total" in by_id and by_id["total"]["value"]
    return {
        "levels": said,
        "level": level,
        "level_value": level_value,
        "reached": reached if known else None,
        "counts": tuple(by_id[name]["text"] if name in by_id else "" for name in _COUNTS),
        "change": _change(changes[0]) if changes else "",
    }


def _change(improvement: Mapping[str, Any]) -> str:
    """Say what changed by how much, and whether that is only planned."""
    planned = improvement["formula"] == "planned_improvement"
    text = wording.phrase("planned", improvement["text"]) if planned else improvement["text"]
    return f"{improvement['label']}: {text}"


def _finding(tiles: Sequence[blocks.Tile]) -> str:
    reached = sum(bool(tile.shade) for tile in tiles)
    of = wording.plural(len(tiles), "territory", "genitive")
    return f"Хотя бы один уровень есть у {wording.number(reached)} из {of}"


def _tiles(registry: Registry, entries: Sequence[dict[str, Any]]) -> list[blocks.Tile]:
    """Give the map of levels; a registry whose territories have no places on the grid has none."""
    shorts = {place.key: place.short for place in catalogue.municipalities()}
    by_id = {entry["id"]: entry for entry in entries}
    tiles = []
    for key, place in registry.municipalities.dropna(subset=["tile_row", "tile_column"]).iterrows():
        entry = by_id.get(f"municipalities/{key}")
        if entry is None or not entry["html"]:
            continue
        reached = entry["reached"]
        tiles.append(
            blocks.Tile(
                str(place["title"]),
                shorts.get(str(key), str(place["name"])),
                int(place["tile_row"]),
                int(place["tile_column"]),
                "—" if reached is None else wording.number(reached),
                None if reached is None else min(reached, MOST_SHADES),
                entry["html"],
            )
        )
    return tiles


def _head(name: str) -> str:
    head = name.split("/")[0]
    return head if head in _GROUPS else ""


def _entry(out: Path, name: str, page: _Page | None, result: ReportResult | None) -> dict[str, Any]:
    failed = result is not None and result.status == "failed"
    notebook = f"failed/{name}.ipynb" if failed else f"{name}.ipynb"
    title = result.title if result is not None and result.title else page.title if page else name
    return {
        "id": name,
        "title": title,
        "html": "" if failed else f"{name}.html",
        "pdf": f"{name}.pdf" if (out / f"{name}.pdf").exists() else "",
        "ipynb": notebook if (out / notebook).exists() else "",
        "status": "failed" if failed else "built",
        "error": result.error if result is not None else "",
        **(_told(page.figures) if page and page.figures else _NOTHING),
    }
