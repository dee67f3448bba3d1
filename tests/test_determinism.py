"""The same inputs give the same bytes, whoever builds them, wherever, whenever and how."""

import csv
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kuzbass_lean import intake

ROOT = Path(__file__).parents[1]
REPORTS = ("region", "sectors/health", "municipalities/kemerovsky-okrug", "projects/mvd")
IN_PDF = ("municipalities/krasnobrodsky-okrug", "projects/mvd")
ABOUT_INPUT = ("manifest.json", "ro-crate-metadata.json", "data/lineage.", "data/registry/")
"""Beginnings of what names the lines and the bytes of the input files; the rest knows only the rows."""
CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
#include <sys/time.h>
int clock_gettime(clockid_t id, struct timespec *t) {
  static int (*real)(clockid_t, struct timespec *);
  if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
  int failed = real(id, t);
  if (!failed && id == CLOCK_REALTIME) t->tv_sec += 400 * 86400;
  return failed;
}
time_t time(time_t *p) {
  struct timespec t; clock_gettime(CLOCK_REALTIME, &t); if (p) *p = t.tv_sec; return t.tv_sec;
}
int gettimeofday(struct timeval *v, void *z) {
  struct timespec t; clock_gettime(CLOCK_REALTIME, &t);
  v->tv_sec = t.tv_sec; v->tv_usec = t.tv_nsec / 1000; return 0;
}
"""


def run(
    out: Path,
    data: Path,
    *options: str,
    prefix: list[str],
    reports: tuple[str, ...] = REPORTS,
    **environment: str,
) -> dict[str, bytes]:
    """Build in a process of its own; every file by its path."""
    code = "import sys; from kuzbass_lean.cli import run; sys.exit(run(sys.argv[1:]))"
    arguments = ["build", "--data", str(data), "--params", str(ROOT / "params"), "--notebooks"]
    arguments += [str(ROOT / "notebooks"), "--out", str(out), *options]
    for name in reports:
        arguments += ["--only", name]
    home = out.parent / f"home-{out.name}"
    home.mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    told = {"PYTHONPATH": str(ROOT), "HOME": str(home), "TMPDIR": str(home), **kept, **environment}
    done = subprocess.run(
        [*prefix, sys.executable, "-c", code, *arguments],
        env=told, cwd=home, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}


def as_another() -> list[str]:
    """A command before a command that runs it as another user, where the system lets us."""
    wanted = ["unshare", "--user", "--map-user=65534", "--map-group=65534"]
    able = shutil.which("unshare") and subprocess.run([*wanted, "true"], capture_output=True, check=False)
    return wanted if able and able.returncode == 0 else []


def another_day(folder: Path) -> dict[str, str]:
    """What makes a process live in another year, where there is a compiler to make it."""
    compiler = shutil.which("cc")
    if compiler is None:
        return {}
    (folder / "clock.c").write_text(CLOCK, encoding="utf-8")
    command = [compiler, "-shared", "-fPIC", "-o", str(folder / "clock.so"), str(folder / "clock.c"), "-ldl"]
    made = subprocess.run(command, capture_output=True, check=False)
    return {"LD_PRELOAD": str(folder / "clock.so")} if made.returncode == 0 else {}


def shuffled(target: Path) -> Path:
    """The sample with the rows of every file in another order; within a day that of measuring counts."""
    target.mkdir()
    order = random.Random(7)
    for path in intake.sample_path().glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            head, *rows = csv.reader(file)
        if path.stem != "observations":
            order.shuffle(rows)
        with (target / path.name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([head, *rows])
    return target


PLAIN = {"TZ": "Asia/Novokuznetsk", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "1"}


def elsewhere(folder: Path, *options: str, reports: tuple[str, ...] = REPORTS) -> dict[str, bytes]:
    """A build of which everything is another: folder, user, time zone, locale, hash seed and day."""
    data = Path(shutil.copytree(intake.sample_path(), folder / "elsewhere" / "sample"))
    other = {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "LANG": "ru_RU.UTF-8", "PYTHONHASHSEED": "77"}
    (folder / "deep" / "er").mkdir(parents=True)
    return run(
        folder / "deep" / "er" / "site", data, *options,
        prefix=as_another(), reports=reports, **other, **another_day(folder),
    )  # fmt: skip


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("first")
    data = Path(shutil.copytree(intake.sample_path(), folder / "sample"))
    return run(folder / "out", data, "--jobs", "1", "--engine", "kernel", prefix=[], **PLAIN)


def test_folder_user_zone_locale_hash_seed_clock_jobs_and_engine_change_no_byte(
    tmp_path: Path, first: dict[str, bytes]
) -> None:
    warm = "warm" if sys.platform == "linux" else "kernel"
    found = elsewhere(tmp_path, "--jobs", "4", "--engine", warm)
    assert {f"{name}{suffix}" for name in REPORTS for suffix in (".html", ".ipynb")} <= set(found)
    assert set(found) == set(first)
    assert [name for name in first if found[name] != first[name]] == []


def test_nor_do_they_change_a_byte_of_a_pdf(tmp_path: Path) -> None:
    data, pdf = intake.sample_path(), ("--format", "pdf")
    found = elsewhere(tmp_path, *pdf, reports=IN_PDF)
    plain = run(tmp_path / "out", data, *pdf, prefix=[], reports=IN_PDF, **PLAIN)
    assert [name for name in plain if name.endswith(".pdf")] == [f"{name}.pdf" for name in IN_PDF]
    assert [name for name in plain if found[name] != plain[name]] == []


def test_the_order_of_rows_in_the_files_changes_only_what_names_their_lines(
    tmp_path: Path, first: dict[str, bytes]
) -> None:
    found = run(tmp_path / "out", shuffled(tmp_path / "sample"), "--jobs", "2", prefix=[])
    assert set(found) == set(first)
    assert [name for name in first if found[name] != first[name] and not name.startswith(ABOUT_INPUT)] == []
