"""Cells give the same outputs in the warm engine as in a Jupyter kernel that is started anew."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from kuzbass_lean.press.crew import ENVIRONMENT
from kuzbass_lean.press.engine import execute
from kuzbass_lean.press.plan import ReportSpec
from kuzbass_lean.press.pool import Nursery, Task, run
from kuzbass_lean.press.work import Failure

PARAMETERS = 'name: str = ""'
FEATURES = {
    "streams in their order": """
import os, subprocess, sys, time
print("out")
print("err", file=sys.stderr)
sys.stdout.write("no newline")
print(name)""",
    # A cold kernel has a thread for what comes this way: it is given its time.
    "what the descriptor and a child say": """
os.write(1, b"from the descriptor\\n")
subprocess.run(["echo", "from a child"])
time.sleep(0.5)""",
    "a display between prints": """
print("before")
display("middle", 2)
print("after")
3""",
    "the last value, hidden by a semicolon": "4;",
    "underscore and history": "_, In[2][:9], _i[:2], sorted(Out)[:2]",
    "rich representations": """
class Rich:
    def _repr_html_(self): return "<b>1</b>"
    def _repr_svg_(self): return "<svg/>"
    def _repr_latex_(self): return "$x$"
    def _repr_markdown_(self): return "*m*"
    def _repr_json_(self): return {"a": [1, None]}
    def __repr__(self): return "Rich()"
display(Rich())
from IPython.display import HTML, JSON, Markdown, Image
display(HTML("<i>h</i>"), Markdown("**m**"), JSON({"b": 2}))
display({"text/plain": "raw", "application/x-own": "o"}, raw=True, metadata={"k": 1})
Rich()""",
    "a mime bundle": """
class Bundle:
    def _repr_mimebundle_(self, **_):
        return {"text/plain": "p", "text/html": "h"}, {"text/html": {"isolated": True}}
Bundle()""",
    "a representation that fails": """
class Broken:
    def __repr__(self): raise ValueError("no text")
    def _repr_html_(self): raise ValueError("no page")
Broken()""",
    "frames": """
import pandas as pd
pd.DataFrame({"а": [1, None], "b": ["x", "<y>"]})""",
    "a display that is updated": """
handle = display("first", display_id="d")
handle.update("second")
from IPython.display import update_display
update_display("third", display_id="d")
display("another", display_id="e");""",
    "an earlier cell's display that is updated": 'handle.update("fourth")',
    "output that is cleared": """
from IPython.display import clear_output
print("gone")
clear_output()
print("stays")
clear_output(wait=True)
print("at last")""",
    "warnings": """
import warnings
warnings.warn("mind", UserWarning)
warnings.warn("old", FutureWarning)""",
    "magics": """
%precision 3
display(3.14159)
%env LEAN_TEST=1
%alias_magic t timeit
%who int
x = 5
%whos int""",
    "a magic of the cell": "%%capture taken\nprint('kept')",
    "what it took": "taken.stdout, taken.stderr",
    "a cell in a shell": "%%bash\necho out\necho err >&2",
    "a shell line": "files = !echo one two\nfiles",
    "help": "?len",
    "await": """
import asyncio
await asyncio.sleep(0)
task = asyncio.create_task(asyncio.sleep(0, result="done"))
await task""",
    "a task of an earlier cell": """
import contextvars
variable = contextvars.ContextVar("v")
variable.set(7)
task.done(), asyncio.get_running_loop().is_running()""",
    "a variable of the context": "variable.get()",
    "async for and with": """
async def numbers():
    for n in range(3):
        yield n
[n async for n in numbers()]""",
    "a chart": """
import matplotlib.pyplot as plt
plt.plot([0, 1])
plt.title("т")
plt.show()
plt.plot([1, 0]);""",
    "a chart as SVG and what is left open": """
%config InlineBackend.figure_formats = ["svg"]
%config InlineBackend.close_figures = False
plt.rcParams["svg.hashsalt"] = "1"
figure, axes = plt.subplots(figsize=(1, 1))
plt.get_fignums(), plt.get_backend()""",
    "a widget": """
%matplotlib inline
import ipywidgets
from ipywidgets import Output
out = Output()
with out:
    print("within")
    display(1)
len(out.outputs), type(ipywidgets.IntSlider(3)).__name__""",
    "the kernel": """
