"""The bundled sample: published rows of the deck and the synthetic rows around them.

The published totals overlap: 192 projects of the sector tables + 194 municipal − 119 that are
both + 21 of the other state bodies = 288. That they fit together in this way is our assumption.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from itertools import cycle, islice
from typing import Any

import numpy as np
import pandas as pd

from kuzbass_lean import catalogue, published, schema
from kuzbass_lean.packaged import document

AS_OF = date(2019, 9, 30)
START = date(2018, 6, 1)
DEMO = "(демо)"
EMPTY_PLACE = "yashkinsky-rayon"
"""The municipality without a project and without an МФЦ: a page for it exists all the same."""
UNDIRECTED_PLACES = (EMPTY_PLACE, "krasnobrodsky-okrug", "izhmorsky-rayon")
"""With these three 31 of 34 municipalities have a project of a municipal direction."""

Row = dict[str, Any]
_DIRECTION_OF = {
    "health": "health",
    "edu": "education",
    "transport": "transport",
    "mfc": "appeals",
    "empl": "appeals",
}
_SECTOR_OF = {"housing": "housing", "social": "social", "culture": "culture", "sport": "sport"}
_TYPICAL_OF = {
    "health": "health",
    "edu": "edu",
    "transport": "transport",
    "mfc": "gov",
    "empl": "empl_czn",
    "gov": "gov",
    "muni": "kumi",
    "housing": "housing",
    "social": "uszn",
}


class Sample:
    """Rows collected table by table; every random choice comes from one seeded generator."""

    def __init__(self, seed: int) -> None:
        self.rows: dict[str, list[Row]] = defaultdict(list)
        self.random = np.random.default_rng(seed)
        self.places = [place.key for place in catalogue.municipalities()]
        self.titles = {place.key: place.title for place in catalogue.municipalities()}
        self.count = 0

    def add(self, table: str, source: str, **cells: Any) -> None:
        """Add one row that says where it comes from."""
        self.rows[table].append({**cells, "source": source})

    def organization(
        self, key: str, name: str, kind: str, sector: str, place: str | None, **more: Any
    ) -> None:
        """Add a synthetic organisation; its name says that it is one."""
        cells = {"organization_id": key, "name": f"{name} {DEMO}", "kind": kind, "sector": sector}
        self.add("organizations", "synthetic", **cells, municipality_id=place, **more)

    def project(self, owner: str, sector: str, status: str, direction: str | None = None, **more: Any) -> str:
        """Add a synthetic project with dates that fit its status, and return its id."""
        self.count += 1
        key = f"demo-{self.count:03d}"
        typical = _typical(sector, self.count)
        title = f"{typical.title if typical else 'Улучшение процесса'} (демо {self.count:03d})"
        cells: Row = {
            "project_id": key,
            "title": title,
            "organization_id": owner,
            "sector": sector,
            "status": status,
        }
        found = int(self.random.integers(2, 15))
        solved = found if status == "closed" else int(self.random.integers(0, found + 1))
        cells |= {"problems_found": found, "problems_solved": solved} if self.count % 3 else {}
        cells |= {"leader": f"Руководитель проекта {DEMO}", "team_size": int(self.random.integers(3, 12))}
        named = {"direction": direction, "typical": typical.key if typical else None, "wave": "second"}
        self.add(
            "projects", "synthetic", **{**cells, **named, "centralised": False, **self._dates(status), **more}
        )
        return key

    def _dates(self, status: str) -> Row:
        started = START + timedelta(days=int(self.random.integers(0, 330)))
        due = started + timedelta(days=int(self.random.integers(90, 330)))
        length = int(self.random.integers(60, (AS_OF - started).days - 20))
        done = started + timedelta(days=length)
        cells: Row = {"started": started, "due": due if self.count % 11 else None}
        if status == "planned":
            return {"due": AS_OF + timedelta(days=int(self.random.integers(30, 200)))}
        if status == "in_progress" and self.count % 5:
            return cells | {"due": AS_OF + timedelta(days=int(self.random.integers(10, 180)))}
        if status == "implemented":
            return cells | {"implemented": done}
        if status == "closed":
            return cells | {
                "implemented": done,
                "closed": done + timedelta(days=int(self.random.integers(5, 20))),
            }
        return cells


def _typical(sector: str, number: int) -> catalogue.TypicalProject | None:
    group = _TYPICAL_OF.get(sector)
    known = [entry for entry in catalogue.typical_projects() if entry.group == group]
    return known[number % len(known)] if known else None


def bundled(seed: int) -> dict[str, pd.DataFrame]:
    """Return the tables of the bundled sample."""
    sample = Sample(seed)
    deck = document("deck.yaml")
    _published(sample, deck)
    _institutions(sample)
    _sector_projects(sample, deck)
    _municipal_projects(sample)
    _participants(sample)
    _measures(sample)
    _assessments(sample)
    _companies(sample)
    _centres(sample)
    return {name: _frame(name, rows) for name, rows in sample.rows.items()}


def _frame(table: str, rows: list[Row]) -> pd.DataFrame:
    types = schema.dtypes(table)
    frame = pd.DataFrame(rows).reindex(columns=list(types))
    for name, dtype in types.items():
        frame[name] = pd.to_datetime(frame[name]) if dtype == schema.DATE else frame[name]
    return frame.astype(types)


def _published(sample: Sample, deck: dict[str, Any]) -> None:
    """Add the deck's own rows; titles and results are the published wording."""
    for key, (name, kind, sector, place) in deck["organizations"].items():
        cells = {
            "organization_id": key,
            "name": name,
            "kind": kind,
            "sector": sector,
            "municipality_id": place,
        }
        sample.add("organizations", "published", **cells)
    for key, row in deck["projects"].items():
        result = "; ".join(str(published.figure(name).value) for name in row["result"]) or None
        cells = {"project_id": key, "title": str(published.figure(row["title"]).value), "result": result}
        cells |= {"organization_id": row["organization"], "centralised": row.get("centralised", False)}
        cells |= {name: row[name] for name in ("sector", "status", "typical")}
        numbers = {"problems_found": row.get("found"), "problems_solved": row.get("solved")}
        sample.add(
            "projects", "published", **cells, **numbers, team_size=row.get("team"), wave=row.get("wave")
        )
    for key, row in deck["measures"].items():
        named = {name: row[name] for name in ("name", "unit", "family", "better", "statistic")}
        sample.add("measures", "published", measure_id=key, project_id=row["project"], **named)
        for phase in schema.PHASES:
            if phase in row:
                qualifier, low, high, *factor = row[phase]
                cells = {"measure_id": key, "phase": phase, "low": low, "high": high, "qualifier": qualifier}
                sample.add("values", "published", **cells, factor=factor[0] if factor else None)
    _published_lists(sample, deck)


