"""JupyterLab as `make lab` opens it, in a real browser with nothing but this machine to ask."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from openpyxl import load_workbook
from playwright.sync_api import Page, expect, sync_playwright

import kuzbass_lean as kl

ROOT = Path(__file__).parents[1]
PATIENCE = 120_000
"""Milliseconds to wait for what takes a thousand or two: other work may hold the machine."""

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the lab works on, so that nothing here changes the repository."""
    made = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "notebooks", made / "notebooks", ignore=shutil.ignore_patterns(".*"))
    (made / ".cache" / "lab").mkdir(parents=True)
    (made / ".cache" / "lab" / "custom.css").write_text(kl.lab.stylesheet(), encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {name: str(folder / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR")}
    environment = {**os.environ, **own, "JUPYTER_CONFIG_PATH": str(ROOT / "tools" / "jupyter")}
    asked = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--ServerApp.port={port}"]
    asked += ["--IdentityProvider.token=", "--ServerApp.port_retries=0"]
    log = (folder / "server.log").open("wb")
    running = subprocess.Popen(asked, cwd=folder, env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    for _ in range(PATIENCE // 500):
        try:
            urllib.request.urlopen(f"{address}/api", timeout=5).close()
            break
        except OSError:
            assert running.poll() is None, (folder / "server.log").read_text()
            time.sleep(0.5)
    yield address
    running.terminate()
    running.wait(30)
    log.close()


@pytest.fixture
def page(server: str) -> Iterator[tuple[Page, list[str]]]:
    """A page, and what went wrong on it: errors, and whatever was asked of another machine."""
    wrong: list[str] = []
    with sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        opened = browser.new_page(viewport={"width": 1400, "height": 1000})
        opened.set_default_timeout(PATIENCE)
        opened.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        opened.on("pageerror", lambda error: wrong.append(str(error)))
        here = (server, "data:", "blob:", server.replace("http", "ws"))
        opened.on(
            "request", lambda asked: wrong.append(asked.url) if not asked.url.startswith(here) else None
        )
        yield opened, wrong
        browser.close()


def test_an_analyst_explores_tries_out_and_takes_away(
    server: str, folder: Path, page: tuple[Page, list[str]]
) -> None:
    opened, wrong = page
    opened.goto(server)
    opened.locator(".jp-RenderedMarkdown").get_by_text("explore", exact=True).click()
    opened.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for()
    opened.locator(".lm-MenuBar-item", has_text="Run").click()
    opened.locator('.lm-Menu [data-command="runmenu:run-all"]').click()
    parts = {
        name: opened.locator(
            ".jp-CodeCell", has=opened.locator(".jp-InputArea", has_text=f"lab.{name}")
        ).first
        for name in ("charts", "tables", "trial", "keeping")
    }

    # what if: three more companies give the next level
    direction = parts["trial"].locator("select")
    direction.select_option("8. Транспорт")
    levels = parts["trial"].locator(".lad .lv")
    expect(levels).to_have_text(["нет уровня", "нет уровня"])
    handle = parts["trial"].locator(".noUi-handle").first
    handle.focus()
    for _ in range(3):
        handle.press("ArrowRight")
    expect(levels).to_have_text(["нет уровня", "Резерв"])

    # charts and tables follow the choice; the table is searched in the browser
    opened.locator(".jp-CodeCell select").first.select_option("Транспорт")
    expect(parts["charts"].locator("h1")).to_have_text("Транспорт")
    table = parts["tables"].locator(".dt-container")
    projects = len(kl.read().slice(kl.Scope.of_sector("transport")).projects)
    expect(table.locator(".dt-info")).to_have_text(f"с 1 по 10 из {projects}")
    table.locator("input[type=search]").fill("нет такого проекта")
    expect(table.locator("tbody")).to_have_text("строк нет")

    # what is taken away is this choice
    buttons = parts["keeping"].locator("button")
    buttons.nth(0).click()
    expect(parts["keeping"]).to_contain_text("transport-2019-09-30.xlsx")
    book = load_workbook(folder / "exports" / "transport-2019-09-30.xlsx")
    assert book["Проекты"].max_row == 1 + projects
    buttons.nth(2).click()
    expect(parts["keeping"]).to_contain_text("kuzbass-lean build --only 'saved/my-report'")
    saved = yaml.safe_load((folder / "params" / "my-report.yaml").read_text(encoding="utf-8"))
    assert saved["parameters"]["sector"] == "transport"
    opened.screenshot(path=folder / "lab.png")
    assert wrong == []
