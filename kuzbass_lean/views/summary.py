"""The first screen: what the report is about, the key figures, the sentence that answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pandas as pd

from kuzbass_lean import blocks, catalogue, checks, evidence, metrics, schema, wording
from kuzbass_lean.blocks import Block, KeyFigure
from kuzbass_lean.errors import UsageError
from kuzbass_lean.figures import NO_ROWS, Figure, Rows, Text, joined, said
from kuzbass_lean.maturity import Profile, score, score_local
from kuzbass_lean.omitted import LeftOut
from kuzbass_lean.registry import Registry, Scope, once
from kuzbass_lean.views import shown
from kuzbass_lean.views.levels import behind_all, directions_figure, read_from
from kuzbass_lean.views.proof import PROVEN, proven
from kuzbass_lean.views.waiting import median_figure

SITE = "Кузбасс бережливый"
REGION = "Кемеровская область — Кузбасс"
MONTHS_BACK = 3
MOST_FILES = 3
"""Key figures are compared with so many months before the report date."""


def report_date(registry: Registry, as_of: str = "") -> date:
    """Return the date of a report: the one given as YYYY-MM-DD, or the latest recorded.

    Raises
    ------
    UsageError
        The text is not a date, or none is given and the registry records none.

    Examples
    --------
    >>> kl.views.report_date(registry)
    datetime.date(2019, 9, 30)
    """
    if as_of:
        try:
            return date.fromisoformat(as_of)
        except ValueError:
            raise UsageError(f'as_of "{as_of}" is not a date: write it as YYYY-MM-DD') from None
    if registry.as_of is None:
        raise UsageError("the registry records no date: give as_of as YYYY-MM-DD")
    return registry.as_of


def earlier_date(as_of: date, since: str = "") -> date:
    """Return the date that key figures are compared with: the one given, or three months before.

    Raises
    ------
    UsageError
        The text is not a date, or not before the report date.
    """
    if not since:
        return (pd.Timestamp(as_of) - pd.DateOffset(months=MONTHS_BACK)).date()
    try:
        earlier = date.fromisoformat(since)
    except ValueError:
        raise UsageError(f'since "{since}" is not a date: write it as YYYY-MM-DD') from None
    if earlier >= as_of:
        raise UsageError(f"since {since} is not before the report date {as_of}: give an earlier one")
    return earlier


@once
def as_at(registry: Registry, as_of: date) -> Registry:
    """Return the registry with its projects as they stood on the date.

    What was implemented or closed later has the status it had before, as far as dates are recorded.

    Examples
    --------
    >>> kl.views.as_at(registry, date(2019, 3, 31)).has("projects")
    True
    """
    return registry.with_projects(metrics.as_at(registry.projects, as_of))


def way_up(scope: Scope) -> str:
    """Return the path from a page of the scope to the site's root.

    Examples
    --------
    >>> kl.views.way_up(kl.Scope.of_sector("mfc"))
    '../'
    """
    return {"region": "", "pair": "../../"}.get(scope.kind, "../")


def sector_profile(
    registry: Registry, scope: Scope, readings: Mapping[int, str] | None, as_of: date
) -> Profile:
    """Return the levels of a sector: its direction of the model, or none where it has no direction.

    In a municipality the unit rules are applied to its own units.

    Examples
    --------
    >>> profile = kl.views.sector_profile(registry, kl.Scope.of_sector("mfc"), None, day)
    >>> [score.number for score in profile.directions]
    [6]
    """
    if scope.municipality:
        scored = score_local(registry.slice(scope), scope.municipality, readings=readings, as_of=as_of)
    else:
        asked = (score, tuple(sorted((readings or {}).items())), as_of)
        scored = registry.once(asked, lambda: score(registry, readings=readings, as_of=as_of))
    number = catalogue.sector(scope.sector or "").maturity_direction
    return Profile(as_of, tuple(entry for entry in scored.directions if entry.number == number))


def scope_title(registry: Registry, scope: Scope) -> str:
    """Return what the scope is called on a page."""
    sector = catalogue.sector(scope.sector).title if scope.sector else ""
    place = registry.municipalities.loc[scope.municipality, "title"] if scope.municipality else ""
    if scope.project:
        projects = registry.projects
        return str(projects.loc[projects["project_id"].eq(scope.project), "title"].iloc[0])
    return ". ".join(str(part) for part in (sector, place) if part) or REGION


def provenance(part: Registry, scope: Scope | None = None) -> Text:
    """Say where the rows of a report come from, and what is not in it for faults of the data.

    Examples
    --------
    >>> part = registry.slice(kl.Scope.of_sector("mfc"))
    >>> said = kl.views.provenance(part)
    """
    missing = omissions(part, scope or Scope.region())
    return shown.sentence(_sources(part), *([missing] if missing else []))


def _sources(part: Registry) -> Text:
    """Say whether rows are published, synthetic or the office's own."""
    ids, source = part.projects["project_id"], part.projects["source"]
    published, synthetic = source.eq("published"), source.eq("synthetic")
    own = ids[~published & ~synthetic]
    told = shown.counted("published_projects", "Проектов из опубликованных сведений", ids[published])
    if synthetic.any():
        made_up = shown.counted("synthetic_projects", "Придуманных проектов", ids[synthetic])
        return said(
            "Демонстрационные данные: {} из {} — придуманные строки, по опубликованным сведениям "
            "программы — {}.",
            shown.plural(made_up, "project"),
            shown.every_project(part),
            told,
        )
    if len(own):
        count = shown.plural(shown.counted("own_projects", "Проектов реестра", own), "project")
        return said("Данные реестра «{}», {}.", part.label, count)
    if published.any():
        return said("По опубликованным сведениям программы: {}.", shown.plural(told, "project"))
    return "В реестре нет проектов этого отчёта."