def _published_lists(sample: Sample, deck: dict[str, Any]) -> None:
    names = {
        "effects": ("project_id", "kind", "amount", "unit", "period", "qualifier", "ambiguous", "confirmed"),
        "standards": ("organization_id", "project_id", "kind", "count", "holder"),
        "factories": ("name", "organization_id"),
        "plans": ("year", "kind", "sector", "planned_units", "planned_population"),
        "frames": ("kind", "units", "status"),
    }
    for table, columns in names.items():
        for row in deck[table]:
            cells = dict(zip(columns, row, strict=True))
            sample.add(table, "published", **cells, **({"as_of": AS_OF} if table == "frames" else {}))


def _institutions(sample: Sample) -> None:
    for number in range(1, 22):
        sample.organization(
            f"state-demo-{number:02d}", f"Орган власти {number:02d}", "state_body", "gov", None
        )
    for place in sample.places:
        sample.organization(
            f"adm-{place}", f"Администрация, {sample.titles[place]}", "municipal_body", "muni", place
        )
        if place not in (EMPTY_PLACE, "kemerovsky-okrug", "anzhero-sudzhensky-okrug"):
            sample.organization(f"mfc-{place}", f"МФЦ, {sample.titles[place]}", "mfc", "mfc", place)
    for number, place in enumerate(islice(_inhabited(sample), 25), 1):
        sample.organization(
            f"czn-demo-{number:02d}", f"Центр занятости {number:02d}", "employment_center", "empl", place
        )
    for number, place in enumerate(islice(_inhabited(sample), 10), 1):
        name = f"Автопредприятие {number:02d}"
        since = date(2019, 3, number) if number <= 4 else None
        cells = {"lean_since": since, "lean_basis": "declaration" if since else None}
        sample.organization(
            f"transport-other-{number:02d}", name, "transport_company", "transport", place, **cells
        )


def _inhabited(sample: Sample) -> list[str]:
    return [place for place in sample.places if place not in UNDIRECTED_PLACES]


def _sector_projects(sample: Sample, deck: dict[str, Any]) -> None:
    """Add the projects behind the published counts by institution, and those of the state bodies."""
    sectors = {key: row[2] for key, row in deck["organizations"].items()}
    for owner, counts in deck["counts"].items():
        for status, rows in counts.items():
            for _ in range(rows):
                sample.project(owner, sectors[owner], status, _DIRECTION_OF[sectors[owner]])
    for number in range(19):
        sample.project(f"transport-other-{number % 10 + 1:02d}", "transport", "unknown", "transport")
    statuses = cycle(("implemented", "in_progress", "closed", "in_progress", "planned"))
    for _ in range(15):
        sample.project("dtzn", "empl", next(statuses))
    for number in range(59):
        direction = "appeals" if number < 10 else None
        sample.project(f"czn-demo-{number % 25 + 1:02d}", "empl", next(statuses), direction)
    for number in range(1, 22):
        sample.project(f"state-demo-{number:02d}", "gov", next(statuses))


