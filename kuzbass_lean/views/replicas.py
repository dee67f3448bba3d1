"""What to take over: practices, who has adopted them, who could, how fast, what it gave and how sure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import pandas as pd

from kuzbass_lean import blocks, catalogue, evidence, metrics, wording
from kuzbass_lean.blocks import Block, Column
from kuzbass_lean.figures import NO_ROWS, Figure, Rows, Text, said
from kuzbass_lean.lookup import among
from kuzbass_lean.registry import Registry, Scope, once
from kuzbass_lean.schema import REALISED
from kuzbass_lean.views import shown
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
    listed = found.head(MOST_ROWS).to_dict("records")
    names, titles = unit_names(registry), {entry.key: entry.title for entry in catalogue.typical_projects()}
    letters = best_letters(registry, [row["measures"] for row in listed], graded)
    done = _realised_as(registry)
    rows = [
        _candidate(row, titles[str(row["typical"])], letter, done.get(row["typical"], NO_ROWS), names)
        for row, letter in zip(listed, letters, strict=True)
    ]
    columns = [Column("Типовой проект"), Column("Где уже реализован"), Column("Обычное улучшение там", True)]
    columns += [Column("Оценка"), Column("Кто мог бы")]
    note: Text = (
        "Порядок: у кого больше организаций уже реализовали, затем где больше улучшение, затем где больше "
        "тех, кто мог бы. Улучшение положительно, если лучше; оценка — лучшая из его показателей."
    )
    if len(found) > MOST_ROWS:
        behind = [done[str(typical)] for typical in found["typical"] if str(typical) in done]
        every = shown.number(
            "typical_open",
            "Типовых проектов, которые можно перенять",
            len(found),
            "project",
            "typical_open",
            rows=Rows.union([*behind, Rows.of(organizations=found["units"].explode())]),
        )
        note = said("{} Показаны {} из {}.", note, wording.number(MOST_ROWS), every)
    return blocks.table("Что перенять", columns, rows, note)


@once
def _realised_as(registry: Registry) -> dict[str, Rows]:
    """Give for each typical project the projects that have realised it."""
    projects = registry.projects
    done = projects[projects["status"].isin(REALISED)].groupby("typical")["project_id"]
    return {str(typical): Rows.of(projects=ids) for typical, ids in done}


def _candidate(
    row: dict[Any, Any], title: str, letter: str, done: Rows, names: dict[str, str]
) -> tuple[Text, ...]:
    key = str(row["typical"])

    def figure(name: str, what: str, value: Any, unit: str, rows: Rows = done, **options: Any) -> Figure:
        return shown.number(name, f"{title}: {what}", value, unit, name, key=key, rows=rows, **options)

    adopters = figure("typical_adopters", "организаций уже реализовали", row["adopters"], "organization")
    places = figure("typical_places", "муниципальных образований", row["municipalities"], "municipality")
    measured = Rows.of(measures=row["measures"])
    change = figure(
        "typical_change", "обычное улучшение", row["median_change"], "percent", measured, signed=True
    )
    return (
        title,
        said(
            "{} в {}",
            shown.plural(adopters, "organization"),
            shown.plural(places, "municipality", "locative"),
        ),
        change,
        letter or wording.phrase("missing"),
        _some(row["units"], names, MOST_NAMES, "more_candidates", f"{title}: ещё могли бы", key),
    )


def replication(registry: Registry, part: Registry, graded: pd.DataFrame | None = None) -> Block:
    """Return for each best practice of a part who has adopted it, who could, how fast, what it gave.

    Examples
    --------
    >>> part = registry.slice(kl.Scope.of_sector("mfc"))
    >>> block = kl.views.replication(registry, part)
    """
    found = _listed(registry)
    found = found[found["project_id"].isin(part.projects["project_id"])]
    listed, names = found.to_dict("records"), unit_names(registry)
    there = best_letters(registry, [row["measures"] for row in listed], graded)
    own = best_letters(registry, [row["own_measures"] for row in listed], graded)
    projects = registry.projects
    taken = projects[projects["replicates"].isin(found["project_id"]) & projects["status"].ne("cancelled")]
    rows = [
        _practice(row, *letters, taken[taken["replicates"].eq(row["project_id"])], names)
        for row, letters in zip(listed, zip(there, own, strict=True), strict=True)
    ]
    columns = [Column("Лучшая практика"), Column("Кто перенял"), Column("Переняли", True)]
    columns += [Column("Реализовали", True), Column("Ещё могли бы", True), Column("Обычный срок", True)]
    columns += [Column("Дала у себя, оценка", True), Column("Дала там, оценка", True)]
    note = (
        f"{_SAME} Срок — от закрытия исходного проекта; без даты он неизвестен. Изменение — по общему "
        "показателю, без него — по своим; положительно, если лучше. Оценка — лучшая из этих показателей."
    )
    return blocks.table("Тиражирование лучших практик", columns, rows, note)


def _practice(
    row: dict[Any, Any], there: str, own: str, replicas: pd.DataFrame, names: dict[str, str]
) -> tuple[Text, ...]:
    title, key = str(row["title"]), str(row["project_id"])

    def figure(name: str, what: str, value: Any, unit: str, rows: Rows, **options: Any) -> Figure:
        return shown.number(name, f"{title}: {what}", value, unit, name, key=key, rows=rows, **options)

    adopters, able = row["adopters"], row["candidates"]
    done = replicas[replicas["status"].isin(REALISED)]
    adopted = Rows.of(organizations=adopters, projects=replicas)
    dated = Rows.of(projects=[key, *replicas["project_id"]])
    own_measures, measures = Rows.of(measures=row["own_measures"]), Rows.of(measures=row["measures"])
    days = figure("replication_days", "обычный срок, дней", row["median_days"], "day", dated, digits=0)
    at_home = figure("own_change", "дала у себя", row["own_change"], "percent", own_measures, signed=True)
    change = figure("replication_change", "дала там", row["median_change"], "percent", measures, signed=True)
    return (
        title,
        _some(adopters, names, MOST_NAMES, "more_adopters", f"{title}: ещё переняли", key) or "пока никто",
        figure("replication", "переняли", len(adopters), "organization", adopted),
        figure(
            "replication_realised", "реализовали", row["realised"], "organization", Rows.of(projects=done)
        ),
        figure(
            "replication_candidates",
            "ещё могли бы",
            len(able),
            "organization",
            Rows.of(organizations=able),
        ),
        shown.plural(days, "day", digits=0),
        _graded(at_home, own),
        _graded(change, there),
    )


def _graded(change: Figure, letter: str) -> Text:
    return change if change.value is None else said("{}, {}", change, letter)


def adopters(registry: Registry, project: str, graded: pd.DataFrame | None = None) -> Block:
    """Return who has taken over a practice, how long it took, what it gave there, and who still could.

    Examples
    --------
    >>> block = kl.views.adopters(registry, "mfckem")
    """
    found = registry.once(metrics.adoptions, lambda: metrics.adoptions(registry))
    found = found[found["project_id"].eq(project)]
    names, projects = unit_names(registry), registry.projects
    projects = projects[among(projects["project_id"], found["replica_id"])].set_index("project_id")
    units = found.groupby("replica_id")["organization_id"].agg(list)
    replicas = found.drop_duplicates("replica_id").to_dict("records")
    listed = replicas[:MOST_ROWS]
    ids = [() if pd.isna(row["measure_id"]) else (row["measure_id"],) for row in listed]
    rows = [
        _adopter(row, units[row["replica_id"]], projects.loc[row["replica_id"]], letter, names)
        for row, letter in zip(listed, best_letters(registry, ids, graded), strict=True)
    ]
    columns = [Column("Организация"), Column("Статус"), Column("Срок", True)]
    columns += [Column("Дала там, оценка", True), Column("Откуда")]
    told: list[Text] = ["Срок — от закрытия этого проекта."]
    if not rows:
        told = ["В реестре нет проектов, которые тиражируют этот."]
    if len(replicas) > MOST_ROWS:
        every = shown.counted(
            "replicas", "Проектов, которые тиражируют этот", [row["replica_id"] for row in replicas]
        )
        told.append(said("Показаны {} из {}.", wording.number(MOST_ROWS), every))
    able = _candidates(registry, project)
    if able:
        others = _some(able, names, MOST_ABLE, "more_candidates", "Ещё могли бы, кроме названных", project)
        told.append(said("Ещё могли бы: {}. {}", others, _SAME))
    else:
        told.append("Кто ещё мог бы, неизвестно: других таких в реестре нет.")
    note = shown.sentence(*told)
    if not rows:
        return blocks.prose(note)
    return blocks.table("Проекты, которые тиражируют этот", columns, rows, note)


def _candidates(registry: Registry, project: str) -> tuple[str, ...]:
    """Who could still take over a practice, whether or not it is one of those that are listed."""
    listed = _listed(registry)
    mine = listed[listed["project_id"].eq(project)]
    found: tuple[str, ...]
    (found,) = (mine if len(mine) else metrics.replication_table(registry, [project]))["candidates"]
    return found


def _listed(registry: Registry) -> pd.DataFrame:
    return registry.once(metrics.replication_table, lambda: metrics.replication_table(registry))


def _adopter(
    row: dict[Any, Any], units: Sequence[str], replica: pd.Series, letter: str, names: dict[str, str]
) -> tuple[Text, ...]:
    key, title = str(row["replica_id"]), str(replica["title"])
    both = Rows.of(projects=[str(row["project_id"]), key])
    days = shown.number(
        "adopted_days",
        f"{title}: срок, дней",
        row["days"],
        "day",
        "adopted_days",
        key=key,
        digits=0,
        rows=both,
    )
    change = shown.number(
        "adopted_change",
        f"{title}: дала там",
        row["relative_low"],
        "percent",
        "adopted_change",
        key=key,
        signed=True,
        rows=NO_ROWS if pd.isna(row["measure_id"]) else Rows.of(measures=[row["measure_id"]]),
    )
    return (
        _some(units, names, MOST_NAMES, "more_adopters", f"{title}: ещё участвуют", key),
        wording.label("status", row["status"]),
        shown.plural(days, "day", digits=0),
        _graded(change, letter),
        wording.label("source", replica["source"]),
    )


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


def _some(units: Sequence[str], names: dict[str, str], most: int, figure: str, label: str, key: str) -> Text:
    """Name units, and tell as a figure how many there are beside those named."""
    named, others = "; ".join(names.get(unit, unit) for unit in units[:most]), units[most:]
    if not others:
        return named
    rows = Rows.of(organizations=others)
    more = shown.number(figure, label, len(others), "organization", "not_named", key=key, rows=rows)
    return said("{} и ещё {}", named, more)
