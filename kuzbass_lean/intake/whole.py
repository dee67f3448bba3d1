"""Whole tables: the sheets that feed each one put together, and what of it had to be left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import pandas as pd

from kuzbass_lean import catalogue, schema
from kuzbass_lean.errors import Finding
from kuzbass_lean.intake.reading import Reading
from kuzbass_lean.lookup import among
from kuzbass_lean.omitted import OWNERS, RULES_APART
from kuzbass_lean.places import Origin, Stretch


@dataclass(frozen=True)
class Whole:
    """A typed table of all its sheets: the rows, where they stand, and the sheets themselves.

    Rows of a sheet that as a whole is in error are not among them; ``lost`` counts those by rules,
    and rows no cell of which could be read.
    """

    frame: pd.DataFrame
    origin: Origin
    readings: tuple[Reading, ...]
    lost: tuple[tuple[str, int], ...]

    @property
    def unreadable(self) -> bool:
        """Whether a sheet as a whole is in error; what refers to the table then cannot be checked."""
        return any(reading.unreadable for reading in self.readings)

    @property
    def read(self) -> int:
        """How many rows the sheets hold, readable or not."""
        return len(self.frame) + sum(rows for _, rows in self.lost)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found in the sheets."""
        return tuple(found for reading in self.readings for found in reading.findings)


def put_together(table: str, readings: Sequence[Reading]) -> Whole:
    """Return the table that the sheets make up, in their order.

    Each sheet's rows are numbered on from the last line of the one before.
    """
    lines = [_last_line(reading) for reading in readings]
    befores = [0, *accumulate(lines[:-1])]
    origin = Origin(
        tuple(Stretch(r.file, r.sheet, before) for r, before in zip(readings, befores, strict=True))
    )
    sound = [(r, before) for r, before in zip(readings, befores, strict=True) if not r.unreadable]
    frames = [reading.frame.set_axis(reading.frame.index + before) for reading, before in sound]
    frame = frames[0] if len(frames) == 1 else pd.concat(frames) if frames else schema.empty(table)
    lost = [(_rules(r, None), len(r.frame) + r.unread) for r in readings if r.unreadable]
    lost += [("ragged_row", r.unread) for r, _ in sound if r.unread]
    return Whole(frame.rename_axis("row"), origin, tuple(readings), tuple(lost))


def _last_line(reading: Reading) -> int:
    told = [found.row for found in reading.findings if found.row is not None]
    return int(max([reading.header, *told, *reading.frame.index[-1:]]))


def _rules(reading: Reading, row: int | None) -> str:
    rules = {f.rule for f in reading.findings if f.severity == "error" and f.row == row}
    return RULES_APART.join(sorted(rules))


def broken_rules(wholes: Mapping[str, Whole], findings: Sequence[Finding]) -> dict[str, dict[int, str]]:
    """Return, by table and row, the rules that a row in error breaks, joined by commas."""
    tables = {
        (reading.file, reading.sheet): (table, whole.origin)
        for table, whole in wholes.items()
        for reading in whole.readings
    }
    found: dict[str, dict[int, set[str]]] = {table: {} for table in wholes}
    for each in findings:
        table, origin = tables.get((each.file, each.sheet), ("", None))
        if each.severity == "error" and each.row is not None and origin is not None:
            row = origin.row(each.file, each.sheet, each.row)
            if row is not None:
                found[table].setdefault(row, set()).add(each.rule)
    return {
        table: {row: RULES_APART.join(sorted(rules)) for row, rules in rows.items()}
        for table, rows in found.items()
    }


def left_out(
    table: str, frames: Mapping[str, pd.DataFrame], whole: Whole, broken: Mapping[int, str]
) -> pd.DataFrame:
    """Return what of a table is left out, by rules and by whom it concerns (see ``omitted``).

    Parameters
    ----------
    table
        The table's name.
    frames
        All tables with their rejected rows, for these tell whom a row concerns.
    whole
        The table.
    broken
        The rules that each of its rejected rows breaks.
    """
    if not broken and not whole.lost:
        return pd.DataFrame()
    rejected = whole.frame[whole.frame.index.isin(list(broken))]
    rows = owners(table, rejected, frames).assign(rules=rejected.index.map(broken).astype("str"), rows=1)
    unseen = pd.DataFrame(whole.lost, columns=["rules", "rows"])
    return pd.concat([rows, unseen.reindex(columns=[*OWNERS, "rules", "rows"])]).assign(table=table)


def owners(table: str, rows: pd.DataFrame, frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return whom rows concern: territory, sector and project, missing where nothing tells.

    A row's own columns come first, then its project's, then its organisation's. What a table
    does not speak of, or an organisation of the region's, is empty: such a row concerns none.
    """
    columns = schema.columns(table)

    def column(name: str) -> pd.Series:
        return rows[name] if name in rows else pd.Series(index=rows.index, dtype=schema.TEXT)

    def told(keys: pd.Series, by: str, name: str) -> pd.Series:
        return keys.map(_by_key(frames, by, name, keys)).astype(schema.TEXT)

    project = column("project_id")
    if "measure_id" in columns and "project_id" not in columns:
        project = told(column("measure_id"), "measures", "project_id")
    organization = column("organization_id").fillna(told(project, "projects", "organization_id"))
    place = column("municipality_id").fillna(told(organization, "organizations", "municipality_id"))
    sector = column("sector").fillna(told(project, "projects", "sector"))
    sector = sector.fillna(told(organization, "organizations", "sector"))
    regional = place.isna() & (
        ("municipality_id" in columns) | among(organization, _keys(frames, "organizations"))
    )
    found = {
        "municipality_id": place.where(among(place, _keys(frames, "municipalities"))).mask(regional, ""),
        "sector": sector.where(sector.isin([each.key for each in catalogue.sectors()])),
        "project_id": project if _needs_project(table) else project.fillna(""),
    }
    return pd.DataFrame(found, index=rows.index).astype(schema.TEXT)


def _needs_project(table: str) -> bool:
    """Whether every row belongs to a project, so that a missing one is unknown and not none."""
    columns = schema.columns(table)
    return "measure_id" in columns or ("project_id" in columns and bool(columns["project_id"].required))


def _keys(frames: Mapping[str, pd.DataFrame], table: str) -> pd.Index:
    if table == "municipalities" and table not in frames:
        return pd.Index([entry.key for entry in catalogue.municipalities()])
    keys: pd.Index = pd.Index(_frame(frames, table)[schema.keys(table)[0]])
    return keys


def _frame(frames: Mapping[str, pd.DataFrame], table: str) -> pd.DataFrame:
    return frames[table] if table in frames else schema.empty(table)


def _by_key(frames: Mapping[str, pd.DataFrame], table: str, column: str, keys: pd.Series) -> pd.Series:
    """A column of a table by those keys; one that stands twice tells what its first row says."""
    frame = _frame(frames, table)
    key = schema.keys(table)[0]
    rows = frame[among(frame[key], keys)].drop_duplicates(key)
    return rows.set_index(key)[column].astype(schema.TEXT)
