"""Which engines there are and who runs them; light to import, so that loading can begin before all else."""

from __future__ import annotations

import os
import sys
from functools import partial

from kuzbass_lean.errors import CapabilityError
from kuzbass_lean.press.pool import Loader, Nursery, Supervisor

ENGINES = ("warm", "kernel")
"""The IPython kernel in a forked process that has everything loaded; a new Jupyter kernel each time."""

ENVIRONMENT = {
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "OMP_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    "SOURCE_DATE_EPOCH": "0",
}
"""Set before anything is imported; without MPLBACKEND charts drawn later would be lost."""


def default_engine() -> str:
    """Return the engine for this platform: warm where forking a loaded process is safe."""
    return "warm" if sys.platform == "linux" else "kernel"


def hire(engine: str, pdf: bool = False, as_of: str = "", dask: str = "") -> Loader:
    """Return who runs the reports of one build, mostly on one date, with nothing started yet.

    With ``dask``, the address of a scheduler, it is the workers of its cluster.

    Raises
    ------
    CapabilityError
        The warm engine is asked for where processes cannot fork, or Dask is not installed.
    """
    if dask:
        from kuzbass_lean.press.cluster import Cluster

        return Cluster(dask, partial(hire, engine, pdf, as_of))
    if engine == "kernel" and sys.platform != "linux":
        return Supervisor("spawn", ENVIRONMENT)
    if not hasattr(os, "fork"):
        raise CapabilityError("the warm engine needs a platform that can fork: use --engine kernel")
    return Nursery(ENVIRONMENT, (engine, pdf, as_of))
