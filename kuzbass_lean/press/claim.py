"""What a published site says of itself: its files and its manifest, read as data by whoever checks it.

It may come from anyone: no name in it is followed out of its folder, nor any link.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from kuzbass_lean.errors import LeanError, UnknownNameError, UsageError
from kuzbass_lean.nearest import nearest
from kuzbass_lean.press import digests
from kuzbass_lean.runs.publish import MANIFEST


@dataclass(frozen=True)
class Claim:
    """What a site says of itself.

    ``found`` maps the names of its plain files to where they are, ``odd`` names what else lies
    there: links, hidden files, special ones. ``document`` is the manifest and ``text`` its text,
    ``chosen`` the entries of the reports in question.
    """

    found: Mapping[str, Path]
    odd: tuple[str, ...]
    text: str
    document: Mapping[str, Any]
    chosen: Mapping[str, Mapping[str, Any]]

    @classmethod
    def read(cls, out: Path, only: Sequence[str] = ()) -> Claim:
        """Read what a site says of the reports whose ids match one of the patterns, or of all.

        Raises
        ------
        UsageError
            There is no such site or report.
        LeanError
            The manifest is damaged.
        """
        if not out.is_dir():
            raise UsageError(f"there is no folder {out}: name the folder of a built site")
        found, odd = _listing(out)
        if MANIFEST not in found:
            raise UsageError(f"{out} holds no {MANIFEST}: it is no built site, or that was removed")
        try:
            text = found[MANIFEST].read_bytes().decode("utf-8")
            document = json.loads(text)
            _check(document)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise LeanError(
                f"{MANIFEST} is not as a build writes it, it was damaged or edited: "
                f"{type(error).__name__} {error}"
            ) from None
        reports = {**document["reports"], **document["failed"]}
        return cls(found, odd, text, document, _chosen(reports, only))

    @property
    def whole(self) -> bool:
        """Whether every report of the site was chosen."""
        return len(self.chosen) == len(self.document["reports"]) + len(self.document["failed"])

    def key(self, entry: Mapping[str, Any]) -> str:
        """Return the registry that a report was made from; a failed one from the last."""
        return str(entry.get("registry", self.document["registry"]))

    def digest(self, name: str) -> str:
        """Return the digest of a file of the site, empty if it is not there."""
        return digests.file_digest(self.found[name]) if name in self.found else ""


def _check(document: Any) -> None:
    """Touch whatever of a manifest is relied on, so that one of another form is refused at once."""
    for entry in (*document["reports"].values(), *document["failed"].values()):
        for name in ("outputs", "parameters"):
            _ = [str(value) for value in entry[name].values()]
        _ = str(entry["notebook"]), dict(entry.get("made_from", {})), dict(entry.get("readings", {}))
    for record in document["registries"].values():
        _ = dict(record["files"]), str(record["label"]), str(record["audience"])
    for program in document["programs"].values():
        _ = dict(program["files"]), dict(program["versions"])
    _ = dict(document["site"]), str(document["as_of"]), str(document["registry"])


def _listing(out: Path) -> tuple[dict[str, Path], tuple[str, ...]]:
    """Return the plain files of a folder by name, and what else is in it: links, hidden, special."""
    found: dict[str, Path] = {}
    odd: list[str] = []

    def look(folder: Path) -> None:
        for path in sorted(folder.iterdir()):
            name = path.relative_to(out).as_posix()
            if path.is_symlink() or path.name.startswith("."):
                odd.append(name)
            elif path.is_dir():
                look(path)
            elif path.is_file():
                found[name] = path
            else:
                odd.append(name)

    look(out)
    return found, tuple(odd)


def _chosen(reports: Mapping[str, Any], only: Sequence[str] = ()) -> dict[str, Any]:
    for pattern in only:
        if not any(fnmatchcase(name, pattern) for name in reports):
            raise UnknownNameError("report", pattern, nearest(pattern, tuple(reports)))
    wanted = [n for n in reports if not only or any(fnmatchcase(n, pattern) for pattern in only)]
    return {name: reports[name] for name in sorted(wanted)}
