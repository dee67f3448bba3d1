"""Pieces of a page: plain values in, a block with HTML, text and its figures out.

Every text of the registry passes through autoescaping templates, so it is shown as text. The
plain text beside the HTML holds the same values: JupyterLab's readers and the notebooks' own
tests rely on it.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

import pyarrow as pa
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from kuzbass_lean import wording
from kuzbass_lean.charts import Drawing
from kuzbass_lean.figures import FIGURES_MIME, Figure, Said, Text, dump, within

LEVEL_CODES = {"leader": "L", "candidate": "K", "reserve": "R", "none": "Z", "unknown": "Q"}


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a page that shows itself in JupyterLab and in the built report.

    ``about`` is what holds for all figures of a page: ``as_of``, an ISO date, and ``files``, which
    say where each table stands; only the page's head knows it.
    """

    html: str
    text: str
    figures: tuple[Figure, ...] = ()
    about: Mapping[str, Any] = field(default_factory=dict)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        bundle: dict[str, Any] = {"text/html": self.html, "text/plain": self.text}
        if self.figures or self.about:
            bundle[FIGURES_MIME] = dump(dict.fromkeys(self.figures), self.about)
        return bundle


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """A figure of the first screen with the words beside it, e.g. «из 116».

    ``change`` is the difference from an earlier date in words; ``good`` tells whether it is
    for the better, None where it is neither.
    """

    figure: Figure
    beside: Text = ""
    below: Text = ""
    change: Text = ""
    good: bool | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one direction stands: its level, how much is missing, to what, and a note of its units."""

    title: str
    level: str
    figure: Figure
    need: Text
    missing: Text
    note: Text = ""


@dataclass(frozen=True, slots=True)
class Threshold:
    """One threshold of a level: have and need for X and, where Y is a number of its own, for Y.

    Each line is (letter, text, what is missing or "", percent of the way, known).
    """

    lines: tuple[tuple[str, Text, Text, float, bool], ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A next step: what to do, and what it gives."""

    action: Text
    gives: Text


@dataclass(frozen=True, slots=True)
class Outcome:
    """A measure before and after in words, with the lengths of both bars in percent; None draws none."""

    name: str
    before: Text
    after: Text
    change: Text
    lengths: tuple[float, float] | None
    worse: bool = False
    planned: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; numbers are aligned to the right."""

    title: str
    number: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar: what it is of, its whole and its parts by state; parts of nothing are not drawn."""

    name: Text
    total: Figure
    parts: Mapping[str, Figure]

    def part(self, state: str) -> float:
        """Return how much of the bar a state takes."""
        found = self.parts.get(state)
        return 0 if found is None else found.value or 0


@dataclass(frozen=True, slots=True)
class Tile:
    """A territory on the tile map: its place, its number and how dark the tile is (0 to 4).

    The tile leads to the territory's page; ``figure`` is the number that it shows as ``text``.
    """

    title: str
    short: str
    row: int
    column: int
    text: str
    shade: int | None
    href: str
    figure: Figure | None = None


def header(
    title: str,
    lead: Text,
    as_of: date,
    provenance: Text,
    path: Sequence[tuple[str, str]] = (),
    files: Mapping[str, str] = MappingProxyType({}),
) -> Block:
    """Return the head of a page: path, date, where the data come from, title, lead sentence.

    ``files`` says for each table of the registry in which file it stands.
    """
    shown = _block(
        "header",
        [title, lead, wording.date(as_of), provenance],
        title=title,
        lead=lead,
        day=wording.date(as_of),
        provenance=provenance,
        path=path,
    )
    return replace(shown, about={"as_of": as_of.isoformat(), "files": dict(files)})


def key_figures(items: Sequence[KeyFigure]) -> Block:
    """Return the row of key figures."""
    lines = [
        " ".join(str(part) for part in (f"{i.figure.label}: {i.figure}", i.beside, i.change, i.below) if part)
        for i in items
    ]
    return _block("key_figures", lines, items=items)


