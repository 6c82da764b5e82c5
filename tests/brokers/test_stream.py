"""The stream on each engine: other systems read every fact, in order for each key."""

from pathlib import Path

import pytest

from ponte.testing import Embedded, embedded
from tests.brokers.engines import Came, Engine, Read
from tests.conftest import stock
from tests.espera import sell, until

pytestmark = pytest.mark.timeout(120)
PEDIDO = {
    "cliente": {"nome": "Ana Souza", "documento": "52998224725", "telefone": "+5511987654321"},
    "itens": [{"produto_id": "ARROZ-5KG", "quantidade": 1}],
}


async def _all_came(ponte: Embedded, read: Read, came: list[Came]) -> list[dict[str, str]]:
    """Return every fact of the log, once all of them were read."""

    async def all_of_them() -> list[dict[str, str]] | None:
        came.extend(await read())
        fatos: list[dict[str, str]] = (await ponte.get("/eventos", limite=500))["itens"]
        ids = {c.envelope["id"] for c in came}
        return fatos if {f["id"] for f in fatos} <= ids else None

    found: list[dict[str, str]] = await until(all_of_them, seconds=60)
    return found


async def test_every_fact_is_published_once_in_order_for_its_key(
    data_dir: Path, server: Engine
) -> None:
    came: list[Came] = []
    async with server.reads() as read, embedded(data_dir, stream_url=server.url) as ponte:
        await stock(ponte, 7)
        for _ in range(3):
            await sell(ponte, "ARROZ-5KG")
        answer = await ponte.http.post("/pedido", json=PEDIDO)
        await until(lambda: _done(ponte, answer.json()["id"]))

        fatos = await _all_came(ponte, read, came)

    assert [c.envelope["id"] for c in came if came.count(c) > 1] == []
    for chave in {c.chave for c in came}:
        published = [c.envelope["id"] for c in came if c.chave == chave]
        known = [f["id"] for f in fatos if f["id"] in set(published)]
        assert published == known
    topicos = {c.envelope["type"]: c.topico for c in came}
    assert topicos["pedido.concluido"] == topicos["nota.emitida"] == "pedidos"
    assert topicos["estoque.alterado"] == "estoque"
    assert topicos["alerta.criado"] == "alerts"
    assert all(c.tipo == c.envelope["type"] for c in came)


async def test_no_personal_data_leaves_by_the_stream(data_dir: Path, server: Engine) -> None:
    came: list[Came] = []
    async with server.reads() as read, embedded(data_dir, stream_url=server.url) as ponte:
        await stock(ponte, 7)
        answer = await ponte.http.post("/pedido", json=PEDIDO)
        await until(lambda: _done(ponte, answer.json()["id"]))

        await _all_came(ponte, read, came)

    said = str(came)
    assert "pedido.recebido" in said
    assert not [w for w in ("Ana", "Souza", "52998224725", "11987654321") if w in said]


async def test_what_happened_while_the_stream_was_away_is_published_when_it_is_back(
    data_dir: Path, server: Engine
) -> None:
    came: list[Came] = []
    async with server.reads() as read, embedded(data_dir, stream_url=server.url) as ponte:
        await stock(ponte, 7)
        await _all_came(ponte, read, came)
    async with embedded(data_dir) as ponte:
        await sell(ponte, "ARROZ-5KG")

    async with server.reads() as read, embedded(data_dir, stream_url=server.url) as ponte:
        before = len(came)
        fatos = await _all_came(ponte, read, came)

    missed = [c.envelope["id"] for c in came[before:]]
    assert sorted(missed) == sorted(f["id"] for f in fatos[before:])


async def _done(ponte: Embedded, pedido_id: str) -> bool:
    return bool((await ponte.get(f"/pedidos/{pedido_id}"))["status"] == "concluido")
