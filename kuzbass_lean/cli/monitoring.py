"""The command on runs: what became of the builds of a site, for a person and for a monitor."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from kuzbass_lean import runs
from kuzbass_lean.cli.base import JsonOption, app, say_json, show_table, stdout
from kuzbass_lean.errors import UsageError


@app.command("runs")
def list_runs(
    out: Annotated[str, typer.Argument(metavar="OUT", help="What build --out was given.")] = "output",
    max_age: Annotated[
        float, typer.Option("--max-age", metavar="HOURS", min=0, help="Of the last success; 0: any.")
    ] = 0,
    last: Annotated[int, typer.Option("--last", metavar="N", min=1, help="How many runs to list.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """List the builds of a site; done with 1 if the last one ended ill or the last success is too old."""
    site = runs.Site(runs.Destination.of(out).folder)
    found, state = runs.history(site)[-last:], runs.health(site)
    if not state:
        raise UsageError(f"no build of {out} is known: name what build --out was given")
    age = _age(state.get("last_success"))
    if as_json:
        say_json({"health": state | {"age_hours": age}, "runs": found})
    else:
        show_table(out, ("run", "started", "seconds", "outcome", "reports", "figures changed"),
                   [_row(line) for line in found])  # fmt: skip
        since = "never" if age is None else f"{age:g} hours ago"
        stdout.print(f"last success {since}; {state['failures']} failures since")
    if state["failures"] or age is None or (max_age and abs(age) > max_age):
        raise typer.Exit(1)


def _age(moment: str | None) -> float | None:
    """Return how many hours ago a moment was; below zero if the clock was set back since."""
    if not moment:
        return None
    return round((datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds() / 3600, 1)


def _row(line: dict[str, Any]) -> tuple[object, ...]:
    counts = ", ".join(f"{count} {state}" for state, count in line.get("reports", {}).items())
    changed = line.get("changes", {}).get("figures")
    said = (counts, line.get("error"))
    return (
        line["run"], line["started"], line.get("seconds"), line["outcome"],
        "; ".join(each for each in said if each), changed,
    )  # fmt: skip
