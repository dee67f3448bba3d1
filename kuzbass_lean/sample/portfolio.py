"""Synthetic organisations, and the synthetic projects that bring the published totals together.

The published totals overlap: 192 projects of the sector tables + 194 municipal − 119 that are
both + 21 of the other state bodies = 288. That they fit together in this way is our assumption.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import cycle, islice
from typing import Any

import numpy as np

from kuzbass_lean import catalogue, schema
from kuzbass_lean.packaged import document
from kuzbass_lean.sample.rows import AS_OF, DEMO, OBSERVABLE, START, Row, Rows, deal


def inhabited() -> list[str]:
    """Return the municipalities that have a project of a municipal direction."""
    bare = document("synthetic.yaml")["places_without_direction"]
    return [place.key for place in catalogue.municipalities() if place.key not in bare]


def add_organizations(rows: Rows) -> None:
    """Add the synthetic organisations; their names say what they are."""
    given = document("synthetic.yaml")
    for town in catalogue.municipalities():
        _organization(
            rows, f"adm-{town.key}", f"Администрация, {town.title}", "municipal_body", "muni", town.key
        )
        if town.key not in (given["places_without_direction"][0], *given["own_mfc"]):
            _organization(rows, f"mfc-{town.key}", f"МФЦ, {town.title}", "mfc", "mfc", town.key)
    for prefix, (count, name, kind, sector, local, lean) in given["organizations"].items():
        places: Iterator[str | None] = cycle(
            inhabited()[: given["places_of"].get(prefix)] if local else [None]
        )
        width = 1 if count < 10 else 2
        for number, place in enumerate(islice(places, count), 1):
            since = date(2019, 1, 1) + timedelta(days=17 * number) if number <= lean else None
            more = {"lean_since": since, "lean_basis": "declaration" if since else None}
            label = f"{number:0{width}d}"
            _organization(rows, f"{prefix}-{label}", f"{name} {label}", kind, sector, place, **more)


def _organization(
    rows: Rows, key: str, name: str, kind: str, sector: str, place: str | None, **more: Any
) -> None:
    cells = {"name": f"{name} {DEMO}", "kind": kind, "sector": sector, "municipality_id": place}
    rows.add("organizations", "synthetic", organization_id=key, **cells, **more)


def add_projects(rows: Rows) -> None:
    """Add the projects behind the deck's counts by institution, and those around them."""
    _add_counted(rows)
    for group in document("synthetic.yaml")["groups"]:
        _add_group(rows, group)


def _add_counted(rows: Rows) -> None:
    deck, given = document("deck.yaml"), document("synthetic.yaml")
    sectors = {key: cells[2] for key, cells in deck["organizations"].items()}
    for sector, directions in given["counted"].items():
        slots = [
            (owner, status)
            for owner, counts in deck["counts"].items()
            if sectors[owner] == sector
            for status, number in counts.items()
            for _ in range(number)
        ]
        for (owner, status), direction in zip(slots, deal(directions, len(slots)), strict=True):
            wave = given["wave_of"].get(owner, given["wave_of"].get(sector))
            typical = direction if sector == "edu" and direction else sector
            _project(rows, owner, sector, status, direction, typical, wave=wave)


def _add_group(rows: Rows, group: dict[str, Any]) -> None:
    given, length = document("synthetic.yaml"), group["projects"]
    owners = _owners(rows, group["owner"])
    directions = deal(group.get("directions", {}), length)
    statuses = rows.random.permutation([str(status) for status in deal(group["statuses"], length)])
    for owner, status, direction in zip(islice(cycle(owners), length), statuses, directions, strict=True):
        sector, typical = group["sector"], group.get("typical", group["sector"])
        more: Row = {}
        if group["owner"] == "adm":
            typical = f"{sector}/{direction}"
            sector = given["sector_of"].get(direction, sector)
            if direction == "appeals":
                more = {"replicates": "mfckem", "wave": "replication"}
        _project(rows, owner, sector, str(status), direction, typical, **more)


def _owners(rows: Rows, prefix: str) -> list[str]:
    if prefix == "adm":
        return [f"adm-{place}" for place in inhabited()]
    keys = [row["organization_id"] for row in rows.tables["organizations"]]
    return [key for key in keys if key == prefix or key.startswith(f"{prefix}-")]


