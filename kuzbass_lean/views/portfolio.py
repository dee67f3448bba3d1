"""The portfolio: by sector and status, what is late, where the projects are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd

from kuzbass_lean import blocks, catalogue, charts, metrics, wording
from kuzbass_lean.blocks import Bar, Block, Column, Tile
from kuzbass_lean.charts import Region
from kuzbass_lean.figures import NO_ROWS, Figure, Rows, Text, said, within
from kuzbass_lean.outlines import Ring
from kuzbass_lean.registry import Registry
from kuzbass_lean.schema import OPEN, REALISED, STATUSES
from kuzbass_lean.views import shown
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
    names = _names(part, by)
    bars = [
        _bar(by, str(names.get(key, _WITHOUT)), "none" if pd.isna(key) else str(key), rows)
        for key, rows in part.projects.groupby(by, dropna=False)
    ]
    bars.sort(key=lambda bar: (-(bar.total.value or 0), str(bar.name)))
    ids, status = part.projects["project_id"], part.projects["status"]
    wholes = {
        name: shown.counted(
            "status",
            f"Проекты: {wording.label('status', name)}",
            ids[status.eq(name)],
            key=name,
            formula="status_count",
        )
        for name in STATUSES
    }
    return blocks.status_bars(_most(part, bars, by), bars[:MOST_ROWS], wholes)


def _bar(by: str, name: str, key: str, projects: pd.DataFrame) -> Bar:
    groups = projects.groupby("status")["project_id"]
    parts = {
        str(status): shown.counted(
            f"{by}_status",
            f"{name}: {wording.label('status', status)}",
            ids,
            key=f"{key}.{status}",
            formula="status_count",
        )
        for status, ids in groups
    }
    whole = shown.counted(
        f"{by}_projects", f"{name}: проектов", projects["project_id"], key=key, formula="every_status"
    )
    return Bar(name, whole, parts)


def _most(part: Registry, bars: Sequence[Bar], by: str) -> Text:
    """Say where most projects are; bars come with the largest first."""
    named = [bar for bar in bars if bar.name != _WITHOUT]
    if not named:
        return f"Проекты по статусам: {_BY[by]}"
    every = shown.every_project(part)
    return said("Больше всего проектов: {} — {} из {}", named[0].name, named[0].total, every)


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
    rows: list[tuple[Text, ...]] = [
        (
            row["title"],
            str(names.get(row["organization_id"])),
            wording.date(row["due"]),
            shown.days_late(str(row["project_id"]), str(row["title"]), row["days"]),
        )
        for row in late.head(MOST_ROWS).to_dict("records")
    ]
    state = shown.state(part, as_of)
    told: list[Text] = [said("Всего просрочено: {}.", shown.plural(state.overdue, "project"))]
    if len(late) > MOST_ROWS:
        told.append(f"Показаны первые {wording.number(MOST_ROWS)}.")
    if state.without_due.value:
        undated = shown.plural(state.without_due, "project")
        told.append(said("Без срока, и поэтому неизвестно, опаздывают ли: {}.", undated))
    columns = [Column("Проект"), Column("Организация"), Column("Срок", True), Column("Дней", True)]
    late_ones = blocks.table("Просроченные проекты", columns, rows, shown.sentence(*told))
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
    >>> len([figure for figure in block.figures if figure.key])
    34
    """
    places = registry.municipalities
    projects = {str(key): figure for key, figure in zip(places.index, _projects_of(registry), strict=True)}
    largest = int(max((figure.value or 0 for figure in projects.values()), default=0))
    tiles = {
        str(key): _tile(number, str(key), place, projects[str(key)], largest, up)
        for number, (key, place) in enumerate(places.iterrows())
    }
    having = [figure for figure in projects.values() if figure.value]
    rows = Rows.of(projects=[key for figure in having for key in figure.rows.keys()["projects"]])
    covered = shown.number(
        "covered_municipalities",
        "Территорий с проектами",
        len(having),
        "municipality",
        "covered_municipalities",
        numerator=len(having),
        denominator=len(tiles),
        rows=rows,
    )
    own = Rows.of(municipalities=list(places.index)) if registry.has("municipalities") else NO_ROWS
    every = shown.number(
        "municipalities", "Территорий", len(tiles), "municipality", "municipalities", rows=own
    )
    caption = said("Проекты есть в {} из {}", covered, shown.plural(every, "municipality", "genitive"))
    legend = "Чем темнее, тем больше проектов; штриховка — проектов в реестре нет"
    if outlines:
        return _own_map(tiles, outlines, caption, legend)
    return blocks.tile_map(caption, list(tiles.values()), f"{legend}. Места плиток схематичны")


def _projects_of(registry: Registry) -> list[Figure]:
    """Return the number of projects of every territory, in the order of the territories."""
    active = registry.projects.loc[registry.projects["status"].ne("cancelled"), "project_id"]
    pairs = registry.project_units()
    pairs = pairs[pairs["project_id"].isin(active)].drop_duplicates(["project_id", "municipality_id"])
    groups = dict(list(pairs.groupby("municipality_id")["project_id"]))
    return [
        shown.counted("projects", str(title), groups.get(str(key), ()), key=str(key), formula="unit_projects")
        for key, title in registry.municipalities["title"].items()
    ]


