"""The deck's own rows; titles and results are the published wording."""

from __future__ import annotations

from typing import Any

from kuzbass_lean import published, schema
from kuzbass_lean.packaged import document
from kuzbass_lean.sample.rows import AS_OF, Row, Rows

_LISTS = {
    "effects": ("project_id", "kind", "amount", "unit", "period", "qualifier", "ambiguous", "confirmed"),
    "standards": ("organization_id", "project_id", "kind", "count", "holder"),
    "factories": ("name", "organization_id"),
    "plans": ("year", "kind", "sector", "planned_units", "planned_population"),
    "frames": ("kind", "units", "status"),
}


def add_deck(rows: Rows) -> None:
    """Add what the deck publishes: institutions, projects, measures, effects, plans, denominators."""
    deck = document("deck.yaml")
    for key, cells in deck["organizations"].items():
        named = dict(zip(("name", "kind", "sector", "municipality_id"), cells, strict=True))
        rows.add("organizations", "published", organization_id=key, **named)
    for key, row in deck["projects"].items():
        rows.add("projects", "published", **_project(key, row))
    for key, row in deck["measures"].items():
        _add_measure(rows, key, row)
    for table, columns in _LISTS.items():
        dated = {"as_of": AS_OF} if table == "frames" else {}
        for cells in deck[table]:
            rows.add(table, "published", **dict(zip(columns, cells, strict=True)), **dated)


def _project(key: str, row: Row) -> Row:
    result = "; ".join(str(published.figure(name).value) for name in row["result"])
    return {
        "project_id": key,
        "title": str(published.figure(row["title"]).value),
        "organization_id": row["organization"],
        **{name: row[name] for name in ("sector", "status", "typical")},
        "wave": row.get("wave"),
        "centralised": row.get("centralised", False),
        "problems_found": row.get("found"),
        "problems_solved": row.get("solved"),
        "team_size": row.get("team"),
        "result": result or None,
    }


def _add_measure(rows: Rows, key: str, row: dict[str, Any]) -> None:
    named = {name: row[name] for name in ("name", "unit", "family", "better", "statistic")}
    rows.add("measures", "published", measure_id=key, project_id=row["project"], **named)
    for phase in schema.PHASES:
        if phase in row:
            qualifier, low, high, *factor = row[phase]
            cells = {
                "low": low,
                "high": high,
                "qualifier": qualifier,
                "factor": factor[0] if factor else None,
            }
            rows.add("values", "published", measure_id=key, phase=phase, **cells)
