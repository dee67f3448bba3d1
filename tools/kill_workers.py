"""Kill processes of builds at random moments, and see that every build ends and none is wrong.

Every build must end and name what failed, a second one must complete it, and each page must show
its own territory and nobody else's. ``make kills``; the seed is printed, and --seed repeats a run.
"""

import argparse
import os
import random
import re
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import nbformat
import psutil

from kuzbass_lean import intake
from kuzbass_lean.press.build import BuildOptions, build
from kuzbass_lean.press.plan import ReportSpec
from kuzbass_lean.press.work import ReportResult
from kuzbass_lean.registry import Registry

PAGE = """
import time
import kuzbass_lean as kl
registry = kl.read()
scope = kl.Scope.of_municipality(municipality)
time.sleep({pause})
day = kl.views.report_date(registry)
kl.views.first_screen(registry, scope, day, up="../")
"""


def specs(folder: Path, registry: Registry, reports: int, chance: random.Random) -> list[ReportSpec]:
    """Plan cheap reports of territories, each a little longer or shorter."""
    top = nbformat.v4.new_code_cell('municipality: str = ""', metadata={"tags": ["parameters"]})
    made = []
    for key in registry.municipalities.index[:reports]:
        path = folder / f"{key}.ipynb"
        body = nbformat.v4.new_code_cell(PAGE.format(pause=round(chance.random() / 5, 3)).strip())
        nbformat.write(nbformat.v4.new_notebook(cells=[top, body]), path)
        made.append(ReportSpec(f"municipalities/{key}", "municipality", path, {"municipality": key}))
    return made


class Killer(threading.Thread):
    """Kills a process of the build now and then: mostly a report's, at times the nursery."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__(daemon=True)
        self._chance, self._over, self.killed = chance, threading.Event(), Counter()

    def run(self) -> None:
        """Kill until told to stop."""
        while not self._over.wait(self._chance.uniform(0.02, 0.5)):
            try:
                nurseries = psutil.Process().children()
                reports = [child for each in nurseries for child in each.children()]
                # Only while a report is at work: a nursery killed while it loads is soon back, and no test.
                chosen = self._chance.choice(
                    nurseries if reports and self._chance.random() < 0.1 else reports
                )
                os.kill(chosen.pid, signal.SIGKILL)
                self.killed["report" if chosen in reports else "nursery"] += 1
            except (IndexError, psutil.Error, ProcessLookupError):
                continue

    def stop(self) -> None:
        """Stop killing."""
        self._over.set()
        self.join()


def wrong(out: Path, registry: Registry, results: tuple[ReportResult, ...]) -> list[str]:
    """Return what is wrong with a site: a page that is missing, of a failed report, or another's."""
    titles = dict(registry.municipalities["title"])
    found = []
    for result in results:
        key, page = result.id.rpartition("/")[2], out / f"{result.id}.html"
        if result.status == "failed":
            if not result.error or page.exists() or not (out / "failed" / f"{result.id}.ipynb").exists():
                found.append(f"{result.id}: failed, and does not say so")
            continue
        text = page.read_text(encoding="utf-8") if page.exists() else ""
        told = re.search(r"<h1>(.*?)</h1>", text, re.DOTALL)
        if told is None or told[1].strip() != titles[key]:
            found.append(f"{result.id}: shows {told and told[1]!r}")
    return found


def main() -> None:
    """Build, kill, look, build again, look again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--builds", type=int, default=50)
    parser.add_argument("--reports", type=int, default=8)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    asked = parser.parse_args()
    chance, registry, told, trouble = random.Random(asked.seed), intake.read(), Counter(), []
    print(f"seed {asked.seed}", flush=True)
    for number in range(1, asked.builds + 1):
        with tempfile.TemporaryDirectory() as folder:
            plan, out = specs(Path(folder), registry, asked.reports, chance), Path(folder) / "out"
            killer, begun = Killer(chance), time.monotonic()
            killer.start()
            results = build(BuildOptions(out, jobs=2, report_timeout=120, retries=number % 2), registry, plan)
            killer.stop()
            trouble += [f"build {number}: {each}" for each in wrong(out, registry, results)]
            failed = sum(result.status == "failed" for result in results)
            again = build(BuildOptions(out, jobs=2), registry, plan)
            trouble += [f"build {number}, again: {each}" for each in wrong(out, registry, again)]
            left = sum(result.status == "failed" for result in again)
            told.update({"builds": 1, "failed reports": failed, "still failed": left, "completed": not left})
            told.update({f"killed {what}": count for what, count in killer.killed.items()})
        print(f"build {number}: {dict(killer.killed)} killed, {failed} failed, {left} after a second build, "
              f"{time.monotonic() - begun:.1f} s", flush=True)  # fmt: skip
    print(dict(told))
    print("\n".join(trouble) or "no page is wrong, every build ended and was completed")
    sys.exit(bool(trouble or told["still failed"]))


if __name__ == "__main__":
    main()
