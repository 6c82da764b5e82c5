"""Personal messages: to one user's sockets in any process, and kept for who is not there."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ponte.acesso import chaves
from ponte.testing import embedded
from tests.aovivo.servida import ADMIN, Servida, servida_em
from tests.espera import until

NOTA = {"tipo": "texto", "canal": "interno", "destinatario": "ana", "conteudo": "venha cá"}


@pytest.fixture
async def ponte(tmp_path: Path) -> AsyncIterator[Servida]:
    async with servida_em(tmp_path / "dados") as servida:
        yield servida


async def _entrega(ponte: Servida, mensagem_id: str, expected: str) -> Any:
    async def reached() -> Any:
        found = await ponte.dentro.get(f"/messages/{mensagem_id}")
        return found if found["entrega"] == expected else None

    return await until(reached)


async def test_a_message_posted_for_a_user_reaches_their_sockets_alone_and_is_delivered(
    ponte: Servida,
) -> None:
    ana, _ = await ponte.key("ana", "pedidos:ler")
    bia, _ = await ponte.key("bia", "pedidos:ler")
    async with ponte.socket(chave=ana) as dela, ponte.socket(chave=bia) as outra:
        for cliente in (dela, outra):
            await cliente.ask(acao="ping")

        posted = (await ponte.dentro.http.post("/messages", json=NOTA)).json()
        quadro = await dela.next()
        quieta = await outra.quiet()

    mensagem = await _entrega(ponte, posted["id"], "entregue")
    assert quadro["tipo"] == "mensagem"
    assert quadro["dados"] == {
        "id": posted["id"],
        "de": "PONTE_API_KEY",
        "para": "ana",
        "tipo": "texto",
        "texto": "venha cá",
        "conteudo": "venha cá",
    }
    assert quieta
    assert mensagem["status"] == "concluida"


async def test_who_is_not_there_gets_it_at_the_next_login_once(ponte: Servida) -> None:
    ana, _ = await ponte.key("ana", "pedidos:ler")
    posted = (await ponte.dentro.http.post("/messages", json=NOTA)).json()
    await _entrega(ponte, posted["id"], "enviada")

    async with ponte.socket(chave=ana) as primeira:
        quadro = await primeira.next()
    await _entrega(ponte, posted["id"], "entregue")
    async with ponte.socket() as segunda:
        await segunda.say(acao="autenticar", ref="1", chave=ana)
        resposta = await segunda.next()
        quieta = await segunda.quiet()

    assert quadro["dados"]["id"] == posted["id"]
    assert resposta["tipo"] == "resposta"
    assert quieta


async def test_a_message_of_another_process_reaches_the_socket_of_this_one(
    ponte: Servida, tmp_path: Path
) -> None:
    ana, _ = await ponte.key("ana", "pedidos:ler")
    async with ponte.socket(chave=ana) as dela, embedded(tmp_path / "dados", papeis=()) as outro:
        await dela.ask(acao="ping")

        posted = (await outro.http.post("/messages", json=NOTA)).json()
        quadro = await dela.next()

    assert quadro["dados"]["id"] == posted["id"]


async def test_a_message_to_a_room_reaches_who_listens_to_it(ponte: Servida) -> None:
    chave, _ = await ponte.key("caixa", "pedidos:ler", "alertas:ler")
    async with ponte.socket(chave=chave) as dentro, ponte.socket(chave=chave) as fora:
        await dentro.ask(acao="assinar", ref="1", salas=["alertas"])
        await fora.ask(acao="assinar", ref="1", salas=["pedidos"])

        answer = await ponte.dentro.http.post(
            "/messages", json={**NOTA, "destinatario": "sala:alertas"}
        )
        quadro = await dentro.next()
        quieta = await fora.quiet()

    mensagem = await _entrega(ponte, answer.json()["id"], "enviada")
    assert quadro["dados"]["texto"] == "venha cá"
    assert quadro["sala"] == "alertas"
    assert quieta
    assert mensagem["status"] == "concluida"


@pytest.mark.parametrize("para", ["sala:cozinha", "sala:", "sala:pedidos "])
async def test_a_room_that_does_not_exist_is_refused(ponte: Servida, para: str) -> None:
    answer = await ponte.dentro.http.post("/messages", json={**NOTA, "destinatario": para})

    assert answer.status_code == 422
    assert [e["campo"] for e in answer.json()["errors"]] == ["destinatario"]


async def test_what_is_sent_on_a_socket_is_kept_as_a_message_and_never_goes_to_a_room(
    ponte: Servida,
) -> None:
    async with ponte.socket(chave=ADMIN) as autor:
        resposta = await autor.ask(acao="enviar", ref="1", para="ana", texto="oi")
        recusa = await autor.ask(acao="enviar", ref="2", para="sala:pedidos", texto="oi")

    kept = (await ponte.dentro.get("/messages", contato="ana"))["itens"]
    assert [m["id"] for m in kept] == [resposta["dados"]["id"]]
    assert (kept[0]["status"], kept[0]["entrega"]) == ("concluida", "enviada")
    assert resposta["dados"]["entregues"] == 0
    assert (recusa["tipo"], recusa["dados"]["code"]) == ("erro", "dados_invalidos")
    assert (await ponte.dentro.get("/messages"))["total"] == 1


async def test_a_revoked_user_gets_nothing_that_waited(ponte: Servida) -> None:
    ana, ana_id = await ponte.key("ana", "pedidos:ler")
    await ponte.dentro.http.post("/messages", json=NOTA)
    await ponte.dentro.ctx.db.transact(chaves.revoke, ana_id)
    await ponte.dentro.app.state.portaria.chaves.refresh()

    async with ponte.socket(chave=ana) as dela:
        primeiro = await dela.next()
        codigo = await dela.close_code()

    assert (primeiro["tipo"], codigo) == ("erro", 4401)
