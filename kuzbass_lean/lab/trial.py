"""What if: more projects, more units, a higher result, and the level that they give."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from kuzbass_lean import blocks, maturity, views, wording
from kuzbass_lean.blocks import Block, Standing
from kuzbass_lean.lab.view import View
from kuzbass_lean.maturity import Change, DirectionScore, Profile
from kuzbass_lean.views.levels import lacking, level_figure

_ASKED: Final = ("criteria", "lead_time", "revenue")
"""Bases whose Y is asked of each unit, in percent."""

UNITS_IF_UNKNOWN: Final = 50
"""How far the slider of units goes where nobody says how many there are."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How far the sliders of a direction go; ``y`` says what of each unit the third sets, if anything."""

    units: int
    projects: int
    y: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The level of a direction as it is, and as it would be."""

    as_of: date
    before: DirectionScore
    after: DirectionScore

    @property
    def block(self) -> Block:
        """Both, one under the other, and have and need at every threshold afterwards."""
        standing = [
            Standing(
                wording.label("lab", name), score.level, level_figure(score), *lacking(score), score.title
            )
            for name, score in (("now", self.before), ("then", self.after))
        ]
        return blocks.joined(blocks.ladder(standing), views.profile(Profile(self.as_of, (self.after,))))


def limits(view: View, number: int) -> Limits:
    """Return how far the sliders of a direction go: all its units, twice the projects of the top level.

    Examples
    --------
    >>> view = kl.lab.View(registry, kl.lab.Choice(day))
    >>> kl.lab.limits(view, 8)
    Limits(units=30, projects=0, y='')
    """
    direction = maturity.load_model().direction(number)
    score = view.profile.direction(number)
    highest = score.rules[-1]
    units = max((score.units or UNITS_IF_UNKNOWN) - highest.qualifying_units, 0)
    projects = 2 * highest.y if direction.y_unit == "projects" else 0
    return Limits(units, projects, direction.basis if direction.basis in _ASKED else "")


def try_out(view: View, number: int, units: int = 0, projects: int = 0, y: int | None = None) -> Outcome:
    """Return what a direction's level would be with so much more done by the day of the view.

    Parameters
    ----------
    number
        The direction's number.
    units, projects, y
        As in ``maturity.Change``.

    Raises
    ------
    UsageError
        The direction is not scored in this view, or a number is negative.

    Examples
    --------
    >>> view = kl.lab.View(registry, kl.lab.Choice(day))
    >>> outcome = kl.lab.try_out(view, 8, units=3)
    >>> outcome.before.level, outcome.after.level
    ('none', 'reserve')
    """
    before = view.profile.direction(number)
    model = maturity.load_model()
    alone = model.model_copy(update={"directions": (model.direction(number),)})
    then = maturity.what_if(
        view.base,
        [Change(number, units=units, projects=projects, y=y)],
        alone,
        {number: before.reading},
        view.choice.as_of,
        view.choice.municipality,
    )
    return Outcome(view.choice.as_of, before, then.direction(number))