def ladder(rows: Sequence[Standing]) -> Block:
    """Return the table of levels by direction, with what is missing to the next."""
    lines = [
        f"{row.title}: {wording.label('level', row.level)}; {row.need} {row.missing}".replace("  ", " ")
        for row in rows
    ]
    return _block("ladder", lines, rows=rows)


def steps(items: Sequence[Step]) -> Block:
    """Return the next steps as a numbered list."""
    return _block("steps", [f"{n}. {i.action} — {i.gives}" for n, i in enumerate(items, 1)], items=items)


def table(
    caption: str,
    columns: Sequence[Column],
    rows: Sequence[Sequence[Text]],
    note: Text = "",
    figures: tuple[Figure, ...] = (),
) -> Block:
    """Return a table; the first column heads its row. Without rows it says that there are none."""
    lines = [
        caption,
        " | ".join(column.title for column in columns),
        *(" | ".join(map(str, row)) for row in rows),
        note,
    ]
    body = Markup(_table(columns, rows)) if rows else ""
    figures = (*within(rows), *figures)
    return _block("table", lines, figures, caption=caption, body=body, note=note, columns=len(columns))


_OPEN, _CLOSE = "\ue000", "\ue001"
"""Around the number of a cell that is put into a finished table: characters that no text has a use for."""


def _table(columns: Sequence[Column], rows: Sequence[Sequence[Text]]) -> str:
    """Let great-tables make the table; its look is the page's stylesheet, so its own is dropped.

    It knows text only, so cells with figures in them are put in afterwards.
    """
    from great_tables import GT

    names = [str(number) for number in range(len(columns))]
    later: list[Figure | Said] = []

    def plain(cell: Text) -> str:
        if isinstance(cell, str):
            return cell.replace(_OPEN, "")
        later.append(cell)
        return f"{_OPEN}{len(later) - 1}{_CLOSE}"

    cells = pa.table({name: [plain(row[int(name)]) for row in rows] for name in names})
    with warnings.catch_warnings():
        # It says that Arrow tables are new to it; pandas ones take four times as long here.
        warnings.simplefilter("ignore", UserWarning)
        made = (
            GT(cells, rowname_col="0", id="t")
            .cols_label({name: column.title for name, column in zip(names[1:], columns[1:], strict=True)})
            .tab_stubhead(columns[0].title)
            .cols_align("left", [name for name in names[1:] if not columns[int(name)].number])
            .cols_align("right", [name for name in names[1:] if columns[int(name)].number])
            .as_raw_html()
        )
    html = made[made.index("<thead") : made.rindex("</table>")]
    html = re.sub(r' (?:id|headers|rowspan|colspan|scope="colgroup")="[^"]*"', "", html)
    html = re.sub(r' class="[^"]*gt_right[^"]*"', ' class="r"', html)
    html = re.sub(r' class="gt_[^"]*"', "", html)
    html = re.sub(r"\n\s*", "", html).replace("</tr>", "</tr>\n")
    return re.sub(f"{_OPEN}([0-9]+){_CLOSE}", lambda found: later[int(found[1])].__html__(), html)


def chart(
    caption: Text, reading: str, drawing: Drawing, note: Text = "", figures: tuple[Figure, ...] = ()
) -> Block:
    """Return a chart: the caption says the finding, ``reading`` how to read it.

    ``figures`` are those that are drawn and stand in no text beside the drawing.
    """
    wide, narrow = Markup(drawing.wide), Markup(drawing.narrow)
    return _block(
        "chart",
        [caption, reading, drawing.alt, note],
        (*within(drawing.alt), *figures),
        caption=caption,
        reading=reading,
        wide=wide,
        narrow=narrow,
        note=note,
    )


