"""A report that is called fresh must show what it would show if it were made again.

Cells of the registry are changed at random; of the reports whose digest stays, some are made on both
registries and compared. The default run is short; ``HYPOTHESIS_PROFILE=thorough`` makes 40 changes.
"""

import ast
import os
import random
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import nbformat
import pandas as pd
import pytest

from kuzbass_lean import intake
from kuzbass_lean.press import fresh
from kuzbass_lean.press.plan import ReportSpec, load_plan
from kuzbass_lean.registry import Registry

ROOT = Path(__file__).parents[1]
CHANGES = 40 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 2
TABLES = [
    "projects", "organizations", "participants", "measures", "values", "observations", "effects",
    "assessments", "frames", "plans",
]  # fmt: skip


def changed(registry: Registry, chance: random.Random) -> tuple[str, Registry]:
    """The registry with one cell, no key's, as it is in another row; and which cell."""
    while True:
        name = chance.choice([table for table in TABLES if registry.has(table)])
        frame = registry.frame(name)
        column = chance.choice([c for c in frame if not str(c).endswith("_id") and c != "replicates"])
        row, other = (chance.randrange(len(frame)) for _ in range(2))
        value, known = frame[column].iloc[other], frame[column].iloc[row]
        if not (pd.isna(value) and pd.isna(known)) and not (pd.notna(value) and value == known):
            break
    cells = frame[column].copy()
    cells.iloc[row] = value
    tables = {**registry.tables, name: frame.assign(**{column: cells})}
    told = f"{name}, row {frame.index[row]}, {column}: {known!r} becomes {value!r}"
    return told, replace(registry, tables=MappingProxyType(tables))


def shown(spec: ReportSpec, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What a notebook's cells show of a registry."""
    monkeypatch.setenv(intake.DATA_VARIABLE, "held by a test")
    monkeypatch.setitem(intake.held, "held by a test", registry)
    names: dict[str, Any] = {}
    found = []
    for cell in nbformat.read(spec.notebook, as_version=4).cells:
        if cell.cell_type != "code":
            continue
        tree = ast.parse(cell.source)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "cell", "exec"), names)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
            found.append(value._repr_mimebundle_())
        if "parameters" in cell.metadata.get("tags", []):
            names.update(spec.parameters)
    return found


@pytest.fixture(scope="module")
def before() -> Registry:
    return intake.read(intake.sample_path())


@pytest.fixture(scope="module")
def specs(before: Registry) -> tuple[ReportSpec, ...]:
    return load_plan(ROOT / "params", ROOT / "notebooks", before)


@pytest.fixture(scope="module")
def digests(before: Registry, specs: tuple[ReportSpec, ...]) -> dict[str, str]:
    reads = fresh.Reads(before)
    return {spec.id: reads.digest(spec) for spec in specs}


def test_what_is_compared_shows_a_change(
    before: Registry, specs: tuple[ReportSpec, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = next(spec for spec in specs if spec.kind == "project")
    mine = before.projects["project_id"].eq(spec.parameters["project"])
    titles = before.projects["title"].mask(mine, "Другое название")
    other = before.with_projects(before.projects.assign(title=titles))
    assert shown(spec, before, monkeypatch) == shown(spec, before, monkeypatch)
    assert shown(spec, other, monkeypatch) != shown(spec, before, monkeypatch)


@pytest.mark.parametrize("seed", range(CHANGES))
def test_a_page_with_the_same_digest_is_the_same_page(
    seed: int,
    before: Registry,
    specs: tuple[ReportSpec, ...],
    digests: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chance = random.Random(seed)
    told, after = changed(before, chance)
    now = fresh.Reads(after)
    same = [spec for spec in specs if now.digest(spec) == digests[spec.id]]
    assert "region" not in {spec.id for spec in same}, told
    for kind in ("sector", "municipality", "project"):
        kept = [spec for spec in same if spec.kind == kind]
        for spec in chance.sample(kept, min(1, len(kept))):
            assert shown(spec, after, monkeypatch) == shown(spec, before, monkeypatch), (told, spec.id)
