"""A month of a shop in minutes.

python -m tests.mes --out bench/results/soak-mes.json
python -m tests.mes --dias 1 --mensagens 5000
"""

import argparse
import asyncio
import json
import shlex
import sys
import tempfile
from pathlib import Path

from tests.mes.relogio import Laco, Relogio


def main() -> int:
    """Live it and tell how it was."""
    args = _arguments()
    relogio = Relogio()
    relogio.install()
    # Ponte is imported only now: its defaults take the clock as they find it.
    from ponte import logs  # noqa: PLC0415
    from tests.mes.cidade import JEITOS  # noqa: PLC0415
    from tests.mes.corrida import Pedido, live  # noqa: PLC0415

    canais = args.canais.split(",") if args.canais else list(JEITOS)
    # What fails on purpose is not worth a line each; the judge's words are.
    logs.configure(level="error")
    pedido = Pedido(args.dias, args.mensagens, canais, args.nivel, args.seed, args.minutos)
    with tempfile.TemporaryDirectory(prefix="ponte-mes-", dir=args.dir) as folder:
        laco = Laco(relogio)
        asyncio.set_event_loop(laco)
        found = laco.run_until_complete(live(pedido, relogio, Path(folder)))
        laco.close()
    command = shlex.join(["python", "-m", "tests.mes", *sys.argv[1:]])
    raw = json.dumps({"command": command, **found}, indent=1, ensure_ascii=False)
    print(raw)  # noqa: T201
    if args.out is not None:
        args.out.write_text(raw + "\n", encoding="utf-8")
    return 0 if found["clean"] else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mes")
    parser.add_argument("--dias", type=int, default=30, help="simulated days")
    parser.add_argument("--mensagens", type=int, default=100_000, help="messages, both ways")
    parser.add_argument("--canais", default="", help="platforms, comma-separated; all by default")
    parser.add_argument("--nivel", default="medio", help="how badly the platforms misbehave")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutos", type=float, default=float("inf"), help="live no longer")
    parser.add_argument("--dir", type=Path, help="where the database lies meanwhile")
    parser.add_argument("--out", type=Path, help="also write the raw result here")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
