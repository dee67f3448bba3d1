"""The plan: parameter files times the registry's names give the list of reports."""

from __future__ import annotations

import ast
import itertools
import json
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from kuzbass_lean import catalogue
from kuzbass_lean.errors import UnknownNameError, UsageError
from kuzbass_lean.nearest import nearest
from kuzbass_lean.registry import Registry, Scope

KINDS = ("region", "sector", "municipality", "project")
_RESERVED = ("data", "failed", "index")
_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "dict": (dict,),
    "list": (list,),
}


@dataclass(frozen=True, slots=True)
class ReportSpec:
    """One report to build: its id is its output path without the suffix."""

    id: str
    kind: str
    notebook: Path
    parameters: dict[str, Any]


class _ParamsFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    notebook: str
    output: str
    parameters: dict[str, Any] = {}
    matrix: dict[str, Literal["all"] | list[str]] = {}
    where: Literal["has_projects"] | None = None


def load_plan(
    params_dir: Path, notebooks_dir: Path, registry: Registry, as_of: str = "", only: Sequence[str] = ()
) -> tuple[ReportSpec, ...]:
    """Return the reports that the folder's parameter files ask for, checked before any work.

    Parameters
    ----------
    params_dir
        The folder of ``*.yaml`` files; its subfolders are not read.
    as_of
        The report date given to every notebook with a parameter ``as_of``; a parameter
        file that sets its own date keeps it.
    only
        Globs over report ids; empty keeps all.

    Raises
    ------
    UsageError
        A file, parameter, output or glob is wrong; the message names it.
    UnknownNameError
        A municipality, sector or project is not known; the nearest names are in the message.
    """
    paths = sorted(params_dir.glob("*.yaml")) if params_dir.is_dir() else []
    if not paths:
        raise UsageError(f"{params_dir} holds no .yaml file: name the folder with the parameter files")
    owners: dict[str, str] = {}
    specs = []
    for path in paths:
        for spec in _specs(path, notebooks_dir, registry, as_of):
            key = spec.id.casefold()  # some file systems take Region and region for one
            if key in owners:
                raise UsageError(f"{path.name}: output {spec.id} is also an output of {owners[key]}: rename one")
            owners[key] = path.name
            specs.append(spec)
    rank = {kind: number for number, kind in enumerate(KINDS)}
    specs.sort(key=lambda spec: rank.get(spec.kind, len(rank)))
    return _select(specs, only)


def notebook_parameters(path: Path) -> dict[str, str]:
    """Return the names and types of the annotated defaults in the cell tagged ``parameters``.

    Raises
    ------
    UsageError
        The notebook cannot be read, or its parameters cell is not Python.
    """
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        sources = ["".join(c["source"]) for c in cells if "parameters" in c["metadata"].get("tags", ())]
        trees = [ast.parse(source) for source in sources]
    except (OSError, ValueError, KeyError, TypeError, SyntaxError) as error:
        raise UsageError(f"{path.name} is not a notebook with readable parameters: {error}") from None
    found = {}
    for node in itertools.chain.from_iterable(tree.body for tree in trees):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = ast.unparse(node.annotation).partition("[")[0]
    return found


def _specs(path: Path, notebooks_dir: Path, registry: Registry, as_of: str) -> Iterator[ReportSpec]:
    asked = _read(path)
    notebook = notebooks_dir / f"{asked.notebook}.ipynb"
    if not notebook.is_file():
        near = nearest(asked.notebook, tuple(sorted(p.stem for p in notebooks_dir.glob("*.ipynb"))))
        raise UsageError(f"{path.name}: {UnknownNameError('notebook', asked.notebook, near)}")
    declared = notebook_parameters(notebook)
    _check(path.name, asked, declared)
    fixed = {name: _resolve(name, value, registry) for name, value in asked.parameters.items()}
    if as_of and "as_of" in declared:
        fixed.setdefault("as_of", as_of)
    for parameters in _combinations(asked.matrix, registry):
        whole = {**fixed, **parameters}
        if asked.where is None or _has_projects(whole, registry):
            yield ReportSpec(_output(path.name, asked.output, whole), notebook.stem, notebook, whole)


def _read(path: Path) -> _ParamsFile:
    try:
        return _ParamsFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path.name} is not YAML: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        known = tuple(_ParamsFile.model_fields)
        if first["type"] == "extra_forbidden":
            raise UsageError(f"{path.name}: {UnknownNameError('key', place, nearest(place, known))}") from None
        raise UsageError(f"{path.name}: {place}: {first['msg']}") from None


