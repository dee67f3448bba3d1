import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from kuzbass_lean import cli, runs
from kuzbass_lean.errors import CapabilityError, UsageError
from kuzbass_lean.runs import Run, Site, health, history, lines, publish
from kuzbass_lean.runs import run as run_module
from kuzbass_lean.runs.history import record

posix = pytest.mark.skipif(os.name == "nt", reason="needs a POSIX system")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "site")


def write(folder: Path, **texts: str) -> None:
    """Write pages, by name without suffix; a manifest makes them a site."""
    for name, text in {"manifest": "{}", **texts}.items():
        path = folder / (f"{name}.json" if name == "manifest" else f"{name}.html")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def published(site: Site, text: str, **options: Any) -> Run:
    run = Run.begin(site)
    write(site.staged, index=text, a=text)
    run.publish({"reports": {"built": 1}}, **options)
    return run


def pages(folder: Path) -> dict[str, str]:
    return {path.stem: (folder / path).read_text(encoding="utf-8") for path in publish.files(folder)}


# Publishing


def test_a_new_site_takes_the_place_of_the_old_one_which_is_kept_under_its_run(site: Site) -> None:
    published(site, "первая")
    published(site, "вторая")
    assert pages(site.out) == {"manifest": "{}", "index": "вторая", "a": "вторая"}
    assert pages(site.old("000001")) == {"manifest": "{}", "index": "первая", "a": "первая"}
    assert not site.staged.exists()


def test_the_same_site_again_is_not_published(site: Site) -> None:
    published(site, "одна")
    published(site, "одна")
    assert [(line["outcome"], line["published"]) for line in history(site)] == [
        ("published", True),
        ("unchanged", False),
    ]
    assert not (site.runs / "sites").exists()


