from datetime import date

import pytest

from kuzbass_lean import blocks
from kuzbass_lean.blocks import Bar, Block, Column, KeyFigure, Standing, Step, Tile
from kuzbass_lean.figures import FIGURES_MIME, Figure, load

HOSTILE = "<script>alert(1)</script></td> **md** $x$ =1+1 \u202eabc 😀"
FIGURE = Figure("total", HOSTILE, 3, "3", "project", HOSTILE, 3, 4, HOSTILE)

EVERY = {
    "header": blocks.header(HOSTILE, HOSTILE, date(2019, 9, 30), HOSTILE, [(HOSTILE, "index.html")]),
    "key_figures": blocks.key_figures([KeyFigure(FIGURE, HOSTILE, HOSTILE)]),
    "ladder": blocks.ladder([Standing(HOSTILE, "leader", FIGURE, HOSTILE, HOSTILE, HOSTILE)]),
    "steps": blocks.steps([Step(HOSTILE, HOSTILE)]),
    "table": blocks.table(
        HOSTILE, [Column(HOSTILE), Column("Число", number=True)], [(HOSTILE, HOSTILE)], HOSTILE
    ),
    "status_bars": blocks.status_bars(
        HOSTILE, [Bar(HOSTILE, FIGURE, {"closed": FIGURE})], {"closed": FIGURE}
    ),
    "tile_map": blocks.tile_map(HOSTILE, [Tile(HOSTILE, HOSTILE, 1, 1, HOSTILE, 2, HOSTILE)], HOSTILE),
    "heat_table": blocks.heat_table(HOSTILE, [HOSTILE], [(HOSTILE, [FIGURE, None])]),
    "prose": blocks.prose(HOSTILE),
    "definitions": blocks.definitions([(HOSTILE, HOSTILE)]),
    "cards": blocks.cards([(HOSTILE, [(HOSTILE, HOSTILE)])]),
}


@pytest.mark.parametrize("block", EVERY.values(), ids=EVERY)
def test_text_of_the_registry_is_shown_as_text(block: Block) -> None:
    assert "<script" not in block.html
    assert "&lt;script&gt;" in block.html
    assert "<script>" in block.text


def test_a_block_shows_itself_as_html_text_and_figures() -> None:
    bundle = EVERY["key_figures"]._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain", FIGURES_MIME}
    assert load(bundle[FIGURES_MIME])[1][0]["value"] == 3
    assert FIGURES_MIME not in EVERY["prose"]._repr_mimebundle_()


def test_a_level_is_a_word_and_bars_not_only_a_colour() -> None:
    html = blocks.ladder([Standing("Здравоохранение", "unknown", FIGURE, "", "…")]).html
    assert 'class="lv Q"' in html
    assert "не определён" in html


def test_a_table_heads_its_rows_and_aligns_numbers() -> None:
    html = blocks.table("Т", [Column("А"), Column("Б", number=True)], [("а", "1")]).html
    assert '<th scope="row">а</th><td class="r">1</td>' in html


def test_a_table_without_rows_says_so() -> None:
    assert "строк нет" in blocks.table("Т", [Column("А")], []).html


def test_bars_show_every_count_and_their_sum() -> None:
    counts = {
        name: Figure(name, name, count, str(count), "project", "status_count")
        for name, count in (("closed", 2), ("planned", 1), ("unknown", 0), ("total", 3))
    }
    block = blocks.status_bars("П", [Bar("Школы", counts.pop("total"), counts)])
    assert block.text == "П\nШколы: 3 (закрыт 2, планируется 1)"
    assert "статус не указан" not in block.html


def test_a_territory_without_projects_is_hatched_not_white() -> None:
    html = blocks.tile_map("К", [Tile("Т", "т", 1, 1, "—", None, "t.html")], "л").html
    assert 'class="Q"' in html
