"""Hours of violence in minutes: many kills, every crash point, one raw result.

python -m tests.crash.soak --kills 200 --out bench/results/soak.json
python -m tests.crash.soak --on postgresql+kafka --kills 100 --out bench/results/soak-kafka.json
python -m tests.crash.soak --mes --out bench/results/soak-mes.json
"""

import argparse
import json
import os
import platform
import shlex
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.crash.killer import API_KEY, NeverReady, Server, Violence, ponte_split, ponte_up
from tests.crash.plan import Profile
from tests.crash.points import crash_first_start, first_start_points, opened, sample, why_not
from tests.crash.run import run, settle
from tests.crash.sets import BROKERS, Unrest, motores, ponte_on, started_cluster, watched
from tests.crash.verdict import Verdict
from tests.crash.watcher import Watcher

MES = "--mes"  # the month of messages instead of kills
# A first start writes the schema in hundreds of calls, all SQLite's own (chosen).
EACH_OF_FIRST_START = 10
# Of the kills, one in so many strikes web and worker as processes apart (chosen).
APART = 4
# A worker that dies is known to be dead after ten seconds, and a broker that comes back
# takes its time (chosen).
ENGINES_DRAIN_WITHIN_S = 90.0


def main() -> int:
    if MES in sys.argv:
        # A process of its own: its clock must be set before anything of Ponte is imported.
        rest = [arg for arg in sys.argv[1:] if arg != MES]
        os.execv(sys.executable, [sys.executable, "-m", "tests.mes", *rest])  # noqa: S606
    args = _arguments()
    began, began_at = time.monotonic(), datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="ponte-soak-") as scratch:
        root = Path(scratch)
        runs = _embedded(root, args) if args.on is None else [_on_engines(root, args)]
    result = {
        "command": shlex.join(["python", "-m", "tests.crash.soak", *sys.argv[1:]]),
        "machine": _machine(),
        "began": began_at.isoformat(timespec="seconds"),
        "lasted_s": round(time.monotonic() - began, 1),
        "runs": runs,
    }
    raw = json.dumps(result, indent=1, ensure_ascii=False)
    print(raw)  # noqa: T201
    if args.out is not None:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(raw + "\n", encoding="utf-8")
    return 0 if all(r["clean"] for r in runs) else 1


def _embedded(root: Path, args: argparse.Namespace) -> list[dict[str, Any]]:
    apart = args.kills // APART
    return [
        _random_kills(ponte_up(root / "up"), args, kills=args.kills - apart),
        _random_kills(ponte_split(root / "split"), args, kills=apart),
        *(_points(ponte_up(root / f"points-{cancel}"), cancel=cancel) for cancel in (False, True)),
        _first_start(root),
    ]


def _on_engines(root: Path, args: argparse.Namespace) -> dict[str, Any]:
    """Kill the roles of one engine set, whose engines lose their power meanwhile."""
    profile = Profile(seed=args.seed, rate_per_s=args.rate)
    violence = Violence(kills=args.kills, seed=args.seed, within_s=args.minutes * 60)
    with started_cluster() as cluster, motores(args.on, cluster, root / "broker") as engines:
        server = ponte_on(engines, root / "ponte")
        unrest = Unrest(engines, server, seed=args.seed)
        watcher = Watcher(server.portas, API_KEY, seed=args.seed)
        try:
            verdict = run(
                server,
                violence,
                profile=profile,
                drain_within_s=ENGINES_DRAIN_WITHIN_S,
                unrest=watched(unrest, watcher),
            )
            report = _report(server, verdict, name=args.on)
        finally:
            server.stop()
    heard = {"resumed": watcher.resumed, "resyncs": watcher.resyncs, "gaps": watcher.faults}
    clean = report["clean"] and not watcher.faults
    more = {"clean": clean, "asked_kills": args.kills, "starts_without_database": server.gave_up}
    return report | more | {"engines_cut": unrest.cuts, "socket": heard}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.crash.soak")
    parser.add_argument("--kills", type=int, default=200, help="kills at random moments")
    parser.add_argument("--on", choices=BROKERS, help="an engine set instead of SQLite")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="kill no longer")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=40.0, help="orders a second")
    parser.add_argument("--out", type=Path, help="also write the raw result here")
    return parser.parse_args()


def _random_kills(server: Server, args: argparse.Namespace, *, kills: int) -> dict[str, Any]:
    profile = Profile(seed=args.seed, rate_per_s=args.rate)
    try:
        verdict = run(server, Violence(kills=kills, seed=args.seed), profile=profile)
        return _report(server, verdict, name="+".join(role.name for role in server.roles))
    finally:
        server.stop()


def _points(server: Server, *, cancel: bool) -> dict[str, Any]:
    """Visit every crash point of one order, or of one order and its cancellation."""
    name = "points of an order" + (" and its cancellation" if cancel else "")
    refused = why_not()
    if refused is not None:
        return {"run": name, "clean": False, "not_run": refused}
    with opened(server, cancel=cancel) as points:
        visited = {str(point): points.crash_at(point) for point in points.discover()}
        return _report(server, settle(server), name=name) | {"points": visited}


def _first_start(root: Path) -> dict[str, Any]:
    """Visit crash points of a first start, each in a data directory of its own."""
    name = "points of a first start"
    refused = why_not()
    if refused is not None:
        return {"run": name, "clean": False, "not_run": refused}
    visited: dict[str, str] = {}
    found = first_start_points(ponte_up(root / "unharmed"))
    for point in sample(found, EACH_OF_FIRST_START):
        server = ponte_up(root / str(point))
        try:
            crashed = crash_first_start(server, point)
            code, said = server.verify()
            visited[str(point)] = said if code else ("crashed" if crashed else "not reached")
        except NeverReady as never:
            visited[str(point)] = f"never started again: {never}"
        finally:
            server.stop()
    return {
        "run": name,
        "clean": set(visited.values()) <= {"crashed", "not reached"},
        "points": visited,
    }


def _report(server: Server, verdict: Verdict, *, name: str) -> dict[str, Any]:
    code, said = server.verify()
    return {
        "run": name,
        "clean": not verdict.faults and code == 0,
        **verdict.figures(),
        "verify_exit": code,
        "verify": json.loads(said) if code == 0 else said,
        "load_average": os.getloadavg(),
        "recovery_s": [round(s, 3) for s in verdict.recovery_s],
        "evidence": verdict.evidence,
    }


def _machine() -> dict[str, Any]:
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load_average": os.getloadavg(),
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


if __name__ == "__main__":
    sys.exit(main())
