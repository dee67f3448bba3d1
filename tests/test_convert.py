import re
from pathlib import Path

import nbformat
from nbconvert.exporters import get_exporter

from kuzbass_lean import blocks
from kuzbass_lean.press import convert


def notebook(title: str = "Отчёт") -> nbformat.NotebookNode:
    block = blocks.cards([("Раздел", [("Срок", "нет данных")])])
    html = f"<h1>{title}</h1>\n{block.html}"
    output = nbformat.v4.new_output("execute_result", data={"text/html": html, "text/plain": "т"})
    cells = [
        nbformat.v4.new_markdown_cell("# Только в лаборатории", metadata={"tags": ["lab"]}),
        nbformat.v4.new_code_cell("секретный_код = 1", outputs=[output]),
        nbformat.v4.new_markdown_cell("## Второй раздел"),
    ]
    about = {"kuzbass_lean": {"report": "projects/x", "parameters": {}}}
    return nbformat.v4.new_notebook(cells=cells, metadata=about)


def page(title: str = "Отчёт") -> str:
    return convert.to_html(convert.ReportExporter(), notebook(title))


def test_a_page_shows_outputs_and_sections_but_no_code_and_no_lab_cells() -> None:
    html = page()
    assert "<h1>Отчёт</h1>" in html
    assert "<h2" in html
    assert "Второй раздел" in html
    assert "секретный_код" not in html
    assert "Только в лаборатории" not in html


def test_a_page_loads_nothing_from_anywhere() -> None:
    html = page()
    assert not re.search(r"<(script|link|img|iframe)\b", html)
    assert not re.search(r"(src|href)=\"(https?:)?//", html)
    assert "@import" not in html


def test_the_title_comes_from_the_first_heading_and_stays_text() -> None:
    html = page("Итог &lt;b&gt;")
    assert "<title>Итог &lt;b&gt; — Кузбасс бережливый</title>" in html


def test_the_exporter_is_known_to_nbconvert_by_name() -> None:
    assert get_exporter("kuzbass-lean") is convert.ReportExporter


def test_the_stylesheet_and_templates_load_nothing_from_the_network() -> None:
    for path in sorted(Path(convert.TEMPLATES).rglob("*")):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"(src|href)=\"https?://|url\(", text), path.name
