"""What lies around the pages: the index, and every shown figure as data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import nbformat
import pandas as pd

from kuzbass_lean import blocks, catalogue, views, wording
from kuzbass_lean.figures import set_id
from kuzbass_lean.press import convert, export, lineage
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


class Result(Protocol):
    """What the index needs to know of a report."""

    @property
    def id(self) -> str:
        """The report's id."""

    @property
    def status(self) -> str:
        """``built`` or ``failed``."""

    @property
    def error(self) -> str:
        """Why it failed."""

    @property
    def title(self) -> str:
        """What the page is called."""


def write(out: Path, registry: Registry, results: Sequence[Result], as_of: str, work: Path) -> None:
    """Write ``data/figures``, ``data/lineage`` and ``index.html`` over every page in the output folder."""
    pages = sorted(path for path in out.rglob("*.ipynb") if _is_page(path, out))
    sets: dict[str, dict[str, str]] = {}
    figures = pd.concat([_figures(path, out, sets) for path in pages] or [_empty()], ignore_index=True)
    (out / "data").mkdir(exist_ok=True)
    figures.to_parquet(work / "figures.parquet", index=False)
    export.write_csv(work / "figures.csv", figures)
    for name in ("figures.parquet", "figures.csv", *lineage.write(work, registry, sets)):
        (work / name).replace(out / "data" / name)
    index = _index(out, registry, results, as_of, pages, figures)
    (work / "index.html").write_text(index, encoding="utf-8", newline="")
    (work / "index.html").replace(out / "index.html")


def _is_page(path: Path, out: Path) -> bool:
    parts = path.relative_to(out).parts
    return parts[0] != "failed" and not any(part.startswith(".") for part in parts)


def _figures(path: Path, out: Path, sets: dict[str, dict[str, str]]) -> pd.DataFrame:
    """Return the figures that an executed notebook shows, in its own order; note their rows in ``sets``."""
    report = path.relative_to(out).with_suffix("").as_posix()
    shown = convert.shown_figures(json.loads(path.read_text(encoding="utf-8")))
    numbered = []
    for position, row in enumerate(shown, 1):
        name = set_id(row["rows"])
        if name:
            sets[name] = row["rows"]
        numbered.append({**row, "report": report, "position": position, "rows": name})
    return pd.DataFrame(numbered, columns=list(COLUMNS)).astype(COLUMNS)


def _empty() -> pd.DataFrame:
    return pd.DataFrame(columns=list(COLUMNS)).astype(COLUMNS)


def _index(
    out: Path,
    registry: Registry,
    results: Sequence[Result],
    as_of: str,
    pages: list[Path],
    figures: pd.DataFrame,
) -> str:
    done = {result.id: result for result in results}
    titles = {path.relative_to(out).with_suffix("").as_posix(): path for path in pages}
    told = {str(name): _told(mine) for name, mine in figures.groupby("report", sort=True)}
    entries = [
        {**_entry(out, name, titles.get(name), done.get(name)), **told.get(name, _NOTHING)}
        for name in sorted({*titles, *done})
    ]
    groups = []
    for head, heading in (*_GROUPS.items(), ("", _OTHER)):
        chosen = [e for e in entries if _head(e["id"]) == head]
        groups.append((head, heading, sorted(chosen, key=lambda entry: entry["title"])))
    day = views.report_date(registry, as_of) if as_of or registry.as_of else None
    template = blocks.environment().get_template("site.html.j2")
    return template.render(
        title="Кузбасс бережливый: отчёты",
        css=convert.css(),
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


def _told(figures: pd.DataFrame) -> dict[str, Any]:
    """Say what a report's own figures say of it: its levels and its projects."""
    levels = figures[figures["name"].eq("level")]
    first = figures.set_index("id")["text"]
    reached = int(levels["value"].gt(0).sum())
    said = f"{wording.number(reached)} из {wording.number(len(levels))}" if len(levels) else ""
    only = levels["value"].iloc[0] if len(levels) == 1 else None
    level = "" if only is None else "unknown" if pd.isna(only) else _LEVELS[int(only)]
    changes = figures[figures["name"].eq("improvement") & figures["value"].notna()]
    change = "" if changes.empty else _change(changes.iloc[0])
    counts = tuple(str(first.get(name, "")) for name in _COUNTS)
    total = figures.loc[figures["id"].eq("total"), "value"]
    known = len(levels) > 0 and not total.fillna(0).eq(0).all()
    return {
        "levels": said,
        "level": level,
        "level_value": "" if not level or pd.isna(only) else str(int(only or 0)),
        "reached": reached if known else None,
        "counts": counts,
        "change": change,
    }


def _change(improvement: pd.Series) -> str:
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


def _entry(out: Path, name: str, path: Path | None, result: Result | None) -> dict[str, Any]:
    failed = result is not None and result.status == "failed"
    notebook = f"failed/{name}.ipynb" if failed else f"{name}.ipynb"
    title = result.title if result is not None and result.title else _title(path) or name
    return {
        "id": name,
        "title": title,
        "html": "" if failed else f"{name}.html",
        "pdf": f"{name}.pdf" if (out / f"{name}.pdf").exists() else "",
        "ipynb": notebook if (out / notebook).exists() else "",
        "status": "failed" if failed else "built",
        "error": result.error if result is not None else "",
    }


def _title(path: Path | None) -> str:
    if path is None:
        return ""
    return convert.first_heading(nbformat.read(path, as_version=4))
