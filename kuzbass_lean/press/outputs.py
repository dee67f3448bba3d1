"""What an executed notebook shows, read from its outputs; light to import."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

from kuzbass_lean import figures
from kuzbass_lean.figures import FIGURES_MIME


def shown_figures(notebook: Any) -> list[dict[str, Any]]:
    """Return the figures that the notebook's outputs show, each once, in their order.

    Records are those of ``figures.load``; the date is the page's where a figure has none.

    Raises
    ------
    LeanError
        Two different figures have one id.
    """
    day = told_of(notebook).get("as_of", "")
    found = (row for _, rows in _loaded(notebook) for row in rows)
    return figures.once({**row, "as_of": row["as_of"] or day} for row in found)


def told_of(notebook: Any) -> dict[str, Any]:
    """Return what the page's head told of all its figures: their date, and the file of each table."""
    return next((about for about, _ in _loaded(notebook) if about), {})


def _loaded(notebook: Any) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            if FIGURES_MIME in output.get("data", {}):
                yield figures.load(one_text(output["data"][FIGURES_MIME]))


def one_text(lines: str | list[str]) -> str:
    """Return a text that a notebook holds in one piece or, in its file, as a list of lines."""
    return lines if isinstance(lines, str) else "".join(lines)


def first_heading(notebook: Any) -> str:
    """Return the text of the first h1 that the notebook's outputs show."""
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            html = one_text(output.get("data", {}).get("text/html", ""))
            found = re.search(r"<h1>(.*?)</h1>", html, re.DOTALL)
            if found:
                return _unescape(found.group(1))
    return "Отчёт"


def _unescape(text: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", text)).strip()
