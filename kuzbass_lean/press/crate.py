"""The record of a site as a Process Run RO-Crate: for tools that know nothing of this library.

Made from the manifest alone. A crate wants dates; ours is the report date, for there is no clock in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

NAME = "ro-crate-metadata.json"

_CRATE = "https://w3id.org/ro/crate/1.1"
_PROCESS = "https://w3id.org/ro/wfrun/process/0.5"
_TERMS = "https://w3id.org/ro/terms/workflow-run/context"
_LICENCE = "https://spdx.org/licenses/MIT"
_FORMATS = {
    ".html": "text/html",
    ".pdf": "application/pdf",
    ".ipynb": "application/x-ipynb+json",
    ".csv": "text/csv",
    ".parquet": "application/vnd.apache.parquet",
    ".json": "application/json",
}
_TITLE = "Отчёты программы «Кузбасс бережливый»"
_ABOUT = (
    "Страницы отчётов, их исполненные блокноты, таблица показанных чисел и реестр, из которого они получены. "
    "Даты — дата отчёта, а не время построения: построение не зависит от часов. "
    "Проверка: kuzbass-lean verify."
)

Entity = dict[str, Any]


def document(manifest: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Return the crate of a site as JSON-LD, from its manifest and the manifest's text."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    inputs = {key: [_file(n, d) for n, d in sorted(record["files"].items())]
              for key, record in sorted(manifest["registries"].items())}  # fmt: skip
    shared = [_file(name, made) for name, made in sorted(manifest["site"].items())]
    outputs = [*shared, _file("manifest.json", digest, str(len(text.encode())))]
    notebooks, actions = _notebooks(manifest), [_site_action(manifest, outputs)]
    pages = []
    for name, entry in sorted({**manifest["reports"], **manifest["failed"]}.items()):
        made = [_file(path, value) for path, value in sorted(entry["outputs"].items())]
        pages += made
        read = inputs.get(entry.get("registry", manifest["registry"]), [])
        actions.append(_action(name, entry, manifest["as_of"], made, read))
    files = [*outputs, *pages, *(each for kept in inputs.values() for each in kept)]
    about = [*_software(manifest), *notebooks, *_standards()]
    graph = [*_root(manifest["as_of"], files, actions), *files, *actions, *about]
    return {"@context": [f"{_CRATE}/context", _TERMS], "@graph": graph}


def _ref(entities: Iterable[Entity]) -> list[Entity]:
    return [{"@id": entity["@id"]} for entity in entities]


def _file(name: str, digest: str, size: str = "") -> Entity:
    path = PurePosixPath(name)
    made = {"@id": name, "@type": "File", "name": path.name, "sha256": digest}
    if path.suffix in _FORMATS:
        made["encodingFormat"] = _FORMATS[path.suffix]
    return {**made, "contentSize": size} if size else made


def _root(as_of: str, files: Iterable[Entity], actions: Iterable[Entity]) -> list[Entity]:
    descriptor = {
        "@id": NAME,
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": {"@id": _CRATE},
    }
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": _TITLE,
        "description": _ABOUT,
        "datePublished": as_of or "1970-01-01",
        "license": {"@id": _LICENCE},
        "conformsTo": {"@id": _PROCESS},
        "hasPart": _ref(files),
        "mentions": _ref(actions),
    }
    return [descriptor, root]


def _notebooks(manifest: Mapping[str, Any]) -> list[Entity]:
    """Return the notebooks that pages were made with, each version of one apart."""
    found = {}
    for entry in (*manifest["reports"].values(), *manifest["failed"].values()):
        made = _notebook(entry)
        found[made["@id"]] = made
    return [found[name] for name in sorted(found)]


def _notebook(entry: Mapping[str, Any]) -> Entity:
    digest = entry.get("made_from", {}).get("notebook", "")
    name = f"#notebook-{entry['notebook'].removesuffix('.ipynb')}-{digest[:16]}"
    return {
        "@id": name.rstrip("-"),
        "@type": "SoftwareSourceCode",
        "name": entry["notebook"],
        "version": digest or "unknown",
        "description": "Its version is the SHA-256 digest of its cells.",
        "programmingLanguage": {"@id": "https://www.python.org/"},
    }


def _action(
    name: str, entry: Mapping[str, Any], as_of: str, made: Iterable[Entity], read: Iterable[Entity]
) -> Entity:
    failed = "error" in entry
    title = entry.get("title") or name
    state = "FailedActionStatus" if failed else "CompletedActionStatus"
    action = {
        "@id": f"#report-{name}",
        "@type": "CreateAction",
        "name": f"Отчёт «{title}»",
        "description": f"Блокнот {entry['notebook']} исполнен с параметрами {_said(entry['parameters'])}.",
        "instrument": {"@id": "#kuzbass-lean"},
        "object": [*_ref(read), {"@id": _notebook(entry)["@id"]}],
        "result": _ref(made),
        "endTime": entry.get("as_of") or as_of or "1970-01-01",
        "actionStatus": f"http://schema.org/{state}",
    }
    return {**action, "error": entry["error"]} if failed else action


def _said(parameters: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in sorted(parameters.items())) or "по умолчанию"


def _site_action(manifest: Mapping[str, Any], made: Iterable[Entity]) -> Entity:
    pages = [name for entry in manifest["reports"].values() for name in entry["outputs"]]
    return {
        "@id": "#site",
        "@type": "CreateAction",
        "name": "Указатель, таблица чисел и запись о построении",
        "description": "Собраны из чисел, которые показывают исполненные блокноты.",
        "instrument": {"@id": "#kuzbass-lean"},
        "object": [{"@id": name} for name in sorted(pages) if name.endswith(".ipynb")],
        "result": _ref(made),
        "endTime": manifest["as_of"] or "1970-01-01",
        "actionStatus": "http://schema.org/CompletedActionStatus",
    }


def _software(manifest: Mapping[str, Any]) -> list[Entity]:
    versions = manifest["programs"][max(manifest["programs"], key=_of(manifest))]["versions"]
    needed = [
        {
            "@id": f"#{name}",
            "@type": "SoftwareApplication",
            "name": name,
            "softwareVersion": version,
            "identifier": f"pkg:generic/{name}@{version}",
        }
        for name, version in sorted(versions.items())
    ]
    own = {
        "@id": "#kuzbass-lean",
        "@type": "SoftwareApplication",
        "name": "kuzbass-lean",
        "softwareVersion": manifest["version"],
        "softwareRequirements": _ref(needed),
        "license": {"@id": _LICENCE},
    }
    return [own, *needed]


def _of(manifest: Mapping[str, Any]) -> Any:
    """Return how many reports a program made, as a key to sort programs by."""
    used = [entry["made_from"]["program"] for entry in manifest["reports"].values()]
    return lambda digest: (used.count(digest), digest)


def _standards() -> list[Entity]:
    return [
        {
            "@id": _PROCESS,
            "@type": "CreativeWork",
            "name": "Process Run Crate",
            "version": "0.5",
        },
        {
            "@id": _LICENCE,
            "@type": "CreativeWork",
            "name": "MIT License",
            "description": "The licence of the program; the office that publishes may add one of its own.",
        },
        {
            "@id": "https://www.python.org/",
            "@type": "ComputerLanguage",
            "name": "Python",
            "url": "https://www.python.org/",
        },
    ]
