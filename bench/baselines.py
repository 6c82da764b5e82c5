"""Baselines: what Ponte is held against and does not need, in an environment of its own.

`bench/baselines.txt` pins it. Where it is missing, a line says so and the rest of the row
is measured.
"""

from collections.abc import Sequence

from bench.processes import Process, serve
from bench.setup import Setup


def baseline(setup: Setup, name: str, arguments: Sequence[str]) -> Process:
    """Start one of `bench.servers` by the interpreter that has the baselines' libraries."""
    return serve(name, arguments, log=setup.log(name), python=setup.baselines_python)


def why(error: Exception) -> str:
    """Return the last line of what a server said before it ended."""
    said = str(error).strip().splitlines() or [""]
    if "ModuleNotFoundError" in said[-1]:
        return f"needs bench/baselines.txt (--baselines-python): {said[-1]}"
    return said[-1]
