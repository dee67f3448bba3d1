"""What a build outlives: kills, signals, a full disk, a lost input, another build, a clock that jumps.

    python tools/chaos.py [--kills 100] [--seed 1] [NAME]...

Each trial is a build of four small reports by the real command. After everything that is done to
it the published site must be whole, of one version of the data; the log must hold nothing that is
not so; and the next build must make the site complete. What needs root or ``faketime`` and does
not find it is named as not tried.
"""

import argparse
import csv
import hashlib
import json
import multiprocessing
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import nbformat
import psutil

from kuzbass_lean import cli, intake, runs
from kuzbass_lean.press import build as _loaded  # noqa: F401  for the forks
from kuzbass_lean.runs import Site, lines
from kuzbass_lean.runs.history import logs

COMMAND = Path(sys.executable).with_name("kuzbass-lean")
SECTORS = ("gov", "muni", "health", "edu")
CODE = """
import time
import kuzbass_lean as kl
registry = kl.read(data)
closed = registry.projects["status"].eq("closed").sum()
time.sleep(0.2)
figure = kl.blocks.Figure("status_closed", "Закрыто", float(closed), str(closed), "project", "")
kl.blocks.Block(f"<h1>Закрыто: {closed}</h1>", "", (figure,))
""".strip()
BASE = 100
"""Closed projects of the sample; every further version of the data has one more."""