def omissions(part: Registry, scope: Scope) -> Text:
    """Say what is not in a report for faults of the data: rows in error, territories without a file."""
    told: list[Text] = []
    absent = [str(part.municipalities["title"].get(key, key)) for key in part.omitted.territories]
    if absent and scope.municipality:
        told.append("Файл территории не поступил: чего нет в других файлах, то неизвестно, а не ноль.")
    elif absent and not scope.project:
        count = shown.number(
            "absent_territories", "Территорий без файла", len(absent), "territory", "absent_territories"
        )
        territories = shown.plural(count, "territory", "genitive")
        told.append(said("Не поступили файлы {}: {}.", territories, ", ".join(absent)))
    unread = {table: out for table, out in part.left_out.items() if not out.rows}
    for table, out in unread.items():
        rules = ", ".join(map(checks.short, out.rules))
        told.append(f"Не прочитана таблица: {schema.TABLES[table].title} ({rules}).")
    left = {table: out for table, out in part.left_out.items() if out.rows}
    if left:
        rows = shown.plural(_left_out("", "Не вошло строк", sum(out.rows for out in left.values())), "row")
        tables = joined("; ", [_left_out_of(table, out) for table, out in left.items()])
        told.append(said("Из-за ошибок в данных в отчёт не вошло: {}. {}.", rows, tables))
    return shown.sentence(*told) if told else ""


def _left_out_of(table: str, left: LeftOut) -> Text:
    title = schema.TABLES[table].title
    rules = joined(
        ", ",
        [
            said(
                "{} — {}",
                checks.short(rule),
                _left_out(f"{table}.{rule}", f"{title}, {checks.short(rule)}", n),
            )
            for rule, n in left.rules.items()
        ],
    )
    return said("{} — {} ({})", title, _left_out(table, f"{title}: не вошло строк", left.rows), rules)


def _left_out(key: str, label: str, rows: int) -> Figure:
    """Return how many rows were left out as a figure; they are not in the registry, so none is behind it."""
    return shown.number("left_out", label, rows, "row", "left_out", key=key)


def first_screen(
    registry: Registry,
    scope: Scope,
    as_of: date,
    profile: Profile | None = None,
    graded: pd.DataFrame | None = None,
    up: str = "",
    since: str = "",
) -> Block:
    """Return the head of a report and its key figures.

    Parameters
    ----------
    registry
        The whole registry; the scope's part is sliced from it.
    profile
        Levels to speak of in the lead sentence.
    graded
        Evidence grades of the part's measures, as ``views.grades`` gives them.
    up
        Path to the site's root, e.g. ``"../"``.
    since
        Date to compare with, YYYY-MM-DD; left out, three months earlier.

    Examples
    --------
    >>> block = kl.views.first_screen(registry, kl.Scope.of_sector("mfc"), day)
    >>> {figure.name: figure.value for figure in block.figures}["total"]
    18
    """
    part = registry.slice(scope)
    path = [(SITE, f"{up}index.html")]
    head = blocks.header(
        scope_title(registry, scope),
        lead(part, as_of, profile, behind_all(read_from(registry, scope), profile) if profile else NO_ROWS),
        as_of,
        provenance(part, scope),
        path,
        files(registry),
    )
    keys = blocks.key_figures(key_figures(part, as_of, graded, earlier_date(as_of, since)))
    return blocks.joined(head, keys)


