"""How often a sink was tried is on record, and nothing that it said gives a secret away."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ponte.simulators.servidor import Servidor
from ponte.simulators.telegram import SimuladorTelegram
from ponte.store.db import Tx
from ponte.testing import Embedded, FrozenClock, embedded
from tests.espera import until

TOKEN = "123456789:obviously-fake-token-of-no-bot-at-all"
TELEFONE = "+5511987654321"
COFRE = {"nome": "cofre_aberto", "titulo": "Cofre aberto"}


@pytest.fixture
async def telegram() -> AsyncIterator[SimuladorTelegram]:
    simulador = SimuladorTelegram(token=TOKEN)
    yield simulador
    await simulador.stop()


def _env(url: str) -> dict[str, str]:
    return {
        "PONTE_LOG__ENABLED": "false",
        "PONTE_TELEGRAM__BASE_URL": url,
        "PONTE_TELEGRAM__BOT_TOKEN": TOKEN,
        "PONTE_TELEGRAM__CHAT_ID": "42",
    }


async def _raise(ponte: Embedded) -> str:
    answer = await ponte.http.post("/alerts", json=COFRE)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def _ended(ponte: Embedded, clock: FrozenClock, *, alerta_id: str, situacao: str) -> Any:
    """Return the alert's one notice once it ended so; time passes meanwhile."""

    async def check() -> Any:
        clock.advance(1)
        ponte.ctx.broker.wake_all()
        [noticia] = (await ponte.get(f"/alerts/{alerta_id}"))["notificacoes"]
        return noticia if noticia["situacao"] == situacao else None

    return await until(check)


async def test_a_sink_that_fails_twice_and_then_works_was_tried_three_times(
    data_dir: Path, clock: FrozenClock, telegram: SimuladorTelegram
) -> None:
    async with embedded(data_dir, env=_env(await telegram.start()), clock=clock) as ponte:
        telegram.misbehave("5xx", 2)
        alerta_id = await _raise(ponte)

        noticia = await _ended(ponte, clock, alerta_id=alerta_id, situacao="entregue")

        [entregue] = (await ponte.get("/eventos", tipo="alerta.entregue"))["itens"]
        assert noticia["tentativas"] == 3
        assert entregue["dados"]["tentativa"] == 3
        assert len(telegram.chamadas) == 3


async def test_the_tries_before_and_after_a_replay_are_counted_together(
    data_dir: Path, clock: FrozenClock, telegram: SimuladorTelegram
) -> None:
    async with embedded(data_dir, env=_env(await telegram.start()), clock=clock) as ponte:
        telegram.misbehave("5xx", 4)
        alerta_id = await _raise(ponte)
        failed = await _ended(ponte, clock, alerta_id=alerta_id, situacao="falhou")
        [falha] = (await ponte.get("/falhas"))["itens"]

        await ponte.http.post(f"/falhas/{falha['id']}/reprocessar")
        noticia = await _ended(ponte, clock, alerta_id=alerta_id, situacao="entregue")

        assert (failed["tentativas"], noticia["tentativas"]) == (3, 5)
        assert len(telegram.chamadas) == 5


# ---------------------------------------------------------------- what it said


class Fofoqueiro:
    """A Bot API that quotes the whole address and a customer in its answers."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.calls = 0
        self.servidor = Servidor(
            Starlette(routes=[Route("/{rest:path}", self._answer, methods=["POST"])])
        )

    async def _answer(self, request: Request) -> Response:
        self.calls += 1
        description = f"{request.url} failed for {TELEFONE}; token={TOKEN}"
        return JSONResponse({"ok": False, "description": description}, self.status)


async def _everything(tx: Tx) -> str:
    """Return all that is kept of failures, notices and facts."""
    rows: list[Any] = []
    for table in ("falhas", "notificacoes", "fatos", "fila", "alertas"):
        rows += await tx.fetch(f"SELECT * FROM {table}")  # noqa: S608 - names of our own
    return repr(rows)


@pytest.mark.parametrize("status", [400, 503])
async def test_no_token_and_no_phone_of_an_answer_is_kept_or_shown(
    data_dir: Path, clock: FrozenClock, status: int
) -> None:
    outside = Fofoqueiro(status)
    env = _env(await outside.servidor.start("127.0.0.1", 0))
    async with embedded(data_dir, env=env, clock=clock) as ponte:
        alerta_id = await _raise(ponte)

        noticia = await _ended(ponte, clock, alerta_id=alerta_id, situacao="falhou")

        kept = await ponte.ctx.db.read(_everything)
        shown = [(await ponte.http.get(path)).text for path in ("/falhas", "/eventos")]
        [falha] = (await ponte.get("/falhas"))["itens"]
    await outside.servidor.stop()
    assert outside.calls == (1 if status == 400 else 3)
    assert "failed for" in noticia["erro"]
    assert len(falha["historia"]) == outside.calls
    for text in (kept, *shown):
        assert TOKEN not in text
        assert TELEFONE not in text
