"""What to take over: practices, who has adopted them, who could, how fast, what it gave and how sure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import pandas as pd

from kuzbass_lean import blocks, catalogue, evidence, metrics, wording
from kuzbass_lean.blocks import Block, Column
from kuzbass_lean.registry import Registry, Scope
from kuzbass_lean.views.ahead import unit_names

MOST_ROWS = 12
MOST_NAMES = 3
MOST_ABLE = 5
MOST_GRADED = 8
"""Of the measures behind one row so many are graded, the most measured first."""

_SAME = "Могли бы — организации того же вида и сектора, по реестру организаций."


def candidates(registry: Registry, scope: Scope, graded: pd.DataFrame | None = None) -> Block:
    """Return the typical projects to take over next, in the order of the catalogue's rule.

    Parameters
    ----------
    registry
        The whole region's: what was done elsewhere is the reason.
    graded
        Grades known already; the other measures are graded here.

    Examples
    --------
    >>> block = kl.views.candidates(registry, kl.Scope.of_sector("mfc"))
    """
    found = metrics.replication_candidates(registry, scope.municipality, scope.sector)
    shown = found.head(MOST_ROWS).to_dict("records")
    names, titles = unit_names(registry), {entry.key: entry.title for entry in catalogue.typical_projects()}
    letters = best_letters(registry, [row["measures"] for row in shown], graded)
    rows = [
        (
            titles[str(row["typical"])],
            _where(row),
            _change(row["median_change"]),
            letter or wording.phrase("missing"),
            _some([names.get(unit, unit) for unit in row["units"]], MOST_NAMES),
        )
        for row, letter in zip(shown, letters, strict=True)
    ]
    columns = [Column("Типовой проект"), Column("Где уже реализован"), Column("Обычное улучшение там", True)]
    columns += [Column("Оценка"), Column("Кто мог бы")]
    note = (
        "Порядок: у кого больше организаций уже реализовали, затем где больше улучшение, затем где больше "
        "тех, кто мог бы. Улучшение положительно, если лучше; оценка — лучшая из его показателей."
    )
    if len(found) > MOST_ROWS:
        note += f" Показаны {wording.number(MOST_ROWS)} из {wording.number(len(found))}."
    return blocks.table("Что перенять", columns, rows, note)


def replication(registry: Registry, part: Registry, graded: pd.DataFrame | None = None) -> Block:
    """Return for each best practice of a part who has adopted it, who could, how fast, what it gave.

    Examples
    --------
    >>> part = registry.slice(kl.Scope.of_sector("mfc"))
    >>> block = kl.views.replication(registry, part)
    """
    found = registry.once(metrics.replication_table, lambda: metrics.replication_table(registry))
    found = found[found["project_id"].isin(part.projects["project_id"])]
    shown, names = found.to_dict("records"), unit_names(registry)
    there = best_letters(registry, [row["measures"] for row in shown], graded)
    own = best_letters(registry, [row["own_measures"] for row in shown], graded)
    rows = [
        _practice(row, *letters, names)
        for row, letters in zip(shown, zip(there, own, strict=True), strict=True)
    ]
    columns = [Column("Лучшая практика"), Column("Кто перенял"), Column("Переняли", True)]
    columns += [Column("Реализовали", True), Column("Ещё могли бы", True), Column("Обычный срок", True)]
    columns += [Column("Дала у себя, оценка", True), Column("Дала там, оценка", True)]
    note = (
        f"{_SAME} Срок — от закрытия исходного проекта; без даты он неизвестен. Изменение — по общему "
        "показателю, без него — по своим; положительно, если лучше. Оценка — лучшая из этих показателей."
    )
    return blocks.table("Тиражирование лучших практик", columns, rows, note)


def _practice(row: dict[Any, Any], there: str, own: str, names: dict[str, str]) -> tuple[str, ...]:
    return (
        str(row["title"]),
        _some([names.get(unit, unit) for unit in row["adopters"]], MOST_NAMES) or "пока никто",
        wording.number(len(row["adopters"])),
        wording.number(row["realised"]),
        wording.number(len(row["candidates"])),
        _days(row["median_days"]),
        _graded(row["own_change"], own),
        _graded(row["median_change"], there),
    )


def _graded(percent: Any, letter: str) -> str:
    return wording.phrase("missing") if pd.isna(percent) else f"{_change(percent)}, {letter}"


def adopters(registry: Registry, project: str, graded: pd.DataFrame | None = None) -> Block:
    """Return who has taken over a practice, how long it took, what it gave there, and who still could.

    Examples
    --------
    >>> block = kl.views.adopters(registry, "mfckem")
    """
    found = metrics.adoptions(registry, [project])
    names, projects = unit_names(registry), registry.projects.set_index("project_id")
    units = found.groupby("replica_id")["organization_id"].agg(list)
    replicas = found.drop_duplicates("replica_id").to_dict("records")
    shown = replicas[:MOST_ROWS]
    ids = [() if pd.isna(row["measure_id"]) else (row["measure_id"],) for row in shown]
    rows = [
        (
            _some([names.get(unit, unit) for unit in units[row["replica_id"]]], MOST_NAMES),
            wording.label("status", row["status"]),
            _days(row["days"]),
            _graded(row["relative_low"], letter),
            wording.label("source", projects.loc[row["replica_id"], "source"]),
        )
        for row, letter in zip(shown, best_letters(registry, ids, graded), strict=True)
    ]
    columns = [Column("Организация"), Column("Статус"), Column("Срок", True)]
    columns += [Column("Дала там, оценка", True), Column("Откуда")]
    able = metrics.replication_table(registry, [project])["candidates"].iloc[0]
    told = _some([names.get(unit, unit) for unit in able], MOST_ABLE)
    note = "Срок — от закрытия этого проекта. " if rows else ""
    if not rows:
        note = "В реестре нет проектов, которые тиражируют этот. "
    if len(replicas) > MOST_ROWS:
        note += f"Показаны {wording.number(MOST_ROWS)} из {wording.number(len(replicas))}. "
    note += (
        f"Ещё могли бы: {told}. {_SAME}"
        if able
        else "Кто ещё мог бы, неизвестно: других таких в реестре нет."
    )
    if not rows:
        return blocks.prose(note)
    return blocks.table("Проекты, которые тиражируют этот", columns, rows, note)


def best_letters(
    registry: Registry, groups: Sequence[Collection[str]], graded: pd.DataFrame | None = None
) -> list[str]:
    """Return the best grade among each group of measures; empty where a group has none.

    Of each group the most measured are looked at: those can have the best grade, and grading
    them all would take a large registry minutes.
    """
    seen = registry.frame("observations")["measure_id"].value_counts()
    chosen = [sorted(ids, key=lambda key: (-int(seen.get(key, 0)), key))[:MOST_GRADED] for ids in groups]
    known = {} if graded is None else dict(zip(graded["measure_id"], graded["letter"], strict=True))
    rest = {key for ids in chosen for key in ids} - known.keys()
    if rest:
        tables = [_of(registry.frame(name), rest) for name in ("measures", "values", "observations")]
        more = evidence.grades(*tables)
        known |= dict(zip(more["measure_id"], more["letter"], strict=True))
    return [min((known[key] for key in ids), default="") for ids in chosen]


def _of(frame: pd.DataFrame, measures: Collection[str]) -> pd.DataFrame:
    return frame[frame["measure_id"].isin(list(measures))]


def _where(row: dict[Any, Any]) -> str:
    organizations = wording.plural(row["adopters"], "organization")
    return f"{organizations} в {wording.plural(row['municipalities'], 'municipality', 'locative')}"


def _change(percent: Any) -> str:
    return wording.percent(None if pd.isna(percent) else percent, signed=True)


def _days(days: Any) -> str:
    return wording.plural(None if pd.isna(days) else days, "day", digits=0)


def _some(names: Sequence[str], most: int) -> str:
    more = len(names) - most
    return "; ".join(names[:most]) + (f" и ещё {wording.number(more)}" if more > 0 else "")
