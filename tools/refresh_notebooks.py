"""Run every notebook on the bundled sample and store its outputs, the oracle of nbval.

Stored outputs keep the text and the figures; mark-up gives way to the sentence of
tests/nbval.cfg, so that the files in git stay small and a change of style changes none.
"""

import configparser
import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from kuzbass_lean.figures import FIGURES_MIME

ROOT = Path(__file__).parents[1]


def refresh(path: Path, rules: dict[str, tuple[re.Pattern[str], str]]) -> None:
    """Run one notebook where it lies and write it back with outputs in their stored form."""
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": path.parent}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()
    notebook.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
        tags = cell.metadata.get("tags")
        cell.metadata = {"tags": tags} if tags else {}
        for output in cell.get("outputs", []):
            # the name of a widget in this run; the words beside it are the oracle
            output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)
            for mime, (pattern, replacement) in rules.items():
                if mime in output.get("data", {}):
                    output["data"][mime] = pattern.sub(replacement, "".join(output["data"][mime]))
    nbformat.write(notebook, path)


def main() -> None:
    """Refresh the notebooks named on the command line, or all."""
    read = configparser.RawConfigParser()
    read.read(ROOT / "tests" / "nbval.cfg", encoding="utf-8")
    rules = {
        mime: (re.compile(read[name]["regex"]), read[name]["replace"])
        for mime, name in (("text/html", "html"), (FIGURES_MIME, "figures"))
    }
    paths = [Path(name) for name in sys.argv[1:]] or sorted((ROOT / "notebooks").glob("*.ipynb"))
    for path in paths:
        refresh(path, rules)


if __name__ == "__main__":
    main()
