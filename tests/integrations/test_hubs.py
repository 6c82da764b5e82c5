"""Hubs: a script writes to people with no server, and knows at once what it did wrong."""

import asyncio
import json
from asyncio import StreamWriter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from ponte.errors import ConfiguracaoInvalida, DadosInvalidos
from ponte.integrations import (
    CircuitBreakerOpen,
    FacebookHub,
    HubMetricsRegistry,
    InstagramHub,
    TelegramHub,
    TikTokHub,
    WhatsAppHub,
    XHub,
    export_prometheus_metrics,
    get_facebook_hub,
    get_instagram_hub,
    get_telegram_hub,
    get_tiktok_hub,
    get_whatsapp_hub,
    get_x_hub,
)
from ponte.integrations.conectores import load, settings_of
from ponte.integrations.hub import Hub, SemSuporte
from ponte.integrations.hubs import AccountHub
from ponte.resilience.classes import OutsideError
from ponte.simulators.telegram import TOKEN, SimuladorTelegram
from ponte.simulators.tiktok import SimuladorTiktok
from ponte.simulators.whatsapp import INSTANCIA, SimuladorWhatsApp
from tests.resilience.odd_server import OddServer, odd_server

HUBS: tuple[type[Hub], ...] = (
    WhatsAppHub, InstagramHub, FacebookHub, TikTokHub, TelegramHub, XHub,
)  # fmt: skip
CLIENTE = "5511999990001"


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Stand in a folder without `.env`, so that only what a test sets is set."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
async def telegram() -> AsyncIterator[SimuladorTelegram]:
    simulador = SimuladorTelegram()
    yield simulador
    await simulador.stop()


@pytest.fixture
async def bot(telegram: SimuladorTelegram) -> AsyncIterator[TelegramHub]:
    async with TelegramHub(
        registry=HubMetricsRegistry(), bot_token=TOKEN, base_url=await telegram.start()
    ) as hub:
        yield hub


