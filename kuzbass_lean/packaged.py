"""The data files that come with the package."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import yaml


def text(name: str) -> str:
    """Return the text of a file under ``kuzbass_lean/data``."""
    return resources.files("kuzbass_lean").joinpath("data", name).read_text(encoding="utf-8")


@cache
def document(name: str) -> dict[str, Any]:
    """Return a YAML file under ``kuzbass_lean/data``, read once.

    The C parser is ten times faster, and every notebook waits for this.
    """
    content: dict[str, Any] = yaml.load(text(name), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return content