def _tile(number: int, key: str, place: Any, projects: Figure, largest: int, up: str) -> Tile:
    """Give a territory its place on the grid; those without one follow in rows of seven."""
    shorts = {known.key: known.short for known in catalogue.municipalities()}
    row, column = place["tile_row"], place["tile_column"]
    count = int(projects.value or 0)
    return Tile(
        str(place["title"]),
        shorts.get(key, str(place["name"])),
        number // 7 + 1 if pd.isna(row) else int(row),
        number % 7 + 1 if pd.isna(column) else int(column),
        str(projects) if count else "—",
        math.ceil(SHADES * math.sqrt(count / largest)) if count else None,
        f"{up}municipalities/{key}.html",
        projects,
    )


def _own_map(
    tiles: Mapping[str, Tile], outlines: Mapping[str, Sequence[Ring]], caption: Text, legend: str
) -> Block:
    drawn = [
        Region(tile.title, tuple(outlines[key]), tile.shade, tile.text, tile.href)
        for key, tile in tiles.items()
        if key in outlines
    ]
    told = "; ".join(f"{tile.title}: {tile.text}" for tile in tiles.values())
    absent = [tile.title for key, tile in tiles.items() if key not in outlines]
    note = f"На карте нет: {wording.join(absent)}." if absent else ""
    drawing = charts.geography(drawn, f"{caption}. {told}")
    return blocks.chart(caption, legend, drawing, note, within(list(tiles.values())))


def directions_by_municipality(registry: Registry) -> Block:
    """Return the table municipality by municipal direction, darker where there are more projects.

    Examples
    --------
    >>> block = kl.views.directions_by_municipality(registry)
    """
    directed = registry.projects.loc[registry.projects["direction"].notna(), ["project_id", "direction"]]
    pairs = registry.project_units()[["project_id", "municipality_id"]].dropna().drop_duplicates()
    both = pairs.merge(directed, on="project_id")
    groups = dict(list(both.groupby(["municipality_id", "direction"])["project_id"]))
    directions = catalogue.municipal_directions()
    rows = [
        (
            str(title),
            [
                shown.counted(
                    "direction_in",
                    f"{title}: {direction.title}",
                    groups[key, direction.key],
                    key=f"{key}.{direction.key}",
                    formula="unit_projects",
                )
                if (key, direction.key) in groups
                else None
                for direction in directions
            ],
        )
        for key, title in registry.municipalities["title"].items()
    ]
    rows = [row for row in rows if any(row[1])][: 10 * MOST_ROWS]
    rows.sort(key=lambda row: row[0])
    spread = [(sum(cells[n] is not None for _, cells in rows), d.title) for n, d in enumerate(directions)]
    caption: Text = "Проекты по муниципальным образованиям и направлениям"
    if rows:
        most, title = max(spread, key=lambda pair: pair[0])
        ids = Rows.of(projects=both["project_id"])
        wide, of = (
            shown.number(name, label, count, "municipality", formula, rows=ids)
            for name, label, count, formula in (
                ("widest_direction", f"Территорий с направлением «{title}»", most, "widest"),
                ("directed", "Территорий с муниципальными направлениями", len(rows), "directed"),
            )
        )
        where = shown.plural(wide, "municipality", "locative")
        caption = said("Шире всего распространено направление «{}»: в {} из {}", title, where, of)
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
    pairs = part.project_units()[["project_id", "organization_id"]].merge(
        part.projects[["project_id", "status"]], on="project_id"
    )
    groups = dict(list(pairs.groupby("organization_id")))
    rows: list[tuple[Text, ...]] = [
        (
            str(about["name"].loc[str(key)]),
            wording.label("organization_kind", about["kind"].loc[str(key)]),
            *_unit_counts(str(key), str(about["name"].loc[str(key)]), groups[key]),
        )
        for key in counts.head(MOST_ROWS).index
    ]
    columns = [Column("Организация"), Column("Вид"), *(Column(title, True) for title, _ in _COUNTED.values())]
    note = shown.first(MOST_ROWS, "units_shown", "Организаций с проектами", organizations=list(counts.index))
    return blocks.table("Организации с проектами", columns, rows, note)


_COUNTED = {
    "projects": ("Проектов", tuple(status for status in STATUSES if status != "cancelled")),
    "realised": ("Реализовано и закрыто", REALISED),
    "closed": ("В том числе закрыто", ("closed",)),
    "open": ("Открыто", OPEN),
}
"""What is counted of an organisation: the heading, and the statuses that count."""


def _unit_counts(key: str, name: str, projects: pd.DataFrame) -> list[Figure]:
    return [
        shown.counted(
            f"unit_{what}",
            f"{name}: {title.lower()}",
            projects.loc[projects["status"].isin(statuses), "project_id"],
            key=key,
            formula="unit_projects" if what == "projects" else f"unit_{what}",
        )
        for what, (title, statuses) in _COUNTED.items()
    ]
