"""Every kind of page as its readers meet it: in a real Chromium without a network, and as PDF."""

import re
import shutil
from collections import Counter
from collections.abc import Iterator
from functools import cache
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from pypdf import PdfReader
from unexplained import Excused, Taken, unexplained

from kuzbass_lean import __version__, intake
from kuzbass_lean.figures import FIGURES_MIME, Figure, dump
from kuzbass_lean.press import site
from kuzbass_lean.press.build import BuildOptions, build
from kuzbass_lean.press.paper import to_pdf
from kuzbass_lean.press.plan import load_plan
from kuzbass_lean.registry import Registry

ROOT = Path(__file__).parents[1]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="the browser tests need Chromium: install it")

HOSTILE = "<script>window.pwned=1</script></td>**жирно** $x^2$ _к_ `код` 🙂 שלום {{7*7}}"
LONG = "Очень длинное название проекта " * 12
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]},
    "resultTypes": ["violations"],  # what passes is not described, which takes long on large pages
}
SAMPLE = ["region", "sectors/health", "municipalities/kemerovsky-okrug", "projects/mvd", "projects/vision"]
HARD = ["municipalities/yaysky-rayon", "municipalities/kemerovsky-okrug", "municipalities/tyazhinsky-rayon",
        "sectors/gov", "projects/h-0", "region"]  # fmt: skip


def hard_registry() -> Registry:
    """A territory without projects, one with one, one with three hundred; hostile and long texts."""
    organizations = pd.DataFrame(
        {
            "organization_id": ["big", "one"],
            "name": [HOSTILE, LONG],
            "kind": ["municipal_body", "other"],
            "sector": ["gov", "gov"],
            "municipality_id": ["kemerovsky-okrug", "yaysky-rayon"],
        }
    )
    names = [f"h-{n}" for n in range(301)]
    projects = pd.DataFrame({"project_id": names}).assign(
        title=lambda t: [HOSTILE if n % 2 else LONG for n in range(len(t))],
        organization_id=["big"] * 300 + ["one"],
        sector="gov",
        status=["in_progress", "closed", "planned"] * 100 + ["in_progress"],
        started=pd.Timestamp("2019-01-10"),
        due=pd.Timestamp("2019-05-01"),
        closed=[pd.NaT, pd.Timestamp("2019-03-01"), pd.NaT] * 100 + [pd.NaT],
        centralised=False,
        rationale=HOSTILE,
        result=HOSTILE,
        process_from=HOSTILE,
        source=HOSTILE,
        replicates=["h-0" if n == 5 else None for n in range(301)],
    )
    measures = pd.DataFrame(
        {
            "measure_id": ["m1", "m2"],
            "project_id": ["h-0", "h-0"],
            "name": [HOSTILE, LONG],
            "unit": [HOSTILE, "minute"],
            "family": "lead_time",
            "better": "lower",
            "statistic": "unknown",
            "source": HOSTILE,
        }
    )
    values = pd.DataFrame(
        {"measure_id": ["m1", "m1"], "phase": ["before", "after"], "low": [10.0, 5.0], "high": [10.0, 5.0],
         "qualifier": "exact"}
    )  # fmt: skip
    effects = pd.DataFrame(
        {"project_id": ["h-0"], "kind": [HOSTILE], "amount": [1.0], "unit": [HOSTILE], "period": ["year"],
         "qualifier": ["exact"], "ambiguous": [False], "confirmed": [True]}
    )  # fmt: skip
    tables = {
        "organizations": organizations,
        "projects": projects,
        "measures": measures,
        "values": values,
        "effects": effects,
    }
    return Registry.from_frames(tables, HOSTILE)


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {}
    for name, registry, wanted in (
        ("sample", intake.read(intake.sample_path()), SAMPLE),
        ("hard", hard_registry(), HARD),
    ):
        out = tmp_path_factory.mktemp(name)
        specs = load_plan(ROOT / "params", ROOT / "notebooks", registry, only=wanted)
        results = build(BuildOptions(out, jobs=2), registry, specs)
        assert {r.id: r.error for r in results if r.status != "built"} == {}
        made[name] = out
    return made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


