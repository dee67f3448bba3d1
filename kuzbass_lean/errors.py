"""Everything that can go wrong, and the exit code each kind gives.

Messages say what is wrong, where, and what to do next. Only ``cli.py`` turns them into output.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "repair"]


class LeanError(Exception):
    """Base of all errors of this package: the work was done, and something is wrong."""

    exit_code = 1


class UsageError(LeanError):
    """Called wrongly: an unknown option, parameter, name or file; nothing was started."""

    exit_code = 2


class UnknownNameError(UsageError):
    """A name that the catalogue does not hold, with the nearest ones it does hold.

    Parameters
    ----------
    kind
        What was looked up, e.g. ``"municipality"``.
    name
        The name as it was given.
    nearest
        The closest known names, best first; may be empty.
    """

    def __init__(self, kind: str, name: str, nearest: Sequence[str] = ()) -> None:
        self.kind = kind
        self.name = name
        self.nearest = tuple(nearest)
        choices = " or ".join(f'"{near}"' for near in self.nearest)
        hint = f": did you mean {choices}?" if choices else ""
        super().__init__(f'unknown {kind} "{name}"{hint}')


class CapabilityError(LeanError):
    """The environment cannot: a missing library, a full disk."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in the data: where it is, which rule it breaks and what to do.

    ``row`` is the line of the file (the header is line 1); empty strings and ``None``
    mean that the finding concerns the whole table or column.
    """

    severity: Severity
    file: str
    sheet: str
    row: int | None
    column: str
    value: str
    rule: str
    message: str

    @property
    def place(self) -> str:
        """The place as a person would write it: ``projects.csv, строка 7, столбец status``."""
        parts = [self.file]
        if self.sheet:
            parts.append(f"лист «{self.sheet}»")
        if self.row is not None:
            parts.append(f"строка {self.row}")
        if self.column:
            parts.append(f"столбец {self.column}")
        return ", ".join(part for part in parts if part)


class DataError(LeanError):
    """The data break rules; carries every finding, not only the first."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        errors = [finding for finding in self.findings if finding.severity == "error"]
        shown = "\n".join(f"  {finding.place}: {finding.message}" for finding in errors[:20])
        more = f"\n  … and {len(errors) - 20} more" if len(errors) > 20 else ""
        super().__init__(f"{len(errors)} error(s) in the data:\n{shown}{more}")
