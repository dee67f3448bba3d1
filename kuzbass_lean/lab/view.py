"""What the analyst looks at: a choice of sector, municipality and period, and what it shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import pandas as pd

from kuzbass_lean import blocks, maturity, metrics, schema, spelling, views, wording
from kuzbass_lean.blocks import Block
from kuzbass_lean.maturity import Profile
from kuzbass_lean.registry import Registry, Scope
from kuzbass_lean.views.summary import scope_title

CHARTS = ("overview", "portfolio", "time_to_close", "improvements", "control", "comparison", "levels")
TABLES = ("projects", "organizations", "measures", "figures")


@dataclass(frozen=True, slots=True)
class Choice:
    """What is looked at: the region, a sector, a municipality or both, from one day to another.

    ``since`` is the day that the figures of ``as_of`` are compared with; None is three months
    earlier, as in the reports.

    Examples
    --------
    >>> kl.lab.Choice(day, sector="mfc").scope
    Scope(kind='sector', sector='mfc', municipality=None, project=None)
    """

    as_of: date
    since: date | None = None
    sector: str | None = None
    municipality: str | None = None

    @property
    def scope(self) -> Scope:
        """The scope of a report on the same."""
        if self.sector and self.municipality:
            return Scope.of_pair(self.sector, self.municipality)
        if self.municipality:
            return Scope.of_municipality(self.municipality)
        return Scope.of_sector(self.sector) if self.sector else Scope.region()

    @property
    def since_text(self) -> str:
        """The earlier day as the reports' notebooks take it: YYYY-MM-DD, or empty."""
        return self.since.isoformat() if self.since else ""


@dataclass(frozen=True)
class View:
    """What a choice shows: blocks as in the reports, and tables to search and to take away.

    Parameters
    ----------
    recorded
        The whole registry, as it was read.
    choice
        What of it to show.
    readings
        Reading of the model's rules by direction number; the others use their default.

    Examples
    --------
    >>> view = kl.lab.View(registry, kl.lab.Choice(day, sector="mfc"))
    >>> view.title, len(view.table("projects")) == len(view.part.projects)
    ('МФЦ', True)
    """

    recorded: Registry = field(repr=False)
    choice: Choice
    readings: Mapping[int, str] = field(default_factory=dict)

    @cached_property
    def registry(self) -> Registry:
        """The registry as it stood on the day."""
        return views.as_at(self.recorded, self.choice.as_of)

    @cached_property
    def part(self) -> Registry:
        """The chosen part of it."""
        return self.registry.slice(self.choice.scope)

    @cached_property
    def base(self) -> Registry:
        """What levels are scored from: a municipality's own part, or the whole registry."""
        return self.part if self.choice.municipality else self.registry

    @cached_property
    def profile(self) -> Profile:
        """The levels of the choice."""
        choice, readings = self.choice, self.readings
        if choice.sector:
            return views.sector_profile(self.registry, choice.scope, readings, choice.as_of)
        if choice.municipality:
            return maturity.score_local(self.part, choice.municipality, readings=readings, as_of=choice.as_of)
        return maturity.score(self.registry, readings=readings, as_of=choice.as_of)

    @cached_property
    def graded(self) -> pd.DataFrame:
        """The evidence grades of its measures."""
        return views.grades(self.part)

    @property
    def title(self) -> str:
        """What the choice is called on a page."""
        return scope_title(self.registry, self.choice.scope)

    def chart(self, name: str) -> Block:
        """Return one block of ``CHARTS``, as the reports show it."""
        return _CHARTS[name](self)

    def table(self, name: str) -> pd.DataFrame:
        """Return one table of ``TABLES`` with Russian headings and labels; unknown stays empty."""
        return _TABLES[name](self)


def _overview(view: View) -> Block:
    choice = view.choice
    head = views.first_screen(
        view.registry, choice.scope, choice.as_of, view.profile, view.graded, since=choice.since_text
    )
    return blocks.joined(head, views.standing(view.profile, view.registry, choice.scope, choice.as_of))


def _portfolio(view: View) -> Block:
    return views.portfolio(view.part, by="organization_id" if view.choice.sector else "sector")


def _levels(view: View) -> Block:
    return blocks.joined(views.profile(view.profile), views.rules(view.profile))


_CHARTS: Mapping[str, Callable[[View], Block]] = {
    "overview": _overview,
    "portfolio": _portfolio,
    "time_to_close": lambda view: views.time_to_close(view.part, view.choice.as_of),
    "improvements": lambda view: views.improvements(view.part, view.graded),
    "control": lambda view: views.control_charts(view.part, view.graded),
    "comparison": lambda view: views.comparison(view.registry, view.choice.scope),
    "levels": _levels,
}


def _projects(view: View) -> pd.DataFrame:
    names = ("title", "organization_id", "sector", "status", "started", "due", "implemented", "closed")
    shown = _readable(view.part, "projects", names)
    late = metrics.overdue(view.part.projects, view.choice.as_of)["days"]
    return shown.assign(**{wording.label("lab_column", "late"): late.reindex(shown.index).astype("Int64")})


def _organizations(view: View) -> pd.DataFrame:
    part = view.part
    shown = _readable(part, "organizations", ("name", "kind", "sector", "municipality_id", "lean_since"))
    counts = metrics.by_unit(part.projects, part.project_units(), "organization_id")
    mine = counts.reindex(part.organizations["organization_id"], fill_value=0).set_axis(shown.index)
    titles = {name: wording.label("lab_column", name) for name in mine.columns}
    return pd.concat([shown, mine.rename(columns=titles)], axis=1)


def _measures(view: View) -> pd.DataFrame:
    part = view.part
    found = metrics.improvements(part.frame("measures"), part.frame("values"), part.projects)
    letters = view.graded.set_index("measure_id")["letter"]
    found = found.assign(letter=found["measure_id"].map(letters), unit=found["unit"].map(wording.unit_name))
    names = ["name", "project_title", "unit"]
    names += [f"{phase}_{end}" for phase in ("before", "target", "after") for end in ("low", "high")]
    names += ["relative_low", "relative_high", "letter"]
    return found[names].rename(columns={name: wording.label("lab_column", name) for name in names})


def _figures(view: View) -> pd.DataFrame:
    rows = [(one.label, one.value, one.text, one.formula) for one in view.chart("overview").figures]
    names = [wording.label("lab_column", name) for name in ("figure", "value", "text", "formula")]
    return pd.DataFrame(rows, columns=names)


_TABLES: Mapping[str, Callable[[View], pd.DataFrame]] = {
    "projects": _projects,
    "organizations": _organizations,
    "measures": _measures,
    "figures": _figures,
}


def _readable(part: Registry, table: str, names: tuple[str, ...]) -> pd.DataFrame:
    """Return columns of a table under their Russian titles, keys and codes as what they are called."""
    groups, columns = schema.labels(table), schema.columns(table)
    titles = {
        "organization_id": part.organizations.set_index("organization_id")["name"],
        "municipality_id": part.municipalities["title"],
    }
    shown = {}
    for name in names:
        cells = part.frame(table)[name]
        if name in titles:
            cells = cells.map(titles[name])
        elif name in groups:
            words = spelling.vocabulary(groups[name])
            cells = cells.map({key: words.label(key) for key in cells.dropna().unique()})
        shown[str(columns[name].title)] = cells
    return pd.DataFrame(shown)
