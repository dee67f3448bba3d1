"""Executed notebooks into pages, by our own template."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd
from nbconvert.exporters.html import HTMLExporter

from kuzbass_lean import __version__, blocks
from kuzbass_lean.press import since, where
from kuzbass_lean.press.outputs import first_heading, shown_figures, told_of

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
            "page_css": blocks.stylesheet(),
            "page_version": __version__,
        }
        # Past HTMLExporter's own method: what it adds in a second parse of the whole page, ours has.
        exported = super(HTMLExporter, self).from_notebook_node(nb, {**(resources or {}), **page}, **options)
        html, known = exported
        return where.added(html, told_of(nb), shown_figures(nb)), known


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
