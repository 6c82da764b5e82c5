"""Telephones over HTTP, against the stand-in of their server: made, paired, watched, removed."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ponte.canais import instancias
from ponte.canais.espelho import livro
from ponte.domain.evento import EventoDeCanal
from ponte.simulators.whatsapp import SimuladorWhatsApp
from ponte.store.db import Tx
from ponte.testing import Embedded, embedded

BASE = "/hub/whatsapp/instancias"


@dataclass
class Loja:
    """A Ponte, and the server of its telephones."""

    ponte: Embedded
    servidor: SimuladorWhatsApp

    async def call(self, method: str, path: str = "", status: int = 200, **extra: Any) -> Any:
        answer = await self.ponte.http.request(method, BASE + path, **extra)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None


@pytest.fixture
async def loja(data_dir: Path) -> AsyncIterator[Loja]:
    servidor = SimuladorWhatsApp()
    env = servidor.env(await servidor.start())
    async with embedded(data_dir, env=env, endereco_publico="https://ponte.example/") as ponte:
        yield Loja(ponte, servidor)
    await servidor.stop()


async def alerts(ponte: Embedded) -> list[dict[str, str]]:
    page = (await ponte.http.get("/alerts?resolvido=false")).json()
    return [a["labels"] for a in page["itens"] if a["nome"] == "instancia_desconectada"]


async def test_a_telephone_is_made_paired_and_removed(loja: Loja) -> None:
    made = await loja.call("POST", status=201, json={"nome": "norte"})
    code = await loja.call("GET", "/norte/qrcode")
    await loja.servidor.parear("norte", numero="5511999990055")
    paired = await loja.call("GET", "/norte/estado")
    closed = await loja.call("POST", "/norte/desconectar")
    await loja.call("DELETE", "/norte", status=204)
    left = await loja.call("GET")
    gone = await loja.ponte.http.get(f"{BASE}/norte/estado")

    assert (made["qrcode"], made["aviso"]) == (f"{BASE}/norte/qrcode", None)
    assert (code["codigo"] or "").startswith("2@")
    assert (paired["estado"], paired["numero"]) == ("aberta", "5511999990055")
    assert closed["estado"] == "fechada"
    assert [i["nome"] for i in left["itens"]] == ["loja-centro"]
    assert "usa a Evolution API (https://" in left["aviso_de_licenca"]
    assert gone.status_code == 404


async def test_its_events_are_sent_to_the_address_by_which_platforms_reach_us(loja: Loja) -> None:
    await loja.call("POST", status=201, json={"nome": "norte"})

    told = loja.servidor.api.instancias["norte"].webhook
    assert told is not None
    assert told["url"] == "https://ponte.example/webhooks/whatsapp"


async def test_a_code_is_a_picture_or_drawn_in_text_as_it_is_asked_for(loja: Loja) -> None:
    await loja.call("POST", status=201, json={"nome": "norte"})

    png = await loja.ponte.http.get(f"{BASE}/norte/qrcode", headers={"Accept": "image/png"})
    text = await loja.ponte.http.get(f"{BASE}/norte/qrcode", headers={"Accept": "text/plain"})

    assert png.headers["content-type"] == "image/png"
    assert png.content.startswith(b"\x89PNG")
    assert png.headers["cache-control"] == text.headers["cache-control"] == "no-store"
    assert len(text.text.splitlines()) > 10
    assert "█" in text.text


async def test_a_code_to_type_is_given_for_a_number(loja: Loja) -> None:
    corpo = {"nome": "norte", "numero": "5511999990055"}
    await loja.call("POST", status=201, json=corpo)

    code = await loja.call("GET", "/norte/qrcode?numero=5511999990055")

    assert len(code["codigo_pareamento"] or "") == 8


async def test_the_same_key_makes_one_instance_and_its_answer_holds_no_code(loja: Loja) -> None:
    headers = {"Idempotency-Key": "k-1"}

    first = await loja.call("POST", status=201, json={"nome": "norte"}, headers=headers)
    again = await loja.call("POST", status=201, json={"nome": "norte"}, headers=headers)
    other = await loja.ponte.http.post(BASE, json={"nome": "norte"})

    assert first == again
    assert "codigo" not in str(first)
    assert other.status_code == 409


async def test_only_who_may_write_sees_the_code(loja: Loja) -> None:
    corpo = {"nome": "leitor", "escopos": ["canais:ler"]}
    key = (await loja.ponte.http.post("/chaves", json=corpo)).json()["chave"]
    reader = {"Authorization": f"Bearer {key}"}

    refused = await loja.ponte.http.get(f"{BASE}/loja-centro/qrcode", headers=reader)
    listed = await loja.ponte.http.get(BASE, headers=reader)

    assert (refused.status_code, listed.status_code) == (403, 200)


async def test_a_fall_is_told_of_until_the_telephone_is_back(loja: Loja) -> None:
    await loja.ponte.ctx.db.transact(_tell, loja.ponte, "open", None)
    await loja.ponte.ctx.db.transact(_tell, loja.ponte, "close", "401")
    await loja.ponte.ctx.db.transact(_tell, loja.ponte, "close", "401")
    down = await alerts(loja.ponte)
    await loja.ponte.ctx.db.transact(_tell, loja.ponte, "open", None)

    facts = (await loja.ponte.http.get("/eventos?tipo=instancia.mudou")).json()["itens"]
    assert down == [{"canal": "whatsapp", "instancia": "loja-centro"}]
    assert await alerts(loja.ponte) == []
    assert [(f["dados"]["estado"], f["dados"]["motivo"]) for f in facts] == [
        ("aberta", ""), ("fechada", "401"), ("aberta", ""),
    ]  # fmt: skip


async def test_a_fresh_code_is_a_fact_without_the_code(loja: Loja) -> None:
    evento = EventoDeCanal(
        channel="whatsapp", kind="qr", account="norte", further={"code": "2@SECRET"}
    )

    async def tell(tx: Tx) -> bool:
        return await instancias.observe(loja.ponte.ctx, tx, evento)

    meant = await loja.ponte.ctx.db.transact(tell)

    facts = (await loja.ponte.http.get("/eventos?tipo=instancia.qrcode")).json()["itens"]
    assert meant is True
    assert [f["dados"] for f in facts] == [
        {"canal": "whatsapp", "instancia": "norte", "esgotado": False}
    ]


async def test_where_the_server_mirrors_an_instance_itself_ponte_leaves_it(loja: Loja) -> None:
    ajustes = {"enabled": True, "accountId": "1", "token": "fake", "url": "https://chat.example"}

    stored = await loja.call("POST", "/loja-centro/chatwoot", json=ajustes)
    left = await loja.ponte.ctx.db.read(livro.is_left, "whatsapp", "loja-centro")
    await loja.call("POST", "/loja-centro/chatwoot", json={"enabled": False})
    taken = await loja.ponte.ctx.db.read(livro.is_left, "whatsapp", "loja-centro")

    assert (stored["nome"], stored["enabled"]) == ("loja-centro", True)
    assert "fake" not in str(stored)
    assert (left, taken) == (True, False)


async def test_without_a_server_nothing_is_asked(ponte: Embedded) -> None:
    answers = [
        await ponte.http.get(BASE),
        await ponte.http.post(BASE, json={"nome": "norte"}),
        await ponte.http.get(f"{BASE}/norte/qrcode"),
        await ponte.http.delete(f"{BASE}/norte"),
    ]

    assert [answer.status_code for answer in answers] == [409] * 4


async def _tell(tx: Tx, ponte: Embedded, state: str, reason: str | None) -> None:
    further = {"state": state, "reason": reason}
    evento = EventoDeCanal(
        channel="whatsapp", kind="connection", account="loja-centro", further=further
    )
    await instancias.observe(ponte.ctx, tx, evento)
