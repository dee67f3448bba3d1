"""Rules over the registry's tables, and how a broken rule is said to a person.

Column rules come from ``schema.py``; here are the ones that look at several columns,
several rows or several tables. Every rule has one Russian sentence with its remedy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import pandas as pd
import pandera.errors

from kuzbass_lean import schema
from kuzbass_lean.errors import Finding, Severity
from kuzbass_lean.nearest import nearest

MESSAGES: dict[str, str] = {
    "missing_table": "обязательной таблицы нет; добавьте файл {file}",
    "missing_column": "нет обязательного столбца «{column}» ({title}); добавьте его в заголовок",
    "unknown_column": "столбец «{value}» не используется; проверьте название{nearest}",
    "duplicate_column": "столбец «{column}» встречается дважды; оставьте один",
    "unknown_file": "файл не относится к реестру и не прочитан{nearest}",
    "empty_file": "файл пуст, нет даже заголовка; удалите его или внесите заголовок",
    "no_rows": "в обязательной таблице нет ни одной строки; внесите данные",
    "not_utf8": "файл не в кодировке UTF-8 и не в Windows-1251; сохраните его как CSV UTF-8",
    "unreadable": "файл не читается как таблица ({value}); сохраните его заново",
    "ragged_row": "в строке {value} ячеек, а в заголовке {expected}; проверьте разделители и кавычки",
    "required": "значение обязательно; заполните ячейку",
    "not_integer": "«{value}» — не целое число; впишите целое число без единиц измерения",
    "not_number": "«{value}» — не число; впишите число без единиц измерения",
    "not_finite": "«{value}» — не конечное число; впишите обычное число",
    "not_date": "«{value}» — не дата; впишите дату как ДД.ММ.ГГГГ",
    "not_flag": "«{value}» — не да/нет; впишите да или нет",
    "allowed_value": "«{value}» не входит в справочник: {allowed}{nearest}",
    "key_shape": "код «{value}» должен состоять из латинских букв, цифр, точки, дефиса или «_» (до 80)",
    "not_negative": "«{value}» меньше нуля; проверьте число",
    "share_above_one": "доля «{value}» больше 1; впишите долю от 0 до 1",
    "duplicate_key": "ключ «{value}» уже есть в строке {other}; оставьте одну строку",
    "dangling_key": "«{value}» нет в таблице «{referenced}»{nearest}; исправьте код или добавьте строку",
    "solved_above_found": "решено проблем больше, чем выявлено ({value}); исправьте одно из чисел",
    "closed_before_started": "закрыт раньше, чем начат ({value}); исправьте одну из дат",
    "implemented_before_started": "реализован раньше, чем начат ({value}); исправьте одну из дат",
    "closed_before_implemented": "закрыт раньше, чем реализован ({value}); исправьте одну из дат",
    "closed_without_status": "дата закрытия есть, а статус «{value}»; исправьте статус или уберите дату",
    "closed_without_date": "статус «closed», а даты закрытия нет: в сроки проект не войдёт",
    "low_above_high": "«от» больше, чем «до» ({value}); поменяйте числа местами",
    "exact_without_value": "точность exact, а значения нет; впишите значение",
    "exact_is_range": "точность exact, а «от» и «до» различаются ({value}); укажите range",
    "range_without_bounds": "точность range требует «от» и «до»; впишите оба числа",
    "up_to_without_high": "точность up_to требует «до»; впишите число",
    "at_least_without_low": "точность at_least требует «от»; впишите число",
    "factor_without_factor": "точность factor_only требует «во сколько раз» больше нуля; впишите число",
    "revenue_above_one": "доли выручки организации за год в сумме больше 1 ({value}); проверьте доли",
    "refers_to_rejected": "«{value}» — строка таблицы «{referenced}», отклонённая из-за ошибки; исправьте её",
    "formula_without_value": "у формулы «{value}» нет значения; сохраните файл в Excel или впишите число",
    "error_value": "в ячейке ошибка Excel «{value}»; исправьте формулу или впишите значение",
    "merged_number": "число объединено на несколько строк; разъедините ячейки и впишите каждой строке своё",
    "quantity_conflict": "«{value}» не согласуется с соседними ячейками (от, до, точность); оставьте одно",
    "unknown_sheet": "лист не относится к реестру и не прочитан{nearest}",
    "repeated_sheet": "лист «{value}» — ещё одна таблица «{title}»; оставьте один лист",
    "likely_duplicate": "похоже на строку {other}: та же организация и почти то же название; оставьте одну",
    "outside_frame": "в перечне единиц {value}, а с проектами их {other}; проверьте перечень",
    "stray_rows": "строки над заголовком пропущены («{value}»); заголовок взят из строки {after}",
    "header_spelling": "столбец «{value}» прочитан как «{after}»",
    "sheet_spelling": "лист «{value}» прочитан как «{after}»",
    "encoding": "файл в кодировке Windows-1251 прочитан как таковой",
    "blank_rows": "пропущены пустые строки: {value}",
    "example_row": "строка примера пропущена",
    "merged_cells": "ячейка объединена со строкой {other}; прочитано «{after}»",
    "spaces": "«{value}» прочитано как «{after}»: лишние или неразрывные пробелы",
    "spelling": "«{value}» прочитано как «{after}»",
    "number_spelling": "«{value}» прочитано как число {after}",
    "date_spelling": "«{value}» прочитано как дата {after}",
    "time_dropped": "«{value}» прочитано как дата {after}, время отброшено",
    "excel_date": "«{value}» прочитано как дата {after} (порядковый номер дня в Excel)",
    "flag_spelling": "«{value}» прочитано как «{after}»",
    "means_nothing": "«{value}» прочитано как пустая ячейка: сведений нет",
    "quantity": "«{value}» прочитано как {after}",
    "replicates_itself": "проект тиражирует сам себя; укажите исходный проект",
}


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
    return Finding(
        severity=severity,
        file=file,
        sheet=str(words["sheet"]),
        row=int(str(row)) if row is not None else None,
        column=str(words["column"]),
        value=str(words["value"]),
        rule=rule,
        message=MESSAGES[rule].format(**words),
    )


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
        words |= {"allowed": ", ".join(allowed), "nearest": nearest_hint(value, allowed)}
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


def check_keys(table: str, frame: pd.DataFrame, file: str) -> list[Finding]:
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
        finding(
            "duplicate_key",
            file,
            row=row,
            column=names[0],
            value=", ".join(_shown(cell) for cell in cells),
            other=other,
        )
        for (row, cells), other in zip(repeated[names].iterrows(), others, strict=True)
    ]


def check_references(
    tables: Mapping[str, pd.DataFrame], known: Mapping[str, pd.Index], places: Mapping[str, tuple[str, str]]
) -> Iterator[Finding]:
    """Yield the cells that name a key which the referenced table does not hold.

    Parameters
    ----------
    tables
        Typed tables.
    known
        For each referenced table the keys that exist.
    places
        For each table the file and the sheet it came from.
    """
    for table, frame in tables.items():
        for column, referenced in schema.references(table).items():
            if referenced not in known:
                continue
            file, sheet = places[table]
            cells = frame[column].dropna()
            lost = cells[~cells.isin(known[referenced])]
            choices = tuple(known[referenced]) if len(lost) else ()
            hints = {value: nearest_hint(str(value), choices) for value in lost.unique()[:_HINTS]}
            for row, value in lost.items():
                yield finding(
                    "dangling_key",
                    file,
                    sheet=sheet,
                    row=row,
                    column=column,
                    value=value,
                    referenced=schema.TABLES[referenced].title,
                    nearest=hints.get(value, ""),
                )


_HINTS = 50
"""Beyond so many different wrong keys the fault is elsewhere, and looking for neighbours is slow."""


def check_rejected(
    tables: Mapping[str, pd.DataFrame], bad: Mapping[str, set[int]], places: Mapping[str, tuple[str, str]]
) -> list[Finding]:
    """Return the sound rows that refer to a rejected row, and so cannot stand without it.

    Parameters
    ----------
    tables
        Typed tables.
    bad
        For each table the rows that are in error already.
    places
        For each table the file and the sheet it came from.
    """
    found: list[Finding] = []
    lost = {table: set(rows) for table, rows in bad.items()}
    while True:
        gone = {table: _gone_keys(frame, table, lost.get(table, set())) for table, frame in tables.items()}
        new = [
            finding(
                "refers_to_rejected",
                places[table][0],
                sheet=places[table][1],
                row=row,
                column=column,
                value=value,
                referenced=schema.TABLES[referenced].title,
            )
            for table, frame in tables.items()
            for column, referenced in schema.references(table).items()
            if len(gone.get(referenced, ()))
            for row, value in frame[column][frame[column].isin(gone[referenced])].items()
            if row not in lost.get(table, ())
        ]
        if not new:
            return found
        found += new
        tables_at = {place: table for table, place in places.items()}
        for each in new:
            if each.row is not None:
                lost.setdefault(tables_at[each.file, each.sheet], set()).add(each.row)


def _gone_keys(frame: pd.DataFrame, table: str, rows: set[int]) -> pd.Index:
    """Keys that stand only in rejected rows; a repeated key lives on in its first row."""
    if not rows or len(schema.keys(table)) != 1:
        return pd.Index([], dtype="str")
    keys = frame[schema.keys(table)[0]].dropna()
    rejected = keys.index.isin(list(rows))
    gone: pd.Index = pd.Index(keys[rejected]).difference(pd.Index(keys[~rejected]))
    return gone


def check_revenue(frame: pd.DataFrame, file: str) -> list[Finding]:
    """Return the organisations whose revenue shares of a year exceed the whole."""
    totals = frame.groupby(["organization_id", "year"], sort=True)["share"].sum().round(9)
    found = []
    for key, total in totals[totals > 1].items():
        organization, year = cast("tuple[str, int]", key)
        rows = frame[frame["organization_id"].eq(organization) & frame["year"].eq(year)]
        value = f"{organization}, {year}: {total:g}"
        found.append(finding("revenue_above_one", file, row=rows.index[-1], column="share", value=value))
    return found
