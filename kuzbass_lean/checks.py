"""Rules over the registry's tables, and how a broken rule is said to a person.

Column rules come from ``schema.py``; here are the ones that look at several columns,
several rows or several tables. Every rule has one Russian sentence with its remedy, in
``data/findings.yaml``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import pandas as pd
import pandera.errors

from kuzbass_lean import schema, spelling
from kuzbass_lean.errors import Finding, Severity
from kuzbass_lean.lookup import among
from kuzbass_lean.nearest import nearest
from kuzbass_lean.packaged import document
from kuzbass_lean.places import Origin


def _sentence(rule: str) -> str:
    said: str = document("findings.yaml")[rule]["message"]
    return said


def short(rule: str) -> str:
    """Return what an error is in a few words, for a report that tells what was left out."""
    said: str = document("findings.yaml")[rule].get("short", rule)
    return said


@dataclass(frozen=True, slots=True)
class RowRule:
    """A rule over the columns of one row: ``broken`` marks the rows that break it."""

    table: str
    name: str
    column: str
    broken: Callable[[pd.DataFrame], pd.Series]
    shown: tuple[str, ...]
    severity: Severity = "error"


def _exact(frame: pd.DataFrame) -> pd.Series:
    return frame["qualifier"].eq("exact")


ROW_RULES = (
    RowRule(
        "projects",
        "solved_above_found",
        "problems_solved",
        lambda f: (f["problems_solved"] > f["problems_found"]).fillna(False),
        ("problems_solved", "problems_found"),
    ),
    RowRule(
        "projects",
        "closed_before_started",
        "closed",
        lambda f: f["closed"] < f["started"],
        ("closed", "started"),
    ),
    RowRule(
        "projects",
        "implemented_before_started",
        "implemented",
        lambda f: f["implemented"] < f["started"],
        ("implemented", "started"),
    ),
    RowRule(
        "projects",
        "closed_before_implemented",
        "closed",
        lambda f: f["closed"] < f["implemented"],
        ("closed", "implemented"),
    ),
    RowRule(
        "projects",
        "closed_without_status",
        "status",
        lambda f: f["closed"].notna() & f["status"].ne("closed"),
        ("status",),
    ),
    RowRule(
        "projects",
        "closed_without_date",
        "closed",
        lambda f: f["closed"].isna() & f["status"].eq("closed"),
        ("status",),
        "warning",
    ),
    RowRule(
        "projects",
        "replicates_itself",
        "replicates",
        lambda f: f["replicates"].eq(f["project_id"]),
        ("replicates",),
    ),
    RowRule("values", "low_above_high", "low", lambda f: f["low"] > f["high"], ("low", "high")),
    RowRule(
        "values",
        "exact_without_value",
        "low",
        lambda f: _exact(f) & f["low"].isna() & f["high"].isna(),
        ("qualifier",),
    ),
    RowRule(
        "values",
        "exact_is_range",
        "qualifier",
        lambda f: _exact(f) & f["low"].notna() & f["high"].notna() & f["low"].ne(f["high"]),
        ("low", "high"),
    ),
    RowRule(
        "values",
        "range_without_bounds",
        "qualifier",
        lambda f: f["qualifier"].eq("range") & (f["low"].isna() | f["high"].isna()),
        ("low", "high"),
    ),
    RowRule(
        "values",
        "up_to_without_high",
        "high",
        lambda f: f["qualifier"].eq("up_to") & f["high"].isna(),
        ("qualifier",),
    ),
    RowRule(
        "values",
        "at_least_without_low",
        "low",
        lambda f: f["qualifier"].eq("at_least") & f["low"].isna(),
        ("qualifier",),
    ),
    RowRule(
        "values",
        "factor_without_factor",
        "factor",
        lambda f: f["qualifier"].eq("factor_only") & ~(f["factor"] > 0),
        ("qualifier",),
    ),
)


def nearest_hint(text: str, choices: tuple[str, ...]) -> str:
    """Return ``; возможно, «…»`` with the choice nearest to a mistyped text, or nothing."""
    near = nearest(text, choices, limit=1)
    return f"; возможно, «{near[0]}»" if near else ""


def finding(rule: str, file: str, *, severity: Severity = "error", **place: object) -> Finding:
    """Return a finding whose message is the rule's sentence filled with the place's words.

    ``place`` may hold row, column, value and whatever else the sentence names.
    """
    row = place.get("row")
    words = {"nearest": "", "file": file, "sheet": "", "column": "", "value": "", **place}
    words = {name: _brief(word) for name, word in words.items()}
    return Finding(
        severity=severity,
        file=file,
        sheet=str(words["sheet"]),
        row=int(str(row)) if row is not None else None,
        column=str(words["column"]),
        value=str(words["value"]),
        rule=rule,
        message=_sentence(rule).format(**words),
    )


def located(rule: str, origin: Origin, row: int, *, severity: Severity = "error", **words: object) -> Finding:
    """Return a finding about a row of a whole table, with the place that the row was read from."""
    place = origin.place(row)
    return finding(rule, place.file, severity=severity, **{**words, "sheet": place.sheet, "row": place.row})


def _brief(word: object) -> object:
    """A long text shortened: a finding need only be recognised, and there may be very many."""
    return f"{word[:_LONGEST]}…" if isinstance(word, str) and len(word) > _LONGEST else word


_LONGEST = 500


def check_columns(table: str, frame: pd.DataFrame, file: str) -> list[Finding]:
    """Return what breaks the column rules of one typed table: empty, not allowed, negative."""
    try:
        schema.TABLES[table].validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as error:
        return [_from_pandera(table, case, file) for case in error.failure_cases.itertuples(index=False)]
    return []


def _from_pandera(table: str, case: tuple[object, ...], file: str) -> Finding:
    rule, column = str(case.check), str(case.column)  # type: ignore[attr-defined]
    row, value = case.index, str(case.failure_case)  # type: ignore[attr-defined]
    if rule == "not_nullable":
        return finding("required", file, row=row, column=column)
    words: dict[str, Any] = {"row": row, "column": column, "value": value}
    if rule == "allowed_value":
        allowed = schema.allowed(table, column)
        said = spelling.vocabulary(schema.labels(table)[column]).labels
        titles = tuple(said.get(key, key) for key in allowed)
        words |= {"allowed": ", ".join(titles), "nearest": nearest_hint(value, (*allowed, *titles))}
    return finding(rule, file, **words)


def check_rows(table: str, frame: pd.DataFrame, file: str) -> list[Finding]:
    """Return what breaks the rules over several columns of one row."""
    found = []
    for rule in ROW_RULES:
        if rule.table != table:
            continue
        for row, cells in frame.loc[rule.broken(frame), list(rule.shown)].iterrows():
            value = " и ".join(_shown(cell) for cell in cells)
            place = {"row": row, "column": rule.column, "value": value}
            found.append(finding(rule.name, file, severity=rule.severity, **place))
    return found


def _shown(cell: Any) -> str:
    if isinstance(cell, pd.Timestamp):
        return cell.date().isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "пусто" if pd.isna(cell) else str(cell)


def check_keys(table: str, frame: pd.DataFrame, origin: Origin) -> list[Finding]:
    """Return the rows whose key stands in an earlier row already."""
    names = list(schema.keys(table))
    if not names:
        return []
    repeated = frame[frame.duplicated(names, keep="first")]
    if repeated.empty:
        return []
    firsts = frame.groupby(names, dropna=False, sort=False).head(1).reset_index()[[*names, "row"]]
    others = repeated[names].merge(firsts, on=names, how="left")["row"]
    return [
        located(
            "duplicate_key",
            origin,
            row,
            column=names[0],
            value=", ".join(_shown(cell) for cell in cells),
            other=origin.said(other, row),
        )
        for row, cells, other in zip(repeated.index, repeated[names].to_numpy(), others, strict=True)
    ]


def check_references(
    tables: Mapping[str, pd.DataFrame], known: Mapping[str, pd.Index], origins: Mapping[str, Origin]
) -> Iterator[Finding]:
    """Yield the cells that name a key which the referenced table does not hold.

    Parameters
    ----------
    tables
        Typed tables.
    known
        For each referenced table the keys that exist.
    origins
        For each table where its rows stand.
    """
    for table, frame in tables.items():
        for column, referenced in schema.references(table).items():
            if referenced not in known:
                continue
            cells = frame[column].dropna()
            lost = cells[~among(cells, known[referenced])]
            choices = tuple(known[referenced]) if len(lost) else ()
            hints = {value: nearest_hint(str(value), choices) for value in lost.unique()[:_HINTS]}
            for row, value in lost.items():
                yield located(
                    "dangling_key",
                    origins[table],
                    cast("int", row),
                    column=column,
                    value=value,
                    referenced=schema.TABLES[referenced].title,
                    nearest=hints.get(value, ""),
                )


_HINTS = 50
"""Beyond so many different wrong keys the fault is elsewhere, and looking for neighbours is slow."""


def check_rejected(
    tables: Mapping[str, pd.DataFrame], bad: Mapping[str, set[int]], origins: Mapping[str, Origin]
) -> list[Finding]:
    """Return the sound rows that refer to a rejected row, and so cannot stand without it.

    Parameters
    ----------
    tables
        Typed tables.
    bad
        For each table the rows that are in error already.
    origins
        For each table where its rows stand.
    """
    found: list[Finding] = []
    lost = {table: set(bad.get(table, ())) for table in tables}
    while True:
        gone = {table: _gone_keys(frame, table, lost[table]) for table, frame in tables.items()}
        new = [
            (table, cast("int", row), column, value)
            for table, frame in tables.items()
            for column, referenced in schema.references(table).items()
            if len(gone.get(referenced, ()))
            for row, value in frame[column][among(frame[column], gone[referenced])].items()
            if row not in lost[table]
        ]
        if not new:
            return found
        for table, row, column, value in new:
            title = schema.TABLES[schema.references(table)[column]].title
            words = {"column": column, "value": value, "referenced": title}
            found.append(located("refers_to_rejected", origins[table], row, **words))
            lost[table].add(row)


def _gone_keys(frame: pd.DataFrame, table: str, rows: set[int]) -> pd.Index:
    """Keys that stand only in rejected rows; a repeated key lives on in its first row."""
    if not rows or len(schema.keys(table)) != 1:
        return pd.Index([], dtype="str")
    keys = frame[schema.keys(table)[0]].dropna()
    rejected = keys.index.isin(list(rows))
    gone: pd.Index = pd.Index(keys[rejected]).difference(pd.Index(keys[~rejected]))
    return gone


def check_revenue(frame: pd.DataFrame, origin: Origin) -> list[Finding]:
    """Return the organisations whose revenue shares of a year exceed the whole."""
    totals = frame.groupby(["organization_id", "year"], sort=True)["share"].sum().round(9)
    found = []
    for key, total in totals[totals > 1].items():
        organization, year = cast("tuple[str, int]", key)
        rows = frame[frame["organization_id"].eq(organization) & frame["year"].eq(year)]
        value = f"{organization}, {year}: {total:g}"
        found.append(located("revenue_above_one", origin, rows.index[-1], column="share", value=value))
    return found
