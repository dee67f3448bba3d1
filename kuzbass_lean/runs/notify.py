"""Telling the office how a run ended, by a command of its own: mail, a messenger, a monitor."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from kuzbass_lean.runs.history import summary

PATIENCE = 60.0
"""Seconds that the command may take."""


def tell(command: str, out: Path, line: Mapping[str, Any], patience: float = PATIENCE) -> str:
    """Run the office's command with the summary as its input; return why it failed, if it did.

    The command finds the outcome, the run's number and the output folder in KUZBASS_LEAN_OUTCOME,
    _RUN and _OUT. Nothing that it does is the build's business: not its words, its end, or that it has none.
    """
    about = {"OUTCOME": line["outcome"], "RUN": line["run"], "OUT": out}
    environment = {**os.environ, **{f"KUZBASS_LEAN_{name}": str(value) for name, value in about.items()}}
    try:
        with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as answer:
            said.write(summary(line).encode())
            said.seek(0)
            process = subprocess.Popen(
                command if os.name == "nt" else shlex.split(command),
                stdin=said,
                stdout=answer,  # files, not pipes: what it leaves behind may hold them for ever
                stderr=answer,
                env=environment,
                start_new_session=True,
            )
            try:
                code = process.wait(patience)
            finally:
                _end(process)
            answer.seek(0)
            words = answer.read().decode("utf-8", "replace").strip().splitlines()
    except (OSError, ValueError, IndexError, subprocess.SubprocessError) as error:
        return str(error)
    return f"exit code {code}{': ' + words[-1] if words else ''}" if code else ""


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the command and whatever it started, if it is still there."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
        process.wait()
