"""Instagram's token: renewed long before its end, by whichever process, and never in the way."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from ponte.connectors.instagram.channel import InstagramChannel, probe
from ponte.connectors.instagram.settings import HOST, InstagramSettings
from ponte.connectors.instagram.token import DAY_MS, InstagramToken, classify_grant
from ponte.domain.mensagem import Canal, Mensagem, TipoMensagem
from ponte.ports import Deps
from ponte.resilience.classes import Classe, OutsideError
from ponte.settings import connector_values
from ponte.simulators.instagram import SimuladorInstagram
from ponte.simulators.meta_mensageiro import SimuladorMensageiro
from ponte.testing import FrozenClock
from tests.connectors.lent import NOW_MS, answer, lending

ANA = "900000000000001"
DAY_S = 86_400
OLA = Mensagem(TipoMensagem.TEXTO, Canal.INSTAGRAM, ANA, "Temos sim!")


@dataclass
class Caso:
    """A stand-in that gives tokens, and the clock of both."""

    simulador: SimuladorMensageiro
    settings: InstagramSettings
    deps: Deps
    clock: FrozenClock

    @property
    def token(self) -> InstagramToken:
        """The token as a process that has just started has it."""
        return InstagramToken(self.settings, self.deps)


@pytest.fixture
async def caso() -> AsyncIterator[Caso]:
    clock = FrozenClock(NOW_MS)
    simulador = SimuladorInstagram(now=lambda: clock.ms / 1000)
    simulador.nascido_s = clock.ms / 1000
    env = simulador.env(await simulador.start())
    settings = InstagramSettings.model_validate(connector_values("instagram", env))
    async with lending(now_ms=clock) as lent:
        yield Caso(simulador, settings, lent.deps, clock)
    await simulador.stop()


async def test_a_token_is_renewed_a_day_after_it_is_first_seen_and_outlives_the_process(
    caso: Caso,
) -> None:
    first = await caso.token.get()
    caso.clock.advance(DAY_S)

    renewed = await caso.token.get()

    assert (first, renewed) == ("IGAASIMULADOR", "IGAASIMULADOR1")
    assert await caso.token.get() == renewed
    assert caso.simulador.renovacoes == 1


async def test_a_shop_writes_for_a_year_with_the_token_it_was_given_once(caso: Caso) -> None:
    channel = InstagramChannel(caso.settings, caso.deps)

    for _ in range(0, 365, 20):
        caso.clock.advance(20 * DAY_S)
        await caso.simulador.write(ANA, "Oi")
        assert await channel.send(OLA) is not None

    assert caso.simulador.renovacoes == 9  # at 20 days, and then each 40


async def test_a_renewal_that_fails_stops_nothing_and_is_tried_again_each_hour(
    caso: Caso,
) -> None:
    await caso.token.get()
    caso.clock.advance(DAY_S)
    caso.simulador.misbehave("5xx", 2, onde="renew")
    channel = InstagramChannel(caso.settings, caso.deps)

    for _ in range(3):
        await caso.simulador.write(ANA, "ainda aí?")
        assert await channel.send(OLA) is not None
        await caso.token.get()  # another process
        caso.clock.advance(3_600)

    assert list(caso.simulador.chamadas) == ["renew", "send", "renew", "send", "renew", "send"]
    assert caso.simulador.renovacoes == 1


async def test_a_process_that_holds_an_old_token_takes_the_newer_one_that_another_stored(
    caso: Caso,
) -> None:
    await caso.simulador.write(ANA, "Oi")
    late = InstagramChannel(caso.settings, caso.deps)
    await late.send(OLA)
    caso.simulador.nascido_s -= 2 * DAY_S
    await caso.token._renewed(await caso.token._load())

    assert await late.send(OLA) is not None

    assert list(caso.simulador.chamadas) == ["send", "renew", "send", "send"]


async def test_a_token_that_is_dead_is_refused_once_and_stops_the_channel(caso: Caso) -> None:
    caso.simulador.token = "another"

    with pytest.raises(OutsideError) as caught:
        await InstagramChannel(caso.settings, caso.deps).send(OLA)

    assert caught.value.classe is Classe.AUTH
    assert list(caso.simulador.chamadas) == ["send"]


async def test_who_may_do_something_about_it_is_told_before_a_token_ends(caso: Caso) -> None:
    ends = []

    async def ask(dias: float) -> None:
        caso.clock.advance(dias * DAY_S)
        ends.append(await probe(caso.settings, caso.deps))

    await ask(0)
    await ask(1)  # renewed: 60 days from now, tried again at 30
    until_ms = caso.clock.ms + 60 * DAY_MS
    caso.simulador.misbehave("token", 1000, onde="renew")
    await ask(30)
    await ask(17)
    caso.simulador.misbehave("normal")
    await ask(1)

    assert ends == [None, None, None, until_ms, None]


async def test_one_that_was_never_renewed_is_told_of_two_days_after_it_came(caso: Caso) -> None:
    caso.simulador.misbehave("token", 1000, onde="renew")

    found = [await probe(caso.settings, caso.deps)]
    for _ in range(3):
        caso.clock.advance(DAY_S)
        found.append(await probe(caso.settings, caso.deps))

    assert found == [None, None, None, NOW_MS + 60 * DAY_MS]


async def test_another_token_in_the_settings_puts_the_stored_one_aside(caso: Caso) -> None:
    await caso.token.get()
    caso.clock.advance(DAY_S)
    await caso.token.get()
    given = caso.settings.model_validate({"access_token": "IGAANOVO", "login": "instagram"})

    assert await InstagramToken(given, caso.deps).get() == "IGAANOVO"


async def test_a_token_of_a_page_is_never_renewed(caso: Caso) -> None:
    pages = caso.settings.model_copy(update={"login": "facebook"})
    token = InstagramToken(pages, caso.deps)
    caso.clock.advance(365 * DAY_S)

    assert await token.get() == "IGAASIMULADOR"
    assert token.ends_ms is None
    assert not caso.simulador.chamadas


@pytest.mark.parametrize(
    ("values", "host", "login"),
    [
        ({}, "https://graph.facebook.com", "facebook"),
        ({"login": "instagram"}, HOST, "instagram"),
        ({"base_url": f"{HOST}/"}, HOST, "instagram"),
        ({"base_url": "http://127.0.0.1:1", "login": "instagram"}, "http://127.0.0.1:1",
         "instagram"),
    ],
)  # fmt: skip
def test_the_host_follows_from_who_gave_the_token(
    values: dict[str, str], host: str, login: str
) -> None:
    settings = InstagramSettings.model_validate(values)

    assert (settings.base_url, settings.login) == (host, login)


def test_an_answer_without_a_token_is_no_renewal() -> None:
    assert classify_grant(answer(200, {"expires_in": 1})).classe is Classe.RETRY
