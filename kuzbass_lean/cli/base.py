"""What the commands share: the application, its options, and how they print."""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated, Any
from unicodedata import category

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from kuzbass_lean.errors import UsageError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Reports of the lean-government programme «Кузбасс бережливый».",
)
stdout = Console(soft_wrap=True)
stderr = Console(stderr=True, soft_wrap=True)

DataOption = Annotated[
    str,
    typer.Option(
        "--data",
        metavar="SRC",
        help="Workbook, folder of CSV or Parquet, SQL or fsspec URL; left out, the sample.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
AsOfOption = Annotated[
    str,
    typer.Option("--as-of", metavar="DATE", help="Report date, YYYY-MM-DD; left out, the latest recorded."),
]
OnlyOption = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="GLOB", help="Reports by id, e.g. 'sectors/*'; may repeat."),
]
OutOption = Annotated[
    str, typer.Option("--out", metavar="DIR|URL", help="Where the pages go: a folder, or an fsspec URL.")
]
ParamsOption = Annotated[Path, typer.Option("--params", metavar="DIR", help="Folder of params files.")]
AllowErrorsOption = Annotated[
    bool, typer.Option("--allow-errors", help="Leave rows in error out instead of stopping.")
]
AudienceOption = Annotated[
    str, typer.Option("--audience", metavar="public|internal", help="internal: with people's names.")
]
ForceOption = Annotated[bool, typer.Option("--force", help="Build every report, stale or not.")]
NotebooksOption = Annotated[Path, typer.Option("--notebooks", metavar="DIR", help="Folder of notebooks.")]


def say_json(document: object) -> None:
    """Print one JSON document."""
    print(json.dumps(document, ensure_ascii=False, indent=2, default=str))


def parse_date(text: str) -> date | None:
    """Return the date of ``--as-of``, None if it was left out."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f'--as-of "{text}" is not a date: write it as YYYY-MM-DD') from None


def show_table(
    title: str,
    columns: Iterable[str],
    rows: Iterable[Iterable[object]],
    width: int | None = None,
    whole: Container[str] = (),
) -> None:
    """Print a table; a cell that is None stays empty, and text of the data is only ever text.

    ``width`` is that of the table where not the terminal's, ``whole`` names columns never folded.
    """
    table = Table(title=title, title_justify="left", width=width)
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in whole)
    for row in rows:
        table.add_row(*(Text("" if cell is None else harmless(str(cell))) for cell in row))
    stdout.print(table)


def harmless(text: str) -> str:
    """Show control characters instead of sending them: they could steer the terminal."""
    return "".join(
        sign if sign.isprintable() or sign == "\n" or category(sign) == "Zs" else f"\\x{ord(sign):02x}"
        for sign in text
    )


def plain(value: Any) -> Any:
    """Turn a value into what JSON knows: missing is null, whole floats stay numbers."""
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and value != value:
        return None
    if hasattr(value, "item"):
        return plain(value.item())
    if hasattr(value, "items"):
        return {key: plain(item) for key, item in value.items()}
    return value


@contextmanager
def progress(total: int, *, quiet: bool) -> Iterator[Callable[[], None]]:
    """Show on a terminal how many of the reports are done."""
    with Progress(console=stderr, transient=True, disable=quiet or not stderr.is_terminal) as bar:
        task = bar.add_task("reports", total=total)
        yield lambda: bar.advance(task)
