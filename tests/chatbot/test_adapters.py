"""A bot of one's own: what customers wrote comes in, and its answer goes out by the hub."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from ponte import chatbot
from ponte.chatbot import (
    EvolutionAdapter,
    EvolutionConfig,
    InstagramAdapter,
    InstagramHubAdapter,
    TikTokAdapter,
    TikTokHubAdapter,
    WhatsAppHubAdapter,
)
from ponte.integrations import HubMetricsRegistry, InstagramHub, TikTokHub, WhatsAppHub
from ponte.simulators.whatsapp import INSTANCIA, SimuladorWhatsApp

FIXTURES = Path(__file__).parents[1] / "connectors"
CLIENTE = "5511999990001"


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Stand in a folder without `.env`, so that only what a test sets is set."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
async def whatsapp() -> AsyncIterator[tuple[SimuladorWhatsApp, str]]:
    simulador = SimuladorWhatsApp()
    yield simulador, await simulador.start()
    await simulador.stop()


def upsert(*, texto: str = "tem café?", de: str = CLIENTE, **key: Any) -> dict[str, Any]:
    jid = de if "@" in de else f"{de}@s.whatsapp.net"
    data = {
        "key": {"remoteJid": jid, "fromMe": False, "id": "3EB0AA", **key},
        "pushName": "Ana",
        "message": {"conversation": texto},
        "messageType": "conversation",
        "messageTimestamp": 1_795_521_600,
    }
    return {"event": "messages.upsert", "instance": INSTANCIA, "data": data}


def whatsapp_adapter(instance_name: str = INSTANCIA) -> WhatsAppHubAdapter:
    hub = WhatsAppHub(registry=HubMetricsRegistry())
    return WhatsAppHubAdapter(hub, instance_name)


@pytest.mark.parametrize("form", [lambda p: p, json.dumps, lambda p: json.dumps(p).encode()])
def test_what_a_customer_wrote_comes_with_where_the_answer_goes(
    form: Callable[[dict[str, Any]], Any],
) -> None:
    [said] = whatsapp_adapter().parse_incoming(form(upsert()))

    assert (said.text, said.sender_name, said.message_id) == ("tem café?", "Ana", "3EB0AA")
    assert CLIENTE[-8:] in said.recipient_id
    assert said.timestamp_ms == 1_795_521_600_000


@pytest.mark.parametrize(
    "payload",
    [
        upsert(fromMe=True),
        upsert(de="120363000000000000@g.us", participant=f"{CLIENTE}@s.whatsapp.net"),
        {"event": "connection.update", "instance": INSTANCIA, "data": {"state": "open"}},
        {},
        "no JSON",
        b"\xff",
    ],
    ids=["our own", "a group", "no message", "nothing", "no JSON", "no text"],
)
def test_a_bot_is_given_neither_its_own_words_nor_a_groups(payload: Any) -> None:
    assert whatsapp_adapter().parse_incoming(payload) == []


def test_what_another_telephone_received_is_left_to_its_own_adapter() -> None:
    assert whatsapp_adapter("outra").parse_incoming(upsert()) == []


@pytest.mark.parametrize(
    ("adapter", "sample"),
    [
        (InstagramHubAdapter(InstagramHub(registry=HubMetricsRegistry())),
         "instagram/fixtures/message_text.json"),
        (TikTokHubAdapter(TikTokHub(registry=HubMetricsRegistry())),
         "tiktok/fixtures/im_receive_text.json"),
    ],
    ids=["instagram", "tiktok"],
)  # fmt: skip
def test_every_platform_reads_alike(adapter: Any, sample: str) -> None:
    [said] = adapter.parse_incoming((FIXTURES / sample).read_bytes())

    assert said.text
    assert said.recipient_id


async def test_an_answer_goes_out_by_the_telephone_of_the_adapter(
    whatsapp: tuple[SimuladorWhatsApp, str],
) -> None:
    simulador, url = whatsapp
    async with WhatsAppHub(
        registry=HubMetricsRegistry(), base_url=url, api_key=simulador.api.api_key
    ) as hub:
        id_externo = await WhatsAppHubAdapter(hub, INSTANCIA).send_response("Temos sim", CLIENTE)

    [sent] = simulador.mensagens
    assert id_externo
    assert "Temos sim" in json.dumps(sent, ensure_ascii=False)


async def test_the_old_name_warns_and_does_the_same(
    whatsapp: tuple[SimuladorWhatsApp, str],
) -> None:
    simulador, url = whatsapp
    config = EvolutionConfig(f"{url}/", simulador.api.api_key, INSTANCIA)

    with pytest.warns(DeprecationWarning, match=r"v3\.0\.0; use WhatsAppHubAdapter") as warned:
        old = EvolutionAdapter(config)
    id_externo = await old.send_response("Temos sim", CLIENTE)
    [said] = old.parse_incoming(upsert())
    await old.close()

    assert (bool(id_externo), len(simulador.mensagens), said.text) == (True, 1, "tem café?")
    assert warned[0].filename == __file__
    assert simulador.api.api_key not in repr(config)


@pytest.mark.parametrize("old", [InstagramAdapter, TikTokAdapter])
def test_the_other_old_names_warn_too(old: type[InstagramAdapter | TikTokAdapter]) -> None:
    with pytest.warns(DeprecationWarning, match=r"goes in v3\.0\.0"):
        adapter = old()

    assert adapter.parse_incoming("no JSON") == []


def test_an_unknown_name_is_no_name_of_the_package() -> None:
    with pytest.raises(AttributeError, match="Inexistente"):
        _ = chatbot.Inexistente
