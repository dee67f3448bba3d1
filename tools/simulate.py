"""How often chance alone earns a signal, and how often intervals hold what they promise.

Writes the figures of the last section of docs/method-evidence.md. Data are stable: independent
and normal (charts), log-normal (samples), binomial (shares), exponential (durations), Poisson
(events). Every part has its own seed, so one can be run alone: ``simulate.py charts samples``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import numpy as np

from kuzbass_lean import evidence
from kuzbass_lean.evidence.pace import waiting_interval

Line = tuple[str, str, str]
"""What was tried, what came out, what theory promises."""


def percent(share: float) -> str:
    """Write a share as percent."""
    return f"{100 * share:.1f} %"


def charts(runs: int = 4000) -> Iterator[Line]:
    """Try control and run charts on stable series."""
    rng = np.random.default_rng(1)
    # with limits known exactly: two tails beyond three sigma
    beyond, points = 0, 0
    series = marked = 0
    rules: dict[str, int] = {}
    for _ in range(runs):
        found = evidence.xmr(rng.standard_normal(24)).points["signal"]
        hit = found[found.ne("none")]
        series, marked = series + bool(len(hit)), marked + len(hit)
        for rule in set(hit.replace({"above_limit": "beyond", "below_limit": "beyond"})):
            rules[rule] = rules.get(rule, 0) + 1
        long = evidence.xmr(rng.standard_normal(400), screen=False).points["signal"]
        beyond, points = beyond + int(long.isin(["above_limit", "below_limit"]).sum()), points + len(long)
    yield "400 points, own limits, not screened: points beyond a limit", percent(beyond / points), "0.27 %"
    yield "24 points, own limits: series with any signal", percent(series / runs), "-"
    yield "24 points, own limits: points marked", percent(marked / (24 * runs)), "-"
    for rule in sorted(rules):
        yield f"24 points, own limits: series with {rule}", percent(rules[rule] / runs), "-"
    for before, after in ((13, 10), (16, 10), (26, 10)):
        earned = sum(
            evidence.grade(evidence.xmr(rng.standard_normal(before + after), baseline=before)).letter == "A"
            for _ in range(runs)
        )
        yield f"{before} + {after} points, frozen limits: A earned by chance", percent(earned / runs), "-"
    for length in (12, 24, 50):
        signals = sum(evidence.run_chart(rng.standard_normal(length)).signal for _ in range(runs))
        yield f"run chart, {length} points: signal", percent(signals / runs), "-"


def samples(runs: int = 600) -> Iterator[Line]:
    """Try the comparison of two samples that do not differ, with and without ties."""
    rng = np.random.default_rng(2)
    for size, digits in ((5, 6), (8, 6), (8, 0), (12, 6), (12, 0), (30, 6), (30, 0)):
        held = small = best = 0
        for _ in range(runs):
            before, after = np.round(rng.lognormal(3, 0.3, (2, size)), digits)
            found = evidence.compare(before, after)
            assert found is not None
            held += found.interval.low <= 0 <= found.interval.high
            small += found.p_value <= 0.05
            best += found.verdict == "improvement"
        kind = "whole numbers" if digits == 0 else "no ties"
        yield f"{size} + {size}, {kind}: interval holds zero", percent(held / runs), "95 %"
        yield f"{size} + {size}, {kind}: exact p at most 0.05", percent(small / runs), "at most 5 %"
        yield f"{size} + {size}, {kind}: B earned by chance", percent(best / runs), "2.5 %"


def shares(runs: int = 20000) -> Iterator[Line]:
    """Try Wilson's interval and the funnel's limits on binomial counts."""
    rng = np.random.default_rng(3)
    for n, share in ((10, 0.3), (34, 0.5), (72, 0.3), (186, 0.91)):
        table = {k: evidence.wilson(k, n) for k in range(n + 1)}
        limits = evidence.funnel_limits(share, [n]).iloc[0]
        counts = rng.binomial(n, share, runs)
        held = np.mean([table[int(k)].low <= share <= table[int(k)].high for k in counts])
        drawn = counts / n
        yield f"n = {n}, share {share}: Wilson holds it", percent(float(held)), "95 %"
        for level, promised in (("95", "5 %"), ("998", "0.2 %")):
            out = np.mean((drawn < limits[f"low_{level}"]) | (drawn > limits[f"high_{level}"]))
            yield f"n = {n}, share {share}: beyond the {level} limits", percent(float(out)), promised


def durations(runs: int = 1500) -> Iterator[Line]:
    """Try the interval of the median, and the log-rank test of equal groups, with half of them open."""
    rng = np.random.default_rng(4)
    median = 100 * np.log(2)
    for size in (20, 60):
        held = low = 0
        for _ in range(runs):
            length, follow = rng.exponential(100, (2, size)), rng.uniform(20, 200, (2, size))
            closed, days = length <= follow, np.minimum(length, follow)
            found = evidence.time_to_close(days[0], closed[0])
            held += (found.low is None or found.low <= median) and (
                found.high is None or median <= found.high
            )
            test = evidence.log_rank(days[0], closed[0], days[1], closed[1])
            low += test is not None and test.p_value <= 0.05
        yield f"{size} projects, many open: interval holds the median", percent(held / runs), "95 %"
        yield f"{size} + {size} projects: log-rank p at most 0.05", percent(low / runs), "5 %"


def dates(runs: int = 20000) -> Iterator[Line]:
    """Try the interval of the day a count is reached, on events that come at a constant pace."""
    rng = np.random.default_rng(5)
    for expected, needed in ((8, 3), (20, 10), (100, 50)):
        held = tried = 0
        for events in rng.poisson(expected, runs):
            wait = rng.gamma(needed, 1 / expected)
            if events >= evidence.FEWEST_EVENTS:
                span = waiting_interval(int(events), needed)
                tried, held = tried + 1, held + (span.low <= wait <= span.high)
        what = f"{expected} events a year, {needed} needed: interval holds the day"
        yield what, percent(held / tried), "at least 95 %"


PARTS: dict[str, Callable[[], Iterator[Line]]] = {
    part.__name__: part for part in (charts, samples, shares, durations, dates)
}


def main() -> None:
    """Run the parts named on the command line, or all, and print a table."""
    for name in sys.argv[1:] or PARTS:
        sys.stdout.write(f"\n{name}\n")
        for what, out, promised in PARTS[name]():
            sys.stdout.write(f"  {what}: {out} ({promised})\n")


if __name__ == "__main__":
    main()
