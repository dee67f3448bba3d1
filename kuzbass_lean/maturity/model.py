"""The rules of the maturity model: data, not code."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from kuzbass_lean import packaged
from kuzbass_lean.errors import UnknownNameError, UsageError
from kuzbass_lean.nearest import nearest

LEVELS = ("reserve", "candidate", "leader")
"""The levels from the lowest up; ``none`` is below them."""

READINGS = {
    "projects": ("total", "each", "criteria"),
    "criteria": ("each", "mean"),
    "lead_time": ("both", "either", "pooled"),
    "adoption": ("joint", "nested", "subset"),
    "revenue": ("each", "pooled"),
}
"""The readings that each basis knows how to compute."""


class Direction(BaseModel):
    """One direction: its unit, its thresholds by level and its readings, the default first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: int
    sector: str
    title: str
    unit: tuple[str, ...]
    basis: Literal["projects", "criteria", "lead_time", "adoption", "revenue"]
    criteria: str = ""
    y_unit: Literal["projects", "percent"]
    levels: Mapping[Literal["reserve", "candidate", "leader"], tuple[int, int]]
    readings: Mapping[str, str]

    @property
    def default(self) -> str:
        """The reading used unless another is asked for."""
        return next(iter(self.readings))

    @model_validator(mode="after")
    def _complete(self) -> Direction:
        missing = [level for level in LEVELS if level not in self.levels]
        if missing:
            raise ValueError(f"level {missing[0]} has no X and Y")
        unknown = [name for name in self.readings if name not in READINGS[self.basis]]
        if unknown or not self.readings:
            raise ValueError(f"readings must be among {', '.join(READINGS[self.basis])}")
        return self


class Model(BaseModel):
    """A maturity model: its directions in order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    directions: tuple[Direction, ...]

    @model_validator(mode="after")
    def _unique(self) -> Model:
        numbers = [direction.number for direction in self.directions]
        if len(set(numbers)) != len(numbers):
            raise ValueError("two directions have the same number")
        return self

    def direction(self, number: int) -> Direction:
        """Return one direction.

        Raises
        ------
        UsageError
            The model has no such direction.
        """
        known = {direction.number: direction for direction in self.directions}
        if number not in known:
            raise UsageError(f"the model has no direction {number}: it has {min(known)} to {max(known)}")
        return known[number]

    def readings(self, chosen: Mapping[int, str] | None = None) -> dict[int, str]:
        """Return the reading of every direction: the chosen one, or the default.

        Raises
        ------
        UsageError
            A direction or a reading that the model does not have is chosen.
        """
        for number, name in (chosen or {}).items():
            names = tuple(self.direction(number).readings)
            if name not in names:
                near = nearest(name, names) or names
                raise UnknownNameError(f"reading of direction {number}", name, near)
        return {d.number: (chosen or {}).get(d.number, d.default) for d in self.directions}


def load_model(path: Path | None = None) -> Model:
    """Return the model of a YAML file, or the built-in one.

    Raises
    ------
    UsageError
        The file is not there or does not describe a model; the place is named.

    Examples
    --------
    >>> kl.maturity.load_model().direction(8).default
    'joint'
    """
    if path is None:
        return _built_in()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"the model file {path} cannot be read: name a YAML file in UTF-8") from None
    return _parse(text, str(path))


@cache
def _built_in() -> Model:
    return _parse(packaged.text("maturity.yaml"), "maturity.yaml")


def _parse(text: str, name: str) -> Model:
    try:
        return Model.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise UsageError(f"{name} is not YAML: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{name}, {place}: {first['msg']}") from None
