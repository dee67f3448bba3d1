"""The reports' stylesheet, held to a part of JupyterLab's page."""

from __future__ import annotations

from functools import cache

from kuzbass_lean import blocks

REPORTS = ".jp-RenderedHTML.jp-RenderedHTMLCommon.jp-RenderedHTMLCommon"
"""Where JupyterLab shows HTML outputs; said twice, to outweigh its own rules."""
_RESET = "dt,dd{float:none;width:auto;font-weight:inherit}"
"""What JupyterLab gives lists of terms and the reports' rules leave alone."""


@cache
def stylesheet(scope: str = REPORTS) -> str:
    """Return the rules of the reports' pages for what lies inside ``scope``, without those of print.

    Examples
    --------
    >>> stylesheet(".mine").startswith(".mine{")
    True
    """
    screen = blocks.stylesheet().partition("@media print")[0]
    # nested rules; «the page» is the scope itself
    inner = screen.replace(":root{", "&{").replace("body{", "&{")
    return f"{scope}{{{_RESET}{inner}}}"