def test_a_folder_that_cannot_be_moved_is_changed_page_by_page_and_the_old_site_kept(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(site, "первая")
    write(site.out, gone="уходит")
    rename = Path.rename

    def renamed(path: Path, target: Path) -> Path:
        if path == site.out:
            raise OSError("a mount point")
        return rename(path, target)

    def cannot(*_: object) -> None:
        raise OSError("folders cannot be exchanged here")

    monkeypatch.setattr(publish, "exchange", cannot)
    monkeypatch.setattr(Path, "rename", renamed)
    published(site, "вторая")
    assert pages(site.out) == {"manifest": "{}", "index": "вторая", "a": "вторая"}
    assert pages(site.old("000001"))["gone"] == "уходит"


def test_where_the_new_site_cannot_be_put_in_place_the_old_one_stays(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(site, "первая")
    rename = Path.rename

    def renamed(path: Path, target: Path) -> Path:
        if path == site.staged:
            raise OSError("no")
        return rename(path, target)

    def cannot(*_: object) -> None:
        raise OSError("folders cannot be exchanged here")

    monkeypatch.setattr(publish, "exchange", cannot)
    monkeypatch.setattr(Path, "rename", renamed)
    with pytest.raises(OSError, match="no"):
        published(site, "вторая")
    assert pages(site.out)["a"] == "первая"


def test_the_folder_may_be_a_link_and_what_it_leads_to_is_the_site(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk" / "site", target_is_directory=True)
    published(Site(tmp_path / "out"), "первая")
    published(Site(tmp_path / "out"), "вторая")
    assert (tmp_path / "out").is_symlink()
    assert pages(tmp_path / "disk" / "site")["a"] == "вторая"


@posix
def test_modes_hidden_files_and_hidden_folders_of_the_office_stay(site: Site) -> None:
    published(site, "первая")
    site.out.chmod(0o750)
    (site.out / ".htaccess").write_text("x", encoding="utf-8")
    (site.out / ".git").mkdir()
    (site.out / ".git/HEAD").write_text("y", encoding="utf-8")
    published(site, "вторая")
    assert site.out.stat().st_mode & 0o777 == 0o750
    assert (site.out / ".htaccess").read_text(encoding="utf-8") == "x"
    assert (site.out / ".git/HEAD").read_text(encoding="utf-8") == "y"


@posix
def test_a_page_that_both_sites_share_is_one_read_only_file_and_other_files_are_copied(
    tmp_path: Path,
) -> None:
    write(tmp_path / "old", a="страница", foreign="чужое", index="не нужна")
    publish.bring(tmp_path / "old", tmp_path / "new", lambda name: name.stem != "index", {"a.html"})
    assert set(pages(tmp_path / "new")) == {"a", "foreign", "manifest"}
    shared, copied = tmp_path / "new/a.html", tmp_path / "new/foreign.html"
    assert shared.samefile(tmp_path / "old/a.html")
    assert shared.stat().st_mode & 0o222 == 0
    assert not copied.samefile(tmp_path / "old/foreign.html")


@pytest.mark.parametrize("name", [".", "..", "/"])
def test_a_folder_that_someone_works_in_is_no_site(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="more than a site"):
        Site(Path(name)).check()


def test_the_home_of_who_builds_is_no_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "site" / "me"))
    with pytest.raises(UsageError, match="more than a site"):
        Site(tmp_path / "site").check()
    monkeypatch.delenv("HOME")
    Site(tmp_path / "site").check()


def test_a_file_is_no_site(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(UsageError, match="is a file"):
        Site(tmp_path / "file").check()


def test_a_folder_that_cannot_be_written_is_said_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    with pytest.raises(CapabilityError, match="cannot be written"):
        Site(tmp_path / "new").check()
    (tmp_path / "new.runs").mkdir()
    Site(tmp_path / "new").check()


# A month


def test_a_month_of_runs_is_told_as_it_went_and_its_old_sites_are_pruned(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = ["new", "new", "same", "refused", "cut off", "new"] * 4
    days = [f"2026-02-{day}" for day in range(20, 29)] + [f"2026-03-{day:02}" for day in range(1, 16)]
    for number, (kind, day) in enumerate(zip(plan, days, strict=True), 1):
        monkeypatch.setattr(run_module, "_now", lambda day=day: f"{day}T03:00:00+00:00")
        if kind == "new":
            published(site, f"версия {number}", keep=3)
        elif kind == "same":
            published(site, pages(site.out)["a"], keep=3)
        elif kind == "refused":
            runs.refused(site, "there is no registry")
        else:
            Run.begin(site)
    found = [(line["run"], line["ended"][:10], line["outcome"]) for line in history(site)]
    outcomes = {"new": "published", "same": "unchanged", "refused": "refused", "cut off": "interrupted"}
    assert found == [
        (f"{number:06}", day, outcomes[kind])
        for number, (kind, day) in enumerate(zip(plan, days, strict=True), 1)
    ]
    # Runs 1, 2, 6, 7, 8, 12, 13, 14, 18, 19, 20 and 24 published; 8 was the last of February.
    assert sorted(path.name for path in (site.runs / "sites").iterdir()) == [
        "000008", "000018", "000019", "000020",
    ]  # fmt: skip
    assert pages(site.out)["a"] == "версия 24"
    assert health(site)["last_success"] == "2026-03-15T03:00:00+00:00"


# Going on


def test_a_run_that_was_cut_off_is_recorded_and_its_finished_reports_are_taken_over(site: Site) -> None:
    first = Run.begin(site)
    first.log("report", report="a", status="built", entry={"title": "А"})
    first.log("report", report="b", status="failed", error="нет", entry=None)
    first.log("report", report="c", status="built", entry={"title": "В"})
    second = Run.begin(site)
    assert dict(second.finished) == {"a": {"title": "А"}, "c": {"title": "В"}}
    (line,) = history(site)
    assert (line["run"], line["outcome"], line["reports"]) == (
        "000001",
        "interrupted",
        {"built": 2, "failed": 1},
    )
    assert Run.begin(site).finished == second.finished  # cut off again, before it had made anything


def test_what_a_stopped_run_had_finished_is_taken_over_and_what_a_published_one_had_is_not(
    site: Site,
) -> None:
    run = Run.begin(site)
    run.log("report", report="a", status="built", entry={"title": "А"})
    run.stop("stopped", "KeyboardInterrupt")
    run = Run.begin(site)
    assert set(run.finished) == {"a"}
    write(site.staged, index="и")
    run.publish({})
    assert Run.begin(site).finished == {}


def test_a_line_that_a_full_disk_cut_off_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    lines.append(path, {"text": "один\u2028строка"})
    with path.open("ab") as file:
        file.write('{"text": "дв'.encode()[:-1])
    lines.append(path, {"text": "три"})
    assert [line["text"] for line in lines.read(path)] == ["один\u2028строка", "три"]


def test_a_log_without_content_stops_no_run(site: Site) -> None:
    published(site, "первая")
    (site.runs / "logs/000002.jsonl").write_bytes(b"\0" * 40)  # as a power cut leaves it
    assert published(site, "вторая").number == "000003"


def test_numbers_go_on_where_the_history_was_lost(site: Site) -> None:
    published(site, "первая")
    published(site, "вторая")
    (site.runs / "history.jsonl").unlink()
    run = published(site, "третья")
    assert run.number == "000003"
    assert pages(site.old("000001"))["a"] == "первая"


@posix
def test_a_request_to_stop_waits_until_a_publication_is_done_and_recorded(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = publish.publish

    def interrupted(*arguments: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.05)  # time enough for a handler
        really(*arguments)

    monkeypatch.setattr(run_module.publish, "publish", interrupted)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background has it ignored
    with pytest.raises(KeyboardInterrupt):
        published(site, "первая")
    assert pages(site.out)["a"] == "первая"
    assert [line["outcome"] for line in history(site)] == ["published"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


# Runs that never began, and the command


def test_a_refused_run_is_recorded_where_there_is_a_history_or_a_schedule(site: Site) -> None:
    runs.refused(site, "there is no registry")
    assert not site.runs.exists()
    published(site, "первая")
    runs.refused(site, "there is no registry")
    assert [(line["run"], line["outcome"], line.get("error")) for line in history(site)][1:] == [
        ("000002", "refused", "there is no registry")
    ]
    runs.unchanged(site, 3)
    assert history(site)[-1]["reports"] == {"unchanged": 3}
    assert pages(site.out)["a"] == "первая"


def test_runs_lists_the_history_and_is_done_with_1_if_the_last_run_ended_ill(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["runs", str(site.folder)]) == 2
    assert "no build of" in capsys.readouterr().err
    published(site, "первая")
    assert cli.run(["runs", str(site.folder), "--max-age", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["health"]["failures"], found["health"]["age_hours"]) == (0, 0.0)
    assert [line["outcome"] for line in found["runs"]] == ["published"]
    runs.refused(site, "there is no registry")
    assert cli.run(["runs", str(site.folder)]) == 1
    assert "refused" in capsys.readouterr().out


@pytest.mark.parametrize("day", ["2000-01-01", "2200-01-01"])
def test_runs_is_done_with_1_if_the_last_success_is_too_old_or_yet_to_come(site: Site, day: str) -> None:
    record(site, {"run": "000001", "started": day, "ended": f"{day}T00:00:00+00:00", "outcome": "published"})
    assert cli.run(["runs", str(site.folder), "--max-age", "24"]) == 1
    assert cli.run(["runs", str(site.folder)]) == 0
