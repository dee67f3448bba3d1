"""Why two versions of a report may differ: everything that went into it, set side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

DATA, AS_OF, RULE, FORMULA, LIBRARY = "data", "as_of", "rule", "formula", "library"
_RULES = ("data/maturity.yaml", "data/catalogue.yaml", "data/published.yaml")
_FORMULAS = ("metrics/", "maturity/", "evidence/", "published/", "views/", "data/labels.yaml")
_MOST = 5


@dataclass(frozen=True, slots=True)
class Cause:
    """What kind of cause it is (data, as_of, rule, formula, library), and which one exactly."""

    kind: str
    text: str


def between(
    old: Mapping[str, Any], new: Mapping[str, Any], programs: tuple[Mapping[str, Any], Mapping[str, Any]]
) -> tuple[Cause, ...]:
    """Return all that differs in what two versions of a report were made from.

    Parameters
    ----------
    old, new
        The report's entries in two manifests.
    programs
        What either manifest says of the programs that made its reports.
    """
    return tuple(_between(old, new, programs))


def _between(
    old: Mapping[str, Any], new: Mapping[str, Any], programs: tuple[Mapping[str, Any], Mapping[str, Any]]
) -> Iterator[Cause]:
    if old.get("as_of") != new.get("as_of"):
        yield Cause(AS_OF, f"report date: {old.get('as_of')} → {new.get('as_of')}")
    for number, name in sorted(new.get("readings", {}).items()):
        was = old.get("readings", {}).get(number)
        if was != name:
            yield Cause(RULE, f"reading of direction {number}: {was} → {name}")
    if _other(old) != _other(new):
        yield Cause(RULE, f"parameters: {_other(old)} → {_other(new)}")
    yield from code(old, new, programs)
    if old.get("made_from", {}).get("data") != new.get("made_from", {}).get("data"):
        yield Cause(DATA, "rows that the report reads")


def code(
    old: Mapping[str, Any], new: Mapping[str, Any], programs: tuple[Mapping[str, Any], Mapping[str, Any]]
) -> Iterator[Cause]:
    """Yield what differs in the programs and notebooks that made two versions of a report."""
    before, after = old.get("made_from", {}), new.get("made_from", {})
    if before.get("program") != after.get("program"):
        yield from programs_differ(
            programs[0].get(before.get("program"), {}), programs[1].get(after.get("program"), {})
        )
    if before.get("notebook") != after.get("notebook"):
        yield Cause(FORMULA, f"notebook changed: {new.get('notebook')}")


def _other(entry: Mapping[str, Any]) -> dict[str, Any]:
    parameters = entry.get("parameters", {})
    return {name: value for name, value in parameters.items() if name not in ("as_of", "readings")}


def programs_differ(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Cause]:
    """Yield how two programs differ, as the manifest records them: rules, formulas, the rest, versions."""
    ours, theirs = old.get("files", {}), new.get("files", {})
    changed = sorted(name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name))
    rules = [name for name in changed if name in _RULES]
    formulas = [name for name in changed if name.startswith(_FORMULAS) and name not in rules]
    others = [name for name in changed if name not in rules and name not in formulas]
    if rules:
        yield Cause(RULE, f"rule changed: {_named(rules)}")
    if formulas:
        yield Cause(FORMULA, f"formula or view changed: {_named(formulas)}")
    if others:
        yield Cause(LIBRARY, f"program changed: {_named(others)}")
    before, after = old.get("versions", {}), new.get("versions", {})
    for name in sorted({**before, **after}):
        if before.get(name) != after.get(name):
            yield Cause(LIBRARY, f"version changed: {name} {before.get(name)} → {after.get(name)}")


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(names[:_MOST]) + more
