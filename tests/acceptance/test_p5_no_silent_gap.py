"""P5: a client that comes back gets every frame it missed, in order, once, or is told so."""

import asyncio
import json
from typing import Any

import httpx2

from tests.acceptance.servidor import Servidor, frames, order, product, settled

PUBLIC = {"pedido.recebido", "pedido.concluido", "estoque.alterado", "estoque.baixo"}


async def _collect(ws: Any, count: int, *, seconds: float = 10) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(seconds):
        while len(found) < count:
            found.append(json.loads(await ws.recv()))
    return found


async def test_an_order_is_seen_live_without_personal_data(
    servidor: Servidor, http: httpx2.AsyncClient
) -> None:
    await product(http, "A", 10)
    async with servidor.ws("/ws") as ws:
        await http.post("/pedido", json=order("A", cliente={"nome": "Ana Souza"}))
        seen = await frames(ws, until_tipo="pedido.concluido")

    assert [f["tipo"] for f in seen] == [
        "pedido.recebido",
        "estoque.alterado",
        "pedido.concluido",
    ]
    assert all({"tipo", "epoca", "seq", "em", "dados"} <= f.keys() for f in seen)
    assert [f["seq"] for f in seen] == list(range(seen[0]["seq"], seen[0]["seq"] + 3))
    assert "Ana" not in json.dumps(seen)
    assert seen[0]["dados"].keys() == {"numero", "itens", "em"}


async def test_the_first_frame_of_the_stock_is_a_snapshot_and_changes_follow_from_it(
    servidor: Servidor, http: httpx2.AsyncClient
) -> None:
    await product(http, "A", 6)
    async with servidor.ws("/ws/estoque") as ws:
        [snapshot] = await _collect(ws, 1)
        await http.post("/pedido", json=order("A", 2))
        changed, low = await _collect(ws, 2)

    assert snapshot["tipo"] == "instantaneo"
    assert [(i["produto_id"], i["quantidade"]) for i in snapshot["dados"]["itens"]] == [("A", 6)]
    assert (changed["tipo"], changed["dados"]["quantidade"]) == ("estoque.alterado", 4)
    assert low["tipo"] == "estoque.baixo"
    assert changed["seq"] == snapshot["seq"] + 1
    assert low["seq"] == snapshot["seq"] + 2


async def test_missed_frames_come_in_order_once_after_kill_9_too(
    servidor: Servidor, http: httpx2.AsyncClient
) -> None:
    await product(http, "A", 1000)
    async with servidor.ws("/ws") as ws:
        await http.post("/pedido", json=order("A"))
        seen = await frames(ws, until_tipo="pedido.concluido")
    last = seen[-1]

    ids = [(await http.post("/pedido", json=order("A"))).json()["id"] for _ in range(10)]
    for pedido_id in ids:
        await settled(http, pedido_id)
    await servidor.kill()
    await servidor.start()
    await settled(http, (await http.post("/pedido", json=order("A"))).json()["id"])

    async with servidor.ws(f"/ws?epoca={last['epoca']}&desde={last['seq']}") as ws:
        missed: list[dict[str, Any]] = []
        while sum(f["tipo"] == "pedido.concluido" for f in missed) < 11:
            missed += await _collect(ws, 1)

    # Stock of several sales in one commit is one fact, so only their order is certain.
    assert [f["seq"] for f in missed] == list(range(last["seq"] + 1, last["seq"] + 1 + len(missed)))
    assert sum(f["tipo"] == "pedido.recebido" for f in missed) == 11
    assert {f["tipo"] for f in missed} <= PUBLIC


async def test_what_cannot_be_resumed_is_said_and_a_snapshot_follows(
    servidor: Servidor, http: httpx2.AsyncClient
) -> None:
    await product(http, "A", 10)

    for query in ("epoca=other&desde=1", "epoca=&desde=0"):
        async with servidor.ws(f"/ws/estoque?{query}") as ws:
            first, second = await _collect(ws, 2)

        assert first["tipo"] == "ressincronizar", query
        assert second["tipo"] == "instantaneo", query


