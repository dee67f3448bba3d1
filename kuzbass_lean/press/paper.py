"""Pages on paper: the same HTML as a tagged PDF."""

from __future__ import annotations

import hashlib
import os
import re
from bisect import bisect_left
from functools import cache
from typing import Any

from kuzbass_lean.errors import CapabilityError


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