SMALLEST = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let least = Infinity;
  while (walker.nextNode()) {
    const shown = walker.currentNode.parentElement;
    if (walker.currentNode.data.trim() && shown.checkVisibility() && !shown.closest("script"))
      least = Math.min(least, parseFloat(getComputedStyle(shown).fontSize));
  }
  return least;
}"""
"""The size in pixels of the smallest text that a page shows."""

PAGES = [("sample", name) for name in [*SAMPLE, "index"]] + [("hard", name) for name in [*HARD, "index"]]


def opened(browser: Browser, path: Path, width: int) -> tuple[Page, list[str]]:
    """Open a page from its file with the network off; what went wrong is collected."""
    context = browser.new_context(viewport={"width": width, "height": 800}, offline=True)
    page, wrong = context.new_page(), []

    def said(message: Any) -> None:
        if message.type in ("error", "warning"):
            wrong.append(message.text)

    def asked(request: Any) -> None:
        if not request.url.startswith(("file:", "data:")):
            wrong.append(request.url)

    page.on("console", said)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", asked)
    page.goto(path.as_uri())
    return page, wrong


@pytest.mark.parametrize(("site", "name"), PAGES)
def test_a_page_opens_offline_is_accessible_and_fits_phone_and_desk(
    sites: dict[str, Path], browser: Browser, site: str, name: str
) -> None:
    for width in (360, 1280):
        page, wrong = opened(browser, sites[site] / f"{name}.html", width)
        assert wrong == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("window.pwned") is None
        assert page.evaluate(SMALLEST) >= 10
        found = Axe().run(page, options=RULES).response["violations"]
        assert [(v["id"], [n["html"][:120] for n in v["nodes"]][:3]) for v in found] == []
        page.context.close()


FIRST = [("sample", name, ".lad, .steps") for name in ("region", *SAMPLE[1:3])]
FIRST += [("sample", name, "header + .card") for name in SAMPLE[3:]]


@pytest.mark.parametrize(("site", "name", "answers"), FIRST)
def test_the_first_screen_of_a_desk_shows_the_whole_answer(
    sites: dict[str, Path], browser: Browser, site: str, name: str, answers: str
) -> None:
    page, _ = opened(browser, sites[site] / f"{name}.html", 1280)
    for answer in [*page.locator(f".path, .demo, .kpi, {answers}").all()]:
        box = answer.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 800
    assert page.locator(answers).count() == len(answers.split(","))
    page.context.close()


def test_hostile_text_is_shown_as_text(sites: dict[str, Path], browser: Browser) -> None:
    page, _ = opened(browser, sites["hard"] / "projects" / "h-0.html", 1280)
    text = page.inner_text("body")
    assert "<script>window.pwned=1</script></td>**жирно** $x^2$ _к_ `код` 🙂 שלום {{7*7}}" in text
    assert page.locator("main script").count() == 0
    page.context.close()


def test_the_phone_sees_the_narrow_chart_and_the_desk_the_wide_one(
    sites: dict[str, Path], browser: Browser
) -> None:
    for width, shown, hidden in ((360, "narrow", "wide"), (1280, "wide", "narrow")):
        page, _ = opened(browser, sites["sample"] / "sectors" / "health.html", width)
        assert page.locator(f".chart .{shown} svg").first.is_visible()
        assert not page.locator(f".chart .{hidden} svg").first.is_visible()
        page.context.close()


def test_a_key_figure_leads_to_where_it_comes_from(sites: dict[str, Path], browser: Browser) -> None:
    page, _ = opened(browser, sites["sample"] / "region.html", 1280)
    link = page.locator('.kpi a[data-f="realised"]').first
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open]")
    told = page.inner_text("dialog")
    assert "число проектов со статусом «реализован» или «закрыт» (версия 1)" in told
    assert "projects.csv" in told
    assert [v["id"] for v in Axe().run(page, options=RULES).response["violations"]] == []
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0
    assert page.evaluate("document.activeElement.dataset.f") == "realised"
    page.context.close()


@pytest.fixture(scope="module")
def excused() -> Excused:
    return Excused(intake.read(intake.sample_path()))


def figures_of(site: Path, name: str) -> pd.DataFrame:
    """What the export says a page shows, by the figures' ids."""
    figures = pd.read_parquet(site / "data" / "figures.parquet")
    return figures[figures["report"].eq(name)].set_index("id")


@pytest.mark.parametrize("name", SAMPLE)
def test_every_number_of_a_page_is_a_figure_or_excused(
    sites: dict[str, Path], excused: Excused, name: str
) -> None:
    page = Taken((sites["sample"] / f"{name}.html").read_text(encoding="utf-8"))
    assert len(page.figures) > 20
    assert unexplained(page, excused, figures_of(sites["sample"], name)["text"]) == []


