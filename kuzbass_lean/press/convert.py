"""Executed notebooks into pages: HTML by our own template, PDF from the same HTML."""

from __future__ import annotations

import hashlib
import os
import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import cache
from html import unescape
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd
from nbconvert.exporters.html import HTMLExporter

from kuzbass_lean import __version__, figures
from kuzbass_lean.errors import CapabilityError
from kuzbass_lean.figures import FIGURES_MIME
from kuzbass_lean.press import since, where

TEMPLATES = Path(str(resources.files("kuzbass_lean") / "templates"))


class ReportExporter(HTMLExporter):
    """A page without code or anything from the network: ``jupyter nbconvert --to kuzbass-lean``."""

    export_from_notebook = "Кузбасс бережливый"

    def __init__(self, **options: Any) -> None:
        options.setdefault("template_name", "report")
        options.setdefault("extra_template_basedirs", [str(TEMPLATES)])
        super().__init__(**options)
        self.exclude_anchor_links = True

    def from_notebook_node(self, nb: Any, resources: dict[str, Any] | None = None, **options: Any) -> Any:
        """Convert an executed notebook; its own metadata say which report it is."""
        about = nb.metadata.get("kuzbass_lean", {})
        page = {
            "page_id": about.get("report", ""),
            "page_kind": about.get("report", "").split("/")[0].removesuffix("s"),
            "page_title": first_heading(nb),
            "page_css": css(),
            "page_version": __version__,
        }
        # Past HTMLExporter's own method: what it adds in a second parse of the whole page, ours has.
        exported = super(HTMLExporter, self).from_notebook_node(nb, {**(resources or {}), **page}, **options)
        html, known = exported
        return where.added(html, told_of(nb), shown_figures(nb)), known


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


@cache
def css() -> str:
    """Return the stylesheet of every page."""
    return (TEMPLATES / "style.css").read_text(encoding="utf-8")


def to_html(exporter: ReportExporter, notebook: Any, before: pd.DataFrame | None = None) -> str:
    """Return the page of an executed notebook; blank lines that the template leaves are dropped.

    Parameters
    ----------
    before
        The figures to compare the page with, as ``since.earlier`` gives them.
    """
    report = notebook.metadata.get("kuzbass_lean", {}).get("report", "")
    told = "" if before is None else since.section(report, before, shown_figures(notebook))
    html, _ = exporter.from_notebook_node(notebook, {"page_since": told})
    return re.sub(r"\n\s*\n+", "\n", html).strip() + "\n"


def to_pdf(html: str) -> bytes:
    """Return the same page as a tagged PDF; equal pages give equal bytes.

    Raises
    ------
    CapabilityError
        WeasyPrint's system library Pango is missing.
    """
    weasyprint = require_pdf()
    os.environ.setdefault("SOURCE_DATE_EPOCH", "0")
    options: dict[str, Any] = {
        "pdf_variant": "pdf/ua-1",
        "pdf_identifier": hashlib.sha256(html.encode()).digest()[:16],
    }
    # WeasyPrint takes a drawing's alternative text from its title alone.
    html = re.sub(r'(<svg\b[^>]* aria-label="([^"]*)"[^>]*>)', r"\1<title>\2</title>", html)
    if '<body class="project">' not in html:
        pdf: bytes = weasyprint.HTML(string=html).write_pdf(**options)
        return pdf

    @cache
    def laid_out(scale: float) -> Any:
        sized = html.replace("</head>", f"<style>{_sheet(scale)}</style></head>", 1)
        return weasyprint.HTML(string=sized).render(**options)

    # What a sheet takes whole, a larger one does; a passport that none takes is left on the largest.
    scale = PASSPORT_SCALES[
        bisect_left(PASSPORT_SCALES[:-1], True, key=lambda scale: len(laid_out(scale).pages) == 1)
    ]
    one_page: bytes = laid_out(scale).write_pdf(zoom=1 / scale, **options)
    return one_page


PASSPORT_SCALES = (0.8, 0.88, 0.96, 1.05, 1.15, 1.3, 1.5, 1.75, 2.0)
"""A passport is laid out on a sheet so many times A3, the first that takes it whole, and scaled to A3."""


def _sheet(scale: float) -> str:
    return f"@media print{{@page passport{{size:{420 * scale:.1f}mm {297 * scale:.1f}mm}}}}"


def require_pdf() -> Any:
    """Return WeasyPrint, or say which system package it lacks.

    Raises
    ------
    CapabilityError
        Pango is missing.
    """
    try:
        import weasyprint
    except (ImportError, OSError) as error:
        raise CapabilityError(
            "PDF needs the library Pango: install it (Debian: apt install libpango-1.0-0 libpangoft2-1.0-0), "
            f"or leave out --format pdf ({str(error).splitlines()[0]})"
        ) from None
    return weasyprint
