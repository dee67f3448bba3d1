"""Relations between published figures, computed from them and never stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from kuzbass_lean.display import Shown
from kuzbass_lean.published.figures import PublishedFigure, by_id, read


@dataclass(frozen=True, slots=True)
class Relation(Shown):
    """A relation that the figures should keep.

    ``computed`` is what the parts give and ``stated`` what is published; ``holds`` is None where
    a part is missing, so that nobody can check.
    """

    id: str
    relation: str
    figures: tuple[str, ...]
    computed: float | None
    stated: float | None
    holds: bool | None
    note: str = ""


Numbers = list[Decimal | None]
_Outcome = tuple[Decimal | None, Decimal | None]


def relations(figures: Mapping[str, PublishedFigure] | None = None) -> tuple[Relation, ...]:
    """Compute the 28 relations.

    Parameters
    ----------
    figures
        Figures by id; left out, the published ones.

    Examples
    --------
    >>> len(kl.published.relations())
    28
    """
    known = figures if figures is not None else by_id()
    return tuple(_relation(row, known) for row in read()["relations"])


def _relation(row: dict[str, Any], known: Mapping[str, PublishedFigure]) -> Relation:
    parts = [known[name] for name in row["figures"]]
    stated = known[row["stated"]] if "stated" in row else None
    computed, expected = _OPERATIONS[row["operation"]](parts, stated)
    holds = None if computed is None or expected is None else computed == expected
    return Relation(
        row["id"],
        row["relation"],
        tuple(row["figures"]),
        None if computed is None else float(computed),
        None if expected is None else float(expected),
        holds,
        row.get("note", ""),
    )


def _decimal(value: object) -> Decimal | None:
    return Decimal(str(value)) if isinstance(value, int | float) else None


def _of(figure: PublishedFigure | None) -> Decimal | None:
    return None if figure is None else _decimal(figure.value)


def _list(figure: PublishedFigure) -> list[Decimal]:
    items = figure.value if isinstance(figure.value, tuple) else ()
    return [Decimal(str(item)) for item in items]


def _total(numbers: Sequence[Decimal | None]) -> Decimal | None:
    known = [number for number in numbers if number is not None]
    return sum(known, Decimal(0)) if len(known) == len(numbers) else None


def _sum(parts: list[PublishedFigure], stated: PublishedFigure | None) -> _Outcome:
    return _total([_of(part) for part in parts]), _of(stated)


def _sum_blank_zero(parts: list[PublishedFigure], stated: PublishedFigure | None) -> _Outcome:
    return _total([_of(part) or Decimal(0) for part in parts]), _of(stated)


def _years(parts: list[PublishedFigure], stated: PublishedFigure | None) -> _Outcome:
    last, first = (_of(part) for part in parts)
    return (None if last is None or first is None else last - first + 1), _of(stated)


def _subset(parts: list[PublishedFigure], stated: PublishedFigure | None) -> _Outcome:
    """Closed against all projects, row by row: 1 if every row keeps it; blanks are passed over."""
    pairs = [(_of(part), _of(by_id().get(part.id.replace(".closed", ".projects")))) for part in parts]
    checked = [closed <= total for closed, total in pairs if closed is not None and total is not None]
    return (Decimal(all(checked)) if checked else None), Decimal(1)


def _percent(parts: list[PublishedFigure], stated: PublishedFigure | None) -> _Outcome:
    part, whole = (_of(item) for item in parts)
    if part is None or not whole:
        return None, _of(stated)
    return (100 * part / whole).quantize(Decimal(1), ROUND_HALF_UP), _of(stated)


def _count(parts: list[PublishedFigure], stated: PublishedFigure | None) -> _Outcome:
    return Decimal(sum(part.value is not None for part in parts)), _of(stated)


def _sum_of_list(parts: list[PublishedFigure], stated: PublishedFigure | None) -> _Outcome:
    numbers = _list(parts[0])
    return (sum(numbers, Decimal(0)) if numbers else None), _of(stated)


def _length_is_count(parts: list[PublishedFigure], stated: PublishedFigure | None) -> _Outcome:
    numbers = _list(parts[0])
    return (Decimal(len(numbers)) if numbers else None), Decimal(len(parts) - 1)


def _tail(parts: list[PublishedFigure], stated: PublishedFigure | None) -> _Outcome:
    """Whether the second list is the first without its leading number, compared by their sums."""
    whole, rest = (_list(part) for part in parts)
    if not whole or not rest:
        return None, None
    expected = sum(whole[1:], Decimal(0))
    return (sum(rest, Decimal(0)) if rest == whole[1:] else Decimal(-1)), expected


def _equal(parts: list[PublishedFigure], stated: PublishedFigure | None) -> _Outcome:
    return _of(parts[0]), _of(stated)


def _member(parts: list[PublishedFigure], stated: PublishedFigure | None) -> _Outcome:
    numbers, wanted = _list(parts[0]), _of(stated)
    return (None if not numbers or wanted is None else Decimal(wanted in numbers)), Decimal(1)


_OPERATIONS: dict[str, Callable[[list[PublishedFigure], PublishedFigure | None], _Outcome]] = {
    "sum": _sum,
    "sum_blank_zero": _sum_blank_zero,
    "years": _years,
    "subset": _subset,
    "percent": _percent,
    "count": _count,
    "sum_of_list": _sum_of_list,
    "length_is_count": _length_is_count,
    "tail": _tail,
    "equal": _equal,
    "member": _member,
}
