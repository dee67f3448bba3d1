import sys

import pytest
from test_convert import page

from kuzbass_lean.errors import CapabilityError
from kuzbass_lean.press.paper import require_pdf, to_pdf


def test_equal_pages_give_equal_pdf_bytes_and_others_do_not() -> None:
    html = page()
    pdf = to_pdf(html)
    assert pdf.startswith(b"%PDF")
    assert pdf == to_pdf(html)
    assert pdf != to_pdf(page("Другой"))


def test_without_pango_the_message_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(CapabilityError, match="libpango"):
        require_pdf()
    assert CapabilityError.exit_code == 3
