import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from test_build import registry

from kuzbass_lean import intake
from kuzbass_lean.cli import run
from kuzbass_lean.errors import LeanError, UsageError
from kuzbass_lean.press import recorded, revisions
from kuzbass_lean.press.diff import SiteDiff, diff
from kuzbass_lean.press.revisions import RowChange
from kuzbass_lean.registry import Registry

__all__ = ["registry"]

PROGRAM = {"files": {"data/maturity.yaml": "1", "metrics/flow.py": "1"}, "versions": {"pandas": "3.0.0"}}
MADE = {"data": "d", "notebook": "n", "parameters": "p", "program": "program"}
ENTRY = {"as_of": "2019-09-30", "readings": {"7": "joint"}, "parameters": {}, "made_from": MADE}
FIGURE = {"report": "region", "label": "Всего", "value": 1.0, "text": "1", "formula_version": 1, "rows": ""}


def site(
    folder: Path,
    registry: Registry,
    figures: list[Mapping[str, Any]],
    entry: Mapping[str, Any] = ENTRY,
    program: Mapping[str, Any] = PROGRAM,
) -> Path:
    """What of a site a comparison reads: the manifest, figures, lineage, the registry."""
    reports = {each["report"]: {**entry, "registry": registry.digest} for each in figures}
    key = entry["made_from"]["program"]
    document = {"reports": reports, "registry": registry.digest, "programs": {key: program}}
    home = folder / recorded.folder(registry.digest)
    home.mkdir(parents=True)
    intake.store(registry, home)
    (folder / "manifest.json").write_text(json.dumps(document), encoding="utf-8")
    pd.DataFrame(figures).to_parquet(folder / "data/figures.parquet", index=False)
    behind = pd.DataFrame({"rows": ["all"], "table": ["projects"], "key": ["p"]})
    behind.to_parquet(folder / "data/lineage.parquet", index=False)
    return folder


def figure(name: str, **changed: Any) -> dict[str, Any]:
    return {**FIGURE, "id": name, **changed}


def made(**changed: Any) -> dict[str, Any]:
    return {**ENTRY, "made_from": {**MADE, **changed}}


def causes(found: SiteDiff) -> dict[str, str]:
    return {change.id: change.cause for change in found.figures}


def test_sites_that_say_the_same_do_not_differ(tmp_path: Path, registry: Registry) -> None:
    one, other = (site(tmp_path / name, registry, [figure("total")]) for name in ("a", "b"))
    assert diff(one, other) == SiteDiff((), (), (), ())


def test_a_revised_row_is_the_cause_of_the_figures_it_is_behind(tmp_path: Path, registry: Registry) -> None:
    newer = registry.with_projects(registry.projects.assign(title="Новый", status="cancelled"))
    one = site(tmp_path / "a", registry, [figure("total", rows="all")])
    other = site(tmp_path / "b", newer, [figure("total", text="2", value=2.0, rows="all")], made(data="e"))
    found = diff(one, other)
    row = RowChange("projects", "p", "changed", ("title", "status"))
    (change,) = found.figures
    assert (change.cause, change.old, change.new, change.rows) == ("data", "1", "2", (row,))
    assert found.rows == (row,)


def test_where_date_and_data_changed_a_figure_without_revised_rows_moved_by_the_date(
    tmp_path: Path, registry: Registry
) -> None:
    newer = registry.with_projects(registry.projects.assign(title="Новый"))
    entry = {**made(data="e"), "as_of": "2019-12-31"}
    one = site(tmp_path / "a", registry, [figure("total", rows="all"), figure("overdue")])
    other = site(
        tmp_path / "b", newer, [figure("total", text="2", rows="all"), figure("overdue", text="2")], entry
    )
    found = diff(one, other)
    assert causes(found) == {"total": "data", "overdue": "as_of"}
    assert found.figures[0].causes == ("report date: 2019-09-30 → 2019-12-31", "rows that the report reads")


