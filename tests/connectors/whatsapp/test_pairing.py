"""Pairing: a telephone from its first code to its removal, against the stand-in."""

import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ponte.connectors.whatsapp.pairing import EVENTS, WhatsAppPairing
from ponte.connectors.whatsapp.parse import parse
from ponte.connectors.whatsapp.respostas import instances, pairing
from ponte.connectors.whatsapp.settings import WhatsAppSettings
from ponte.connectors.whatsapp.webhook import WhatsAppWebhook
from ponte.errors import ConfiguracaoInvalida
from ponte.ports import WebhookRequest
from ponte.resilience.classes import Classe, OutsideError
from ponte.settings import connector_values
from ponte.simulators.servidor import Servidor
from ponte.simulators.whatsapp import INSTANCIA, SimuladorWhatsApp
from tests.connectors.lent import answer, lending, recorded

if TYPE_CHECKING:
    from ponte.domain.evento import EventoDeCanal

HOOK = "http://127.0.0.1:9/webhooks/whatsapp/eventos"


@pytest.fixture
async def whatsapp() -> AsyncIterator[SimuladorWhatsApp]:
    simulador = SimuladorWhatsApp()
    yield simulador
    await simulador.stop()


@pytest.fixture
async def door(whatsapp: SimuladorWhatsApp) -> AsyncIterator[WhatsAppPairing]:
    settings = WhatsAppSettings.model_validate(
        connector_values("whatsapp", whatsapp.env(await whatsapp.start()))
    )
    async with lending() as lent:
        yield WhatsAppPairing(settings, lent.deps, wait_s=0)


async def test_a_telephone_is_paired_used_and_removed(
    door: WhatsAppPairing, whatsapp: SimuladorWhatsApp
) -> None:
    made = await door.create("norte", numero=None, webhook=None)
    await whatsapp.parear("norte", numero="5511999990055")
    paired, again = await door.state("norte"), await door.pair("norte", numero=None)
    await door.logout("norte")
    await door.logout("norte")
    closed = await door.state("norte")
    await door.delete("norte")

    assert (made.codigo or "").startswith("2@SIMULADOR1")
    assert (made.imagem or "").startswith("iVBOR")
    assert made.instancia.estado == "conectando"
    assert (paired.estado, paired.numero) == ("aberta", "5511999990055")
    assert (again.instancia.estado, again.codigo) == ("aberta", None)
    assert (closed.estado, closed.motivo) == ("fechada", "401")
    assert [x.nome for x in await door.instances()] == [INSTANCIA]


async def test_a_code_that_is_late_is_asked_for_again(
    door: WhatsAppPairing, whatsapp: SimuladorWhatsApp
) -> None:
    whatsapp.api.tarde = 2

    made = await door.create("norte", numero=None, webhook=None)

    assert made.codigo is not None
    assert list(whatsapp.chamadas) == ["create", "connect", "connect"]


async def test_a_code_that_does_not_come_leaves_the_instance_to_be_asked_later(
    door: WhatsAppPairing, whatsapp: SimuladorWhatsApp
) -> None:
    whatsapp.api.tarde = 99

    made = await door.create("norte", numero=None, webhook=None)

    assert (made.instancia.estado, made.codigo, made.imagem) == ("conectando", None, None)


async def test_a_code_to_type_is_given_to_an_instance_that_was_connecting(
    door: WhatsAppPairing,
) -> None:
    first = await door.create("norte", numero=None, webhook=None)

    typed = await door.pair("norte", numero="5511999990055")

    assert first.codigo_pareamento is None
    assert (typed.codigo_pareamento or "").startswith("SIMU")


async def test_a_name_that_is_taken_is_our_mistake(door: WhatsAppPairing) -> None:
    with pytest.raises(OutsideError) as caught:
        await door.create(INSTANCIA, numero=None, webhook=None)

    assert caught.value.classe is Classe.INVALID_REQUEST


async def test_what_does_not_exist_is_gone(door: WhatsAppPairing) -> None:
    for call in (door.state, door.logout, door.delete):
        with pytest.raises(OutsideError) as caught:
            await call("nenhuma")

        assert caught.value.classe is Classe.GONE


async def test_chatwoot_is_set_and_its_token_not_given_back(door: WhatsAppPairing) -> None:
    stored = await door.set_chatwoot(
        INSTANCIA, {"enabled": True, "token": "FAKE", "accountId": "1"}
    )

    assert stored["webhook_url"].endswith(f"/chatwoot/webhook/{INSTANCIA}")
    assert "token" not in stored


async def test_no_webhook_is_set_that_nothing_would_prove(whatsapp: SimuladorWhatsApp) -> None:
    values = {"base_url": await whatsapp.start(), "api_key": whatsapp.api.api_key}
    async with lending() as lent:
        door = WhatsAppPairing(WhatsAppSettings.model_validate(values), lent.deps)

        with pytest.raises(ConfiguracaoInvalida):
            await door.set_webhook(INSTANCIA, HOOK)


def test_an_error_inside_200_has_no_code_and_old_answers_are_read() -> None:
    rows = [{"instance": {"instanceName": "velha", "status": "open", "owner": "5511:1@c.us"}}]
    made = {
        "instance": {"status": "connecting"},
        "hash": {"apikey": "FAKE"},
        "qrcode": {"count": 0},
    }

    [old] = instances(answer(200, rows))
    paired = pairing(recorded("whatsapp", "response_connect_pairing.json"), "loja")

    assert (old.nome, old.estado) == ("velha", "aberta")
    assert pairing(answer(201, made), "loja").codigo is None
    assert (paired.codigo_pareamento, paired.imagem) == ("ABCD1234", "iVBORw0KGgo=")