def _check(file: str, asked: _ParamsFile, declared: Mapping[str, str]) -> None:
    for name in (*asked.parameters, *asked.matrix):
        if name not in declared:
            choices = " or ".join(f'"{near}"' for near in nearest(name, tuple(declared)))
            hint = f": did you mean {choices}?" if choices else ""
            raise UsageError(
                f'{file}: parameter "{name}" is not one of notebook {asked.notebook}{hint}'
            )
    twice = sorted(set(asked.parameters) & set(asked.matrix))
    if twice:
        raise UsageError(f'{file}: "{twice[0]}" stands under parameters and under matrix: keep one')
    samples = {**asked.parameters, **dict.fromkeys(asked.matrix, "")}
    for name, value in samples.items():
        expected = declared[name]
        if not _fits(value, expected):
            given = type(value).__name__
            raise UsageError(f'{file}: parameter "{name}" must be {expected}, not {given} {value!r}')


def _fits(value: object, expected: str) -> bool:
    if expected not in _TYPES:
        return True
    if isinstance(value, bool):  # Python counts True among the whole numbers; a parameter file does not
        return expected == "bool"
    return isinstance(value, _TYPES[expected])


def _combinations(
    matrix: Mapping[str, Literal["all"] | list[str]], registry: Registry
) -> Iterator[dict[str, str]]:
    axes = [
        _every(name, registry) if keys == "all" else [_resolve(name, key, registry) for key in keys]
        for name, keys in matrix.items()
    ]
    for values in itertools.product(*axes):
        yield dict(zip(matrix, values, strict=True))


def _every(name: str, registry: Registry) -> list[str]:
    if name == "municipality":
        return list(registry.municipalities.index)
    if name == "sector":
        return [sector.key for sector in catalogue.sectors()]
    if name == "project":
        return best_practices(registry)
    raise UsageError(f'"all" is known for municipality, sector and project, not for "{name}": list its values')


def best_practices(registry: Registry) -> list[str]:
    """Return the ids of published projects and of those that another one replicates, in registry order."""
    projects = registry.projects
    copied = projects["project_id"].isin(projects["replicates"].dropna())
    return list(projects.loc[copied | projects["source"].eq("published"), "project_id"])


def _resolve(name: str, value: Any, registry: Registry) -> Any:
    if value == "" or not isinstance(value, str):
        return value
    if name == "municipality":
        return registry.municipality(value)
    if name == "sector":
        return catalogue.sector(value).key
    return registry.project(value) if name == "project" else value


def _has_projects(parameters: Mapping[str, Any], registry: Registry) -> bool:
    sector, municipality = parameters.get("sector"), parameters.get("municipality")
    if sector and municipality:
        scope = Scope.of_pair(sector, municipality)
    elif sector:
        scope = Scope.of_sector(sector)
    else:
        scope = Scope.of_municipality(municipality) if municipality else Scope.region()
    return not registry.slice(scope).projects.empty


def _output(file: str, pattern: str, parameters: Mapping[str, Any]) -> str:
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(pattern) if name is not None]
    except ValueError as error:
        raise UsageError(f'{file}: output "{pattern}": {error}') from None
    for name in names:
        if name not in parameters:
            raise UsageError(f'{file}: output "{pattern}": {name!r} is not among its parameters and matrix')
    output = pattern.format(**parameters)
    path = PurePosixPath(output)
    if path.is_absolute() or ".." in path.parts or "\\" in output or str(path) != output or output == ".":
        raise UsageError(f'{file}: output "{output}" leaves the output folder: write a plain relative path')
    if path.parts[0].casefold() in _RESERVED or path.parts[0].startswith("."):
        raise UsageError(f'{file}: output "{output}": {path.parts[0]} is kept for the build itself')
    return output


def _select(specs: Sequence[ReportSpec], only: Sequence[str]) -> tuple[ReportSpec, ...]:
    ids = tuple(spec.id for spec in specs)
    for glob in only:
        if not any(fnmatchcase(report, glob) for report in ids):
            raise UnknownNameError("report", glob, nearest(glob, ids))
    chosen = (spec for spec in specs if not only or any(fnmatchcase(spec.id, glob) for glob in only))
    return tuple(chosen)
