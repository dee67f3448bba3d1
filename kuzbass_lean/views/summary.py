"""The first screen: what the report is about, the key figures, the sentence that answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pandas as pd

from kuzbass_lean import blocks, catalogue, metrics, wording
from kuzbass_lean.blocks import Block, Figure, KeyFigure
from kuzbass_lean.errors import UsageError
from kuzbass_lean.maturity import Profile, score, score_local
from kuzbass_lean.registry import Registry, Scope

SITE = "Кузбасс бережливый"
REGION = "Кемеровская область — Кузбасс"


def report_date(registry: Registry, as_of: str = "") -> date:
    """Return the date of a report: the one given as YYYY-MM-DD, or the latest recorded.

    Raises
    ------
    UsageError
        The text is not a date, or none is given and the registry records none.
    """
    if as_of:
        try:
            return date.fromisoformat(as_of)
        except ValueError:
            raise UsageError(f'as_of "{as_of}" is not a date: write it as YYYY-MM-DD') from None
    if registry.as_of is None:
        raise UsageError("the registry records no date: give as_of as YYYY-MM-DD")
    return registry.as_of


def as_at(registry: Registry, as_of: date) -> Registry:
    """Return the registry with its projects as they stood on the date.

    What was implemented or closed later has the status it had before, as far as dates are recorded.
    """
    return registry.with_projects(metrics.as_at(registry.projects, as_of))


def way_up(scope: Scope) -> str:
    """Return the path from a page of the scope to the site's root."""
    return {"region": "", "pair": "../../"}.get(scope.kind, "../")


def sector_profile(
    registry: Registry, scope: Scope, readings: Mapping[int, str] | None, as_of: date
) -> Profile:
    """Return the levels of a sector: its direction of the model, or none where it has no direction.

    In a municipality the unit rules are applied to its own units.
    """
    if scope.municipality:
        scored = score_local(registry.slice(scope), scope.municipality, readings=readings, as_of=as_of)
    else:
        scored = score(registry, readings=readings, as_of=as_of)
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


def provenance(part: Registry) -> str:
    """Say where the rows of a report come from: published, synthetic or the office's own."""
    sources = part.projects["source"].dropna()
    published, synthetic = int(sources.eq("published").sum()), int(sources.eq("synthetic").sum())
    own = len(part.projects) - published - synthetic
    if synthetic:
        return (
            f"Демонстрационные данные: {wording.plural(synthetic, 'project')} из "
            f"{wording.number(len(part.projects))} — придуманные строки, по опубликованным сведениям "
            f"программы — {wording.number(published)}."
        )
    if own:
        return f"Данные реестра «{part.label}», {wording.plural(own, 'project')}."
    if published:
        return f"По опубликованным сведениям программы: {wording.plural(published, 'project')}."
    return "В реестре нет проектов этого отчёта."


def first_screen(
    registry: Registry, scope: Scope, as_of: date, profile: Profile | None = None, up: str = ""
) -> Block:
    """Return the head of a report and its key figures.

    Parameters
    ----------
    registry
        The whole registry; the scope's part is sliced from it.
    profile
        Levels to speak of in the lead sentence.
    up
        Path to the site's root, e.g. ``"../"``.
    """
    part = registry.slice(scope)
    path = [(SITE, f"{up}index.html")]
    head = blocks.header(
        scope_title(registry, scope), lead(part, as_of, profile), as_of, provenance(part), path
    )
    keys = blocks.key_figures(key_figures(part, as_of))
    return Block(head.html + "\n" + keys.html, head.text + "\n" + keys.text, keys.figures)


def lead(part: Registry, as_of: date, profile: Profile | None) -> str:
    """Return the sentence that answers: levels, and what is late."""
    state = metrics.portfolio(part.projects, as_of)
    if not state.total:
        return "В реестре нет ни одного проекта этого отчёта: показателей нет, а не ноль."
    said = []
    if profile is not None and profile.directions:
        reached = sum(score.level in ("reserve", "candidate", "leader") for score in profile.directions)
        unknown = sum(score.level == "unknown" for score in profile.directions)
        of = wording.plural(len(profile.directions), "direction", "genitive")
        said.append(f"Уровень есть у {wording.number(reached)} из {of}.")
        if unknown:
            said.append(f"Не хватает данных, чтобы определить ещё {wording.number(unknown)}.")
    done = wording.plural(state.realised, "project")
    said.append(f"Реализовано: {done} из {wording.number(state.total)}.")
    if state.overdue:
        said.append(f"Просрочено: {wording.plural(state.overdue, 'project')}.")
    elif state.open:
        said.append("Просроченных нет.")
    return " ".join(said)


def sources(part: Registry, as_of: date) -> Block:
    """Return «откуда число» for the key figures: formula, numerator and denominator of each."""
    return blocks.sources([item.figure for item in key_figures(part, as_of)])


def key_figures(part: Registry, as_of: date) -> list[KeyFigure]:
    """Return the key figures of a part of the registry."""
    state = metrics.portfolio(part.projects, as_of)
    solved = metrics.solved_share(part.projects)
    effects = metrics.effect_totals(part.frame("effects"))
    money = effects[effects["unit"].eq("RUB") & effects["period"].eq("year")]["confirmed"].dropna()
    found = [
        KeyFigure(count("total", "Проектов в портфеле", state.total)),
        KeyFigure(
            count("realised", "Реализовано и закрыто", state.realised, state.total),
            _of(state.total),
        ),
        KeyFigure(
            count("overdue", "Просрочено из открытых", state.overdue, state.open),
            _of(state.open),
            _undated(state.without_due),
        ),
        KeyFigure(
            ratio("solved_share", "Решено выявленных проблем", solved),
            _pair(solved),
            "централизованные проекты — целиком" if part.projects["centralised"].any() else "",
        ),
    ]
    if len(money):
        total = float(money.sum())
        formula = wording.formula("effect_confirmed").text
        text = wording.number(total)
        found.append(
            KeyFigure(
                Figure(
                    "effect_confirmed", "Подтверждённый эффект, руб. в год", total, text, "RUB/year", formula
                )
            )
        )
    return found


def count(name: str, label: str, value: int, denominator: int | None = None) -> Figure:
    """Return a count as a figure, with its formula from the catalogue of formulas."""
    formula = wording.formula(name).text
    return Figure(name, label, value, wording.number(value), "project", formula, value, denominator)


def ratio(name: str, label: str, value: metrics.Ratio) -> Figure:
    """Return a ratio as a figure in percent; an unknown one says that there are no data."""
    text = wording.percent(value.percent)
    formula = wording.formula(name).text
    return Figure(name, label, value.percent, text, "percent", formula, value.numerator, value.denominator)


def _of(total: int) -> str:
    return f"из {wording.number(total)}"


def _pair(value: metrics.Ratio) -> str:
    known = value.numerator is not None and value.denominator is not None
    return f"{wording.number(value.numerator)} из {wording.number(value.denominator)}" if known else ""


def _undated(without_due: int) -> str:
    return f"ещё {wording.plural(without_due, 'project')} без срока" if without_due else ""


def organization_names(registry: Registry) -> pd.Series:
    """Return the names of organisations by id."""
    return registry.organizations.set_index("organization_id")["name"]