class Office:
    """A folder with a registry, a params file, a notebook and the site that is built from them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.version, self.seconds = folder, 0, 10.0
        self.left: tuple[str, str, set[str]] | None = None
        self.site = Site(folder / "site")
        for name in ("params", "notebooks"):
            (folder / name).mkdir(parents=True)
        shutil.copytree(intake.sample_path(), folder / "data")
        sectors = ", ".join(SECTORS)
        (folder / "params/cheap.yaml").write_text(
            f"notebook: cheap\noutput: cheap/{{sector}}\nmatrix:\n  sector: [{sectors}]\n", encoding="utf-8"
        )
        parameters = nbformat.v4.new_code_cell('sector: str = "gov"\ndata: str = ""')
        parameters.metadata["tags"] = ["parameters"]
        cells = [parameters, nbformat.v4.new_code_cell(CODE)]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "notebooks/cheap.ipynb")

    def close_one_more(self) -> None:
        """Give the registry its next version: one more project is closed."""
        self.version += 1
        with (intake.sample_path() / "projects.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        for row in [row for row in rows if row["status"] == "in_progress"][: self.version]:
            row.update(status="closed", implemented="2019-09-30", closed="2019-09-30")
        with (self.folder / "data/projects.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

    def _arguments(self) -> list[str]:
        names = {"--data": "data", "--params": "params", "--notebooks": "notebooks", "--out": "site"}
        given = [word for option, name in names.items() for word in (option, str(self.folder / name))]
        return ["build", "--jobs", "2", *given]

    def start(self, *options: str, before: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        """Start a build, in a session of its own."""
        return subprocess.Popen(
            [*before, str(COMMAND), *self._arguments(), *options],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip

    def fork(self) -> Any:
        """Start a build in a fork of this process, which has all its libraries: it begins sooner."""

        def build() -> None:
            os.setsid()
            said = os.open(self.folder / "said", os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
            os.dup2(said, 1)
            os.dup2(said, 2)
            os._exit(cli.run(self._arguments()))

        process = multiprocessing.get_context("fork").Process(target=build)
        process.start()
        return process

    def look(self, newest: str) -> str:
        """Look at what a killed build left, given the newest log before it; say how far it had come.

        What the next build will have to make of it is kept for ``check``.
        """
        found = published(self.site)
        assert found in (self.version, self.version - 1)
        log = last_log(self.site)
        if log == newest:
            return "before it began"
        self.check()
        run = log.removesuffix(".jsonl")
        outcomes = {line["run"]: line["outcome"] for line in runs.history(self.site)}
        if run in outcomes:
            assert (outcomes[run], found) == ("published", self.version)
            return "and all the same complete"
        if found == self.version:
            self.left = (run, "published", set())
            return "after publishing, before it could say so"
        self.left = (run, "interrupted", finished(self.site))
        return f"with {len(self.left[2])} of {len(SECTORS)} reports finished"

    def check(self) -> None:
        """Check that a run which has begun since has made the right thing of what a killed one left."""
        if self.left is not None:
            run, outcome, done = self.left
            (line,) = (line for line in runs.history(self.site) if line["run"] == run)
            assert line["outcome"] == outcome, (line, outcome)
            following = self.site.runs / "logs" / f"{int(run) + 1:06}.jsonl"
            taken = {line["report"] for line in lines.read(following) if line.get("status") == "taken over"}
            assert taken == done, (taken, done)
            self.left = None

    def build(self, *options: str, before: tuple[str, ...] = ()) -> tuple[int, str]:
        """Build; return the exit code and what was said."""
        begun = time.monotonic()
        process = self.start(*options, before=before)
        _, said = process.communicate()
        if process.returncode == 0:
            self.seconds = time.monotonic() - begun
        return process.returncode, said

    def complete(self, *options: str, before: tuple[str, ...] = ()) -> dict[str, Any]:
        """Build, which must give the whole site of the present version; return its line of the history."""
        code, said = self.build(*options, before=before)
        assert code == 0, said
        self.check()
        assert published(self.site) == self.version
        assert not self.site.staged.exists()
        assert not list(self.site.runs.glob("work-*"))
        found = runs.history(self.site)
        assert [line["run"] for line in found] == [f"{number:06}" for number in range(1, len(found) + 1)]
        assert runs.health(self.site)["failures"] == 0
        return found[-1]


def published(site: Site) -> int | None:
    """Return the version of the published site, None if there is none; it must be whole."""
    if not site.out.exists():
        return None
    entries = json.loads((site.out / "manifest.json").read_bytes())["reports"]
    assert set(entries) == {f"cheap/{sector}" for sector in SECTORS}
    for entry in entries.values():
        assert_holds(site.out, entry)
    pages = sorted((site.out / "cheap").glob("*.html"))
    assert [page.stem for page in pages] == sorted(SECTORS)
    index = (site.out / "index.html").read_text(encoding="utf-8")
    assert all(f'href="cheap/{sector}.html"' in index for sector in SECTORS)
    told = {re.search(r"Закрыто: (\d+)</h1>", page.read_text(encoding="utf-8"))[1] for page in pages}
    with (site.out / "data/figures.csv").open(encoding="utf-8", newline="") as file:
        told |= {row["text"] for row in csv.DictReader(file)}
    assert len(told) == 1, f"pages of several versions: {told}"
    return int(told.pop()) - BASE


def assert_holds(folder: Path, entry: dict[str, Any]) -> None:
    """Assert that the files of a report are those that its entry names."""
    assert entry["outputs"]
    for name, digest in entry["outputs"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest, name


def last_log(site: Site) -> str:
    """Return the name of the newest log, empty if there is none."""
    return logs(site)[-1].name if logs(site) else ""


def finished(site: Site) -> set[str]:
    """Return the reports that the newest log calls finished; they must lie there."""
    noted = [line for line in lines.read(logs(site)[-1]) if line.get("entry")]
    for line in noted:
        assert_holds(site.staged, line["entry"])
    return {line["report"] for line in noted}


def descendants(pid: int) -> list[psutil.Process]:
    """Return the processes of a build but its own; none if it is gone."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []


def kill(office: Office, rng: random.Random, whom: str) -> str:
    """Kill a build, one of its workers or all at once at a random moment; return when it struck, if it did.

    Two times of three the next build to be killed goes on with what this one left.
    """
    if published(office.site) == office.version:
        office.close_one_more()
    newest, early, process = last_log(office.site), rng.random() < 0.1, office.fork()
    while not early and last_log(office.site) == newest and process.is_alive():
        time.sleep(0.02)
    time.sleep(rng.uniform(0, 1.05 * office.seconds))
    family = descendants(process.pid)
    victims = {
        "build": [process],
        "all": [process, *family],
        "worker": rng.sample(family, min(1, len(family))),
    }
    struck = process.is_alive() and bool(victims[whom])
    for victim in victims[whom] if struck else []:
        with suppress(psutil.NoSuchProcess):
            victim.kill()
    process.join()
    if whom == "worker" or not struck:
        assert process.exitcode == 0, (office.folder / "said").read_text(encoding="utf-8")
    psutil.wait_procs(family, timeout=60)
    assert not [each for each in family if each.is_running()], "workers outlive their build"
    when = office.look(newest)
    if rng.random() < 1 / 3:
        office.complete()
    return f"{whom} killed {when}" if struck else ""