async def test_a_question_on_the_socket_is_answered_with_its_reference(
    servidor: Servidor, http: httpx2.AsyncClient
) -> None:
    await product(http, "A", 42)
    async with servidor.ws("/ws/estoque") as ws:
        await _collect(ws, 1)
        await ws.send(json.dumps({"acao": "consultar", "ref": "r-1", "produto_id": "A"}))
        [answer] = await _collect(ws, 1)
        await ws.send(json.dumps({"acao": "consultar", "ref": "r-2", "produto_id": "ghost"}))
        [unknown] = await _collect(ws, 1)

    assert (answer["tipo"], answer["ref"], answer["dados"]["quantidade"]) == ("resposta", "r-1", 42)
    assert unknown["ref"] == "r-2"
    assert unknown["tipo"] != "resposta"


async def test_a_key_opens_the_private_rooms_and_resumes_in_them(
    servidor: Servidor, http: httpx2.AsyncClient
) -> None:
    await product(http, "A", 6)
    subscribe = json.dumps({"acao": "assinar", "salas": ["pedidos", "estoque", "alertas"]})
    async with servidor.ws("/ws", key=True) as ws:
        await ws.send(subscribe)
        await asyncio.sleep(0.2)
        await http.post("/pedido", json=order("A", 2))
        seen = await frames(ws, until_tipo="alerta.criado")
    last = next(f for f in reversed(seen) if "seq" in f)

    await http.post("/pedido", json=order("A", 1))
    await asyncio.sleep(0.3)
    async with servidor.ws(f"/ws?epoca={last['epoca']}&desde={last['seq']}", key=True) as ws:
        await ws.send(subscribe)
        missed = await frames(ws, until_tipo="pedido.concluido")

    assert {"pedido.recebido", "nota.emitida", "pedido.concluido"} <= {f["tipo"] for f in seen}
    received = next(f for f in seen if f["tipo"] == "pedido.recebido")
    assert "pedido_id" in received["dados"]
    seqs = [f["seq"] for f in missed if "seq" in f]
    assert seqs == sorted(set(seqs))
    assert min(seqs) > last["seq"]
    assert "pedido.recebido" in {f["tipo"] for f in missed}


async def test_private_rooms_need_a_key(servidor: Servidor) -> None:
    async with servidor.ws("/ws") as ws:
        await ws.send(json.dumps({"acao": "assinar", "salas": ["pedidos"]}))
        await asyncio.wait_for(ws.wait_closed(), 5)

    assert ws.close_code == 4401


async def test_a_burst_becomes_summaries_and_nothing_is_missing_from_them(
    servidor: Servidor, http: httpx2.AsyncClient
) -> None:
    await product(http, "A", 10_000)
    async with servidor.ws("/ws") as ws, servidor.ws("/ws?tudo=1", key=True) as everything:
        answers = await asyncio.gather(*(http.post("/pedido", json=order("A")) for _ in range(150)))
        for answer in answers:
            await settled(http, answer.json()["id"])
        await asyncio.sleep(0.5)
        await http.post("/pedido", json=order("A"))
        counted, summaries = 0, 0
        async with asyncio.timeout(10):
            while counted < 151:
                frame = json.loads(await ws.recv())
                if frame["tipo"] == "resumo":
                    summaries += 1
                    counted += frame["dados"]["contagens"].get("pedido.recebido", 0)
                counted += frame["tipo"] == "pedido.recebido"
        whole = 0
        async with asyncio.timeout(10):
            while whole < 151:
                frame = json.loads(await everything.recv())
                assert frame["tipo"] != "resumo"
                whole += frame["tipo"] == "pedido.recebido"

    assert summaries >= 1
    assert counted == 151
