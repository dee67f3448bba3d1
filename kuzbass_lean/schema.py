"""The registry's tables: columns, types and allowed values, declared once.

Each table is a pandera schema. A column's ``title`` is its Russian name, and its
``metadata["references"]`` names the table whose key it must hold, ``metadata["labels"]`` the
vocabulary that says its values in Russian. Rules that look at
several columns or tables at once are in ``checks.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd
import pandera.pandas as pa

from kuzbass_lean import catalogue

REALISED = ("implemented", "closed")
OPEN = ("planned", "in_progress")

ORGANIZATION_KINDS = (
    "state_body",
    "municipal_body",
    "polyclinic",
    "hospital",
    "school",
    "kindergarten",
    "college",
    "university",
    "mfc",
    "employment_center",
    "management_company",
    "transport_company",
    "enterprise",
    "other",
)
STATUSES = ("planned", "in_progress", "implemented", "closed", "cancelled", "unknown")
PHASES = ("before", "target", "after", "check")
QUALIFIERS = ("exact", "range", "up_to", "at_least", "factor_only")
FAMILIES = (
    "lead_time",
    "waiting",
    "service",
    "throughput",
    "utilisation",
    "waste",
    "cost",
    "quality",
    "share",
    "count",
)
STATISTICS = ("mean", "median", "max", "min", "total", "share", "single", "unknown")
MODELS = ("mo_pmsp", "mfc")

TEXT: Final = "str"
INTEGER: Final = "Int64"
NUMBER: Final = "float64"
DATE: Final = "datetime64[us]"
FLAG: Final = "bool"

KEY_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}"
"""Keys become file names: ASCII, no separators, no leading dot."""


def nullable(dtype: str) -> str:
    """Return the type that can hold a missing cell while a table is being checked."""
    return "boolean" if dtype == FLAG else dtype


def _column(
    dtype: str,
    title: str,
    *,
    optional: bool = False,
    allowed: Sequence[str] = (),
    checks: Sequence[pa.Check] = (),
    references: str = "",
    labels: str = "",
    personal: bool = False,
) -> pa.Column:
    rules = [*checks]
    if allowed:
        rules.append(pa.Check.isin(list(allowed), error="allowed_value"))
    return pa.Column(
        nullable(dtype),
        rules,
        nullable=optional,
        required=not optional,
        title=title,
        metadata={"references": references, "dtype": dtype, "labels": labels, "personal": personal},
    )


def _text(title: str, **options: Any) -> pa.Column:
    return _column(TEXT, title, **options)


def _key(title: str, references: str = "", optional: bool = False) -> pa.Column:
    shape = pa.Check.str_matches(rf"^{KEY_PATTERN}$", error="key_shape")
    return _column(
        TEXT, title, optional=optional, references=references, checks=[] if references else [shape]
    )


def _count(title: str, optional: bool = True) -> pa.Column:
    return _column(INTEGER, title, optional=optional, checks=[pa.Check.ge(0, error="not_negative")])


def _integer(title: str, optional: bool = False) -> pa.Column:
    return _column(INTEGER, title, optional=optional)


def _number(
    title: str, *, optional: bool = False, low: float | None = None, high: float | None = None
) -> pa.Column:
    checks = []
    if low is not None:
        checks.append(pa.Check.ge(low, error="not_negative" if low == 0 else "too_small"))
    if high is not None:
        checks.append(pa.Check.le(high, error="share_above_one" if high == 1 else "too_large"))
    return _column(NUMBER, title, optional=optional, checks=checks)


def _date(title: str, optional: bool = True) -> pa.Column:
    return _column(DATE, title, optional=optional)


def _flag(title: str) -> pa.Column:
    return _column(FLAG, title)


def _table(
    title: str, keys: Sequence[str], columns: dict[str, pa.Column], order: Sequence[str] = ()
) -> pa.DataFrameSchema:
    return pa.DataFrameSchema(
        {**columns, "source": _text("Источник строки", labels="source", optional=True)},
        title=title,
        metadata={"keys": tuple(keys), "order": tuple(order or keys or columns)},
    )


def _organization(title: str = "Организация", optional: bool = False) -> pa.Column:
    return _key(title, references="organizations", optional=optional)


def _municipality(optional: bool = True) -> pa.Column:
    return _key("Муниципальное образование", references="municipalities", optional=optional)


def _project(title: str = "Проект", optional: bool = False) -> pa.Column:
    return _key(title, references="projects", optional=optional)


def _measure() -> pa.Column:
    return _key("Показатель", references="measures")


_SECTORS = tuple(sector.key for sector in catalogue.sectors())
_DIRECTIONS = tuple(direction.key for direction in catalogue.municipal_directions())
_TYPICAL = tuple(project.key for project in catalogue.typical_projects())

TABLES: dict[str, pa.DataFrameSchema] = {
    "municipalities": _table(
        "Муниципальные образования",
        ["municipality_id"],
        {
            "municipality_id": _key("Код"),
            "name": _text("Название"),
            "kind": _text("Вид", labels="municipality_kind"),
            "oktmo": _text("ОКТМО", optional=True),
            "tile_row": _count("Строка плитки"),
            "tile_column": _count("Столбец плитки"),
        },
    ),
    "organizations": _table(
        "Организации",
        ["organization_id"],
        {
            "organization_id": _key("Код организации"),
            "name": _text("Название"),
            "kind": _text("Вид организации", labels="organization_kind", allowed=ORGANIZATION_KINDS),
            "sector": _text("Сектор", labels="sector", allowed=_SECTORS),
            "municipality_id": _municipality(),
            "parent_id": _organization("Вышестоящая организация", optional=True),
            "lean_since": _date("Перешла на бережливые методы"),
            "lean_basis": _text("Основание перехода", labels="lean_basis", optional=True),
        },
    ),
    "frames": _table(
        "Генеральный перечень",
        ["kind", "municipality_id", "as_of"],
        {
            "kind": _text("Вид единиц", labels="unit_kind", allowed=(*ORGANIZATION_KINDS, "municipality")),
            "municipality_id": _municipality(),
            "units": _count("Число единиц", optional=False),
            "as_of": _date("На дату", optional=False),
            "status": _text(
                "Статус числа", labels="frame_status", allowed=("reported", "derived", "assumed")
            ),
        },
    ),
    "projects": _table(
        "Проекты",
        ["project_id"],
        {
            "project_id": _key("Код проекта"),
            "title": _text("Название проекта"),
            "organization_id": _organization(),
            "sector": _text("Сектор", labels="sector", allowed=_SECTORS),
            "direction": _text(
                "Муниципальное направление", labels="direction", optional=True, allowed=_DIRECTIONS
            ),
            "typical": _text("Типовой проект", labels="typical", optional=True, allowed=_TYPICAL),
            "wave": _text("Волна", labels="wave", optional=True, allowed=("pilot", "second", "replication")),
            "status": _text("Статус", labels="status", allowed=STATUSES),
            "started": _date("Начат"),
            "due": _date("Срок"),
            "implemented": _date("Реализован"),
            "closed": _date("Закрыт"),
            "centralised": _flag("Централизованный"),
            "replicates": _project("Тиражирует проект", optional=True),
            "problems_found": _count("Выявлено проблем"),
            "problems_solved": _count("Решено проблем"),
            "team_size": _count("Численность команды"),
            "customer": _text("Заказчик", personal=True, optional=True),
            "owner": _text("Владелец процесса", personal=True, optional=True),
            "leader": _text("Руководитель проекта", personal=True, optional=True),
            "process_from": _text("Начало процесса", optional=True),
            "process_to": _text("Конец процесса", optional=True),
            "rationale": _text("Обоснование", optional=True),
            "result": _text("Результат", optional=True),
        },
    ),
    "participants": _table(
        "Участники",
        ["project_id", "organization_id"],
        {"project_id": _project(), "organization_id": _organization()},
    ),
    "measures": _table(
        "Показатели",
        ["measure_id"],
        {
            "measure_id": _key("Код показателя"),
            "project_id": _project(),
            "organization_id": _organization(optional=True),
            "name": _text("Показатель"),
            "unit": _text("Единица измерения", labels="unit"),
            "family": _text("Семейство", labels="family", allowed=FAMILIES),
            "better": _text("Что лучше", labels="better", allowed=("lower", "higher", "target")),
            "statistic": _text("Статистика", labels="statistic", allowed=STATISTICS),
            "service": _text("Вид приёма", labels="service", optional=True, allowed=("first", "repeat")),
        },
    ),
    "values": _table(
        "Значения показателей",
        ["measure_id", "phase"],
        {
            "measure_id": _measure(),
            "phase": _text("Этап", labels="phase", allowed=PHASES),
            "low": _number("Значение от", optional=True),
            "high": _number("Значение до", optional=True),
            "qualifier": _text("Точность", labels="qualifier", allowed=QUALIFIERS),
            "factor": _number("Во сколько раз", optional=True),
            "observations": _count("Число замеров"),
            "period_from": _date("Период с"),
            "period_to": _date("Период по"),
            "method": _text("Способ измерения", labels="method", optional=True),
        },
    ),
    "observations": _table(
        "Замеры",
        [],
        {
            "measure_id": _measure(),
            "phase": _text("Этап", labels="phase", allowed=PHASES),
            "observed_on": _date("Дата замера", optional=False),
            "value": _number("Значение"),
        },
        # Within a day the order of measuring is all there is, and a chart shows it.
        order=["measure_id", "phase", "observed_on"],
    ),
    "steps": _table(
        "Шаги потока",
        ["measure_id", "phase", "step"],
        {
            "measure_id": _measure(),
            "phase": _text("Этап", labels="phase", allowed=PHASES),
            "step": _count("Номер шага", optional=False),
            "name": _text("Шаг"),
            "process_minutes": _number("Обработка, мин", low=0),
            "wait_minutes": _number("Ожидание, мин", low=0),
            "value": _text("Ценность", labels="step_value", allowed=("va", "nnva", "nva")),
            "waste": _text("Вид потерь", labels="waste", optional=True),
        },
    ),
    "effects": _table(
        "Эффекты",
        [],
        {
            "project_id": _project(),
            "kind": _text("Вид эффекта", labels="effect_kind"),
            "amount": _number("Размер"),
            "unit": _text("Единица измерения", labels="unit"),
            "period": _text("Период", labels="period"),
            "qualifier": _text("Точность", labels="qualifier", allowed=QUALIFIERS),
            "ambiguous": _flag("Неоднозначный"),
            "confirmed": _flag("Подтверждён"),
        },
    ),
    "standards": _table(
        "Стандарты",
        [],
        {
            "organization_id": _organization(),
            "project_id": _project(optional=True),
            "kind": _text("Вид документа", labels="standard_kind"),
            "count": _count("Количество"),
            "holder": _text("Где хранится", optional=True),
        },
    ),
    "criteria": _table(
        "Критерии",
        ["model", "version", "number"],
        {
            "model": _text("Модель", labels="model", allowed=MODELS),
            "version": _text("Редакция"),
            "number": _integer("Номер"),
            "block": _text("Блок"),
            "text": _text("Критерий"),
        },
    ),
    "assessments": _table(
        "Оценки по критериям",
        ["organization_id", "model", "version", "number", "assessed_on"],
        {
            "organization_id": _organization(),
            "model": _text("Модель", labels="model", allowed=MODELS),
            "version": _text("Редакция"),
            "number": _integer("Номер критерия"),
            "assessed_on": _date("Дата оценки", optional=False),
            "result": _text("Результат", labels="assessment", allowed=("met", "not_met", "na")),
            "assessor": _text("Кто оценил", personal=True, optional=True),
        },
    ),
    "revenue": _table(
        "Доли выручки",
        ["organization_id", "year", "flow"],
        {
            "organization_id": _organization(),
            "year": _integer("Год"),
            "flow": _text("Поток"),
            "share": _number("Доля выручки", low=0, high=1),
            "improved": _flag("Улучшен"),
            "project_id": _project(optional=True),
        },
    ),
    "factories": _table(
        "Фабрики процессов",
        ["name"],
        {
            "name": _text("Название"),
            "organization_id": _organization(optional=True),
            "opened": _date("Открыта"),
        },
    ),
    "centers": _table(
        "Центры развития бережливых технологий",
        ["organization_id", "kind"],
        {
            "organization_id": _organization(),
            "kind": _text(
                "Вид центра", labels="center", allowed=("council", "department", "commission", "officer")
            ),
            "established": _date("Создан"),
        },
    ),
    "plans": _table(
        "Планы",
        ["year", "kind", "sector", "municipality_id"],
        {
            "year": _integer("Год"),
            "kind": _text("Вид единиц", labels="unit_kind"),
            "sector": _text("Сектор", labels="sector", optional=True, allowed=_SECTORS),
            "municipality_id": _municipality(),
            "planned_units": _count("План, единиц", optional=False),
            "planned_population": _count("План, население"),
        },
    ),
}

REQUIRED_TABLES = ("organizations", "projects")


def columns(table: str) -> dict[str, pa.Column]:
    """Return the columns of a table by name, in their fixed order."""
    return dict(TABLES[table].columns)


def dtypes(table: str) -> dict[str, str]:
    """Return the pandas type of each column of a table."""
    return {name: column.metadata["dtype"] for name, column in TABLES[table].columns.items()}


def keys(table: str) -> tuple[str, ...]:
    """Return the columns that together identify a row; empty where rows have no key."""
    return tuple(TABLES[table].metadata["keys"])


def order(table: str) -> list[str]:
    """Return the columns that rows are ordered by, so that no page depends on their order in a file."""
    return list(TABLES[table].metadata["order"])


def references(table: str) -> dict[str, str]:
    """Return the columns that refer to another table's key, with that table's name."""
    return {
        name: column.metadata["references"]
        for name, column in TABLES[table].columns.items()
        if column.metadata["references"]
    }


def empty(table: str) -> pd.DataFrame:
    """Return the table without rows, every column typed.

    Used where a missing table may be read like an empty one; whoever needs to tell
    unknown from zero asks ``Registry.has`` first.
    """
    frame = pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in dtypes(table).items()})
    frame.index = pd.Index([], dtype="int64", name="row")
    return frame


def labels(table: str) -> dict[str, str]:
    """Return the columns whose values have Russian labels, with the name of their vocabulary."""
    named = {name: column.metadata["labels"] for name, column in TABLES[table].columns.items()}
    named |= dict.fromkeys(
        (name for name, table_ in references(table).items() if table_ == "municipalities"), "municipality"
    )
    return {name: group for name, group in named.items() if group}


def allowed(table: str, column: str) -> tuple[str, ...]:
    """Return the only values a column may hold; empty where any text is right."""
    for check in TABLES[table].columns[column].checks:
        if check.error == "allowed_value":
            return tuple(check.statistics["allowed_values"])
    return ()


def personal(table: str) -> tuple[str, ...]:
    """Return the columns that hold people's names; public reports and exports leave them out."""
    return tuple(name for name, column in TABLES[table].columns.items() if column.metadata["personal"])
