"""Analytical reports for the lean-government programme «Кузбасс бережливый».

A notebook needs one import and a dozen names::

    import kuzbass_lean as kl

    registry = kl.read()
    part = registry.slice(kl.Scope.of_sector("health"))

Names are loaded when first used, so the import itself is light. In the examples of all docstrings
``registry`` is what ``kl.read()`` gives, ``profile`` is ``kl.maturity.score(registry)``, ``day`` is
``kl.views.report_date(registry)``, ``folder`` a folder to write to, ``pd`` is pandas and ``date``
that of ``datetime``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kuzbass_lean import (
        blocks,
        catalogue,
        evidence,
        lab,
        maturity,
        metrics,
        published,
        views,
        wording,
    )
    from kuzbass_lean.intake import examine, read
    from kuzbass_lean.intake.template import template
    from kuzbass_lean.outlines import read_outlines
    from kuzbass_lean.registry import Registry, Scope

__version__ = "0.1.0"

__all__ = [
    "Registry",
    "Scope",
    "blocks",
    "catalogue",
    "evidence",
    "examine",
    "lab",
    "maturity",
    "metrics",
    "published",
    "read",
    "read_outlines",
    "template",
    "views",
    "wording",
]

_HOME = {
    "Registry": "registry",
    "Scope": "registry",
    "examine": "intake",
    "read": "intake",
    "read_outlines": "outlines",
    "template": "intake",
}


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in __all__:
            raise AttributeError(
                f"module {__name__!r} has no attribute {name!r}: it has {', '.join(__all__)}"
            )
        if name in _HOME:
            return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
        return import_module(f"{__name__}.{name}")

    def __dir__() -> list[str]:
        return [*__all__, "__version__"]