def _municipal_projects(sample: Sample) -> None:
    """Add 75 purely municipal projects: 10 more «обращения граждан», the rest in turn.

    The turn deliberately does not follow the order of the published diagram's numbers: which
    number belongs to which direction is known for 35 only.
    """
    own = ["architecture", "kumi", "housing", "social", "culture", "sport"]
    own += ["records", "archive", "other", "civil_defence"]
    directions = ["appeals"] * 10 + list(islice(cycle(own), 65))
    statuses = cycle(
        ("implemented", "in_progress", "closed", "in_progress", "planned", "implemented", "cancelled")
    )
    for number, direction in enumerate(directions):
        places = _inhabited(sample)
        place = places[number % len(places)]
        # A cancelled project would drop out of the published totals.
        status = next(statuses).replace("cancelled", "in_progress")
        replicates = {"replicates": "mfckem", "wave": "replication"} if direction == "appeals" else {}
        sample.project(f"adm-{place}", _SECTOR_OF.get(direction, "muni"), status, direction, **replicates)


def _participants(sample: Sample) -> None:
    centres = [row["organization_id"] for row in sample.rows["organizations"] if row["kind"] == "mfc"]
    for centre in centres:
        source = "published" if centre in ("mfc-kemerovo", "mfc-anzhero") else "synthetic"
        sample.add("participants", source, project_id="mvd", organization_id=centre)


def _measures(sample: Sample) -> None:
    """Add times before, target and after: of employment centres, and of other projects with timings."""
    for number in range(1, 26):
        owner = f"czn-demo-{number:02d}"
        project = next(r["project_id"] for r in sample.rows["projects"] if r["organization_id"] == owner)
        if number > 20:
            continue
        for service in ("first", "repeat"):
            before = float(sample.random.integers(24, 41))
            # One in five cuts exactly a quarter, the next ones more or less.
            cut = (0.25, 0.30, 0.40, 0.15, 0.35)[number % 5]
            after = round(before * (1 - cut), 2)
            key = f"{project}-{service}"
            cells = {"measure_id": key, "project_id": project, "organization_id": owner, "service": service}
            _measure(sample, cells, f"ВПП, {'первичный' if service == 'first' else 'повторный'} приём")
            _value(sample, key, "before", before, 30)
            if number != 20 or service == "first":
                _value(sample, key, "after", after, 30)
    done = [
        r for r in sample.rows["projects"] if r["source"] == "synthetic" and r["status"] in schema.REALISED
    ]
    for number, row in enumerate(r for r in done if r["sector"] in ("health", "edu", "muni", "gov")):
        if number < 40:
            _timed(sample, row["project_id"], number)


def _measure(sample: Sample, cells: Row, name: str) -> None:
    described = {"name": f"{name} {DEMO}", "unit": "minute", "family": "lead_time", "better": "lower"}
    sample.add("measures", "synthetic", **cells, **described, statistic="mean")


def _value(sample: Sample, key: str, phase: str, value: float, observations: int | None = None) -> None:
    cells = {"measure_id": key, "phase": phase, "low": value, "high": value, "qualifier": "exact"}
    sample.add(
        "values", "synthetic", **cells, observations=observations, method="timing" if observations else None
    )


def _timed(sample: Sample, project: str, number: int) -> None:
    """Add one measure; the first dozen carry dated observations of several lengths and shapes."""
    key = f"{project}-time"
    _measure(sample, {"measure_id": key, "project_id": project}, "Время протекания процесса")
    before = float(sample.random.integers(20, 60))
    factor = 1.2 if number == 5 else 1.0 if number == 6 else float(sample.random.uniform(0.4, 0.8))
    lengths = [(16, 10)] * 6 + [(13, 7), (6, 6), (6, 6), (5, 5), (4, 4), (3, 3)]
    if number >= len(lengths):
        _value(sample, key, "before", before)
        _value(sample, key, "target", round(before * 0.6))
        if number % 4:
            _value(sample, key, "after", float(round(before * factor)))
        return
    spread = 0.0 if number == 6 else 0.08
    for phase, level, count, first in (
        ("before", before, lengths[number][0], START + timedelta(days=14)),
        ("after", before * factor, lengths[number][1], date(2019, 4, 1)),
    ):
        drawn = np.round(level * (1 + spread * sample.random.standard_normal(count)), 1)
        for week, value in enumerate(drawn):
            cells = {"measure_id": key, "phase": phase, "observed_on": first + timedelta(days=7 * week)}
            sample.add("observations", "synthetic", **cells, value=float(value))
        _value(sample, key, phase, float(np.round(drawn.mean(), 1)), count)
    if number < 8:
        _steps(sample, key, before, factor)