from ipykernel.ipkernel import IPythonKernel
kernel = get_ipython().kernel
isinstance(kernel, IPythonKernel), kernel.implementation, __name__, type(get_ipython()).__name__""",
    "threads": """
import threading
def say(): print("thread")
t = threading.Thread(target=say); t.start(); t.join()
threading.current_thread() is threading.main_thread(), threading.active_count() > 0""",
    "a hook before and after": """
ip = get_ipython()
ip.events.register("post_run_cell", lambda result: print("after", result.execution_count))""",
    "an error": "def f(): return 1 / 0\nf()",
    "an error of an error": """
try:
    {}["k"]
except KeyError as missing:
    raise RuntimeError("с причиной") from missing""",
    "a syntax error": "1 +",
    "an error in a transformed line": "%nosuchmagic",
    "an error in the middle": 'print("до")\nraise KeyboardInterrupt\nprint("нет")',
    "an error in colour and notes": "e = ValueError('n')\ne.add_note('заметка')\nraise e",
    "a group of errors": "raise ExceptionGroup('g', [ValueError(1), TypeError(2)])",
    "an error while awaiting": "async def g(): raise LookupError('там')\nawait g()",
    "input": "input('who? ')",
    "an assertion": "assert 1 == 2, 'не равно'",
    "verbose tracebacks": "%xmode Minimal\n1 / 0",
    "the count goes on": "get_ipython().execution_count",
}  # fmt: skip
ENDS = {
    "error": "print('до')\nopen('нет такого файла')",
    "exit": "import sys\nprint('до')\nsys.exit(3)",
    "exit well": "import sys\nsys.exit(0)",
}


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    made = Nursery(ENVIRONMENT)
    yield made
    made.stop()


def both(folder: Path, nursery: Nursery, *cells: tuple[str, list[str]]) -> dict[str, tuple[Any, Any]]:
    """For each of the two engines a notebook's cells as it leaves them, and how the run ended."""
    made = [nbformat.v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})]
    made += [nbformat.v4.new_code_cell(code.strip(), metadata={"tags": tags}) for code, tags in cells]
    source = folder / "source.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=made), source)
    spec = ReportSpec("sectors/a", "sector", source, {"name": "имя"})
    os.environ.pop("PYTEST_CURRENT_TEST", None)  # where a kernel sees it, it lets the descriptors be
    ended = {"cold": execute(spec, folder / "cold.ipynb", 60, "kernel")}
    ((_, outcome),) = run([Task(execute, (spec, folder / "warm.ipynb", 60, "warm"), 120)], 1, nursery)
    assert outcome.died == ""
    ended["warm"] = outcome.value
    # What a run returns is what it wrote: pages are made from the one, verified from the other.
    for name, (executed, _) in ended.items():
        assert executed == nbformat.read(folder / f"{name}.ipynb", as_version=4)
    return {
        name: (nbformat.read(folder / f"{name}.ipynb", as_version=4).cells, end)
        for name, (_, end) in ended.items()
    }


@pytest.fixture(autouse=True)
def same_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What every process of a build is told, whatever its engine."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


def test_every_feature_of_a_notebook_gives_the_same_outputs(tmp_path: Path, nursery: Nursery) -> None:
    cells = [(code, ["raises-exception"]) for code in FEATURES.values()]
    found = both(tmp_path, nursery, *cells)
    (cold, ended), (warmed, also) = found["cold"], found["warm"]
    differ = [(one.source, one.get("outputs"), other.get("outputs"))
              for one, other in zip(cold, warmed, strict=True) if one != other]  # fmt: skip
    assert differ == []
    assert ended == also
    code = [cell for cell in cold if cell.cell_type == "code"]
    kinds = {output.output_type for cell in code for output in cell.outputs}
    assert kinds == {"stream", "display_data", "execute_result", "error"}
    assert int(code[-1].outputs[0].data["text/plain"]) >= len(code)  # it has come to the end


@pytest.mark.parametrize("end", ENDS)
def test_every_end_of_a_notebook_is_the_same(tmp_path: Path, nursery: Nursery, end: str) -> None:
    found = both(tmp_path, nursery, (ENDS[end], []), ("'not reached'", []))
    assert found["cold"] == found["warm"]
    assert isinstance(found["cold"][1], Failure) == (end != "exit well")
