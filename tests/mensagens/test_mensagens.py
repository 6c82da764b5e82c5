"""Messages: stored before they are sent, sent in order, and refused while they still can be."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ponte.domain.mensagem import Entrega
from ponte.mensagens import service
from ponte.simulators.telegram import SimuladorTelegram
from ponte.store.db import Tx
from ponte.testing import Embedded, embedded
from tests.espera import until

TOKEN = "123456:obviously-fake-token"
OLA = {"tipo": "texto", "canal": "telegram", "destinatario": "42", "conteudo": "Olá, Ana"}


@pytest.fixture
async def telegram() -> AsyncIterator[SimuladorTelegram]:
    simulador = SimuladorTelegram(token=TOKEN)
    yield simulador
    await simulador.stop()


@pytest.fixture
async def env(telegram: SimuladorTelegram) -> dict[str, str]:
    return {
        "PONTE_TELEGRAM__BASE_URL": await telegram.start(),
        "PONTE_TELEGRAM__BOT_TOKEN": TOKEN,
        "PONTE_TELEGRAM__CHAT_ID": "7",
    }


@pytest.fixture
async def ponte(data_dir: Path, env: dict[str, str]) -> AsyncIterator[Embedded]:
    async with embedded(data_dir, env=env) as running:
        yield running


async def _send(ponte: Embedded, **changes: Any) -> str:
    answer = await ponte.http.post("/messages", json={**OLA, **changes})
    assert answer.status_code == 202, answer.text
    assert answer.json() == {"id": answer.json()["id"], "status": "processando"}
    assert answer.headers["location"] == f"/messages/{answer.json()['id']}"
    return str(answer.json()["id"])


async def _ended(ponte: Embedded, mensagem_id: str) -> Any:
    async def ended() -> Any:
        found = await ponte.get(f"/messages/{mensagem_id}")
        return found if found["status"] in {"concluida", "erro"} else None

    return await until(ended, seconds=30)


async def test_a_message_reaches_its_chat_and_says_so(
    ponte: Embedded, telegram: SimuladorTelegram
) -> None:
    mensagem = await _ended(ponte, await _send(ponte))

    [sent] = telegram.mensagens
    assert (sent["chat_id"], sent["text"]) == ("42", "Olá, Ana")
    assert (mensagem["status"], mensagem["entrega"], mensagem["erro"]) == (
        "concluida", "enviada", None,
    )  # fmt: skip
    assert mensagem["id_externo"] == str(sent["message_id"])
    assert (mensagem["direcao"], mensagem["remetente"]) == ("saida", "PONTE_API_KEY")


async def test_markup_that_a_person_wrote_stays_text(
    ponte: Embedded, telegram: SimuladorTelegram
) -> None:
    await _ended(ponte, await _send(ponte, conteudo={"texto": "<b>oi</b> *a* & b"}))

    [sent] = telegram.mensagens
    assert sent["text"] == "<b>oi</b> *a* & b"
    assert "parse_mode" not in sent


async def test_quick_replies_are_buttons_under_the_message(
    ponte: Embedded, telegram: SimuladorTelegram
) -> None:
    conteudo = {"texto": "Confirma?", "opcoes": ["Sim", "Não"]}

    await _ended(ponte, await _send(ponte, tipo="resposta_rapida", conteudo=conteudo))

    [sent] = telegram.mensagens
    assert sent["reply_markup"]["inline_keyboard"] == [
        [{"text": "Sim", "callback_data": "Sim"}],
        [{"text": "Não", "callback_data": "Não"}],
    ]


async def test_messages_to_one_contact_arrive_in_the_order_they_were_written(
    ponte: Embedded, telegram: SimuladorTelegram
) -> None:
    telegram.misbehave("429", 1, segundos=1)

    for n in range(5):
        last = await _send(ponte, conteudo=str(n))
    other = await _send(ponte, destinatario="43", conteudo="outra")
    await _ended(ponte, last)
    await _ended(ponte, other)

    to_42 = [m["text"] for m in telegram.mensagens if m["chat_id"] == "42"]
    assert to_42 == ["0", "1", "2", "3", "4"]


async def test_the_same_key_sends_once_and_gives_the_same_answer(
    ponte: Embedded, telegram: SimuladorTelegram
) -> None:
    key = {"Idempotency-Key": "k"}

    answers = [await ponte.http.post("/messages", json=OLA, headers=key) for _ in range(3)]
    await _ended(ponte, answers[0].json()["id"])

    assert {a.content for a in answers} == {answers[0].content}
    assert (await ponte.get("/messages"))["total"] == 1
    assert len(telegram.mensagens) == 1


async def test_what_was_stored_before_a_stop_is_sent_once_after_it(
    data_dir: Path, env: dict[str, str], telegram: SimuladorTelegram
) -> None:
    async with embedded(data_dir, env=env, papeis=()) as ponte:
        mensagem_id = await _send(ponte)
    async with embedded(data_dir, papeis=("worker",)) as without_telegram:
        waiting = await without_telegram.get(f"/messages/{mensagem_id}")
    async with embedded(data_dir, env=env) as ponte:
        await _ended(ponte, mensagem_id)

    assert waiting["status"] == "processando"
    assert len(telegram.mensagens) == 1


async def test_a_canal_that_is_off_refuses_and_nothing_is_stored(data_dir: Path) -> None:
    async with embedded(data_dir) as ponte:
        answers = [
            await ponte.http.post("/messages", json={**OLA, "canal": canal})
            for canal in ("telegram", "whatsapp", "instagram", "tiktok", "facebook", "x")
        ]

        assert {a.status_code for a in answers} == {422}
        assert {a.json()["code"] for a in answers} == {"canal_desligado"}
        assert (await ponte.get("/messages"))["total"] == 0
        assert (await ponte.get("/eventos", tipo="mensagem.aceita"))["total"] == 0


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "a text too long for the canal": ({"conteudo": "x" * 4097}, "conteudo"),
    "emoji that count twice": ({"conteudo": "😀" * 2049}, "conteudo"),
    "no words": ({"conteudo": " \n"}, "conteudo"),
    "control characters alone": ({"conteudo": "\x01\x02"}, "conteudo"),
    "an address that no chat has": ({"destinatario": "Ana Souza"}, "destinatario"),
    "an address that nobody can fetch": (
        {"tipo": "imagem", "conteudo": {"url": "file:///a.png"}}, "conteudo.url",
    ),
    "an evento that the canal does not have": (
        {"tipo": "evento", "conteudo": {"modelo": "aviso"}}, "conteudo",
    ),
    "an unknown tipo": ({"tipo": "fax"}, "tipo"),
    "an unknown canal": ({"canal": "fax"}, "canal"),
    "an unknown field of the content": ({"conteudo": {"texto": "a", "cor": "b"}}, "conteudo.cor"),
    "a text that is a number": ({"conteudo": 7}, "conteudo.str"),
    "quick replies without options": (
        {"tipo": "resposta_rapida", "conteudo": {"texto": "?", "opcoes": []}}, "conteudo.opcoes",
    ),
    "a pedido that does not exist": ({"pedido_id": "nenhum"}, "pedido_id"),
    "a field of one's own": ({"status": "concluida"}, "status"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
async def test_what_the_canal_would_refuse_is_refused_first_and_not_stored(
    ponte: Embedded, telegram: SimuladorTelegram, name: str
) -> None:
    changes, campo = BAD[name]

    answer = await ponte.http.post("/messages", json={**OLA, **changes})

    assert answer.status_code == 422
    assert campo in [e["campo"] for e in answer.json()["errors"]]
    assert (await ponte.get("/messages"))["total"] == 0
    assert telegram.chamadas.count("sendMessage") == 0


PLACES: dict[str, dict[str, Any]] = {
    "latitude": {"latitude": 91, "longitude": 0},
    "longitude": {"latitude": 0, "longitude": True},
    "cor": {"latitude": 0, "longitude": 0, "cor": "x"},
    "nome": {"latitude": 0, "longitude": 0, "nome": 7},
}


@pytest.mark.parametrize("campo", PLACES)
async def test_a_place_that_is_not_on_earth_is_refused(ponte: Embedded, campo: str) -> None:
    body = {"tipo": "localizacao", "canal": "interno", "destinatario": "ana"}

    answer = await ponte.http.post("/messages", json={**body, "conteudo": PLACES[campo]})

    assert answer.status_code == 422
    assert [e["campo"] for e in answer.json()["errors"]] == [f"conteudo.{campo}"]


async def test_a_contact_that_can_not_be_reached_ends_its_message_and_holds_up_no_other(
    data_dir: Path, env: dict[str, str], telegram: SimuladorTelegram
) -> None:
    telegram.chats = {"42", "7"}
    async with embedded(data_dir, env=env) as ponte:
        lost = await _send(ponte, destinatario="99")
        fine = await _send(ponte)

        lost_then = await _ended(ponte, lost)
        await _ended(ponte, fine)

        assert (lost_then["status"], lost_then["entrega"]) == ("erro", "falhou")
        assert "chat not found" in lost_then["erro"]
        [falha] = (await ponte.get("/falhas"))["itens"]
        assert falha["fila"] == "mensagens.telegram"
        assert TOKEN not in str(falha)

        telegram.chats = None
        await ponte.http.post(f"/falhas/{falha['id']}/reprocessar")

        async def mended() -> Any:
            found = await ponte.get(f"/messages/{lost}")
            return found if found["status"] == "concluida" else None

        again = await until(mended)
        assert (again["entrega"], again["erro"]) == ("enviada", None)


async def test_facts_tell_the_story_without_words_or_addresses(
    ponte: Embedded, telegram: SimuladorTelegram
) -> None:
    del telegram
    await _ended(ponte, await _send(ponte, destinatario="5511987654321", conteudo="segredo-9"))

    facts = (await ponte.get("/eventos"))["itens"]

    tipos = [f["tipo"] for f in facts if f["tipo"].startswith("mensagem.")]
    assert tipos == ["mensagem.aceita", "mensagem.enviada"]
    assert "5511987654321" not in str(facts)
    assert "segredo-9" not in str(facts)
    assert "Ana" not in str(facts)


async def test_the_list_is_filtered_newest_first_and_paged_by_cursor(ponte: Embedded) -> None:
    ids = [await _send(ponte, conteudo=str(n)) for n in range(3)]
    other = await _send(ponte, canal="interno", destinatario="ana")
    for mensagem_id in (*ids, other):
        await _ended(ponte, mensagem_id)

    async def found(**params: Any) -> list[str]:
        return [m["id"] for m in (await ponte.get("/messages", **params))["itens"]]

    first = await ponte.get("/messages", limit=2)
    assert await found() == [other, *ids[::-1]]
    assert await found(canal="telegram") == ids[::-1]
    assert await found(contato="ana") == [other]
    assert await found(tipo="imagem") == []
    assert await found(status="concluida", contato="42") == ids[::-1]
    assert await found(skip=1, limit=1) == [ids[2]]
    assert await found(cursor=first["proximo"], limit=2) == [ids[1], ids[0]]
    assert first["total"] == 4


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "skip=-1", "status=nova", "canal=fax", "tipo=x", "cursor=00"]
)
async def test_a_list_that_can_not_be_is_refused(ponte: Embedded, query: str) -> None:
    answer = await ponte.http.get(f"/messages?{query}")

    assert answer.status_code == 422


async def test_a_message_that_does_not_exist_is_not_found(ponte: Embedded) -> None:
    answer = await ponte.http.get("/messages/nenhuma")

    assert (answer.status_code, answer.json()["code"]) == (404, "nao_encontrado")


async def test_a_delivery_never_goes_back(ponte: Embedded) -> None:
    mensagem_id = await _send(ponte)
    await _ended(ponte, mensagem_id)
    reports = [Entrega.ENTREGUE, Entrega.LIDA, Entrega.ENTREGUE, Entrega.FALHOU, Entrega.LIDA]

    async def report(tx: Tx) -> list[bool]:
        return [await service.report(tx, mensagem_id, e) for e in reports]

    news = await ponte.ctx.db.transact(report)

    assert news == [True, True, False, False, False]
    assert (await ponte.get(f"/messages/{mensagem_id}"))["entrega"] == "lida"
    tipos = [f["tipo"] for f in (await ponte.get("/eventos"))["itens"]]
    assert tipos.count("mensagem.entregue") == tipos.count("mensagem.lida") == 1
