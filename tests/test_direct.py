import os
import subprocess
import sys
from pathlib import Path

import flit_core.buildapi
import nbformat
import pytest

ROOT = Path(__file__).parents[1]


def test_papermill_finds_the_engine_of_the_installed_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    flit_core.buildapi.prepare_metadata_for_build_wheel(str(tmp_path))
    source, made = tmp_path / "source.ipynb", tmp_path / "made.ipynb"
    code = "import os\nos.getppid(), os.getpid()"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)]), source)
    command = [sys.executable, "-m", "papermill", "--engine", "kuzbass-lean", "--kernel", "python3"]
    found = os.pathsep.join((str(tmp_path), str(ROOT)))
    with subprocess.Popen([*command, source, made], env={**os.environ, "PYTHONPATH": found}) as process:
        assert process.wait(60) == 0
    (output,) = nbformat.read(made, as_version=4).cells[0].outputs
    assert output["data"]["text/plain"] == f"({os.getpid()}, {process.pid})"
