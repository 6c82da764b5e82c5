"""Under a server that lends no transport, frames leave by ASGI's own `send`."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, MutableMapping
from typing import Any

from tests.aovivo.servida import Servida

Message = MutableMapping[str, Any]


class Visita:
    """One socket as an ASGI server drives it."""

    def __init__(self) -> None:
        self.para_o_app: asyncio.Queue[Message] = asyncio.Queue()
        self.do_app: asyncio.Queue[Message] = asyncio.Queue()
        self.parada = asyncio.Event()
        self.parada.set()

    async def send(self, message: Message) -> None:
        await self.parada.wait()
        self.do_app.put_nowait(message)

    async def next(self, within_s: float = 5.0) -> Message:
        return await asyncio.wait_for(self.do_app.get(), within_s)

    def say(self, **acao: Any) -> None:
        self.para_o_app.put_nowait({"type": "websocket.receive", "text": json.dumps(acao)})

    def leave(self) -> None:
        self.para_o_app.put_nowait({"type": "websocket.disconnect", "code": 1001})


def _scope(path: str) -> dict[str, Any]:
    return {
        "type": "websocket", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": [(b"host", b"localhost")], "client": ("127.0.0.1", 1), "scheme": "ws",
        "subprotocols": [], "root_path": "", "extensions": {},
    }  # fmt: skip


@contextlib.asynccontextmanager
async def visita(ponte: Servida, path: str) -> AsyncIterator[tuple[Visita, asyncio.Task[None]]]:
    nova = Visita()
    nova.para_o_app.put_nowait({"type": "websocket.connect"})
    tarefa = asyncio.ensure_future(ponte.dentro.app(_scope(path), nova.para_o_app.get, nova.send))
    assert (await nova.next())["type"] == "websocket.accept"
    try:
        yield nova, tarefa
    finally:
        nova.leave()
        nova.parada.set()
        await asyncio.wait_for(tarefa, 5)


async def test_frames_and_answers_come_and_the_end_is_clean(ponte: Servida) -> None:
    await ponte.stock(10)

    async with visita(ponte, "/ws/estoque") as (cliente, _tarefa):
        primeiro = json.loads((await cliente.next())["text"])
        await ponte.stock(9)
        segundo = json.loads((await cliente.next())["text"])
        cliente.say(acao="ping", ref="1")
        pong = json.loads((await cliente.next())["text"])

    assert (primeiro["tipo"], segundo["tipo"]) == ("instantaneo", "estoque.alterado")
    assert pong == {"tipo": "pong", "ref": "1"}
    assert ponte.dentro.ctx.hub.clientes == set()


async def test_the_close_code_is_sent_and_ends_the_conversation(ponte: Servida) -> None:
    async with visita(ponte, "/ws") as (cliente, tarefa):
        cliente.say(acao="publicar", texto="olá")
        erro = json.loads((await cliente.next())["text"])
        fim = await cliente.next()
        await asyncio.wait_for(tarefa, 5)

    assert erro["dados"]["code"] == "nao_autenticado"
    assert (fim["type"], fim["code"]) == ("websocket.close", 4401)


async def test_a_client_that_takes_no_frame_is_let_go(ponte: Servida) -> None:
    async with visita(ponte, "/ws") as (cliente, tarefa):
        cliente.parada.clear()

        for _ in range(300):
            cliente.say(acao="ping")
        await asyncio.wait_for(tarefa, 10)

    assert ponte.dentro.ctx.hub.clientes == set()
    assert ponte.dentro.ctx.telemetry.dropped.labels("lento")._value.get() == 1


async def test_a_full_house_is_1013_where_no_answer_can_be_given(ponte: Servida) -> None:
    ponte.dentro.ctx.hub.shutdown()
    nova = Visita()
    nova.para_o_app.put_nowait({"type": "websocket.connect"})

    await ponte.dentro.app(_scope("/ws"), nova.para_o_app.get, nova.send)

    assert (await nova.next()) == {"type": "websocket.close", "code": 1013, "reason": ""}
