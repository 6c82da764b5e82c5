"""One suite over every canal of the register: what each keeps, whatever its platform."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ponte.canais.sonda import probe_hubs
from ponte.connectors import CONNECTORS
from ponte.mensagens import handlers
from ponte.simulators import canais
from ponte.store.db import Tx
from ponte.testing import Embedded, embedded
from tests.connectors.inteiro import stored
from tests.connectors.lent import connector_named
from tests.espera import until

CANAIS = sorted(canais.SIMULADORES)
EVER = 10_000  # more calls than a test makes


@asynccontextmanager
async def shop(nome: str, data_dir: Path) -> AsyncIterator[tuple[Embedded, Any, str]]:
    """Run a Ponte to which one person has written by a stand-in; give their address as well."""
    simulador: Any = canais.make(nome)
    env = simulador.env(await simulador.start()) | {"PONTE_TELEGRAM__POLLING": "false"}
    async with embedded(data_dir, env=env) as ponte:
        simulador._client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=ponte.app))
        simulador.aim(f"http://ponte.test/webhooks/{nome}")
        await simulador.write(canais.SIMULADORES[nome].pessoa(1), "Oi")
        wrote = await stored(ponte, direcao="entrada")
        yield ponte, simulador, wrote["remetente"]
    await simulador.stop()


def test_every_canal_has_a_stand_in_limits_and_a_probe() -> None:
    found = {nome: connector_named(nome) for nome in CONNECTORS}
    carriers = {nome: c for nome, c in found.items() if c.channel is not None}

    assert sorted(carriers) == CANAIS
    for connector in carriers.values():
        assert connector.limites is not None
        assert connector.limites.source.startswith("https://")
        assert None not in (connector.parse, connector.classify, connector.webhook)
        assert connector.probe is not None
        assert connector.quality == "gold"


@pytest.mark.parametrize("nome", CANAIS)
async def test_what_is_not_proven_to_come_from_the_platform_is_refused_and_not_stored(
    nome: str, tmp_path: Path
) -> None:
    async with shop(nome, tmp_path) as (ponte, simulador, _quem):
        entrega = simulador.entregas[0]
        changed = entrega.corpo + b"\n"
        right = dict(simulador.headers(entrega.corpo))
        tries = [{"authorization": ""}, {name: _other(value) for name, value in right.items()}]
        if right != simulador.headers(changed):  # Evolution and Telegram sign nothing
            tries.append(right)

        refused = [
            (await ponte.http.post(entrega.url, content=changed, headers=headers)).status_code
            for headers in tries
        ]

        assert right
        assert set(refused) == {401}
        assert await ponte.ctx.db.read(_webhooks) == 1


@pytest.mark.parametrize("nome", CANAIS)
async def test_a_refused_key_stops_the_canal_and_once_it_is_mended_all_goes_out(
    nome: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handlers, "ESPERA_S", 0.05)
    canal = connector_named(nome).canal
    async with shop(nome, tmp_path) as (ponte, simulador, quem):
        simulador.misbehave("token", EVER)
        ids = []
        for texto in ("um", "dois"):
            nova = {"tipo": "texto", "canal": canal, "destinatario": quem, "conteudo": texto}
            answer = await ponte.http.post("/messages", json=nova)
            assert answer.status_code == 202, answer.text
            ids.append(answer.json()["id"])

        async def stopped() -> Any:
            return (await ponte.get(f"/hub/health/{canal}"))["parado"]

        motivo = await until(stopped)
        await probe_hubs(ponte.ctx)
        waiting = [(await ponte.get(f"/messages/{i}"))["status"] for i in ids]
        told = await _open(ponte)
        simulador.misbehave("normal")
        await ponte.http.post(f"/hub/circuit-breaker/{canal}/reset")
        for i in ids:
            await stored(ponte, id=i, status="concluida")
        await probe_hubs(ponte.ctx)

        assert "auth" in motivo
        assert waiting == ["processando", "processando"]
        assert told == [canal]
        assert await _open(ponte) == []


def _other(value: str) -> str:
    """Return a secret or a signature that is wrong in its last character."""
    return value[:-1] + ("1" if value[-1] == "0" else "0")


async def _open(ponte: Embedded) -> list[str]:
    """Return the canais of which somebody was told that they are stopped."""
    page = await ponte.get("/alerts", resolvido="false", limit=100)
    return [a["labels"]["canal"] for a in page["itens"] if a["nome"] == "canal_parado"]


async def _webhooks(tx: Tx) -> int:
    row = await tx.fetch_one("SELECT COUNT(*) FROM webhooks")
    return int(row[0]) if row else 0
