"""The command: `python -m bench [row …] [--rounds 5] [--quick]`."""

import argparse
import math
import shlex
import shutil
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench import machine, report, rows
from bench.http_load import LoadFailedError
from bench.processes import NotAvailableError, NotReadyError
from bench.result import Line, Result
from bench.setup import Setup

RESULTS = Path(__file__).parent / "results"
MISSED, OK = 1, 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="bench", description="Measure Ponte beside its limits.")
    parser.add_argument(
        "rows", nargs="*", help="rows to run (default: all): " + " ".join(rows.ROWS)
    )
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each row, interleaved")
    parser.add_argument("--quick", action="store_true", help="short loads: shows that rows work")
    parser.add_argument("--ponte", type=Path, default=Path(sys.executable).parent / "ponte")
    parser.add_argument("--naive-python", default=sys.executable, help="interpreter with pika")
    parser.add_argument(
        "--baselines-python",
        default=sys.executable,
        help="interpreter with SQLAlchemy, pgqueuer and FastStream: bench/baselines.txt",
    )
    parser.add_argument("--keep", action="store_true", help="keep databases and logs")
    parser.add_argument("--no-save", action="store_true", help="write no raw results")
    options = parser.parse_args(arguments)
    unknown = set(options.rows) - set(rows.ROWS)
    if unknown:
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    return options


def measure(name: str, setup: Setup) -> Result:
    """Measure one row; what can't be measured here is a line that says so."""
    sys.stderr.write(f"measuring {name} …\n")
    try:
        return rows.load(name)(setup)
    except (NotAvailableError, ImportError) as error:
        return Result(name, (Line(name, "", (), note=str(error)),))
    except (NotReadyError, LoadFailedError) as error:
        return Result(name, (Line(name, "", (math.nan,), note=str(error)),))


def main(arguments: list[str]) -> int:
    """Run the rows, print the table, keep the raw results."""
    options = parse(arguments)
    directory = Path(tempfile.mkdtemp(prefix="ponte-bench-"))
    setup = Setup(
        rounds=options.rounds,
        quick=options.quick,
        directory=directory,
        ponte=options.ponte,
        naive_python=options.naive_python,
        baselines_python=options.baselines_python,
    )
    run = report.Run(
        machine=machine.describe(directory),
        command=shlex.join(["python", "-m", "bench", *arguments]),
        rounds=options.rounds,
        quick=options.quick,
        version=_version(),
    )
    if not machine.pin_load():
        sys.stderr.write("one core only: load and system share it, and the figures suffer\n")
    results = [measure(name, setup) for name in options.rows or rows.ROWS]
    sys.stdout.write(
        "\n".join([*run.machine.lines(), f"$ {run.command}", "", report.table(results)])
    )
    sys.stdout.write("\n")
    if not options.no_save:
        sys.stdout.write(f"\nraw: {report.save(run, results, RESULTS)}\n")
    if not options.keep:
        shutil.rmtree(directory)
    return MISSED if any(line.verdict.missed for row in results for line in row.lines) else OK


def _version() -> str:
    try:
        return version("ponte")
    except PackageNotFoundError:
        return "not installed"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
