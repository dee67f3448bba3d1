"""Tables from an SQL database: read only, and no identifier ever comes from the data."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy
from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError

from kuzbass_lean import schema
from kuzbass_lean.errors import CapabilityError, Finding, UsageError
from kuzbass_lean.intake.reading import Reading, layout, text_frame
from kuzbass_lean.intake.workbook import plain_text


def is_database(source: str) -> bool:
    """Return whether the text is an SQLAlchemy URL of a database that it knows."""
    if "://" not in source:
        return False
    try:
        sqlalchemy.make_url(source).get_dialect()
    except NoSuchModuleError:
        return False
    except (SQLAlchemyError, ValueError):
        return False
    except ImportError:
        return True
    return True


def read_database(source: str) -> tuple[str, dict[str, Reading], list[Finding]]:
    """Read the tables that are named as ours; returns a label without user or password, and them.

    Raises
    ------
    UsageError
        The database cannot be reached, or holds none of the tables.
    CapabilityError
        The driver of the database is not installed.
    """
    url = sqlalchemy.make_url(source)
    label = Path(url.database or "").stem or url.get_backend_name()
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise UsageError(f"there is no database {url.database}: name a file that exists")
    try:
        engine = sqlalchemy.create_engine(url, hide_parameters=True)
    except ImportError as error:
        raise CapabilityError(f"no driver for {url.drivername}: install {error.name}") from None
    try:
        with engine.connect() as connection:
            _read_only(connection)
            readings = _read_tables(connection, label)
    except SQLAlchemyError as error:
        detail = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        shown = url.render_as_string(hide_password=True)
        raise UsageError(f"{shown} cannot be read: {detail}") from None
    finally:
        engine.dispose()
    if not readings:
        names = ", ".join(schema.REQUIRED_TABLES)
        raise UsageError(f"the database {label} holds none of the registry's tables ({names}, …)")
    return label, readings, []


def _read_only(connection: sqlalchemy.Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA query_only = ON")
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")


def _read_tables(connection: sqlalchemy.Connection, label: str) -> dict[str, Reading]:
    inspector = sqlalchemy.inspect(connection)
    there = {*inspector.get_table_names(), *inspector.get_view_names()}
    return {table: _read_table(connection, table, label) for table in schema.TABLES if table in there}


def _read_table(connection: sqlalchemy.Connection, table: str, label: str) -> Reading:
    """Rows in the order of their keys, so that row numbers do not depend on the server."""
    stored = sqlalchemy.Table(table, sqlalchemy.MetaData(), autoload_with=connection)
    found = layout(table, [[column.name for column in stored.columns]], label)
    chosen = [list(stored.columns)[position] for position in found.columns.values()]
    columns: dict[str, list[str | None]] = {name: [] for name in found.columns}
    if chosen:
        query = sqlalchemy.select(*chosen).order_by(*chosen)
        result = connection.execution_options(stream_results=True).execute(query)
        for chunk in result.partitions(4096):
            for name, cells in zip(columns, zip(*chunk, strict=True), strict=True):
                columns[name] += [plain_text(cell) or None for cell in cells]
    count = len(next(iter(columns.values()), []))
    frame = text_frame(columns, range(2, count + 2))
    positions = {column: position + 1 for column, position in found.columns.items()}
    reading = Reading(label, table, frame, columns=positions, serials=False)
    return reading.adding(*found.findings)
