"""Which reports to build: params files, checked before any kernel starts."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import product
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import nbformat
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from kuzbass_lean import catalogue
from kuzbass_lean.errors import UnknownNameError, UsageError
from kuzbass_lean.nearest import nearest
from kuzbass_lean.registry import Registry, Scope

_ORDER = ("region", "sectors", "municipalities", "projects")
_KEYED = ("municipality", "sector", "project")
"""Parameters whose values are keys, looked up before anything starts."""
_RESERVED = ("index", "data", "failed", "manifest", "ro-crate-metadata")
"""Names in the output folder that the build itself writes."""
_TYPES: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool, "dict": dict, "list": list}


@dataclass(frozen=True, slots=True)
class ReportSpec:
    """One report to build: its id (the output path without suffix), notebook and parameters.

    ``params`` is the name of the params file that asks for it.
    """

    id: str
    kind: str
    notebook: Path
    parameters: Mapping[str, Any]
    params: str = ""

    @property
    def depth(self) -> int:
        """How many folders below the site's root the page lies."""
        return self.id.count("/")


class ParamsFile(BaseModel):
    """A params file: which notebook, where its pages go, and for which keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    notebook: str
    output: str
    parameters: dict[str, Any] = {}
    matrix: dict[str, Literal["all"] | list[str]] = {}
    where: Literal["has_projects"] | None = None


def load_plan(
    params: Path, notebooks: Path, registry: Registry, as_of: str = "", only: Sequence[str] = ()
) -> tuple[ReportSpec, ...]:
    """Return the reports that the params files ask for, in a fixed order.

    Parameters
    ----------
    params
        Folder of params files.
    notebooks
        Folder of the notebooks they name.
    registry
        Where «all» and the keys are looked up.
    as_of
        Date passed to every notebook that takes one.
    only
        Patterns of report ids, e.g. ``sectors/*``; empty takes all.

    Raises
    ------
    UsageError
        A params file, parameter, key or pattern is wrong; the file is named.
    """
    paths = sorted(params.glob("*.yaml")) if params.is_dir() else []
    if not paths:
        raise UsageError(f"{params} holds no params file (*.yaml): name the folder with --params")
    specs = [spec for path in paths for spec in _specs(path, notebooks, registry, as_of)]
    ids = [spec.id for spec in specs]
    for name in ids:
        if ids.count(name) > 1:
            raise UsageError(f'two params files write "{name}": change the output of one')
    return tuple(sorted(_chosen(specs, only), key=_place))


def _place(spec: ReportSpec) -> tuple[int, int]:
    head = spec.id.split("/")[0]
    return (_ORDER.index(head) if head in _ORDER else len(_ORDER), 0)


def _chosen(specs: list[ReportSpec], only: Sequence[str]) -> list[ReportSpec]:
    ids = [spec.id for spec in specs]
    for pattern in only:
        if not any(fnmatchcase(name, pattern) for name in ids):
            raise UnknownNameError("report", pattern, nearest(pattern, ids))
    return [s for s in specs if not only or any(fnmatchcase(s.id, pattern) for pattern in only)]


def _specs(path: Path, notebooks: Path, registry: Registry, as_of: str) -> list[ReportSpec]:
    file = _parse(path)
    notebook = notebooks / f"{file.notebook}.ipynb"
    if not notebook.is_file():
        near = nearest(file.notebook, [known.stem for known in sorted(notebooks.glob("*.ipynb"))])
        raise UsageError(f"{path.name}: {UnknownNameError('notebook', file.notebook, near)}")
    accepted = notebook_parameters(notebook)
    check_parameters(path.name, file.notebook, file.parameters, accepted, file.matrix)
    keys = {name: _keys(path, name, wanted, registry) for name, wanted in file.matrix.items()}
    fixed = {
        name: _keys(path, name, [value], registry)[0] if name in _KEYED and value else value
        for name, value in file.parameters.items()
    }
    specs = []
    for combination in product(*keys.values()):
        chosen = dict(zip(keys, combination, strict=True))
        if file.where == "has_projects" and not _has_projects(registry, chosen):
            continue
        parameters = {**fixed, **chosen}
        if as_of and "as_of" in accepted:
            parameters["as_of"] = as_of
        name = _output(path, file.output, chosen)
        specs.append(ReportSpec(name, file.notebook, notebook, parameters, path.name))
    return specs


def _parse(path: Path) -> ParamsFile:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return ParamsFile.model_validate(content)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path.name} is not YAML in UTF-8: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "the file"
        near = nearest(name, list(ParamsFile.model_fields)) if first["type"] == "extra_forbidden" else ()
        hint = f': did you mean "{near[0]}"?' if near else ""
        raise UsageError(f"{path.name}, {name}: {first['msg']}{hint}") from None


def notebook_parameters(notebook: Path) -> dict[str, type | None]:
    """Return the parameters of a notebook with their types: its cell tagged ``parameters``.

    Raises
    ------
    UsageError
        The file is not a notebook, or has not exactly one such cell.
    """
    try:
        cells = nbformat.read(notebook, as_version=4).cells
    except (ValueError, AttributeError, nbformat.ValidationError) as error:
        raise UsageError(f"{notebook.name} is not a notebook: {error}") from None
    tagged = [cell for cell in cells if "parameters" in cell.metadata.get("tags", [])]
    if len(tagged) != 1:
        raise UsageError(f"{notebook.name} needs one cell tagged parameters, it has {len(tagged)}")
    accepted: dict[str, type | None] = {}
    for statement in ast.parse(tagged[0].source).body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            accepted[statement.target.id] = _TYPES.get(ast.unparse(statement.annotation).split("[")[0])
    return accepted


def check_parameters(
    where: str,
    notebook: str,
    given: Mapping[str, Any],
    accepted: Mapping[str, type | None],
    keyed: Iterable[str] = (),
) -> None:
    """Refuse parameters that a notebook does not take, or that are of another type.

    Raises
    ------
    UsageError
        It begins with ``where``.
    """
    for name in (*given, *keyed):
        if name not in accepted:
            problem = UnknownNameError(f"parameter of {notebook}", name, nearest(name, tuple(accepted)))
            raise UsageError(f"{where}: {problem}")
    for name, value in given.items():
        wanted = accepted[name]
        fits = isinstance(value, wanted) if wanted else True
        if wanted is float:
            fits = isinstance(value, int | float) and not isinstance(value, bool)
        if wanted is int:
            fits = isinstance(value, int) and not isinstance(value, bool)
        if not fits:
            expected = wanted.__name__ if wanted else ""
            raise UsageError(
                f"{where}: parameter {name} of {notebook} must be {expected}: "
                f"{value!r} is {type(value).__name__}"
            )


def _keys(path: Path, name: str, wanted: str | list[str], registry: Registry) -> list[str]:
    known = {
        "municipality": (lambda: list(registry.municipalities.index), registry.municipality),
        "sector": (
            lambda: [sector.key for sector in catalogue.sectors()],
            lambda text: catalogue.sector(text).key,
        ),
        "project": (lambda: best_practices(registry), registry.project),
    }
    if wanted == "all":
        if name not in known:
            raise UsageError(f'{path.name}: "all" is not known for {name}: list its values')
        return known[name][0]()
    if name not in known:
        return list(wanted)
    try:
        return [known[name][1](text) for text in wanted]
    except UnknownNameError as error:
        raise UsageError(f"{path.name}, {name}: {error}") from None


def best_practices(registry: Registry) -> list[str]:
    """Return the projects that get a passport: published ones, and those that others replicate."""
    projects = registry.projects
    chosen = projects["source"].eq("published") | projects["project_id"].isin(projects["replicates"].dropna())
    return list(projects.loc[chosen, "project_id"])


def _has_projects(registry: Registry, chosen: Mapping[str, str]) -> bool:
    sector, municipality = chosen.get("sector"), chosen.get("municipality")
    if sector and municipality:
        scope = Scope.of_pair(sector, municipality)
    elif municipality:
        scope = Scope.of_municipality(municipality)
    else:
        scope = Scope.of_sector(sector) if sector else Scope.region()
    return registry.has_projects(scope)


def _output(path: Path, pattern: str, chosen: Mapping[str, str]) -> str:
    try:
        name = pattern.format(**chosen)
    except (KeyError, IndexError, ValueError):
        raise UsageError(f'{path.name}: output "{pattern}" names a key that matrix does not have') from None
    return check_output(path.name, name)


def check_output(where: str, name: str) -> str:
    """Return the id of a report from the path that it is to have, without suffix.

    Raises
    ------
    UsageError
        The path would leave the output folder or is kept for the build.
    """
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or "\\" in name or any(part in ("..", ".") for part in parts):
        raise UsageError(f'{where}: output "{name}" would leave the output folder: write a plain path')
    if parts[0] in _RESERVED or parts[0].startswith("."):
        raise UsageError(f'{where}: output "{name}": {parts[0]} is kept for the build: choose another')
    return "/".join(parts)