@pytest.mark.parametrize("name", SAMPLE)
def test_a_page_says_of_each_figure_what_the_export_says(sites: dict[str, Path], name: str) -> None:
    page = Taken((sites["sample"] / f"{name}.html").read_text(encoding="utf-8"))
    exported = figures_of(sites["sample"], name)["text"]
    assert [(key, text, exported[key]) for key, text in page.figures if text != exported[key]] == []


def test_a_number_that_is_no_figure_is_found_wherever_it_stands(
    sites: dict[str, Path], excused: Excused
) -> None:
    html = (sites["sample"] / "projects" / "mvd.html").read_text(encoding="utf-8")
    known = figures_of(sites["sample"], "projects/mvd")["text"]
    links = [
        link for link in re.finditer(r'<a [^>]*data-f="[^"]*">([^<]*)</a>', html) if re.search(r"\d", link[1])
    ]
    assert len(links) > 15
    plain = [f"{html[: link.start()]}{link[1]}{html[link.end() :]}" for link in links]
    for drawn in (">28 → 10", ": 28 → 10"):  # on a drawing, and in what is read aloud of it
        assert drawn in html
        plain.append(html.replace(drawn, drawn.replace("10", "11"), 1))
    assert [text for text in plain if not unexplained(Taken(text), excused, known)] == []


NO_ROWS = {
    "published": "quoted from the programme's deck",
    "relation_stated": "quoted from the programme's deck",
    "relation_computed": "computed from what the deck says",
    "reconciled": "of published figures that the registry has no rows for",
    "municipalities": "of the catalogue, where the registry has no table of territories",
}
"""Figures that may have no rows of the registry behind them, and why."""


@pytest.mark.parametrize("name", SAMPLE)
def test_behind_every_figure_but_nothing_are_rows_of_the_registry(sites: dict[str, Path], name: str) -> None:
    shown = figures_of(sites["sample"], name)
    bare = shown[shown["rows"].eq("") & shown["value"].fillna(0).ne(0)]
    assert sorted(set(bare["name"]) - NO_ROWS.keys()) == []


def test_the_index_finds_and_sorts_territories(sites: dict[str, Path], browser: Browser) -> None:
    page, _ = opened(browser, sites["hard"] / "index.html", 1280)
    page.fill("#find", "яйск")
    assert page.inner_text("#found") == "найдено: 1"
    page.fill("#find", "")
    table = page.locator("table", has_text="Яйский").first
    table.get_by_role("button", name="Проектов").click()
    table.get_by_role("button", name="Проектов").click()
    assert "300" in table.locator("tbody tr").first.inner_text()
    page.context.close()


def test_the_index_serves_two_thousand_territories(tmp_path: Path, browser: Browser) -> None:
    count = 2000
    own = pd.DataFrame({"municipality_id": [f"m-{n:04}" for n in range(count)]}).assign(
        name=lambda t: "Округ " + t["municipality_id"].str[2:], kind="okrug"
    )
    registry = Registry.from_frames(
        {
            "municipalities": own,
            "organizations": pd.DataFrame(columns=["organization_id", "name", "kind", "sector"]),
            "projects": pd.DataFrame(columns=["project_id", "title", "organization_id", "sector", "status",
                                              "centralised", "source"]),
        }
    )  # fmt: skip
    (tmp_path / "municipalities").mkdir()
    (tmp_path / "work").mkdir()
    for number, name in enumerate(own["municipality_id"]):
        figure = Figure("total", "Проектов", number, str(number), "project", "total")
        heading = nbformat.v4.new_output(
            "display_data", {FIGURES_MIME: dump([figure]), "text/html": f"<h1>Округ {name[2:]}</h1>"}
        )
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1", outputs=[heading])])
        nbformat.write(notebook, tmp_path / "municipalities" / f"{name}.ipynb")
    site.write(tmp_path, registry, (), "", tmp_path / "work")
    page, wrong = opened(browser, tmp_path / "index.html", 1280)
    assert wrong == []
    page.fill("#find", "округ 1234")
    assert page.inner_text("#found") == "найдено: 1"
    page.fill("#find", "")
    table = page.locator("table", has_text="Округ").first
    table.get_by_role("button", name="Проектов").click()
    table.get_by_role("button", name="Проектов").click()
    assert "Округ 1999" in table.locator("tbody tr").first.inner_text()
    page.context.close()


def test_a_municipality_page_with_its_charts_weighs_under_250_kilobytes(sites: dict[str, Path]) -> None:
    assert (sites["sample"] / "municipalities" / "kemerovsky-okrug.html").stat().st_size < 250_000


@cache
def made_pdf(path: Path) -> bytes:
    return to_pdf(path.read_text(encoding="utf-8"))


