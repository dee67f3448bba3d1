"""Params files into reports: the only rooms that know papermill and nbconvert."""

import sys


def _import_jsonschema() -> None:
    """Import jsonschema without its check of IRIs, which no notebook's schema has.

    For it jsonschema imports, where present, a package that compiles a grammar for seconds;
    everything that reads a notebook would wait for that.
    """
    slow = "rfc3987_syntax"
    if slow in sys.modules:
        return
    sys.modules[slow] = None  # type: ignore[assignment]  # the import system's sign for «absent»
    try:
        import jsonschema  # type: ignore[import-untyped]  # noqa: F401
    finally:
        del sys.modules[slow]


_import_jsonschema()
