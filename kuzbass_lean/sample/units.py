"""Synthetic facts about units: criteria and answers, revenue, denominators, lean centres."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import cycle, islice

from kuzbass_lean import catalogue
from kuzbass_lean.packaged import document
from kuzbass_lean.sample.portfolio import inhabited
from kuzbass_lean.sample.rows import AS_OF, DEMO, START, Rows

_VERSION = "demo-1"


def add_units(rows: Rows) -> None:
    """Add what the model's directions 3, 6, 7, 8 and 9 are judged by, and the lean centres."""
    _add_criteria(rows)
    owners = {"mo_pmsp": rows.keys("polyclinic")[2:], "mfc": rows.keys("mfc")[2:]}
    for model, (count, best, drop, pause) in document("synthetic.yaml")["assessed"].items():
        for number, owner in enumerate(owners[model][:count], 1):
            _add_answers(rows, owner, model, best - drop * number, unanswered=number % pause == 0)
    _add_revenue(rows)
    _add_frames(rows)
    _add_centers(rows)


def _add_criteria(rows: Rows) -> None:
    for model, given in document("synthetic.yaml")["criteria"].items():
        blocks = given["blocks"]
        for number in range(1, given["number"] + 1):
            block = blocks[(number - 1) * len(blocks) // given["number"]]
            named = {"model": model, "version": _VERSION, "number": number}
            rows.add(
                "criteria", "synthetic", **named, block=f"{block} {DEMO}", text=f"Критерий {number} {DEMO}"
            )


def _add_answers(rows: Rows, owner: str, model: str, share: float, unanswered: bool) -> None:
    """Answer the criteria; the last does not apply, or the last three have no answer."""
    last = document("synthetic.yaml")["criteria"][model]["number"]
    for number in range(1, last + 1 - 3 * unanswered):
        result = "na" if number == last else "met" if number <= share * last else "not_met"
        named = {"organization_id": owner, "model": model, "version": _VERSION, "number": number}
        dated = {"assessed_on": date(2019, 9, 2), "assessor": f"Комиссия {DEMO}"}
        rows.add("assessments", "synthetic", **named, **dated, result=result)


def _add_revenue(rows: Rows) -> None:
    """Add flows that make up nine tenths of each revenue: what no flow covers may be improved or not."""
    for number, owner in enumerate(rows.keys("enterprise"), 1):
        for flow, (share, every) in enumerate(document("synthetic.yaml")["revenue"], 1):
            improved = bool(every) and number % every == 0
            named = {"organization_id": owner, "year": 2019, "flow": f"Поток {flow} {DEMO}"}
            rows.add("revenue", "synthetic", **named, share=share, improved=improved)


def _add_frames(rows: Rows) -> None:
    """Add assumed numbers of units for the region and for each municipality.

    A regional number is shared out: what the registry lists, and the rest in turn. МФЦ and
    centres of employment are all listed. Places of learning are assumed for some municipalities
    only, and so their regional number stays unknown; of enterprises nothing is assumed.
    """
    given = document("synthetic.yaml")
    for kind, units in given["frames"].items():
        rows.add("frames", "synthetic", kind=kind, units=units, as_of=AS_OF, status="assumed")
    for kind in ("mfc", "employment_center"):
        _add_local(rows, kind, _listed(rows, kind))
    for kind, units in given["frames"].items():
        local = _listed(rows, kind)
        for place in islice(cycle(inhabited()), units - len(rows.keys(kind))):
            local[place] += 1
        _add_local(rows, kind, local)
    for kind, (least, spread) in given["learning"].items():
        local = _listed(rows, kind)
        _add_local(rows, kind, {p: local[p] + least + n % spread for n, p in enumerate(inhabited())})


def _listed(rows: Rows, kind: str) -> dict[str, int]:
    sits = [row["municipality_id"] for row in rows.tables["organizations"] if row["kind"] == kind]
    return {place.key: sits.count(place.key) for place in catalogue.municipalities()}


def _add_local(rows: Rows, kind: str, local: dict[str, int]) -> None:
    for place, units in local.items():
        cells = {"kind": kind, "municipality_id": place, "units": units}
        rows.add("frames", "synthetic", **cells, as_of=AS_OF, status="assumed")


def _add_centers(rows: Rows) -> None:
    """Every second authority has a lean centre; the department of the deck is left alone."""
    kinds = cycle(("council", "department", "commission", "officer"))
    owners = [key for kind in ("state_body", "municipal_body") for key in rows.keys(kind) if key != "dtzn"]
    for number, owner in enumerate(owners[::2]):
        since = START + timedelta(days=14 * number) if number % 5 else None
        rows.add("centers", "synthetic", organization_id=owner, kind=next(kinds), established=since)
