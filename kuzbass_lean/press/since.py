"""What changed since an earlier publication: levels first, told from the kept figures of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from kuzbass_lean import blocks, wording
from kuzbass_lean.blocks import Column

LEVELS = "level."
PREVIOUS = "previous"
"""The name under which a site keeps the figures that its pages are compared with."""
_TOLD = (
    LEVELS, "total", "realised", "status.closed", "overdue", "proven_improvements", "effect_", "improvement.",
)  # fmt: skip
"""Ids, or up to a dot or a dash their beginnings, of figures that a reader is told of, in order."""
_APPEAR = ("effect_", "improvement.")
"""Of these, a reader is also told that one stands on the page that did not, or no more."""
_ABSENT = "—"
COLUMNS = ["report", "id", "label", "text", "as_of"]


@dataclass(frozen=True, slots=True)
class Change:
    """A figure of a report then and now, as text; empty where the figure did not stand there."""

    report: str
    id: str
    label: str
    old: str
    new: str


def kept(out: Path, name: str = "figures") -> pd.DataFrame:
    """Return the figures that a site keeps; without rows if it keeps none that can be read."""
    try:
        found = pd.read_parquet(out / "data" / f"{name}.parquet")
    except (OSError, ValueError):
        found = pd.DataFrame()
    wanted = COLUMNS if name == PREVIOUS else COLUMNS[:4]
    return found if set(wanted) <= set(found.columns) else pd.DataFrame(columns=COLUMNS, dtype="str")


def keep(out: Path, before: pd.DataFrame) -> None:
    """Store in a new site what its pages were compared with."""
    before.to_parquet(out / "data" / f"{PREVIOUS}.parquet", index=False)


def earlier(out: Path, recorded: Mapping[str, Any], data: Mapping[str, str]) -> pd.DataFrame:
    """Return what each report is compared with, in a site that is about to be replaced.

    The published figures of a report whose data have changed since; of any other those that it
    was compared with then, so that building the same data twice gives the same page.

    Parameters
    ----------
    recorded
        The manifest's entries of the published reports.
    data
        The digest of what each report reads now.
    """
    changed = [
        name
        for name, entry in recorded.items()
        if name in data and entry.get("made_from", {}).get("data") != data[name]
    ]
    published, before = kept(out), kept(out, PREVIOUS)
    taken = published[published["report"].isin(changed)]
    days = {name: str(recorded[name].get("as_of", "")) for name in changed}
    taken = taken.assign(as_of=taken["report"].map(days).astype("str"))
    both = pd.concat([taken[COLUMNS], before.loc[~before["report"].isin(changed), COLUMNS]])
    return both.astype("str").sort_values("report", kind="stable", ignore_index=True)


def changes(old: pd.DataFrame, new: pd.DataFrame) -> tuple[Change, ...]:
    """Return the figures whose text or, where both sides tell it, value differs: levels first, by report, id.

    Where two texts are the same, rounded, the values stand behind them.
    """
    keys = ["report", "id"]
    told = [*keys, "label", "text", *(["value"] if "value" in old and "value" in new else [])]
    both = old[told].merge(new[told], on=keys, how="outer", suffixes=("_old", "_new"))
    same = both["text_old"].eq(both["text_new"]).fillna(False).astype("bool")
    if "value" in told:
        values = [both["value_old"], both["value_new"]]
        apart = same & values[0].ne(values[1]) & ~(values[0].isna() & values[1].isna())
        for side, value in zip(("old", "new"), values, strict=True):
            exact = both[f"text_{side}"] + " (" + value.map(repr).astype("str") + ")"
            both[f"text_{side}"] = both[f"text_{side}"].mask(apart, exact)
        same &= ~apart
    differ = both.assign(label=both["label_new"].fillna(both["label_old"]))[~same].sort_values(keys)
    rows = differ[[*keys, "label", "text_old", "text_new"]].astype("object").fillna("")
    found = [Change(*(str(cell) for cell in row)) for row in rows.itertuples(index=False)]
    return tuple(sorted(found, key=lambda change: not change.id.startswith(LEVELS)))


def told(found: Sequence[Change]) -> dict[str, Any]:
    """Return for the history of runs how many figures changed, and from what to what the levels."""
    both = [change for change in found if change.old and change.new]
    levels = [asdict(change) for change in both if change.id.startswith(LEVELS)]
    return {"figures": len(both), "levels": levels}


def section(report: str, before: pd.DataFrame, now: Sequence[Mapping[str, Any]]) -> str:
    """Return the part of a page that says what changed since a publication, as HTML.

    Parameters
    ----------
    before
        The report's figures then, as ``earlier`` gives them; without rows if there are none.
    now
        Its figures now, as its notebook shows them.
    """
    if before.empty:
        return ""
    shown = [(report, each["id"], each["label"], each["text"]) for each in now]
    figures = pd.DataFrame(shown, columns=COLUMNS[:4], dtype="str")
    found = [
        change
        for change in changes(before, figures)
        if (change.old and change.new) or change.id.startswith(_APPEAR)
    ]
    told = sorted((each for each in found if _rank(each) < len(_TOLD)), key=_rank)
    day = str(before["as_of"].iloc[0])
    since = f" на {wording.date(date.fromisoformat(day))}" if day else ""
    title = f"Что изменилось с публикации{since}"
    note = f"Всего изменилось чисел на странице: {wording.number(len(found))}."
    if not told:
        same = f"{title}: уровни, число проектов, эффекты и улучшения те же."
        return blocks.prose(f"{same} {note}" if found else same).html
    columns = [Column("Что"), Column("Было", True), Column("Стало", True)]
    rows = [(each.label, each.old or _ABSENT, each.new or _ABSENT) for each in told]
    return blocks.table(title, columns, rows, note).html


def _rank(change: Change) -> int:
    def is_called(name: str) -> bool:
        return change.id.startswith(name) if name.endswith(("_", ".")) else change.id == name

    return next((n for n, name in enumerate(_TOLD) if is_called(name)), len(_TOLD))