def files(registry: Registry) -> dict[str, str]:
    """Say for each table of the registry in which file it stands; of many files the first are named."""
    told = {}
    for table, origin in registry.origins.items():
        names = list(dict.fromkeys(filter(None, (stretch.file for stretch in origin.stretches))))
        more = f" и ещё {wording.number(len(names) - MOST_FILES)}" if len(names) > MOST_FILES else ""
        sheets = {stretch.sheet for stretch in origin.stretches} - {""}
        sheet = f", лист «{sheets.pop()}»" if len(sheets) == 1 else ""
        told[table] = ", ".join(names[:MOST_FILES]) + more + sheet
    return told


def lead(part: Registry, as_of: date, profile: Profile | None, scored: Rows = NO_ROWS) -> Text:
    """Return the sentence that answers: levels, and what is late; ``scored`` are the rows behind levels."""
    state = shown.state(part, as_of)
    if not state.total.value:
        if part.omitted.territories:
            return "Файл территории не поступил, в других файлах её проектов нет: показатели неизвестны."
        return "В реестре нет ни одного проекта этого отчёта: показателей нет, а не ноль."
    told: list[Text] = []
    if profile is not None and profile.directions:
        told.append(_levels(profile, scored))
    late: Text = ""
    if state.overdue.value:
        late = said(", просрочено: {}", state.overdue)
    elif state.open.value:
        late = ", просроченных нет"
    done = shown.plural(state.realised, "project")
    told.append(said("Реализовано: {} из {}{}.", done, state.total, late))
    return shown.sentence(*told)


def _levels(profile: Profile, of: Rows) -> Text:
    """Say how many directions have a level; of a single direction, which."""
    levels = [score.level for score in profile.directions]
    unknown = levels.count("unknown")
    if len(levels) == 1:
        told = "не определён: не хватает данных" if unknown else wording.label("level", levels[0])
        return f"Уровень: {told}."
    some = len(levels) - unknown - levels.count("none")
    reached, without = (
        shown.number(name, label, count, "direction", name, numerator=count, denominator=len(levels), rows=of)
        for name, label, count in (
            ("levels_count", "Направлений с уровнем", some),
            ("levels_unknown", "Направлений, уровень которых не определён", unknown),
        )
    )
    directions = shown.plural(directions_figure(profile, of), "direction", "genitive")
    missing = said(", ещё у {} не хватает данных", without) if unknown else ""
    return said("Уровень есть у {} из {}{}.", reached, directions, missing)


def key_figures(
    part: Registry, as_of: date, graded: pd.DataFrame | None = None, since: date | None = None
) -> list[KeyFigure]:
    """Return the key figures of a part of the registry, with their change since an earlier date.

    Where nothing came of a territory whose file has not arrived the counts are unknown, not zero.
    """
    state = shown.state(part, as_of)
    if part.projects.empty and part.omitted.territories:
        return [KeyFigure(shown.unknown(state.total))]
    before = None if since is None else shown.state(as_of_earlier(part, since), since)

    def change(name: str, *, more_is_better: bool | None) -> tuple[Text, bool | None]:
        if before is None or since is None:
            return "", None
        return _change(getattr(before, name), getattr(state, name), since, more_is_better)

    found = [
        KeyFigure(state.total, "", "", *change("total", more_is_better=None)),
        KeyFigure(state.realised, said("из {}", state.total), "", *change("realised", more_is_better=True)),
        KeyFigure(
            state.overdue,
            said("из {}", state.open),
            said("без срока: {}", state.without_due) if state.without_due.value else "",
            *change("overdue", more_is_better=False),
        ),
    ]
    if graded is not None:
        found.append(_proven(part, graded))
    return [*found, *_durations(part, as_of), _solved(part), *_money(part)]


def as_of_earlier(part: Registry, since: date) -> Registry:
    """Return a part of the registry as it stood on an earlier date."""
    return part.with_projects(metrics.as_at(part.projects, since))


