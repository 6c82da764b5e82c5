"""Messages come in over webhooks: verified, stored once, and shown; and the proof by GET."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ponte.connectors.meta.verify import sign
from ponte.testing import Embedded, embedded
from tests.espera import until

SEGREDO, TOKEN = "obviously-fake-app-secret", "obviously-fake-verify-token"
CAMINHO = "fake-path-secret-0001"
ENV = {
    "PONTE_WHATSAPP_CLOUD__APP_SECRET": SEGREDO,
    "PONTE_WHATSAPP_CLOUD__VERIFY_TOKEN": TOKEN,
    "PONTE_TELEGRAM__BOT_TOKEN": "123456:obviously-fake-token",
    "PONTE_TELEGRAM__WEBHOOK_SECRETS": CAMINHO,
}


@pytest.fixture
async def ponte(data_dir: Path) -> AsyncIterator[Embedded]:
    async with embedded(data_dir, env=ENV) as running:
        yield running


def body(mensagem_id: str = "wamid.1", texto: str = "Oi, tem 42?") -> bytes:
    message = {"from": "5511999990001", "id": mensagem_id, "timestamp": "1767225600",
               "type": "text", "text": {"body": texto}}  # fmt: skip
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "551133334444", "phone_number_id": "100"},
        "contacts": [{"profile": {"name": "Cliente Um"}, "wa_id": "5511999990001"}],
        "messages": [message],
    }
    entry = {"id": "1", "changes": [{"field": "messages", "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


async def post(ponte: Embedded, corpo: bytes, *, assinatura: str | None = None) -> int:
    answer = await ponte.http.post(
        "/webhooks/whatsapp_cloud",
        content=corpo,
        headers={"X-Hub-Signature-256": assinatura or sign(corpo, SEGREDO)},
    )
    return answer.status_code


def written(folder: Path) -> bytes:
    return b"".join(f.read_bytes() for f in folder.rglob("*") if f.is_file())


async def inbound(ponte: Embedded, canal: str) -> Any:
    async def some() -> Any:
        return (await ponte.get("/messages", canal=canal))["itens"]

    return await until(some)


async def test_a_signed_message_is_stored_once_whatever_its_duplicates(ponte: Embedded) -> None:
    again = body().replace(b'"id": "1"', b'"id": "2"')  # another body with the same message

    answers = [await post(ponte, corpo) for corpo in (body(), body(), again)]
    [mensagem] = await inbound(ponte, "whatsapp")

    assert answers == [200, 200, 200]
    assert (mensagem["remetente"], mensagem["conteudo"]) == ("5511999990001", "Oi, tem 42?")

    async def handled() -> Any:
        facts = (await ponte.get("/eventos", tipo="webhook.recebido"))["itens"]
        return len(facts) == 2

    await until(handled)
    assert (await ponte.get("/messages", canal="whatsapp"))["total"] == 1


async def test_a_bad_signature_is_refused_and_nothing_is_stored(ponte: Embedded) -> None:
    wrong = sign(body() + b" ", SEGREDO)

    assert await post(ponte, body(), assinatura=wrong) == 401
    assert (await ponte.get("/eventos"))["itens"] == []


async def test_a_body_that_nobody_can_read_is_answered_and_set_aside(ponte: Embedded) -> None:
    assert await post(ponte, b"{cut") == 200

    async def aside() -> Any:
        return (await ponte.get("/falhas"))["itens"]

    assert await until(aside)


async def test_the_proof_by_get_needs_the_token(ponte: Embedded) -> None:
    asked = {"hub.mode": "subscribe", "hub.challenge": "1158201444"}

    right = await ponte.http.get(
        "/webhooks/whatsapp_cloud", params={**asked, "hub.verify_token": TOKEN}
    )
    wrong = await ponte.http.get(
        "/webhooks/whatsapp_cloud", params={**asked, "hub.verify_token": "other"}
    )
    nobody = await ponte.http.get("/webhooks/telegram", params=asked)

    assert (right.status_code, right.text) == (200, "1158201444")
    assert wrong.status_code == 403
    assert nobody.status_code == 404


async def test_a_secret_in_the_address_is_kept_nowhere(ponte: Embedded, data_dir: Path) -> None:
    update = {"update_id": 1, "message": {"message_id": 41, "date": 1767225600,
              "chat": {"id": 700000001, "type": "private"}, "text": "Olá",
              "from": {"id": 700000001, "is_bot": False, "first_name": "Um"}}}  # fmt: skip

    answer = await ponte.http.post(f"/webhooks/telegram/{CAMINHO}", json=update)
    [mensagem] = await inbound(ponte, "telegram")
    facts = (await ponte.get("/eventos"))["itens"]

    assert answer.status_code == 200
    assert mensagem["conteudo"] == "Olá"
    assert CAMINHO not in json.dumps(facts)
    assert CAMINHO.encode() not in written(data_dir)
