"""The report: the table for people, and the raw JSON beside it."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.machine import Machine
from bench.result import Line, Result

HEAD = ("figure", "must", "aim", "median", "min", "max", "verdict")


@dataclass(frozen=True)
class Run:
    """What was asked for, and where."""

    machine: Machine
    command: str
    rounds: int
    quick: bool
    version: str


def table(results: Iterable[Result]) -> str:
    """Lay the lines out as a table in Markdown, so that it can be pasted into a page."""
    rows = [HEAD, tuple("-" for _ in HEAD)]
    notes = []
    for result in results:
        for line in result.lines:
            rows.append(_cells(line))
            if line.note:
                notes.append(f"- {line.name}: {line.note}")
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    ruled = (_ruled(row, widths) for row in rows)
    return "\n".join([*ruled, *([""] if notes else []), *notes])


def _ruled(row: Sequence[str], widths: Sequence[int]) -> str:
    if set(row) == {"-"}:
        return "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return (
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
    )


def _cells(line: Line) -> tuple[str, ...]:
    values = [value for value in line.values if not math.isnan(value)]
    sign = "≤ " if line.goal and line.goal.at_most else "≥ "
    must = sign + number(line.goal.must) if line.goal else ""
    aim = sign + number(line.goal.aim) if line.goal and line.goal.aim is not None else ""
    measured = (
        [number(line.median), number(min(values)), number(max(values))] if values else ["", "", ""]
    )
    unit = f" ({line.unit})" if line.unit else ""
    return (line.name + unit, must, aim, *measured, str(line.verdict))


def number(value: float) -> str:
    """Write three significant digits, with thousands parted."""
    if math.isnan(value):
        return "n/a"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def save(run: Run, results: Sequence[Result], directory: Path) -> Path:
    """Write one file for the run and return where."""
    directory.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    name = results[0].name if len(results) == 1 else "all"
    path = directory / f"{now:%Y-%m-%dT%H%M}-{name}.json"
    document = {
        "date": now.isoformat(timespec="seconds"),
        "command": run.command,
        "version": run.version,
        "rounds": run.rounds,
        "quick": run.quick,
        "machine": run.machine.as_json(),
        "rows": [result.as_json() for result in results],
    }
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    return path
