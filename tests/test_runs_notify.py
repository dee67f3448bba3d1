import os
import sys
import time
from pathlib import Path

import pytest

from kuzbass_lean.runs.notify import tell

posix = pytest.mark.skipif(os.name == "nt", reason="needs a POSIX system")


LINE = {"run": "000009", "outcome": "published", "ended": "2026-01-01"}


def python(code: str) -> str:
    return f'"{sys.executable}" -c "{code}"'


def test_the_command_reads_the_summary_and_knows_outcome_run_and_folder(tmp_path: Path) -> None:
    told = tmp_path / "told"
    seen = "{v for n, v in os.environ.items() if n.startswith('KUZBASS_LEAN_')}"
    code = f"import os, sys; open('{told.as_posix()}', 'w').write(sys.stdin.read() + str(sorted({seen})))"
    assert tell(python(code), Path("site"), LINE) == ""
    assert told.read_text() == "run 000009: published, 2026-01-01\n['000009', 'published', 'site']"


@posix
@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("no-such-command-at-all", "no-such-command-at-all"),
        ('"unclosed', "No closing quotation"),
        (python("import sys; sys.exit('refused')"), "exit code 1: refused"),
        (python("import os; os.abort()"), "exit code -6"),
    ],
)
def test_a_command_that_goes_wrong_is_noted_and_breaks_nothing(command: str, why: str) -> None:
    assert why in tell(command, Path("site"), LINE)


@posix
def test_a_command_that_does_not_end_is_ended_with_all_it_started(tmp_path: Path) -> None:
    late = tmp_path / "late"
    said = tell(f"sh -c '(sleep 2; touch {late}) & wait'", Path("site"), LINE, patience=0.2)
    assert "timed out" in said
    time.sleep(3)
    assert not late.exists()


@posix
def test_what_a_command_leaves_behind_holds_up_nothing() -> None:
    begun = time.monotonic()
    assert tell("sh -c 'sleep 50 &'", Path("site"), LINE, patience=40) == ""
    assert time.monotonic() - begun < 30