def _change(
    before: Figure, now: Figure, since: date, more_is_better: bool | None
) -> tuple[Text, bool | None]:
    """Say a difference and whether it is for the better; none is neither.

    The rows behind it are those that count on one of the two dates only.
    """
    difference = int((now.value or 0) - (before.value or 0))
    day = wording.date(since)
    if not difference:
        return f"без изменений с {day}", None
    moved = set(now.rows.keys().get("projects", [])) ^ set(before.rows.keys().get("projects", []))
    figure = shown.number(
        "since",
        f"{now.label}: изменение",
        difference,
        "project",
        "since",
        key=now.name,
        signed=True,
        rows=Rows.of(projects=moved),
        note=f"Прежняя дата — {day}, тогда {before}, теперь {now}",
    )
    good = None if more_is_better is None else (difference > 0) == more_is_better
    return said("{} {} с {}", "▲" if difference > 0 else "▼", figure, day), good


def _proven(part: Registry, graded: pd.DataFrame) -> KeyFigure:
    found = proven(part, graded)
    done = graded.loc[graded["letter"].isin(PROVEN), "measure_id"]
    of = graded.loc[graded["letter"].ne("E"), "measure_id"]
    figure = shown.number(
        "proven_improvements",
        "Доказанных улучшений",
        found.numerator,
        "measure",
        "proven_improvements",
        numerator=found.numerator,
        denominator=found.denominator,
        rows=Rows.of(measures=done),
    )
    whole = shown.number(
        "measured_improvements",
        "Улучшений с результатом",
        found.denominator,
        "measure",
        "measured_improvements",
        rows=Rows.of(measures=of),
    )
    return KeyFigure(figure, said("из {}", whole), "оценки A и B")


def _durations(part: Registry, as_of: date) -> list[KeyFigure]:
    lengths = metrics.durations(part.projects, as_of)
    found = evidence.time_to_close(lengths["days"], lengths["closed"])
    if not found.closed:
        return []
    if found.median is None:
        return [KeyFigure(median_figure(found, lengths), "", "половина ещё не закрыта")]
    return [KeyFigure(median_figure(found, lengths), "дней", "незакрытые учтены")]


def _solved(part: Registry) -> KeyFigure:
    figure = solved_figure(part)
    if figure.numerator is None or figure.denominator is None:
        return KeyFigure(figure)
    below = said("{} из {}", *problem_figures(figure))
    return KeyFigure(figure, "", below)


def solved_figure(part: Registry) -> Figure:
    """Return the share of problems solved as a figure in percent; an unknown one says so."""
    value = metrics.solved_share(part.projects)
    stated = part.projects.dropna(subset=["problems_found", "problems_solved"])
    whole = "централизованные проекты учтены целиком" if part.projects["centralised"].any() else ""
    return shown.number(
        "solved_share",
        "Решено выявленных проблем",
        value.percent,
        "percent",
        "solved_share",
        numerator=value.numerator,
        denominator=value.denominator,
        note=whole,
        rows=Rows.of(projects=stated["project_id"]),
    )


def problem_figures(share: Figure) -> tuple[Figure, Figure]:
    """Return the problems solved and found behind their share."""
    labels = (("solved", "Проблем решено", share.numerator), ("found", "Проблем выявлено", share.denominator))
    solved, found = (
        shown.number("problems", label, value, "problem", f"problems_{name}", key=name, rows=share.rows)
        for name, label, value in labels
    )
    return solved, found


def _money(part: Registry) -> list[KeyFigure]:
    effects = part.frame("effects")
    totals = metrics.effect_totals(effects)
    money = totals[totals["unit"].eq("RUB") & totals["period"].eq("year")]["confirmed"].dropna()
    if money.empty:
        return []
    chosen = effects[effects["unit"].eq("RUB") & effects["period"].eq("year") & shown.summed(effects)]
    figure = shown.number(
        "effect_confirmed",
        "Подтверждённый эффект, руб. в год",
        float(money.sum()),
        "RUB/year",
        "effect_confirmed",
        rows=Rows.of(effects=chosen[chosen["confirmed"]]),
    )
    return [KeyFigure(figure)]


def organization_names(registry: Registry) -> pd.Series:
    """Return the names of organisations by id."""
    return registry.organizations.set_index("organization_id")["name"]