def kills(office: Office, rng: random.Random, count: int) -> Iterator[str]:
    """Kill -9 at random moments."""
    office.seconds = office.complete()["seconds"]
    while count:
        struck = kill(office, rng, rng.choice(("build", "build", "worker", "all")))
        if struck:
            count -= 1
            yield struck
    office.complete()


def signals(office: Office, rng: random.Random, count: int) -> Iterator[str]:
    """Ctrl-C and SIGTERM at random moments end cleanly, with their exit codes."""
    office.complete()
    for _ in range(max(count // 10, 4)):
        office.close_one_more()
        number = rng.choice((signal.SIGINT, signal.SIGTERM))
        newest = last_log(office.site)
        process = office.start()
        while last_log(office.site) == newest:  # before it has begun there is nothing to end cleanly
            time.sleep(0.02)
        time.sleep(rng.uniform(0, office.seconds / 2))
        process.send_signal(number)
        process.wait()
        family = published(office.site)
        last = runs.history(office.site)[-1]["outcome"]
        assert process.returncode in (0, 128 + number), (process.returncode, process.stderr.read())
        assert last == ("published" if family == office.version else "stopped")
        yield f"{number.name}: {last}, exit code {process.returncode}"
        office.complete()


def lost_input(office: Office, rng: random.Random, count: int) -> Iterator[str]:
    """The registry is gone, and comes back."""
    office.complete()
    (office.folder / "data").rename(office.folder / "lost")
    code, said = office.build()
    assert (code, "there is no" in said) == (2, True), said
    assert runs.history(office.site)[-1]["outcome"] == "refused"
    assert runs.health(office.site)["failures"] == 1
    assert published(office.site) == office.version
    (office.folder / "lost").rename(office.folder / "data")
    office.close_one_more()
    office.complete()
    yield "refused with 2, then complete"


def two_at_once(office: Office, rng: random.Random, count: int) -> Iterator[str]:
    """Two builds in one folder: the second leaves, or waits."""
    office.complete()
    for options, codes in (((), [0, 3]), (("--wait", "600"), [0, 0])):
        office.close_one_more()
        both = [office.start(*options) for _ in range(2)]
        said = [process.communicate()[1] for process in both]
        assert sorted(process.returncode for process in both) == codes, said
        assert published(office.site) == office.version
        if 3 in codes:
            assert any("another build is writing site (process" in each for each in said)
        office.complete()
        yield f"exit codes {codes[0]} and {codes[1]}"


def clock(office: Office, rng: random.Random, count: int) -> Iterator[str]:
    """The clock jumps years between two builds."""
    if not shutil.which("faketime"):
        yield "not tried: no faketime"
        return
    office.complete()
    for jump in ("+800d", "-800d"):
        office.close_one_more()
        line = office.complete(before=("faketime", "-f", jump))
        assert line["outcome"] == "published"
        assert 0 < line["seconds"] < 3600, line
    office.close_one_more()
    office.complete()
    sites = sorted(path.name for path in (office.site.runs / "sites").iterdir())
    assert sites == [f"{number:06}" for number in range(1, 4)], sites
    yield "forth and back, then complete"


@contextmanager
def small_disk(office: Office) -> Iterator[bool]:
    """Put the office on a disk of its own; gives whether this user may mount one."""
    disk = office.folder / "disk"
    disk.mkdir()
    wanted = ["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", str(disk)]
    able = subprocess.run(wanted, capture_output=True, check=False).returncode == 0
    try:
        if able:
            office.site = Site(disk / "site")
            (office.folder / "site").symlink_to(disk / "site", target_is_directory=True)
        yield able
    finally:
        if able:
            subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(disk: Path, left: int) -> None:
    """Fill a disk up to so many bytes."""
    free = shutil.disk_usage(disk).free
    with (disk / "ballast").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(free - left, 1))


def full_disk(office: Office, rng: random.Random, count: int) -> Iterator[str]:
    """The disk is full before a build, or fills up at a random moment of it."""
    with small_disk(office) as able:
        if not able:
            yield "not tried: no right to mount"
            return
        disk = office.folder / "disk"
        office.complete()
        for trial in range(max(count // 5, 4)):
            office.close_one_more()
            if trial == 0:
                fill(disk, 2**20)
            newest = last_log(office.site)
            process = office.start()
            while trial and last_log(office.site) == newest and process.poll() is None:
                time.sleep(0.02)
            time.sleep(rng.uniform(0, office.seconds) if trial else 0)
            fill(disk, rng.choice((0, 4096, 65536))) if trial else None
            said = process.communicate()[1]
            assert process.returncode in (0, 3), said
            assert published(office.site) in (office.version, office.version - 1)
            yield f"exit code {process.returncode}{': ' + why(said) if said else ''}"
            (disk / "ballast").unlink()
            office.complete()


def why(said: str) -> str:
    """Return a message without what differs from trial to trial."""
    return re.sub(r"\S*/\S*|\d+", "…", said.strip().splitlines()[-1])[:90]


def read_only(office: Office, rng: random.Random, count: int) -> Iterator[str]:
    """The disk turns read-only between two builds."""
    with small_disk(office) as able:
        if not able:
            yield "not tried: no right to mount"
            return
        disk = str(office.folder / "disk")
        office.complete()
        office.close_one_more()
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        code, said = office.build()
        assert (code, "cannot be written" in said) == (3, True), said
        assert published(office.site) == office.version - 1
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        office.complete()
    yield "refused with 3, then complete"


def month(office: Office, rng: random.Random, count: int) -> Iterator[str]:
    """Twenty-four runs over a turn of months: new data, the same data, broken data."""
    if not shutil.which("faketime"):
        yield "not tried: no faketime"
        return
    expected, before = [], None
    for number in range(24):
        day = f"2026-{'02' if number < 9 else '03'}-{number + 20 if number < 9 else number - 8:02}"
        kind = "new" if number == 0 else rng.choice(("new", "new", "same", "broken"))
        if kind == "new":
            office.close_one_more()
        table = office.folder / "data/projects.csv"
        sound = table.read_bytes()
        if kind == "broken":
            head, _, rest = sound.partition(b"\n")
            table.write_bytes(head + b"\n" + rest.replace(b",closed,", b",clsed,", 1))
        code, said = office.build(before=("faketime", "-f", f"@{day} 03:00:00"))
        table.write_bytes(sound)
        assert code == (1 if kind == "broken" else 0), (kind, code, said)
        outcome = {"new": "published", "same": "unchanged", "broken": "refused"}[kind]
        changed = {"new": len(SECTORS) if number else 0}.get(kind)
        expected.append((f"{number + 1:06}", day, outcome, changed))
        before = before if kind == "broken" else day
        yield outcome
        assert published(office.site) == office.version
    found = [(line["run"], line["ended"][:10], line["outcome"], line.get("changes", {}).get("figures"))
             for line in runs.history(office.site)]  # fmt: skip
    assert found == expected, list(zip(found, expected, strict=True))
    assert runs.health(office.site)["last_success"].startswith(before)
    replaced = [run for run, _, outcome, _ in expected if outcome == "published"][:-1]
    days = {run: day for run, day, _, _ in expected}
    monthly = [max((run for run in replaced if days[run][:7] == month), default="") for month in
               ("2026-02", "2026-03")]  # fmt: skip
    kept = sorted({*replaced[-7:], *monthly} - {""})
    assert sorted(path.name for path in (office.site.runs / "sites").iterdir()) == kept
    yield f"{len(kept)} old sites kept of {len(replaced)}"


TRIALS = (kills, signals, full_disk, read_only, lost_input, two_at_once, clock, month)


def main() -> None:
    """Run the trials named on the command line, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(each.__name__ for each in TRIALS))
    given = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background has it ignored
    for trial in TRIALS:
        if given.names and trial.__name__ not in given.names:
            continue
        begun, seen = time.monotonic(), Counter()
        with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
            try:
                for what in trial(Office(Path(folder) / "office"), random.Random(given.seed), given.kills):
                    seen[what] += 1
            finally:
                print(f"{trial.__name__} ({time.monotonic() - begun:.0f} s)", flush=True)
                for what, times in sorted(seen.items()):
                    print(f"  {times:4} {what}", flush=True)


if __name__ == "__main__":
    main()
