"""The portfolio: by sector and status, what is late, where the projects are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd

from kuzbass_lean import blocks, catalogue, charts, metrics, wording
from kuzbass_lean.blocks import Block, Column, Tile
from kuzbass_lean.charts import Region
from kuzbass_lean.figures import Figure
from kuzbass_lean.outlines import Ring
from kuzbass_lean.registry import Registry
from kuzbass_lean.schema import STATUSES
from kuzbass_lean.views.summary import organization_names
from kuzbass_lean.views.waiting import ageing

MOST_ROWS = 20
SHADES = 4


def portfolio(part: Registry, by: str = "sector") -> Block:
    """Return projects by status, one bar per sector or per organisation.

    Examples
    --------
    >>> block = kl.views.portfolio(registry, by="sector")
    """
    counts = metrics.by(part.projects, by)
    names = _names(part, by)
    rows = [
        (str(names.get(key, _WITHOUT)), {status: int(row[status]) for status in STATUSES})
        for key, row in counts.iterrows()
    ]
    rows.sort(key=lambda row: (-sum(row[1].values()), row[0]))
    shown = blocks.status_bars(_most(rows, by), rows[:MOST_ROWS])
    formula = "status_count"
    statuses = part.projects["status"].value_counts()
    figures = tuple(
        Figure(
            "status",
            f"Проекты: {wording.label('status', status)}",
            int(statuses.get(status, 0)),
            wording.number(int(statuses.get(status, 0))),
            "project",
            formula,
            key=status,
        )
        for status in STATUSES
    )
    return Block(shown.html, shown.text, figures)


def _most(rows: Sequence[tuple[str, Mapping[str, int]]], by: str) -> str:
    """Say where most projects are; rows come with the largest first."""
    named = [(name, sum(counts.values())) for name, counts in rows if name != _WITHOUT]
    if not named:
        return f"Проекты по статусам: {_BY[by]}"
    (name, most), whole = named[0], sum(sum(counts.values()) for _, counts in rows)
    return f"Больше всего проектов: {name} — {wording.number(most)} из {wording.number(whole)}"


_BY = {"sector": "секторы", "organization_id": "организации", "direction": "муниципальные направления"}


_WITHOUT = "без направления"


def _names(part: Registry, by: str) -> dict[object, str]:
    if by == "sector":
        return {sector.key: sector.title for sector in catalogue.sectors()}
    if by == "direction":
        return {d.key: d.title for d in catalogue.municipal_directions()}
    return {str(key): str(name) for key, name in organization_names(part).items()}


def overdue(part: Registry, as_of: date) -> Block:
    """Return the overdue projects, the longest first, how many have no due date, and the oldest open ones.

    Examples
    --------
    >>> block = kl.views.overdue(registry, day)
    """
    late = metrics.overdue(part.projects, as_of)
    names = organization_names(part)
    rows = [
        (
            row["title"],
            str(names.get(row["organization_id"])),
            wording.date(row["due"]),
            wording.number(row["days"]),
        )
        for row in late.head(MOST_ROWS).to_dict("records")
    ]
    state = metrics.portfolio(part.projects, as_of)
    said = [f"Всего просрочено: {wording.plural(len(late), 'project')}."]
    if len(late) > MOST_ROWS:
        said.append(f"Показаны первые {wording.number(MOST_ROWS)}.")
    if state.without_due:
        said.append(
            f"Без срока, и поэтому неизвестно, опаздывают ли: {wording.plural(state.without_due, 'project')}."
        )
    columns = [Column("Проект"), Column("Организация"), Column("Срок", True), Column("Дней", True)]
    late_ones = blocks.table("Просроченные проекты", columns, rows, " ".join(said))
    return blocks.joined(late_ones, ageing(part, as_of))


def territories(
    registry: Registry, up: str = "", outlines: Mapping[str, Sequence[Ring]] | None = None
) -> Block:
    """Return the map: projects of each municipality, led there or with a participant there.

    Parameters
    ----------
    outlines
        An office's own map, as ``read_outlines`` gives it; without one territories are tiles.

    Examples
    --------
    >>> block = kl.views.territories(registry)
    >>> len(block.figures)
    34
    """
    places = registry.municipalities
    counts = metrics.by_unit(registry.projects, registry.project_units(), units=list(places.index))[
        "projects"
    ]
    largest = int(counts.max()) if len(counts) else 0
    tiles = [
        _tile(number, str(key), place, int(counts.loc[str(key)]), largest, up)
        for number, (key, place) in enumerate(places.iterrows())
    ]
    formula = "units_with_projects"
    figures = tuple(
        Figure(
            "projects", tile.title, int(counts.loc[str(key)]),
            wording.number(int(counts.loc[str(key)])), "project", formula, key=str(key),
        )
        for key, tile in zip(places.index, tiles, strict=True)
    )  # fmt: skip
    covered = sum(figure.value != 0 for figure in figures)
    of = wording.plural(len(tiles), "municipality", "genitive")
    caption = f"Проекты есть в {wording.number(covered)} из {of}"
    legend = "Чем темнее, тем больше проектов; штриховка — проектов в реестре нет"
    if outlines:
        shown = _own_map(dict(zip(places.index, tiles, strict=True)), outlines, caption, legend)
    else:
        shown = blocks.tile_map(caption, tiles, f"{legend}. Места плиток схематичны")
    return Block(shown.html, shown.text, figures)


def _tile(number: int, key: str, place: Any, projects: int, largest: int, up: str) -> Tile:
    """Give a territory its place on the grid; those without one follow in rows of seven."""
    shorts = {known.key: known.short for known in catalogue.municipalities()}
    row, column = place["tile_row"], place["tile_column"]
    return Tile(
        str(place["title"]),
        shorts.get(key, str(place["name"])),
        number // 7 + 1 if pd.isna(row) else int(row),
        number % 7 + 1 if pd.isna(column) else int(column),
        wording.number(projects) if projects else "—",
        math.ceil(SHADES * math.sqrt(projects / largest)) if projects else None,
        f"{up}municipalities/{key}.html",
    )


def _own_map(
    tiles: Mapping[str, Tile], outlines: Mapping[str, Sequence[Ring]], caption: str, legend: str
) -> Block:
    shown = [
        Region(tile.title, tuple(outlines[key]), tile.shade, tile.text, tile.href)
        for key, tile in tiles.items()
        if key in outlines
    ]
    said = "; ".join(f"{tile.title}: {tile.text}" for tile in tiles.values())
    absent = [tile.title for key, tile in tiles.items() if key not in outlines]
    note = f"На карте нет: {wording.join(absent)}." if absent else ""
    return blocks.chart(caption, legend, charts.geography(shown, f"{caption}. {said}"), note)


def directions_by_municipality(registry: Registry) -> Block:
    """Return the table municipality by municipal direction, darker where there are more projects.

    Examples
    --------
    >>> block = kl.views.directions_by_municipality(registry)
    """
    directed = registry.projects.loc[registry.projects["direction"].notna(), ["project_id", "direction"]]
    pairs = registry.project_units()[["project_id", "municipality_id"]].dropna().drop_duplicates()
    counts = pairs.merge(directed, on="project_id").groupby(["municipality_id", "direction"]).size()
    directions = catalogue.municipal_directions()
    rows = [
        (str(title), [int(counts.get((key, direction.key), 0)) for direction in directions])
        for key, title in registry.municipalities["title"].items()
    ]
    rows = [row for row in rows if sum(row[1])][: 10 * MOST_ROWS]
    rows.sort(key=lambda row: row[0])
    spread = [(sum(counts[n] > 0 for _, counts in rows), d.title) for n, d in enumerate(directions)]
    caption = "Проекты по муниципальным образованиям и направлениям"
    if rows:
        most, title = max(spread, key=lambda pair: pair[0])
        where = wording.plural(most, "municipality", "locative")
        caption = f"Шире всего распространено направление «{title}»: в {where} из {wording.number(len(rows))}"
    return blocks.heat_table(caption, [d.title for d in directions], rows)


def units(part: Registry, municipality: str = "") -> Block:
    """Return the organisations that take part, all or one municipality's own, with their projects.

    Examples
    --------
    >>> block = kl.views.units(registry, "kiselevsky-okrug")
    """
    counts = metrics.by_unit(part.projects, part.project_units(), "organization_id")
    about = part.organizations.set_index("organization_id")
    own = about.index[about["municipality_id"].eq(municipality)] if municipality else about.index
    counts = counts[counts.index.isin(own)]
    counts = counts.sort_values(["projects"], ascending=False, kind="stable")
    rows = [
        (
            str(about["name"].loc[str(key)]),
            wording.label("organization_kind", about["kind"].loc[str(key)]),
            *(wording.number(int(row[name])) for name in ("projects", "realised", "closed", "open")),
        )
        for key, row in counts.head(MOST_ROWS).iterrows()
    ]
    titles = ("Проектов", "Реализовано и закрыто", "В том числе закрыто", "Открыто")
    columns = [Column("Организация"), Column("Вид"), *(Column(title, True) for title in titles)]
    note = (
        f"Показаны {wording.number(MOST_ROWS)} из {wording.number(len(counts))}."
        if len(counts) > MOST_ROWS
        else ""
    )
    return blocks.table("Организации с проектами", columns, rows, note)
