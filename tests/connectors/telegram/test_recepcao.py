"""Receiving: the webhook is set by which posts are known, and what waits is asked for."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import SecretStr

from ponte.connectors.telegram import connector
from ponte.connectors.telegram.recepcao import BEHIND, UPDATES, TelegramReception
from ponte.connectors.telegram.settings import TelegramSettings
from ponte.errors import ConfiguracaoInvalida, ConflitoDeEstado
from ponte.resilience.classes import Classe, OutsideError
from ponte.simulators.telegram import CHAT_ID, TOKEN, SimuladorTelegram
from tests.connectors.lent import NOW_MS, Lent

URL = "https://loja.example/webhooks/telegram"
SEGREDO = "obviously_fake-secret"


@dataclass
class Mesa:
    """A stand-in, and the settings that lead to it."""

    simulador: SimuladorTelegram
    lent: Lent
    url: str

    def settings(self, **changes: Any) -> TelegramSettings:
        values = {"webhook_secrets": SEGREDO, "bot_token": SecretStr(TOKEN), "base_url": self.url}
        return TelegramSettings.model_validate(values | changes)

    def reception(self, **changes: Any) -> TelegramReception:
        return TelegramReception(self.settings(**changes), self.lent.deps)


@pytest.fixture
async def mesa() -> AsyncIterator[Mesa]:
    simulador = SimuladorTelegram(now=lambda: NOW_MS / 1000)
    found = Mesa(simulador, Lent(), await simulador.start())
    yield found
    await simulador.stop()
    await found.lent.aclose()


async def test_the_webhook_is_set_with_a_secret_and_every_update_that_is_read(mesa: Mesa) -> None:
    reception = mesa.reception(webhook_secrets=f"{SEGREDO},an_older_one")

    await reception.subscribe(URL)
    inscricao = await reception.subscription()
    await reception.unsubscribe()

    assert (inscricao.url, inscricao.esperam, inscricao.falha) == (URL, 0, None)
    assert mesa.simulador.fila.pedidas == set(UPDATES)
    assert (await reception.subscription()).url is None


async def test_telegram_learns_the_first_of_the_secrets(mesa: Mesa) -> None:
    await mesa.reception(webhook_secrets=f"{SEGREDO},an_older_one").subscribe(URL)

    assert mesa.simulador.segredo == SEGREDO


@pytest.mark.parametrize("segredos", ["", "com espaço", "x" * 257])
async def test_without_a_secret_that_telegram_takes_no_webhook_is_set(
    mesa: Mesa, segredos: str
) -> None:
    with pytest.raises(ConfiguracaoInvalida, match="WEBHOOK_SECRETS"):
        await mesa.reception(webhook_secrets=segredos).subscribe(URL)

    assert list(mesa.simulador.chamadas) == []


async def test_an_address_that_telegram_refuses_is_said_in_its_words(mesa: Mesa) -> None:
    with pytest.raises(OutsideError, match="HTTPS URL") as caught:
        await mesa.reception().subscribe("http://loja.example/webhooks/telegram")

    assert caught.value.classe is Classe.INVALID_REQUEST


async def test_what_waits_comes_again_until_the_next_question_confirms_it(mesa: Mesa) -> None:
    reception = mesa.reception()
    await mesa.simulador.write(CHAT_ID, "olá 😀")
    await mesa.simulador.write(CHAT_ID, "dois")

    first = await reception.fetch(desde=None, espera_s=0)
    again = await reception.fetch(desde=None, espera_s=0)
    after = await reception.fetch(desde=first[-1][0] + 1, espera_s=0)

    texts = [e.text for _, corpo in first for e in connector_parse(mesa, corpo)]
    assert texts == ["olá 😀", "dois"]
    assert (again, after) == (first, [])


def connector_parse(mesa: Mesa, corpo: bytes) -> Any:
    assert connector.parse is not None
    return connector.parse(corpo, mesa.settings())


async def test_a_webhook_or_another_reader_is_a_conflict_and_no_fault_of_the_server(
    mesa: Mesa,
) -> None:
    mesa.lent.failures_to_open = 1
    await mesa.reception().subscribe(URL)

    for _ in range(2):
        with pytest.raises(ConflitoDeEstado, match="webhook is active"):
            await mesa.reception().fetch(desde=None, espera_s=0)


async def test_a_token_that_was_revoked_is_refused_for_good(mesa: Mesa) -> None:
    with pytest.raises(OutsideError) as caught:
        await mesa.reception(bot_token=SecretStr("1:old")).fetch(desde=None, espera_s=0)

    assert (caught.value.classe, caught.value.retry) == (Classe.AUTH, False)


@pytest.mark.parametrize(
    ("waiting", "failed_s_ago", "polling", "well"),
    [
        (0, 10, True, True),  # it failed, and was made up for
        (1, 10, True, False),
        (1, 3600, True, True),  # long ago: what waits came just now
        (BEHIND, None, True, False),
        (BEHIND, None, False, True),  # another program takes it
        (BEHIND - 1, None, True, True),
    ],
)
async def test_the_probe_is_ill_while_what_people_write_does_not_get_here(
    mesa: Mesa, waiting: int, failed_s_ago: int | None, *, polling: bool, well: bool
) -> None:
    assert connector.probe is not None
    for n in range(waiting):
        mesa.simulador.fila.add("message", {"message_id": n})
    if failed_s_ago is not None:
        mesa.simulador.aim(URL)
        mesa.simulador.fila.falha = (NOW_MS // 1000 - failed_s_ago, "502 Bad Gateway")

    try:
        await connector.probe(mesa.settings(polling=polling), mesa.lent.deps)
    except OutsideError as error:
        told: str | None = str(error)
    else:
        told = None

    assert (told is None) is well
    assert told is None or f"{waiting} updates wait" in told
