"""Which numbers of a page stand outside its figures: what the tests of pages look for."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pandas as pd

from kuzbass_lean import maturity, published, wording
from kuzbass_lean.charts import theme
from kuzbass_lean.evidence import FIRM_POINTS
from kuzbass_lean.evidence.control import RUN_LENGTH
from kuzbass_lean.evidence.samples import FEWEST
from kuzbass_lean.registry import Registry

NUMBER = re.compile(r"\d(?:[\d\u202f]*\d)?(?:,\d+)?")
_VOID = {"br", "hr", "img", "input", "link", "meta"}
_UNSEEN = {"dialog", "script", "style", "title"}
_TOLD = ("aria-label", "title")


@dataclass
class Taken(HTMLParser):
    """A built page taken apart: what stands in its figures, beside them, and in drawings and labels.

    ``figures`` pairs a figure's id with the text of its link; ``loose`` is the other text that
    readers see; ``told`` is what drawings write besides the scales of their axes, the tiles of a
    map, which are links to pages, and the labels that are read aloud. Left out are the notes on
    formulas at the end, and the foot, which names the report and the program.
    """

    html: str
    figures: list[tuple[str, str]] = field(default_factory=list)
    loose: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[tuple[str, dict[str, str | None]]] = []
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        if self._within("body"):
            self.told += [text for name in _TOLD if (text := held.get(name))]
        if tag not in _VOID:
            self._open.append((tag, held))
        if "data-f" in held:
            self.figures.append((held["data-f"] or "", ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A drawing's marks; they hold no text."""

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        classes = {name for _, held in self._open for name in (held.get("class") or "").split()}
        if not self._within("body") or self._within("footer", *_UNSEEN) or "notes" in classes:
            return
        if any("data-f" in held for _, held in self._open):
            name, text = self.figures[-1]
            self.figures[-1] = (name, text + data)
        elif self._within("svg"):
            if self._open[-1][1].get("fill") != theme.QUIET:
                self.told.append(data)
        elif "map" in classes:
            self.told.append(data)
        elif not ("flow" in classes and self._within("i")):  # the number of a step on its bar
            self.loose.append(data)

    def _within(self, *tags: str) -> bool:
        return any(tag in tags for tag, _ in self._open)


def unexplained(page: Taken, excused: "Excused", known: Iterable[str]) -> list[str]:
    """Return the texts beside a page's figures with a number that neither is excused nor one of ``known``.

    Beside the figures no number is allowed at all; drawings and labels repeat those of figures.
    """
    of_figures = {number for text in known for number in NUMBER.findall(text)}
    found = [text for text in page.loose if NUMBER.search(excused.without(text))]
    return found + [text for text in page.told if set(NUMBER.findall(excused.without(text))) - of_figures]


class Excused:
    """The numbers that are no figures of a report, each kind with its reason."""

    def __init__(self, registry: Registry) -> None:
        self._words = sorted({*_quoted(registry), *_published(), *_named()}, key=len, reverse=True)
        self._dates = set(_dates(registry))
        self._patterns = [re.compile(pattern) for pattern in _patterns()]

    def without(self, text: str) -> str:
        """Return a text less all that is excused in it."""
        if not NUMBER.search(text):
            return text
        text = text.replace("\u00a0", " ")
        for pattern in self._patterns:
            text = pattern.sub("", text)
        text = re.sub(r"\d\d\.\d\d\.\d{4}", lambda day: "" if day[0] in self._dates else day[0], text)
        for words in self._words if NUMBER.search(text) else ():
            text = text.replace(words, "")
        return text


def _quoted(registry: Registry) -> Iterator[str]:
    """Names, titles, ids and quotations of the registry's own rows; a step is named with its number."""
    for frame in registry.tables.values():
        for column in frame.select_dtypes(["string", "str", "object", "category"]):
            cells = frame[column].dropna().astype("str").unique()
            yield from (cell for cell in cells if NUMBER.search(cell) and re.search(r"[^\W\d]", cell))
    steps = registry.frame("steps")
    yield from (f"{step}. {name}" for step, name in zip(steps["step"], steps["name"], strict=True))


def _published() -> Iterator[str]:
    """Quotations of the published source: slides, quantities, texts and notes."""
    for entry in published.figures():
        texts = (entry.slide, entry.quantity, entry.note, entry.missing, entry.value)
        yield from (text for text in texts if isinstance(text, str) and NUMBER.search(text))
    for relation in published.relations():
        yield from (text for text in (relation.relation, relation.note) if NUMBER.search(text))


def _named() -> Iterator[str]:
    """Directions with their numbers, the card's four blocks, and formulas in words."""
    yield from (f"{each.number}. {each.title}" for each in maturity.load_model().directions)
    yield from ("1. Вовлечённые лица и рамки", "2. Обоснование выбора")
    yield from ("3. Цели и плановый эффект", "4. Ключевые события")
    yield from (each.text for each in wording.formulas().values() if NUMBER.search(each.text))


def _dates(registry: Registry) -> Iterator[str]:
    """Dates of the registry's own rows, the report's among them, and the date compared with."""
    assert registry.as_of is not None
    yield wording.date((pd.Timestamp(registry.as_of) - pd.DateOffset(months=3)).date())
    for frame in registry.tables.values():
        for column in frame.select_dtypes("datetime"):
            yield from (wording.date(day.date()) for day in frame[column].dropna().unique())


def _patterns() -> Iterator[str]:
    rules = {str(y) for each in maturity.load_model().directions for _, y in each.levels.values()}
    asked = "|".join(sorted(rules, key=len, reverse=True))
    percent = "[\u202f ]?%"
    # thresholds of the rules: «из 25», «нужно 50 %», «Y у каждой от 50, 75, 100 %»
    yield rf"\b(?:из|нужно) (?:{asked})(?:{percent})?(?![\d,])"
    yield rf"Y у каждой от (?:(?:{asked})(?:, )?)+{percent}"
    # how many measurements the methods ask for
    yield rf"не менее {FIRM_POINTS} замеров до изменения и {RUN_LENGTH} после"
    yield rf"нужно {FIRM_POINTS} до изменения и {RUN_LENGTH} после"
    yield rf"точек меньше {FIRM_POINTS}|нужно от {FEWEST}"
    # the confidence of intervals and limits
    yield rf"(?:[Ии]нтервал|предел\w*) (?:95|99,8){percent}"
    # how many rows a table or a list has room for; of how many they are is a figure
    yield r"Показаны (?:[а-я ]+: )?(?:первые )?\d+"
    # numbers of criteria, which are their names
    yield r"№ \d+(?:, \d+)*"