@pytest.fixture
async def whatsapp(
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[tuple[WhatsAppHub, SimuladorWhatsApp]]:
    simulador = SimuladorWhatsApp()
    for name, value in simulador.env(await simulador.start()).items():
        monkeypatch.setenv(name, value)
    async with WhatsAppHub(registry=HubMetricsRegistry()) as hub:
        yield hub, simulador
    await simulador.stop()


@pytest.mark.parametrize(
    "get",
    [
        get_whatsapp_hub,
        get_instagram_hub,
        get_facebook_hub,
        get_tiktok_hub,
        get_telegram_hub,
        get_x_hub,
    ],
)
def test_there_is_one_instance_a_process(get: Callable[[], Hub]) -> None:
    assert get() is get()


@pytest.mark.parametrize("hub", HUBS, ids=lambda hub: hub.name)
async def test_without_its_settings_a_hub_names_the_variables_to_set(hub: type[Hub]) -> None:
    bare = hub(registry=HubMetricsRegistry())

    with pytest.raises(ConfiguracaoInvalida) as caught:
        await bare.probe()

    assert f"PONTE_{hub.name.upper()}__" in str(caught.value)
    assert all(name in str(caught.value) for name in bare.missing_settings())


@pytest.mark.parametrize("hub", HUBS, ids=lambda hub: hub.name)
def test_what_a_hub_needs_its_connector_reads(hub: type[Hub]) -> None:
    fields = load(hub.name).settings.model_fields

    assert {campo for campos in hub.needs for campo in campos} <= fields.keys()


async def test_a_text_is_sent_and_gives_back_the_platforms_id(
    bot: TelegramHub, telegram: SimuladorTelegram
) -> None:
    id_externo = await bot.send_message(recipient_id="42", text="olá")

    [sent] = telegram.mensagens
    assert (id_externo, sent["text"]) == (str(sent["message_id"]), "olá")
    assert bot.last_success_age_s is not None


async def test_what_may_pass_is_tried_again(bot: TelegramHub, telegram: SimuladorTelegram) -> None:
    telegram.misbehave("5xx", 2)

    await bot.send_message(recipient_id="42", text="olá")

    assert [x["text"] for x in telegram.mensagens] == ["olá"]
    assert len(telegram.chamadas) == 3


async def test_what_cannot_pass_is_tried_once(telegram: SimuladorTelegram) -> None:
    url = await telegram.start()

    async with TelegramHub(
        registry=HubMetricsRegistry(), bot_token="1:fake", base_url=url
    ) as stranger:
        with pytest.raises(OutsideError) as caught:
            await stranger.send_message(recipient_id="42", text="olá")

    assert caught.value.classe == "auth"
    assert len(telegram.chamadas) == 1


async def test_a_platform_that_is_down_is_left_alone_until_it_may_be_back(
    telegram: SimuladorTelegram,
) -> None:
    telegram.misbehave("5xx", 2)
    hub = TelegramHub(
        registry=HubMetricsRegistry(),
        circuit_breaker_threshold=2,
        retry_max_attempts=1,
        bot_token=TOKEN,
        base_url=await telegram.start(),
    )

    for _ in range(2):
        with pytest.raises(OutsideError):
            await hub.send_message(recipient_id="42", text="olá")
    with pytest.raises(CircuitBreakerOpen):
        await hub.send_message(recipient_id="42", text="olá")
    hub.breaker.try_now()
    await hub.send_message(recipient_id="42", text="voltou")

    await hub.close()
    assert [x["text"] for x in telegram.mensagens] == ["voltou"]
    assert hub.breaker.state == "closed"


@pytest.mark.parametrize("text", ["", "x" * 5_000])
async def test_what_the_platform_would_refuse_is_not_sent(
    bot: TelegramHub, telegram: SimuladorTelegram, text: str
) -> None:
    with pytest.raises(DadosInvalidos):
        await bot.send_message(recipient_id="42", text=text)

    assert not telegram.chamadas


async def test_an_unknown_kind_of_medium_is_refused(bot: TelegramHub) -> None:
    with pytest.raises(DadosInvalidos, match="kind"):
        await bot.send_media(recipient_id="42", url="https://loja.test/x", kind="hologram")


async def test_a_call_is_counted_under_the_hubs_name(telegram: SimuladorTelegram) -> None:
    registry = HubMetricsRegistry()
    telegram.misbehave("5xx", 1)

    async with TelegramHub(
        registry=registry, bot_token=TOKEN, base_url=await telegram.start()
    ) as hub:
        await hub.send_message(recipient_id="42", text="olá")

    figures = export_prometheus_metrics(registry)
    assert 'hub_requests_success_total{hub="telegram",method="send_message"} 1.0' in figures
    assert 'hub_circuit_breaker_state{hub="telegram",state="closed"} 1.0' in figures


async def test_whatsapp_sends_through_the_instance_that_is_named(
    whatsapp: tuple[WhatsAppHub, SimuladorWhatsApp],
) -> None:
    hub, simulador = whatsapp

    id_externo = await hub.send_message(instance_name=INSTANCIA, to=CLIENTE, message="olá")

    assert id_externo
    assert len(simulador.mensagens) == 1


async def test_whatsapp_carries_media_quick_replies_and_typing(
    whatsapp: tuple[WhatsAppHub, SimuladorWhatsApp],
) -> None:
    hub, simulador = whatsapp

    await hub.show_typing(to=CLIENTE)
    await hub.send_media(to=CLIENTE, url="https://loja.test/a.png", caption="Café")
    await hub.send_quick_replies(to=CLIENTE, text="Confirma?", options=["Sim", "Não"])

    assert len(simulador.mensagens) == 2


async def test_waiting_for_our_own_turn_uses_up_no_try(telegram: SimuladorTelegram) -> None:
    telegram.misbehave("429", 1, segundos=3)  # longer than an `Http` waits by itself
    hub = TelegramHub(
        registry=HubMetricsRegistry(),
        retry_max_attempts=1,
        bot_token=TOKEN,
        base_url=await telegram.start(),
    )

    with pytest.raises(OutsideError):
        await hub.send_message(recipient_id="42", text="cedo demais")
    await hub.send_message(recipient_id="42", text="na sua vez")

    await hub.close()
    assert [x["text"] for x in telegram.mensagens] == ["na sua vez"]
    assert len(telegram.chamadas) == 2


async def test_tiktok_answers_in_the_conversation_that_a_person_began() -> None:
    simulador = SimuladorTiktok()
    url = await simulador.start()
    await simulador.write("ana", "tem café?")
    env: dict[str, Any] = {
        key.removeprefix("PONTE_TIKTOK__").lower(): value
        for key, value in simulador.env(url).items()
    }

    async with TikTokHub(registry=HubMetricsRegistry(), **env) as hub:
        id_externo = await hub.send_message(
            recipient_id=simulador.conversa_de("ana"), text="Temos sim"
        )

    await simulador.stop()
    assert id_externo


class Graph(OddServer):
    """Meta's Graph API, which takes whatever it is sent."""

    async def do_graph(self, writer: StreamWriter) -> None:
        self.answer(writer, b'{"recipient_id": "178", "message_id": "m_1"}')


async def test_instagram_sends_text_media_choices_and_typing_as_the_page_that_is_set() -> None:
    async with odd_server(Graph(otherwise="graph")) as graph:
        async with InstagramHub(registry=HubMetricsRegistry(), base_url=graph.url) as instagram:
            instagram.configure(access_token="obviously-fake", page_id="17")

            id_externo = await instagram.send_message(recipient_id="178", text="oi")
            await instagram.send_media(recipient_id="178", url="https://loja.test/a.png")
            await instagram.send_quick_replies(recipient_id="178", text="?", options=["Sim"])
            await instagram.show_typing(recipient_id="178")

        assert id_externo == "m_1"
        assert all(x.startswith(b"POST /v25.0/17/messages ") for x in graph.requests)
        bodies = [json.loads(x.partition(b"\r\n\r\n")[2]) for x in graph.requests]
        assert [sorted(x) for x in bodies] == [
            ["message", "messaging_type", "recipient"],
            ["message", "recipient"],
            ["message", "messaging_type", "recipient"],
            ["recipient", "sender_action"],
        ]


def test_a_hub_outlives_the_event_loop_that_it_was_first_used_in() -> None:
    hub = TelegramHub(registry=HubMetricsRegistry(), bot_token=TOKEN)

    async def one_run() -> list[str]:
        simulador = SimuladorTelegram()
        hub.configure(base_url=await simulador.start())
        await hub.send_message(recipient_id="42", text="olá")
        await hub.close()
        await simulador.stop()
        return [x["text"] for x in simulador.mensagens]

    assert [asyncio.run(one_run()), asyncio.run(one_run())] == [["olá"], ["olá"]]


async def test_settings_may_be_given_later_and_those_not_named_stay() -> None:
    hub = InstagramHub(registry=HubMetricsRegistry())

    hub.configure(access_token="obviously-fake", page_id="17")
    hub.configure(page_id="18")

    assert hub.missing_settings() == []


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"acess_token": "x"}, "acess_token"),
        ({"base_url": "obviously not an address"}, "PONTE_INSTAGRAM__BASE_URL"),
    ],
)
def test_a_wrong_setting_is_named_its_value_not_shown_and_nothing_changed(
    settings: dict[str, Any], says: str
) -> None:
    hub = InstagramHub(registry=HubMetricsRegistry(), access_token="obviously-fake")

    with pytest.raises(ConfiguracaoInvalida, match=says) as caught:
        hub.configure(**settings)

    assert "not an address" not in str(caught.value)
    assert hub.missing_settings() == []