def pdf(path: Path) -> PdfReader:
    """The PDF of a built page."""
    return PdfReader(BytesIO(made_pdf(path)))


@pytest.mark.parametrize("name", ["projects/mvd", "projects/vision"])
def test_a_passport_is_one_a3_page_with_the_four_blocks_in_order(sites: dict[str, Path], name: str) -> None:
    document = pdf(sites["sample"] / f"{name}.html")
    assert len(document.pages) == 1
    box = document.pages[0].mediabox
    assert (round(box.width), round(box.height)) == (1191, 842)
    text = document.pages[0].extract_text()
    heads = ["1. Вовлечённые лица и рамки", "2. Обоснование выбора", "3. Цели и плановый эффект"]
    outcome = ["Было и стало", "Эффект и стандарты", "Решено проблем", "Насколько доказано"]
    places = [text.index(head) for head in [*heads, "4. Ключевые события", *outcome, "Было, цель, стало"]]
    assert places == sorted(places)


def test_a_passport_of_long_and_hostile_texts_is_one_page_too(sites: dict[str, Path]) -> None:
    assert len(pdf(sites["hard"] / "projects" / "h-0.html").pages) == 1


def test_a_municipality_pdf_is_tagged_numbered_and_has_bookmarks_and_embedded_fonts(
    sites: dict[str, Path],
) -> None:
    document = pdf(sites["sample"] / "municipalities" / "kemerovsky-okrug.html")
    assert document.trailer["/Root"]["/MarkInfo"]["/Marked"] == True  # type: ignore[index]  # noqa: E712
    texts = [page.extract_text() for page in document.pages]
    assert all(f"Стр. {n} из {len(texts)}" in text for n, text in enumerate(texts, 1))
    titles = [str(entry.title) for entry in document.outline[1] if not isinstance(entry, list)]
    assert "Портфель" in titles
    fonts = {f for page in document.pages for f in page["/Resources"]["/Font"].values()}  # type: ignore[index]
    assert all("+" in font.get_object()["/BaseFont"] for font in fonts)


@pytest.mark.parametrize("name", [*SAMPLE, "index"])
def test_numbers_are_set_in_russian(sites: dict[str, Path], name: str) -> None:
    html = (sites["sample"] / f"{name}.html").read_text(encoding="utf-8")
    text = unescape(re.sub(r"<[^>]+>", "\n", re.sub(r"(?s)<(style|script).*?</\1>", "", html)))
    wrong = re.findall(r"[\dXY] %|(?<=[\s(])-\d.*|(?<![\d.])\d+\.\d+(?![\d.])|\d{5,}", text)
    assert [found for found in wrong if found != __version__.rpartition(".")[0]] == []
    assert not re.search(r"\b(?:None|nan|NaN|NaT|<NA>)\b", text)


def structure(node: Any) -> Iterator[Any]:
    """Every element of a PDF's structure tree below a node."""
    node = node.get_object()
    if isinstance(node, list):
        for child in node:
            yield from structure(child)
    elif isinstance(node, dict):
        if "/S" in node:
            yield node
        if "/K" in node:
            yield from structure(node["/K"])


@pytest.mark.parametrize("name", ["municipalities/kemerovsky-okrug", "projects/mvd"])
def test_a_pdf_tells_its_language_title_headings_tables_and_what_its_charts_show(
    sites: dict[str, Path], name: str
) -> None:
    document = pdf(sites["sample"] / f"{name}.html")
    root: Any = document.trailer["/Root"]
    assert root["/Lang"] == "ru"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert document.metadata is not None
    assert str(document.metadata.title).endswith("Кузбасс бережливый")
    found = list(structure(root["/StructTreeRoot"]["/K"]))
    roles = Counter(str(element["/S"]) for element in found)
    assert roles["/H1"] == 1
    assert min(roles[role] for role in ("/H2", "/Table", "/TH", "/TD", "/Caption", "/Figure")) > 0
    assert all(element.get("/Alt") for element in found if element["/S"] == "/Figure")


@pytest.mark.parametrize(("site", "name"), PAGES)
def test_a_page_takes_nothing_from_elsewhere(sites: dict[str, Path], site: str, name: str) -> None:
    html = (sites[site] / f"{name}.html").read_text(encoding="utf-8")
    taken = re.findall(r'<(?!a\b)\w+[^>]*\s(?:src|href)="([^"]*)"', html)
    assert [address for address in taken if not address.startswith(("#", "data:"))] == []
    assert "@import" not in html
    assert not re.search(r"url\((?!#|data:)", html)