def test_a_rule_a_reading_a_formula_and_a_library_are_told_apart(tmp_path: Path, registry: Registry) -> None:
    old = site(tmp_path / "old", registry, [figure("level.7")])
    files = PROGRAM["files"]
    changed = [
        ("rule", {**PROGRAM, "files": {**files, "data/maturity.yaml": "2"}},
         "rule changed: data/maturity.yaml"),
        ("formula", {**PROGRAM, "files": {**files, "metrics/flow.py": "2"}},
         "formula or view changed: metrics/flow.py"),
        ("library", {**PROGRAM, "versions": {"pandas": "3.0.1"}}, "version changed: pandas 3.0.0 → 3.0.1"),
    ]  # fmt: skip
    for cause, program, said in changed:
        new = [figure("level.7", text="2")]
        found = diff(old, site(tmp_path / cause, registry, new, made(program="other"), program))
        (change,) = found.figures
        assert (change.cause, change.causes) == (cause, (said,))
    reading = {**ENTRY, "readings": {"7": "nested"}}
    (change,) = diff(old, site(tmp_path / "r", registry, [figure("level.7", text="2")], reading)).figures
    assert (change.cause, change.causes) == ("rule", ("reading of direction 7: joint → nested",))


def test_a_formula_of_another_version_is_the_cause_whatever_else_changed(
    tmp_path: Path, registry: Registry
) -> None:
    old = site(tmp_path / "a", registry, [figure("total")])
    entry = {**ENTRY, "as_of": "2019-12-31"}
    new = site(tmp_path / "b", registry, [figure("total", text="2", formula_version=2)], entry)
    assert causes(diff(old, new)) == {"total": "formula"}


def test_a_difference_that_nothing_recorded_explains_is_unknown(tmp_path: Path, registry: Registry) -> None:
    old = site(tmp_path / "a", registry, [figure("total")])
    assert causes(diff(old, site(tmp_path / "b", registry, [figure("total", text="2")]))) == {
        "total": "unknown"
    }


def test_levels_come_first_and_figures_and_reports_come_and_go(tmp_path: Path, registry: Registry) -> None:
    old = [figure("a"), figure("level.1"), figure("gone"), figure("x", report="sectors/gov")]
    new = [figure("a", text="2"), figure("level.1", text="3"), figure("x", report="sectors/edu")]
    found = diff(site(tmp_path / "a", registry, old), site(tmp_path / "b", registry, new))
    assert [(c.id, c.old, c.new, c.level) for c in found.figures] == [
        ("level.1", "1", "3", True),
        ("a", "1", "2", False),
        ("gone", "1", "", False),
    ]
    assert (found.added, found.removed) == (("sectors/edu",), ("sectors/gov",))


def test_a_value_that_differs_behind_the_same_text_is_told(tmp_path: Path, registry: Registry) -> None:
    old = site(tmp_path / "a", registry, [figure("total")])
    (change,) = diff(old, site(tmp_path / "b", registry, [figure("total", value=1.25)])).figures
    assert (change.old, change.new) == ("1 (1.0)", "1 (1.25)")


def test_folders_that_are_no_sites_are_refused(tmp_path: Path, registry: Registry) -> None:
    good = site(tmp_path / "a", registry, [figure("total")])
    with pytest.raises(UsageError, match="is no built site"):
        diff(good, tmp_path)
    other = site(
        tmp_path / "b", registry.with_projects(registry.projects.assign(title="Новый")), [figure("t")]
    )
    for path in other.glob("data/registry/*/*"):
        path.unlink()
    with pytest.raises(LeanError, match="rows cannot be compared"):
        diff(good, other)


def test_the_command_gives_one_document_and_says_by_its_exit_code_that_something_differs(
    tmp_path: Path, registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = site(tmp_path / "a", registry, [figure("total")]), tmp_path / "b"
    site(new, registry, [figure("total", text="2")])
    assert run(["diff", str(old), str(old), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "figures": [],
        "reports": {"added": [], "removed": []},
        "rows": [],
    }
    assert run(["diff", str(old), str(new), "--json"]) == 1
    (told,) = json.loads(capsys.readouterr().out)["figures"]
    assert {name: told[name] for name in ("id", "report", "old", "new", "cause", "level")} == {
        "id": "total", "report": "region", "old": "1", "new": "2", "cause": "unknown", "level": False,
    }  # fmt: skip
    assert run(["diff", str(old), str(new)]) == 1
    assert "1 figures differ" in capsys.readouterr().out
    assert run(["diff", str(old), str(tmp_path / "none")]) == 2


def test_rows_added_removed_and_changed_are_told_by_table_and_key(registry: Registry) -> None:
    more = pd.concat([registry.projects, registry.projects.assign(project_id="q")], ignore_index=True)
    newer = registry.with_projects(more.assign(title=["П", "Другой"]))
    assert revisions.between(registry, newer) == (RowChange("projects", "q", "added"),)
    assert revisions.between(newer, registry) == (RowChange("projects", "q", "removed"),)
    assert str(RowChange("projects", "p", "changed", ("title",))) == "projects p changed (title)"
    assert revisions.between(registry, registry) == ()
