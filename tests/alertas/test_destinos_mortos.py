"""Dead sinks: what can't be told is set aside and said elsewhere once, never in a circle."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ponte.simulators.servidor import Servidor
from ponte.store.db import Tx
from ponte.testing import Embedded, FrozenClock, embedded
from tests.espera import until

CAPTURED = {"nome": "teste", "titulo": "Um teste"}


@dataclass
class Ticking(FrozenClock):
    """A clock that goes on whenever it is read, so that every repeat window passes at once."""

    def __call__(self) -> int:
        self.ms += 100
        return self.ms


@dataclass
class Destinos:
    """Where Slack and Discord would be; each answers what it is told to."""

    status: dict[str, int] = field(default_factory=lambda: {"slack": 404, "discord": 404})
    chamadas: Counter[str] = field(default_factory=Counter)
    servidor: Servidor = field(init=False)

    def __post_init__(self) -> None:
        self.servidor = Servidor(Starlette(routes=[Route("/{nome}", self._take, methods=["POST"])]))

    async def _take(self, request: Request) -> Response:
        nome = request.path_params["nome"]
        self.chamadas[nome] += 1
        return PlainTextResponse("ok", self.status[nome])

    async def env(self) -> dict[str, str]:
        url = await self.servidor.start("127.0.0.1", 0)
        return {
            "PONTE_LOG__ENABLED": "false",
            "PONTE_SLACK__WEBHOOK_URL": f"{url}/slack",
            "PONTE_DISCORD__WEBHOOK_URL": f"{url}/discord",
        }


@pytest.fixture
async def destinos() -> AsyncIterator[Destinos]:
    destinos = Destinos()
    yield destinos
    await destinos.servidor.stop()


async def _quiet(ponte: Embedded) -> None:
    """Wait until no work of any kind is left."""

    async def empty(tx: Tx) -> bool:
        row = await tx.fetch_one("SELECT COUNT(*) FROM fila")
        return row is not None and row[0] == 0

    await until(lambda: ponte.ctx.db.read(empty))


async def _alerts_about_failures(ponte: Embedded) -> list[Any]:
    page = await ponte.get("/alerts", limit=500)
    return [a for a in page["itens"] if a["nome"] == "falha"]


async def test_two_dead_sinks_do_not_tell_each_other_of_their_end_for_ever(
    data_dir: Path, destinos: Destinos
) -> None:
    regras = {"repetir_s": 1}
    async with embedded(
        data_dir, env=await destinos.env(), clock=Ticking(), alertas=regras
    ) as ponte:
        await ponte.http.post("/alerts", json=CAPTURED)

        await _quiet(ponte)

        # The alert itself, and the one notice of the other's death, to each.
        assert destinos.chamadas == {"slack": 2, "discord": 2}
        alerts = await _alerts_about_failures(ponte)
        assert sorted({a["labels"]["fila"] for a in alerts}) == ["alertas.discord", "alertas.slack"]
        assert (await ponte.get("/falhas"))["total"] == 4


async def test_a_sink_that_lives_hears_once_of_the_one_that_is_dead(
    data_dir: Path, destinos: Destinos
) -> None:
    destinos.status["discord"] = 204
    async with embedded(data_dir, env=await destinos.env()) as ponte:
        for n in range(3):
            await ponte.http.post("/alerts", json={**CAPTURED, "labels": {"n": str(n)}})

        await _quiet(ponte)

        [alert] = await _alerts_about_failures(ponte)
        told = (await ponte.get(f"/alerts/{alert['id']}"))["notificacoes"]
        assert alert["contagem"] == 3
        assert [(n["destino"], n["situacao"]) for n in told] == [("discord", "entregue")]
        assert destinos.chamadas == {"slack": 3, "discord": 4}


async def test_a_failed_notice_is_on_record_and_a_replay_that_arrives_says_so(
    data_dir: Path, destinos: Destinos
) -> None:
    destinos.status["discord"] = 204
    async with embedded(data_dir, env=await destinos.env()) as ponte:
        alert = (await ponte.http.post("/alerts", json=CAPTURED)).json()
        await _quiet(ponte)
        [falha] = (await ponte.get("/falhas"))["itens"]
        failed = await _situations(ponte, alert["id"])
        destinos.status["slack"] = 200

        await ponte.http.post(f"/falhas/{falha['id']}/reprocessar")
        await _quiet(ponte)

        assert failed == {"discord": "entregue", "slack": "falhou"}
        assert await _situations(ponte, alert["id"]) == {"discord": "entregue", "slack": "entregue"}
        facts = await ponte.get("/eventos", tipo="alerta.nao_entregue")
        assert [f["dados"]["destino"] for f in facts["itens"]] == ["slack"]


async def _situations(ponte: Embedded, alerta_id: str) -> dict[str, str]:
    whole = await ponte.get(f"/alerts/{alerta_id}")
    return {n["destino"]: n["situacao"] for n in whole["notificacoes"]}


async def test_a_dead_sink_holds_up_no_other(data_dir: Path, destinos: Destinos) -> None:
    destinos.status["discord"] = 204
    destinos.status["slack"] = 503
    async with embedded(data_dir, env=await destinos.env()) as ponte:
        began = asyncio.get_running_loop().time()
        ids = [
            (await ponte.http.post("/alerts", json={**CAPTURED, "labels": {"n": str(n)}})).json()
            for n in range(5)
        ]

        async def all_told() -> bool:
            told = [await _situations(ponte, a["id"]) for a in ids]
            return all(t["discord"] == "entregue" for t in told)

        await until(all_told, seconds=5)

        assert asyncio.get_running_loop().time() - began < 5
        assert {(await _situations(ponte, a["id"]))["slack"] for a in ids} == {"pedida"}