def profile(
    caption: Text,
    reading: str,
    levels: Sequence[str],
    rows: Sequence[tuple[str, Text, Sequence[Threshold], Figure, str, Text]],
) -> Block:
    """Return the maturity profile: for each direction have and need at every threshold.

    Rows are (title, unit, one threshold per level, the level as a figure and by its key, what is
    missing to the next).
    """
    lines = [caption, reading]
    for title, unit, thresholds, _, level, missing in rows:
        lines.append(f"{title} ({unit}): {wording.label('level', level)}; {missing}")
        for name, threshold in zip(levels, thresholds, strict=True):
            said = ", ".join(
                " ".join(str(part) for part in (letter, text, lack) if part)
                for letter, text, lack, _, _ in threshold.lines
            )
            lines.append(f"  {wording.label('level', name)}: {said}")
    return _block("profile", lines, caption=caption, reading=reading, levels=levels, rows=rows)


def beside(left: tuple[str, Block], right: tuple[str, Block]) -> Block:
    """Return two headed blocks side by side; on a phone and in print one under the other."""
    text = "\n".join(f"{title}\n{block.text}" for title, block in (left, right))
    shown = _block("beside", [], sides=[(title, Markup(block.html)) for title, block in (left, right)])
    return Block(shown.html, text, left[1].figures + right[1].figures)


def joined(*parts: Block) -> Block:
    """Return blocks one under another as one."""
    html = "\n".join(part.html for part in parts)
    text = "\n".join(part.text for part in parts)
    figures = tuple(figure for part in parts for figure in part.figures)
    return Block(html, text, figures, next((part.about for part in parts if part.about), {}))


def heading(text: str, anchor: str) -> Block:
    """Return a heading below those of the notebook, with a name that links can lead to."""
    return _block("heading", [text], text=text, anchor=anchor)


def links(caption: str, items: Sequence[tuple[str, str, Text]]) -> Block:
    """Return a list of links within the page: (text, target, what is there)."""
    return _block(
        "links", [caption, *(f"{t}: {about}" for t, _, about in items)], caption=caption, items=items
    )


_NONE: Mapping[str, Figure] = MappingProxyType({})


def status_bars(caption: Text, rows: Sequence[Bar], wholes: Mapping[str, Figure] = _NONE) -> Block:
    """Return counts by project status as bars, each with its numbers."""
    return state_bars(caption, rows, "status", wholes)


def state_bars(caption: Text, rows: Sequence[Bar], group: str, wholes: Mapping[str, Figure] = _NONE) -> Block:
    """Return amounts by a state of a label group (status, reconciliation, step_value) as bars.

    ``wholes`` are the amounts of each state over all rows, shown in the legend.
    """
    shown = [state for state in _ORDER[group] if any(row.part(state) for row in rows)]
    largest = max((row.total.value or 0 for row in rows), default=0) or 1
    lines: list[Text] = [caption]
    for row in rows:
        parts = [f"{wording.label(group, state)} {row.parts[state]}" for state in shown if row.part(state)]
        lines.append(f"{row.name}: {row.total} ({', '.join(parts)})")
    return _block(
        "state_bars",
        lines,
        caption=caption,
        rows=rows,
        states=shown,
        largest=largest,
        group=group,
        wholes=wholes,
    )


def step_bars(caption: Text, rows: Sequence[tuple[Text, Sequence[tuple[str, str, Figure]]]]) -> Block:
    """Return processes as bars of their steps, in minutes.

    Rows are (name, segments), a segment is (numbered step, kind of value, minutes).
    """
    shown = [
        kind for kind in _ORDER["step_value"] if any(kind == k for _, parts in rows for _, k, _ in parts)
    ]
    sums = [sum(minutes.value or 0 for _, _, minutes in parts) for _, parts in rows]
    lines: list[Text] = [caption]
    for name, parts in rows:
        said = [f"{step} {minutes} ({wording.label('step_value', kind)})" for step, kind, minutes in parts]
        lines.append(f"{name}: {'; '.join(said)}")
    return _block(
        "step_bars", lines, caption=caption, rows=rows, kinds=shown, largest=max(sums, default=0) or 1
    )


_ORDER = {
    "status": ("closed", "implemented", "in_progress", "planned", "unknown", "cancelled"),
    "reconciliation": ("agrees", "differs", "cannot_check"),
    "step_value": ("va", "nnva", "nva"),
}


