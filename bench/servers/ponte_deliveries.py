"""Ponte with fifty webhooks to tell of each alert; a worker, and who raises the alerts.

A shop has one webhook; here its connector stands in the register once for each
destination. All else is as shipped: an alert asks for its notices in one commit, and each
destination has a queue, a breaker and tries of its own.
"""

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import uvloop
from pydantic import SecretStr

from bench.destinations import SECRET
from bench.ponte import ADMIN_KEY
from bench.servers.raised import keep_raising
from ponte.alertas import service
from ponte.alertas.handlers import politica
from ponte.alertas.service import Disparo
from ponte.connectors import CONNECTORS
from ponte.connectors.webhook import connector as webhook
from ponte.connectors.webhook.sink import WebhookSink
from ponte.context import Context
from ponte.ports import Deps
from ponte.runtime.build import build
from ponte.runtime.supervisor import Supervisor
from ponte.settings import AlertasSettings, Settings
from ponte.store.db import Tx

# Where the register finds them: a dotted path is all that it takes.
REGISTER = SimpleNamespace()


def one_each(urls: list[str]) -> dict[str, str]:
    """Put a webhook for each destination into the register; return their settings."""
    sys.modules["bench.webhooks"] = REGISTER  # type: ignore[assignment]
    env: dict[str, str] = {}
    for number, url in enumerate(urls):
        name = f"destino{number}"
        setattr(REGISTER, name, replace(webhook, name=name, alerts=partial(_sink, name)))
        CONNECTORS[name] = f"bench.webhooks:{name}"
        env |= {f"PONTE_{name.upper()}__URL": url, f"PONTE_{name.upper()}__SECRET": SECRET}
    return env


def _sink(name: str, settings: Any, deps: Deps) -> WebhookSink:
    return WebhookSink(settings, replace(deps, http=lambda _webhook: deps.http(name)))


async def main(folder: str, rate: float, seconds: float, urls: list[str]) -> None:
    """Serve one round: with a rate of 0 as one more worker on the database that is there."""
    settings = Settings(
        _env_file=None,
        data_dir=Path(folder),
        api_key=SecretStr(ADMIN_KEY),
        alertas=AlertasSettings(limite_por_nome=1_000_000),
    )
    built = await build(settings, env=one_each(urls))
    supervisor = Supervisor(built, ["worker"])
    await supervisor.start()
    try:
        raising = partial(built.ctx.db.transact, _raise, built.ctx)
        await keep_raising(raising, rate=rate, seconds=seconds)
    finally:
        await supervisor.close()


async def _raise(tx: Tx, ctx: Context, titulo: str) -> str:
    # A name of its own each, or the second would be the first once more.
    disparo = Disparo(nome=titulo, titulo=titulo, texto="Café 500g: 3 unidades na filial 1.")
    return await service.raise_alert(tx, disparo, politica=politica(ctx))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), sys.argv[4:]))