class Ouvinte:
    """What Ponte's door would be: it verifies each delivery and reads it."""

    def __init__(self, settings: WhatsAppSettings) -> None:
        self.settings = settings
        self.receiver = WhatsAppWebhook(settings)
        self.events: list[EventoDeCanal] = []
        self.caminhos: set[str] = set()
        self.servidor = Servidor(
            Starlette(routes=[Route("/{p:path}", self.take, methods=["POST"])])
        )

    async def take(self, request: Request) -> Response:
        evento = request.path_params["p"].rpartition("/")[2]
        corpo = await request.body()
        delivery = WebhookRequest(evento, dict(request.headers), {}, corpo)
        if not self.receiver.verify(delivery, now_ms=time.time_ns() // 1_000_000):
            return JSONResponse({}, 401)
        self.caminhos.add(evento)
        self.events += parse(corpo, self.settings)
        return JSONResponse({})


@pytest.mark.parametrize("proof", ["secret", "jwt"])
async def test_what_happens_on_a_paired_telephone_is_told_and_believed(
    whatsapp: SimuladorWhatsApp, proof: str
) -> None:
    values = connector_values("whatsapp", whatsapp.env(await whatsapp.start()))
    if proof == "jwt":
        values = values | {"webhook_secrets": "", "jwt_key": "fake-jwt-key"}
    settings = WhatsAppSettings.model_validate(values)
    ouvinte = Ouvinte(settings)
    url = await ouvinte.servidor.start("127.0.0.1", 0)
    async with lending() as lent:
        await WhatsAppPairing(settings, lent.deps).set_webhook(INSTANCIA, f"{url}/w/eventos")

    mensagem = await whatsapp.escrever("oi", de="5588999990002")
    await whatsapp.apertar("sim", "Sim", de="5588999990002")
    await whatsapp.foto(de="5588999990002", legenda="olha")
    await whatsapp.reagir("❤️", mensagem, de="5588999990002")
    await whatsapp.editar(mensagem, "oi!", de="558899990002")
    await whatsapp.apagar(mensagem, de="558899990002")
    await whatsapp.receipt("3EB0", "READ", de="558899990002")
    await whatsapp.sair()
    await ouvinte.servidor.stop()

    assert [x.kind for x in ouvinte.events] == [
        "message", "message", "message", "reaction", "edit", "delete", "status", "connection",
    ]  # fmt: skip
    assert ouvinte.events[0].chat_id == "558899990002@s.whatsapp.net"
    assert all(x.respostas == [200] for x in whatsapp.entregas)
    assert whatsapp.api.instancias[INSTANCIA].webhook["events"] == list(EVENTS)


async def test_a_message_that_is_sent_comes_back_with_its_receipts(
    whatsapp: SimuladorWhatsApp,
) -> None:
    base = await whatsapp.start()
    settings = WhatsAppSettings.model_validate(connector_values("whatsapp", whatsapp.env(base)))
    ouvinte = Ouvinte(settings)
    url = await ouvinte.servidor.start("127.0.0.1", 0)
    whatsapp.api.instancias[INSTANCIA].webhook = {
        "enabled": True,
        "url": f"{url}/w",
        "headers": {"authorization": f"Bearer {whatsapp.segredo}"},
        "byEvents": True,
    }
    async with httpx2.AsyncClient(base_url=base, trust_env=False) as client:
        await client.post(
            f"/message/sendText/{INSTANCIA}",
            json={"number": "5511999990001", "text": "oi"},
            headers=settings.key_header,
        )
    await whatsapp.settle()
    await ouvinte.servidor.stop()

    assert [(x.kind, x.origin, x.status) for x in ouvinte.events] == [
        ("message", "api", None), ("status", None, "sent"), ("status", None, "delivered"),
    ]  # fmt: skip
    assert ouvinte.caminhos == {"send-message", "messages-update"}


async def test_a_telephone_can_be_paired_and_written_from_by_an_order(
    whatsapp: SimuladorWhatsApp,
) -> None:
    whatsapp.api.instancias[INSTANCIA].estado = "close"
    async with httpx2.AsyncClient(base_url=await whatsapp.start(), trust_env=False) as client:
        paired = await client.post(f"/_simulador/parear/{INSTANCIA}")
        wrote = await client.post(f"/_simulador/escrever/{INSTANCIA}", json={"texto": "olá"})
        unknown = await client.post("/_simulador/parear/nenhuma")
        no_key = await client.get(f"/instance/connectionState/{INSTANCIA}")
        no_key_no_instance = await client.get("/instance/connectionState/nenhuma")

    statuses = [x.status_code for x in (paired, wrote, unknown, no_key, no_key_no_instance)]
    assert statuses == [200, 200, 404, 401, 404]
    assert whatsapp.api.instancias[INSTANCIA].estado == "open"


async def test_after_thirty_codes_the_pairing_is_refused(door: WhatsAppPairing) -> None:
    await door.create("norte", numero=None, webhook=None)
    for _ in range(30):
        await door.pair("norte", numero=None)

    assert (await door.state("norte")).estado == "recusada"