def _project(
    rows: Rows, owner: str, sector: str, status: str, direction: str | None, typical: str, **more: Any
) -> None:
    """Add a project with dates that fit its status; some cells stay empty, as in life."""
    count = len(rows.tables["projects"]) - len(document("deck.yaml")["projects"]) + 1
    choices = document("synthetic.yaml")["typical"].get(typical, [])
    chosen = catalogue.typical_project(choices[count % len(choices)]) if choices else None
    title = chosen.title if chosen else "Улучшение процесса"
    if not chosen and direction:
        title = f"{title}: {catalogue.municipal_direction(direction).title}"
    found = int(rows.random.integers(2, 15))
    solved = found if status == "closed" else int(rows.random.integers(0, found + 1))
    roles = {"customer": f"Заказчик {DEMO}", "owner": f"Владелец процесса {DEMO}"}
    cells: Row = {
        "project_id": f"demo-{count:03d}",
        "title": f"{title} (демо {count:03d})",
        "organization_id": owner,
        "sector": sector,
        "direction": direction,
        "typical": chosen.key if chosen else None,
        "status": status,
        "centralised": False,
        "leader": f"Руководитель проекта {DEMO}",
        "team_size": int(rows.random.integers(3, 12)),
        **(roles if count % 4 else {}),
        **({"problems_found": found, "problems_solved": solved} if count % 3 else {}),
        **_dates(rows, status, count),
    }
    rows.add("projects", "synthetic", **(cells | more))


def _dates(rows: Rows, status: str, count: int) -> Row:
    """Give the dates that fit a status; a project whose status nobody knows has none.

    One skewed law of lengths holds for finished and open projects, so that they make one
    survival curve. Some finish late, some open ones are overdue, some have no due date.
    """
    whole = (AS_OF - START).days
    length = int(np.clip(rows.random.lognormal(np.log(150), 0.4), 60, 400))
    place, shift = float(rows.random.uniform()), int(rows.random.integers(-30, 45))
    wait = int(rows.random.integers(5, 20))
    later = AS_OF + timedelta(days=int(rows.random.integers(10, 180)))
    if status == "planned":
        return {"due": later if count % 4 else None}
    if status == "in_progress":
        elapsed = 10 + int(place * (min(length, whole) - 10))
        passed = AS_OF - timedelta(days=1 + elapsed // 4)
        due = passed if count % 5 == 0 else later
        return {"started": AS_OF - timedelta(days=elapsed), "due": due if count % 11 else None}
    if status not in schema.REALISED:
        return {}
    started = START + timedelta(days=int(place * (whole - length - wait)))
    done = started + timedelta(days=length)
    cells: Row = {"started": started, "implemented": done}
    cells["due"] = done + timedelta(days=shift) if count % 11 else None
    return cells | ({"closed": done + timedelta(days=wait)} if status == "closed" else {})


def add_replications(rows: Rows) -> None:
    """Let organisations that began later repeat the first implemented project of a typical one."""
    begin, end = OBSERVABLE
    for typical, adopters in document("synthetic.yaml")["practices"].items():
        known = rows.owned(source="synthetic", typical=typical, replicates=None)
        done = [row for row in known if begin <= row.get("implemented", date.max) <= end]
        if not done:
            continue
        original = min(done, key=lambda row: row["implemented"])
        later = [row for row in known if row.get("started", date.min) > original["implemented"]]
        taken = {original["organization_id"]}
        for row in sorted(later, key=lambda row: row["started"]):
            if row["organization_id"] not in taken and len(taken) <= adopters:
                row |= {"replicates": original["project_id"], "wave": "replication"}
                taken.add(row["organization_id"])


def add_participants(rows: Rows) -> None:
    """Add the 33 МФЦ of the centralised project, and an МФЦ beside each replication of «mfckem»."""
    named = document("deck.yaml")["organizations"]
    for centre in rows.keys("mfc"):
        source = "published" if centre in named else "synthetic"
        rows.add("participants", source, project_id="mvd", organization_id=centre)
    for row in rows.owned(replicates="mfckem"):
        centre = row["organization_id"].replace("adm-", "mfc-")
        if centre in rows.keys("mfc"):
            rows.add("participants", "synthetic", project_id=row["project_id"], organization_id=centre)
