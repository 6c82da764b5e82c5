"""Sink: alertas reach a chat of the stand-in, through everything it does wrong."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from ponte.connectors.telegram import connector
from ponte.connectors.telegram.settings import TelegramSettings
from ponte.errors import Adiado, PonteError
from ponte.ports import AlertSink
from ponte.resilience.breaker import CircuitBreakerOpen
from ponte.resilience.classes import Classe, OutsideError
from ponte.resilience.retry import Schedule
from ponte.simulators.telegram import CHAT_ID, TOKEN, SimuladorTelegram
from tests.connectors.lent import ESTOQUE_BAIXO, Lent


@dataclass
class Mesa:
    """A chat, and what calls it."""

    simulador: SimuladorTelegram
    url: str
    lent: Lent = field(default_factory=Lent)

    def settings(self, **given: object) -> TelegramSettings:
        values = {"bot_token": SecretStr(TOKEN), "chat_id": CHAT_ID, "base_url": self.url}
        return TelegramSettings.model_validate(values | given)

    def sink(self, **given: object) -> AlertSink:
        assert connector.alerts is not None
        return connector.alerts(self.settings(**given), self.lent.deps)

    @property
    def texts(self) -> list[str]:
        return [mensagem["text"] for mensagem in self.simulador.mensagens]


@pytest.fixture
async def mesa() -> AsyncIterator[Mesa]:
    simulador = SimuladorTelegram(chats={CHAT_ID})
    mesa = Mesa(simulador, await simulador.start())
    yield mesa
    await simulador.stop()
    await mesa.lent.aclose()


async def failure(sink: AlertSink) -> OutsideError:
    with pytest.raises(OutsideError) as caught:
        await sink.deliver(ESTOQUE_BAIXO)
    return caught.value


async def test_an_alerta_and_its_end_are_two_messages_in_the_chat(mesa: Mesa) -> None:
    sink = mesa.sink()

    await sink.deliver(ESTOQUE_BAIXO)
    await sink.deliver(ESTOQUE_BAIXO, fim=True)

    assert [text.splitlines()[0] for text in mesa.texts] == [
        "<b>🟡 Aviso: Estoque baixo</b>",
        "<b>✅ Resolvido: Estoque baixo</b>",
    ]


async def test_a_rate_limit_is_an_error_that_says_how_long_to_wait(mesa: Mesa) -> None:
    mesa.simulador.misbehave("429", segundos=7)

    error = await failure(mesa.sink())

    assert (error.classe, error.retry_after_s, error.retry) == (Classe.RATE_LIMITED, 7.0, True)
    assert Schedule((0.1, 0.1)).delay_s(1, error.retry_after_s) >= 7.0


async def test_while_told_to_wait_nobody_calls_and_it_costs_no_try(mesa: Mesa) -> None:
    mesa.simulador.misbehave("429", segundos=7)
    sink = mesa.sink()
    await failure(sink)

    with pytest.raises(Adiado):
        await sink.deliver(ESTOQUE_BAIXO)

    assert list(mesa.simulador.chamadas) == ["sendMessage"]


async def test_the_step_gets_it_through_within_its_three_tries(mesa: Mesa) -> None:
    mesa.simulador.misbehave("5xx", 2)
    sink = mesa.sink()
    errors: list[PonteError] = []

    for _ in range(connector.alert_tries):
        try:
            await sink.deliver(ESTOQUE_BAIXO)
            break
        except OutsideError as error:
            errors.append(error)

    assert [error.retry for error in errors] == [True, True]
    assert len(mesa.texts) == 1


async def test_an_expired_token_is_not_tried_again(mesa: Mesa) -> None:
    error = await failure(mesa.sink(bot_token=SecretStr("1:old")))

    assert (error.classe, error.retry) == (Classe.AUTH, False)


async def test_an_unknown_chat_is_not_tried_again(mesa: Mesa) -> None:
    error = await failure(mesa.sink(chat_id="1"))

    assert (error.classe, error.retry) == (Classe.RECIPIENT_UNREACHABLE, False)


@pytest.mark.parametrize(("modo", "kept"), [("html", 0), ("corta", 1)])
async def test_a_reply_that_is_lost_says_that_the_message_may_have_arrived(
    mesa: Mesa, modo: str, kept: int
) -> None:
    mesa.simulador.misbehave(modo)

    error = await failure(mesa.sink())

    assert (error.classe, error.unknown_outcome) == (Classe.RETRY, True)
    assert len(mesa.texts) == kept


async def test_a_call_given_up_on_a_mute_server_leaves_the_next_one_free(mesa: Mesa) -> None:
    mesa.simulador.misbehave("mudo")
    sink = mesa.sink()

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(sink.deliver(ESTOQUE_BAIXO), 0.3)
    await sink.deliver(ESTOQUE_BAIXO)

    assert len(mesa.texts) == 1


async def test_a_slow_server_is_waited_for(mesa: Mesa) -> None:
    mesa.simulador.misbehave("lento", segundos=0.2)

    await mesa.sink().deliver(ESTOQUE_BAIXO)

    assert len(mesa.texts) == 1


async def test_a_server_that_is_down_is_left_alone_and_found_when_it_is_back(mesa: Mesa) -> None:
    mesa.lent.failures_to_open = 2
    mesa.simulador.misbehave("5xx", 2)
    sink = mesa.sink()

    with capture_logs() as logs:
        for _ in range(2):
            await failure(sink)
        with pytest.raises(CircuitBreakerOpen):
            await sink.deliver(ESTOQUE_BAIXO)
        mesa.lent.https["telegram"].breaker.try_now()
        await sink.deliver(ESTOQUE_BAIXO)

    assert [line["event"] for line in logs] == ["destination down", "destination back"]
    assert len(mesa.texts) == 1


async def test_a_text_whose_markup_is_refused_goes_out_plain(
    mesa: Mesa, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A server of one's own may know less markup than Telegram's.
    monkeypatch.setattr("ponte.simulators.telegram_marcas.TAGS", frozenset())

    await mesa.sink().deliver(ESTOQUE_BAIXO)

    assert mesa.texts[0].startswith("🟡 Aviso: Estoque baixo\nCafé <500g>")


async def test_a_group_that_moved_is_followed_and_remembered(mesa: Mesa) -> None:
    mesa.simulador.moved["-100"] = CHAT_ID
    sink = mesa.sink(chat_id="-100")

    await sink.deliver(ESTOQUE_BAIXO)
    await sink.deliver(replace(ESTOQUE_BAIXO, contagem=2))

    assert len(mesa.texts) == 2
    assert len(mesa.simulador.chamadas) == 3, "the second one went to the new chat at once"


@pytest.mark.parametrize(("chat_id", "window_s"), [(CHAT_ID, 20), ("-100", 60), ("@loja", 60)])
async def test_a_burst_waits_for_its_turn_instead_of_being_refused(
    mesa: Mesa, chat_id: str, window_s: float
) -> None:
    mesa.simulador.chats = {chat_id}
    sink = mesa.sink(chat_id=chat_id)
    for _ in range(20):
        await sink.deliver(ESTOQUE_BAIXO)

    with pytest.raises(Adiado, match="turn") as put_off:
        await sink.deliver(ESTOQUE_BAIXO)

    assert put_off.value.retry_after_s == pytest.approx(window_s, abs=10)
    assert len(mesa.texts) == 20


async def test_the_probe_tells_a_good_token_from_a_bad_one(mesa: Mesa) -> None:
    assert connector.probe is not None

    await connector.probe(mesa.settings(), mesa.lent.deps)
    with pytest.raises(OutsideError) as caught:
        await connector.probe(mesa.settings(bot_token=SecretStr("1:old")), mesa.lent.deps)

    assert caught.value.classe is Classe.AUTH


def test_an_empty_setting_leaves_the_connector_off() -> None:
    assert connector.is_on(TelegramSettings(bot_token=SecretStr(""), chat_id="1")) is False


def test_without_a_chat_messages_are_on_and_alertas_are_off() -> None:
    settings = TelegramSettings(bot_token=SecretStr("1:x"))

    assert connector.is_on(settings) is True
    assert connector.alerts_on(settings) is False
