"""The measured page: the newest raw result of each row, as a table that nobody typed.

`python -m bench.published` writes `docs/reference/medido.md`; a test holds the page to the raw
files, so that no figure in it can be older, or better, than what was measured.
"""

import json
import math
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from bench import report, rows
from bench.result import Goal, Line, Result

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "bench" / "results"
PAGE = ROOT / "docs" / "reference" / "medido.md"
HEAD = """# Measured

Made by `python -m bench.published` from the newest raw result of each row in `bench/results`. What
a figure means, how it is measured and why some goals are missed: [the bench](bench.md).
"""


def page() -> str:
    """Return the page as the raw results have it now."""
    found = newest()
    return "\n".join([HEAD, *(_section(name, *found[name]) for name in rows.ROWS if name in found)])


def newest() -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Return of each measured row its newest run and the row in it; quick runs do not count."""
    found: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
    for path in sorted(RESULTS.glob("20*.json")):
        run = json.loads(path.read_text())
        if not run["quick"]:
            found |= {row["name"]: (run, row) for row in run["rows"] if row["name"] in rows.ROWS}
    return found


def _section(name: str, run: dict[str, Any], row: dict[str, Any]) -> str:
    machine = run["machine"]
    where = (
        f"`{run['command']}`, {run['date'][:10]}. {machine['cpu']}, {machine['cores']} cores,"
        f" Python {machine['python']};\nfdatasync of 8 kB {machine['fdatasync_8k_us']:.0f} µs,"
        f" load average at the start {machine['load_average']:.1f}."
    )
    result = Result(name, tuple(_lines(row["lines"])))
    return f"## {name}\n\n{where}\n\n{report.table([result])}\n"


def _lines(lines: Iterable[dict[str, Any]]) -> Iterator[Line]:
    for line in lines:
        values = tuple(math.nan if value is None else value for value in line["values"])
        goal = Goal(**line["goal"]) if line["goal"] else None
        yield Line(line["name"], line["unit"], values, goal, line["note"])


if __name__ == "__main__":
    PAGE.write_text(page())
    sys.stdout.write(f"{PAGE.relative_to(ROOT)}\n")
