"""Every public name is documented, and every example in a docstring is run."""

import doctest
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from datetime import date
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest

import kuzbass_lean as kl
from kuzbass_lean import intake
from kuzbass_lean.errors import UnknownNameError

SECTIONS = ["Parameters", "Attributes", "Returns", "Yields", "Raises", "Notes", "Examples"]
SHOWN_BY_EXAMPLE = ("catalogue", "evidence", "lab", "maturity", "metrics", "published", "views", "wording")
"""The rooms whose functions an analyst calls himself."""


def names_of(module: ModuleType) -> list[str]:
    told = getattr(module, "__all__", None)
    own = [n for n, one in vars(module).items() if getattr(one, "__module__", "") == module.__name__]
    return sorted(told or [name for name in own if not name.startswith("_")])


def public() -> Iterator[tuple[str, Any]]:
    """The names of the package, and those of the rooms that they lead to."""
    for name in kl.__all__:
        room = getattr(kl, name)
        yield name, room
        if inspect.ismodule(room):
            yield from ((f"{name}.{inner}", getattr(room, inner)) for inner in names_of(room))


def members(kind: type) -> Iterator[tuple[str, Any]]:
    for name, one in vars(kind).items():
        if not name.startswith("_") and (isinstance(one, property | classmethod) or inspect.isfunction(one)):
            yield name, one


NAMES = dict(public())
FUNCTIONS = {name: one for name, one in NAMES.items() if inspect.isfunction(inspect.unwrap(one))}
CLASSES = {name: one for name, one in NAMES.items() if inspect.isclass(one)}


def sections(text: str) -> dict[str, str]:
    """The sections of a numpydoc docstring by title, in order."""
    parts = re.split(r"^(\w+)\n-+$", inspect.cleandoc(text), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("name", sorted({**FUNCTIONS, **CLASSES}))
def test_a_public_name_says_what_it_is_in_one_sentence_and_keeps_to_numpydoc(name: str) -> None:
    text = inspect.cleandoc(NAMES[name].__doc__ or "")
    summary = text.split("\n\n")[0]
    assert summary.endswith("."), f"{name}: {summary!r}"
    assert not summary.startswith(f"{NAMES[name].__name__}("), f"{name} has no docstring of its own"
    found = list(sections(text))
    assert found == [title for title in SECTIONS if title in found], f"{name}: {found}"


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_parameter_that_is_described_is_one_that_can_be_given(name: str) -> None:
    told = sections(FUNCTIONS[name].__doc__ or "").get("Parameters", "")
    named = [part for line in re.findall(r"^(\w[\w, ]*)$", told, re.MULTILINE) for part in line.split(", ")]
    assert set(named) <= set(inspect.signature(FUNCTIONS[name]).parameters)


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_the_members_of_a_public_class_are_documented(name: str) -> None:
    bare = [member for member, one in members(CLASSES[name]) if not inspect.getdoc(one)]
    assert bare == []


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_what_an_analyst_calls_is_shown_by_an_example(name: str) -> None:
    if name.partition(".")[0] in SHOWN_BY_EXAMPLE or "." not in name:
        assert ">>> " in (FUNCTIONS[name].__doc__ or "")


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What the package's docstring says that the examples know; ``read`` is quick for all of them."""
    registry = intake.read(intake.sample_path())
    intake.held["examples"] = registry
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(intake.DATA_VARIABLE, "examples")
        yield {
            "kl": kl,
            "registry": registry,
            "day": kl.views.report_date(registry),
            "profile": kl.maturity.score(registry),
            "folder": tmp_path_factory.mktemp("examples"),
            "pd": pd,
            "date": date,
        }
    del intake.held["examples"]


def modules() -> list[str]:
    found = pkgutil.walk_packages(kl.__path__, f"{kl.__name__}.")
    return [kl.__name__, *(one.name for one in found if not one.name.endswith("__main__"))]


def source(name: str) -> str:
    path = Path(kl.__path__[0]).parent.joinpath(*name.split("."))
    return (path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [name for name in modules() if ">>> " in source(name)])
def test_the_examples_of_a_module_give_what_they_say(name: str, known: dict[str, Any]) -> None:
    module, told = import_module(name), []
    write: Callable[[str], Any] = told.append
    runner = doctest.DocTestRunner(verbose=False)
    tests = doctest.DocTestFinder().find(module, module.__name__, extraglobs=known)
    for test in tests:
        runner.run(test, out=write)
    assert runner.summarize(verbose=False).failed == 0, "".join(told)
    assert runner.tries == source(name).count(">>> ")


def test_the_package_completes_its_dozen_names_and_names_them_where_one_is_wrong() -> None:
    assert dir(kl) == sorted([*kl.__all__, "__version__"])
    with pytest.raises(AttributeError, match=r"it has .*metrics"):
        _ = kl.metric


def test_results_show_themselves_as_tables_with_what_they_work_out(known: dict[str, Any]) -> None:
    registry = known["registry"]
    state = kl.metrics.portfolio(registry.projects, known["day"])
    assert f"<th>total</th><td>{state.total}</td>" in state._repr_html_()
    assert "<th>8</th><td>Транспорт</td><td>none</td>" in known["profile"]._repr_html_()
    assert f"<td>{len(registry.projects)}</td>" in registry._repr_html_()
    assert "absent: unknown, not zero" in kl.Registry.from_frames({})._repr_html_()


def test_what_a_table_shows_is_text_not_markup() -> None:
    shown = kl.Registry.from_frames({}, "<b>мой</b>")._repr_html_()
    assert "&lt;b&gt;мой&lt;/b&gt;" in shown
    assert "<b>" not in shown


def test_a_registry_completes_and_refuses_names_of_tables(known: dict[str, Any]) -> None:
    registry = known["registry"]
    assert "measures" in registry._ipython_key_completions_()
    with pytest.raises(UnknownNameError, match='did you mean "measures"'):
        registry["measure"]
