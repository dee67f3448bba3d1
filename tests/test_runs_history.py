from pathlib import Path

import pytest

from kuzbass_lean.runs import Site, health, lines
from kuzbass_lean.runs.history import logs, prune, record, summary


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "site")


def ended(site: Site, number: int, outcome: str, day: str = "2026-01-01") -> None:
    moment = f"{day}T00:00:00+00:00"
    record(site, {"run": f"{number:06}", "started": moment, "ended": moment, "outcome": outcome,
                  "failed": ["a"] if outcome == "failed" else []})  # fmt: skip


def test_health_tells_the_last_success_and_counts_the_failures_since(site: Site) -> None:
    assert health(site) == {}
    ended(site, 1, "failed", "2026-01-01")
    assert (health(site)["last_success"], health(site)["failures"]) == (None, 1)
    ended(site, 2, "published", "2026-01-02")
    assert (health(site)["last_success"], health(site)["failures"]) == ("2026-01-02T00:00:00+00:00", 0)
    ended(site, 3, "unchanged", "2026-01-03")
    for number, outcome in enumerate(("failed", "refused", "stopped", "interrupted"), 4):
        ended(site, number, outcome, "2026-01-04")
    found = health(site)
    assert (found["last_success"], found["failures"]) == ("2026-01-03T00:00:00+00:00", 4)
    assert (found["run"], found["outcome"]) == ("000007", "interrupted")


def kept_sites(site: Site, months: list[str], keep: int) -> list[int]:
    """Which sites stay of runs that ended in these months, one each, from run 1."""
    for number, month in enumerate(months, 1):
        ended(site, number, "published", f"{month}-15")
        (site.runs / "sites" / f"{number:06}").mkdir(parents=True)
    prune(site, keep)
    return sorted(int(path.name) for path in (site.runs / "sites").iterdir())


@pytest.mark.parametrize(
    ("keep", "kept"), [(0, [4]), (1, [4]), (5, [1, 2, 3, 4]), (2, [3, 4]), (3, [2, 3, 4]), (9, [1, 2, 3, 4])]
)
def test_the_last_sites_stay_and_the_last_of_the_month(site: Site, keep: int, kept: list[int]) -> None:
    assert kept_sites(site, ["2026-03"] * 4, keep) == kept


def test_of_each_of_the_last_twelve_months_the_last_site_stays(site: Site) -> None:
    months = [f"2025-{month:02}" for month in range(1, 13)] + ["2026-01", "2026-01"]
    assert kept_sites(site, months, keep=1) == [*range(2, 13), 14]


def test_a_site_of_which_the_history_knows_nothing_stays_while_it_is_among_the_last(site: Site) -> None:
    (site.runs / "sites/000000").mkdir(parents=True)
    assert kept_sites(site, ["2026-01"], keep=2) == [0, 1]
    prune(site, 1)
    assert not site.old("000000").exists()


def test_the_logs_of_the_last_hundred_runs_stay(site: Site) -> None:
    for number in range(1, 103):
        lines.append(site.runs / "logs" / f"{number:06}.jsonl", {})
    prune(site, 1)
    assert [path.stem for path in logs(site)][:1] == ["000003"]


def test_the_summary_names_counts_levels_failures_and_the_error() -> None:
    level = {"report": "sectors/empl", "label": "Уровень", "old": "Резерв", "new": "Лидер"}
    run = {"run": "000002", "outcome": "failed", "seconds": 1.5, "ended": "2026-01-01"}
    told = {"reports": {"built": 2, "failed": 1}, "failed": ["region"], "error": "беда"}
    said = summary({**run, **told, "changes": {"figures": 7, "levels": [level]}})
    assert said.splitlines() == [
        "run 000002: failed, 1.5 s, 2026-01-01",
        "2 built, 1 failed",
        "7 figures changed",
        "level of sectors/empl, Уровень: Резерв -> Лидер",
        "failed: region",
        "беда",
    ]