def tile_map(caption: Text, tiles: Sequence[Tile], legend: str) -> Block:
    """Return the map of territories as tiles, each with its number."""
    lines = [caption, *(f"{tile.title}: {tile.text}" for tile in tiles)]
    return _block("tile_map", lines, caption=caption, tiles=tiles, legend=legend)


def heat_table(
    caption: Text, columns: Sequence[str], rows: Sequence[tuple[str, Sequence[Figure | None]]]
) -> Block:
    """Return a table of counts whose cells are the darker the larger the count; none is left blank."""
    counts = [count.value or 0 for _, cells in rows for count in cells if count]
    largest = max(counts, default=0) or 1
    shaded = [
        (name, [(count, int(-(-4 * (count.value or 0) // largest)) if count else 0) for count in cells])
        for name, cells in rows
    ]
    lines = [
        caption,
        " | ".join(columns),
        *(f"{name}: {' '.join(str(count or 0) for count in cells)}" for name, cells in rows),
    ]
    return _block("heat_table", lines, caption=caption, columns=columns, rows=shaded)


def prose(*paragraphs: Text) -> Block:
    """Return paragraphs."""
    return _block("prose", paragraphs, paragraphs=paragraphs)


def definitions(items: Sequence[tuple[str, Text]]) -> Block:
    """Return terms with their meaning."""
    return _block("definitions", [f"{term}: {text}" for term, text in items], items=items)


def cards(groups: Sequence[tuple[str, Sequence[tuple[str, Text]]]]) -> Block:
    """Return groups of terms side by side, e.g. the four blocks of a project card."""
    lines = [
        line for title, items in groups for line in (title, *(f"  {term}: {text}" for term, text in items))
    ]
    return _block("cards", lines, groups=groups)


def panels(parts: Sequence[tuple[str, Block]]) -> Block:
    """Return headed blocks side by side, as many columns as a project card has."""
    text = "\n".join(f"{title}\n{part.text}" for title, part in parts)
    shown = _block("panels", [], parts=[(title, Markup(part.html)) for title, part in parts])
    return Block(shown.html, text, tuple(figure for _, part in parts for figure in part.figures))


def outcomes(items: Sequence[Outcome]) -> Block:
    """Return measures before and after, each as two bars on a scale of its own."""
    lines = [f"{i.name}: {i.before} → {i.after} {i.change}".strip() for i in items]
    return _block("outcomes", lines, items=items)


def solved(text: Text, share: Text, done: int, found: int) -> Block:
    """Return solved problems: the number, the share, and a cell for each problem found."""
    lines = [f"{text} {share}"]
    return _block("solved", lines, text=text, share=share, done=done, found=found)


def grade_steps(reached: str, items: Sequence[tuple[str, str]], note: str = "") -> Block:
    """Return the grades of evidence with the reached one marked; items are (letter, meaning)."""
    lines = [f"{letter}: {text}{' — достигнута' if letter == reached else ''}" for letter, text in items]
    return _block("grade_steps", [*lines, note], reached=reached, items=items, note=note)


def _block(name: str, lines: Sequence[Text], figures: tuple[Figure, ...] = (), **values: Any) -> Block:
    """Fill a macro; the block has the figures that stand in its values, and further ones."""
    html = getattr(_macros(), name)(**values)
    text = "\n".join(str(line) for line in lines if line)
    return Block(str(html).strip(), text, (*within(values), *figures))


@cache
def environment() -> Environment:
    """Return the template environment of the package: autoescaping, strict about missing names."""
    made = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(label=wording.label, number=wording.number, level_codes=LEVEL_CODES)
    return made


@cache
def stylesheet() -> str:
    """Return the stylesheet of every page."""
    return _template("style.css")


def _template(name: str) -> str:
    return (resources.files("kuzbass_lean") / "templates" / name).read_text(encoding="utf-8")


@cache
def _macros() -> Any:
    return environment().get_template("blocks.html.j2").module