def test_what_a_platform_tells_is_read_with_no_settings_at_all() -> None:
    hub = TelegramHub(registry=HubMetricsRegistry())
    body = {
        "update_id": 1,
        "message": {
            "message_id": 7,
            "date": 1_767_225_600,
            "chat": {"id": 42, "type": "private"},
            "from": {"id": 42, "is_bot": False, "first_name": "Ana"},
            "text": "tem café \ud83d?",
        },
    }

    [evento] = hub.parse(body)

    assert (evento.chat_id, evento.message_id, evento.kind) == ("42", "7", "message")
    assert hub.parse(b"\xff not json") == []
    assert hub.parse("[]") == []


async def test_a_connector_without_a_channel_says_so() -> None:
    class HelpDesk(AccountHub):
        name = "chatwoot"
        needs = ()

    hub = HelpDesk(registry=HubMetricsRegistry())

    with pytest.raises(SemSuporte, match="Chatwoot"):
        await hub.send_message(recipient_id="42", text="olá")
    with pytest.raises(SemSuporte, match="Chatwoot"):
        await hub.show_typing(recipient_id="42")


async def test_tokens_of_one_account_are_not_lent_to_another() -> None:
    hub = TikTokHub(registry=HubMetricsRegistry())
    first = hub._account().deps.tokens
    await first.put("tiktok", "obviously-fake", expira_em_ms=9_999_999_999_999)

    hub.configure(business_id="18")
    second = hub._account().deps.tokens

    assert await first.get("tiktok") == ("obviously-fake", 9_999_999_999_999)
    assert await second.get("tiktok") is None


def test_no_connector_of_that_name_is_said_so() -> None:
    with pytest.raises(ConfiguracaoInvalida, match="orkut"):
        load("orkut")


def test_what_is_given_goes_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PONTE_INSTAGRAM__PAGE_ID", "17")
    monkeypatch.setenv("PONTE_INSTAGRAM__API_VERSION", "v24.0")

    settings = settings_of(load("instagram"), {"page_id": "18"})

    assert settings.model_dump(include={"page_id", "api_version"}) == {
        "page_id": "18",
        "api_version": "v24.0",
    }
