"""The command line: the only room that prints and exits."""

from __future__ import annotations

import errno
import sys
from typing import Annotated

import typer
from click.exceptions import Abort

from kuzbass_lean import __version__
from kuzbass_lean.cli import analysis, audit, monitoring, registries, reports  # noqa: F401  each adds its own
from kuzbass_lean.cli.base import app, stderr
from kuzbass_lean.errors import CapabilityError, LeanError, UsageError

INTERRUPTED, TERMINATED = 130, 143
"""Exit codes of who is stopped by Ctrl-C and by SIGTERM, as everywhere."""


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        print(__version__)
        raise typer.Exit


def run(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code; errors become one message on standard error."""
    try:
        code = typer.main.get_command(app).main(arguments, prog_name="kuzbass-lean", standalone_mode=False)
    except LeanError as error:
        stderr.print(f"kuzbass-lean: {error}", markup=False, highlight=False)
        return error.exit_code
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
            raise
        where = f": {error.filename}" if error.filename else ""
        told = f"{error.strerror}{where}; make room or get the right to write, and call again"
        stderr.print(f"kuzbass-lean: {told}", markup=False)
        return CapabilityError.exit_code
    except reports.TerminatedError:
        code = TERMINATED
    except Abort:  # how older versions of typer tell of Ctrl-C
        code = INTERRUPTED
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        # The command line's own refusal: unknown option, missing argument, value out of range.
        stderr.print(f"kuzbass-lean: {error.format_message()}", markup=False, highlight=False)
        return UsageError.exit_code
    if code in (INTERRUPTED, TERMINATED):
        stderr.print("kuzbass-lean: stopped; what a build has finished is kept, build again to go on")
    return int(code or 0)


def main() -> None:
    """Entry point of the ``kuzbass-lean`` command."""
    sys.exit(run())