def _steps(sample: Sample, key: str, before: float, factor: float) -> None:
    parts = [("Приём заявления", 0.2, "va", None), ("Ожидание очереди", 0.5, "nva", "waiting")]
    parts += [("Проверка документов", 0.2, "nnva", None), ("Повторный ввод", 0.1, "nva", "processing")]
    for phase, level in (("before", before), ("after", before * factor)):
        for step, (name, share, value, waste) in enumerate(parts, 1):
            minutes = round(level * share, 1)
            waits = value == "nva" and waste == "waiting"
            cells = {"process_minutes": 0.0 if waits else minutes, "wait_minutes": minutes if waits else 0.0}
            place = {"measure_id": key, "phase": phase, "step": step, "name": f"{name} {DEMO}"}
            sample.add("steps", "synthetic", **place, **cells, value=value, waste=waste)


def _assessments(sample: Sample) -> None:
    """Add criteria and answers: some do not apply, some are missing, as in life."""
    for model, number in (("mo_pmsp", 22), ("mfc", 12)):
        for item in range(1, number + 1):
            cells = {
                "model": model,
                "version": "demo-1",
                "number": item,
                "block": f"Блок {(item + 1) // 3 + 1} {DEMO}",
            }
            sample.add("criteria", "synthetic", **cells, text=f"Критерий {item} {DEMO}")
    for number, place in enumerate(islice(cycle(_inhabited(sample)), 40), 1):
        key = f"polyclinic-demo-{number:02d}"
        sample.organization(key, f"Поликлиника {number:02d}", "polyclinic", "health", place)
        if number <= 36:
            _answers(sample, key, "mo_pmsp", 22, 0.95 - 0.015 * number, unanswered=number % 9 == 0)
    centres = [r["organization_id"] for r in sample.rows["organizations"] if r["kind"] == "mfc"]
    for number, key in enumerate(centres[2:30]):
        _answers(sample, key, "mfc", 12, 0.9 - 0.02 * number, unanswered=number % 7 == 0)


def _answers(sample: Sample, key: str, model: str, items: int, share: float, unanswered: bool) -> None:
    for item in range(1, items + 1):
        if unanswered and item > items - 3:
            continue
        result = "na" if item == items and not unanswered else "met" if item <= share * items else "not_met"
        cells = {
            "organization_id": key,
            "model": model,
            "version": "demo-1",
            "number": item,
            "result": result,
        }
        sample.add(
            "assessments", "synthetic", **cells, assessed_on=date(2019, 9, 2), assessor=f"Комиссия {DEMO}"
        )


def _companies(sample: Sample) -> None:
    """Add management companies, enterprises with revenue, and assumed numbers of units."""
    for number, place in enumerate(islice(cycle(_inhabited(sample)[:20]), 30), 1):
        since = date(2019, 1, number) if number <= 12 else None
        cells = {"lean_since": since, "lean_basis": "closed_project" if since else None}
        name = f"Управляющая компания {number:02d}"
        sample.organization(f"uk-demo-{number:02d}", name, "management_company", "housing", place, **cells)
    for number, place in enumerate(_inhabited(sample)[:5], 1):
        key = f"enterprise-demo-{number}"
        sample.organization(key, f"Предприятие {number}", "enterprise", "industry", place)
        for flow, (share, improved) in enumerate(((0.4, True), (0.2, number % 2 == 0), (0.3, False)), 1):
            named = {"organization_id": key, "flow": f"Поток {flow} {DEMO}"}
            sample.add("revenue", "synthetic", **named, year=2019, share=share, improved=improved)
    for kind, units in (("polyclinic", 60), ("transport_company", 34), ("management_company", 40)):
        sample.add("frames", "synthetic", kind=kind, units=units, as_of=AS_OF, status="assumed")


def _centres(sample: Sample) -> None:
    kinds = cycle(("council", "department", "commission", "officer"))
    owners = [
        r["organization_id"]
        for r in sample.rows["organizations"]
        if r["kind"] in ("state_body", "municipal_body")
    ]
    for number, owner in enumerate(owner for owner in owners if owner != "dtzn"):
        if number % 2 == 0:
            cells = {"organization_id": owner, "kind": next(kinds)}
            sample.add("centers", "synthetic", **cells, established=START + timedelta(days=7 * number))
