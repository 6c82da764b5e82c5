"""A grant whose refresh token goes once: renewed in time, by one, and never lost on our side."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from ponte import guarda
from ponte.errors import Adiado, ArmazenamentoIndisponivel, PonteError
from ponte.guarda import Guarda
from ponte.ports import Concessao
from ponte.resilience.classes import Classe, OutsideError, Verdict
from ponte.testing import FrozenClock
from tests.connectors.lent import Tokens

NOME = "plataforma:conta:seed"
LIFE_S = 7_200
FIRST = Concessao("access-0", "refresh-0")
LOST = Verdict(Classe.RETRY, "timeout after the request was written", unknown_outcome=True)
DOWN = Verdict(Classe.RETRY, "HTTP 503")


@dataclass
class Casa:
    """A platform whose refresh tokens go once, the store of one Ponte, and the clock of both."""

    clock: FrozenClock = field(default_factory=FrozenClock)
    tokens: Tokens = field(default_factory=Tokens)
    valid: str = "refresh-0"
    granted: int = 0
    asked: int = 0
    trouble: list[Verdict | Exception] = field(default_factory=list)
    before_answer: Callable[[], None] = lambda: None

    async def renew(self, refresh_token: str) -> Concessao:
        self.asked += 1
        await asyncio.sleep(0)
        trouble = self.trouble.pop(0) if self.trouble else None
        if isinstance(trouble, Exception):
            raise trouble
        if trouble is not None and not trouble.unknown_outcome:
            raise OutsideError("plataforma", verdict=trouble)
        if refresh_token != self.valid:
            raise OutsideError("plataforma", verdict=Verdict(Classe.AUTH, "invalid_grant"))
        self.granted += 1
        self.valid = f"refresh-{self.granted}"
        if trouble is not None:  # done, but nobody hears of it
            raise OutsideError("plataforma", verdict=trouble)
        self.before_answer()
        return Concessao(f"access-{self.granted}", self.valid, vale_s=LIFE_S)

    def process(self, semente: Concessao | None = FIRST) -> Guarda:
        """Return the tokens as a process that has just started has them."""
        return Guarda(
            NOME, tokens=self.tokens, now_ms=self.clock, renew=self.renew, semente=semente
        )


class Failing(Tokens):
    """A store that is away for one write, the one after `writes`."""

    writes = 0
    fails_at = 2

    async def put(self, nome: str, segredo: str, *, expira_em_ms: int) -> None:
        self.writes += 1
        if self.writes == self.fails_at:
            raise ArmazenamentoIndisponivel
        await super().put(nome, segredo, expira_em_ms=expira_em_ms)


@pytest.fixture
def casa(monkeypatch: pytest.MonkeyPatch) -> Casa:
    monkeypatch.setattr(guarda, "POLL_S", 0.0)
    return Casa()


async def test_a_token_of_the_settings_is_used_until_it_is_refused(casa: Casa) -> None:
    own = casa.process()

    first = await own.get()
    casa.clock.advance(365 * 86_400)
    still = await own.get()
    fresh = await own.get(refused=still)

    assert (first, still, fresh) == ("access-0", "access-0", "access-1")


async def test_with_a_refresh_token_alone_it_begins_by_asking(casa: Casa) -> None:
    assert await casa.process(Concessao("", "refresh-0")).get() == "access-1"


async def test_it_is_renewed_between_76_and_80_percent_of_its_life(casa: Casa) -> None:
    own = casa.process(Concessao("", "refresh-0"))
    await own.get()
    casa.clock.advance(0.75 * LIFE_S)
    early = await own.get()
    casa.clock.advance(0.051 * LIFE_S)

    assert (early, await own.get()) == ("access-1", "access-2")


def test_renewals_of_many_accounts_are_spread_in_time() -> None:
    due = {guarda.renewal_due(LIFE_S, now_ms=0) for _ in range(50)}

    assert len(due) > 1
    assert all(0.759 * LIFE_S * 1000 <= x <= 0.8 * LIFE_S * 1000 for x in due)


async def test_many_callers_of_a_process_ask_once(casa: Casa) -> None:
    own = casa.process(Concessao("", "refresh-0"))

    tokens = await asyncio.gather(*(own.get() for _ in range(20)))

    assert set(tokens) == {"access-1"}
    assert casa.asked == 1


async def test_of_many_processes_one_asks_and_the_others_take_its_token(casa: Casa) -> None:
    processes = [casa.process(Concessao("", "refresh-0")) for _ in range(8)]

    tokens = await asyncio.gather(*(own.get() for own in processes))

    assert set(tokens) == {"access-1"}
    assert casa.asked == 1


async def test_a_process_that_died_while_it_asked_holds_up_the_others_for_a_minute_at_most(
    casa: Casa,
) -> None:
    until_ms = casa.clock.ms + guarda.LEASE_MS
    await casa.tokens.claim(f"{NOME}:renova", "dead", expira_em_ms=until_ms)
    with pytest.raises(OutsideError) as caught:
        await casa.process(Concessao("", "refresh-0")).get()
    casa.tokens.kept.pop(f"{NOME}:renova")  # as it ends by itself in the real store

    later = await casa.process(Concessao("", "refresh-0")).get()

    assert caught.value.classe is Classe.RETRY
    assert (later, casa.asked) == ("access-1", 1)


async def test_what_another_process_renewed_is_used_and_not_renewed_again(casa: Casa) -> None:
    first, second = casa.process(), casa.process()
    await second.get()
    await first.get(refused="access-0")

    assert await second.get(refused="access-0") == "access-1"
    assert casa.asked == 1


async def test_the_new_pair_is_kept_in_hand_while_the_store_is_away(casa: Casa) -> None:
    casa.tokens = Failing()
    own = casa.process(Concessao("", "refresh-0"))
    with pytest.raises(ArmazenamentoIndisponivel):
        await own.get()

    token = await own.get()

    assert (token, casa.asked) == ("access-1", 1)
    assert guarda.load(casa.tokens.kept[NOME]).refresh == casa.valid


async def test_whoever_asks_next_stores_the_pair_that_another_has_in_hand(casa: Casa) -> None:
    casa.tokens = Failing()
    with pytest.raises(ArmazenamentoIndisponivel):
        await casa.process(Concessao("", "refresh-0")).get()  # a probe, which is gone now

    token = await casa.process(Concessao("", "refresh-0")).get()

    assert (token, casa.asked) == ("access-1", 1)
    assert guarda.load(casa.tokens.kept[NOME]).refresh == casa.valid


async def test_with_the_store_away_nothing_is_asked_for(casa: Casa) -> None:
    casa.tokens = Failing()
    casa.tokens.fails_at = 1

    with pytest.raises(ArmazenamentoIndisponivel):
        await casa.process(Concessao("", "refresh-0")).get()

    assert casa.asked == 0


@pytest.mark.parametrize("trouble", [Verdict(Classe.AUTH, "invalid_grant"), DOWN])
async def test_one_that_is_in_another_hand_is_taken_when_it_is_stored(
    casa: Casa, trouble: Verdict
) -> None:
    own = casa.process(Concessao("", "refresh-0"))
    newer = guarda.Guardado("access-9", "refresh-9", casa.clock.ms + 1000)
    casa.valid = "refresh-9"

    async def stored_late(_refresh: str) -> Concessao:
        await casa.tokens.put(NOME, newer.dump(), expira_em_ms=newer.ate)
        raise OutsideError("plataforma", verdict=trouble)

    own._trade = stored_late

    assert await own.get() == "access-9"
    assert guarda.load(casa.tokens.kept[NOME]).refresh == "refresh-9"


@pytest.mark.parametrize("trouble", [DOWN, Adiado("waits for its turn", retry_after_s=30)])
async def test_a_failed_renewal_costs_nothing_while_the_token_is_good(
    casa: Casa, trouble: Verdict | PonteError
) -> None:
    own = casa.process(Concessao("", "refresh-0"))
    await own.get()
    casa.clock.advance(0.9 * LIFE_S)
    casa.trouble.append(trouble)

    meanwhile = [await own.get() for _ in range(3)]
    asked = casa.asked
    casa.clock.advance(61)

    assert meanwhile == ["access-1"] * 3
    assert (asked, await own.get()) == (2, "access-2")


async def test_a_failed_renewal_is_told_once_the_token_is_over(casa: Casa) -> None:
    own = casa.process(Concessao("", "refresh-0"))
    await own.get()
    casa.clock.advance(LIFE_S)
    casa.trouble.append(DOWN)

    with pytest.raises(OutsideError, match="503"):
        await own.get()

    assert await own.get() == "access-2"


async def test_after_a_lost_answer_the_token_is_used_to_its_end_and_a_refusal_says_why(
    casa: Casa,
) -> None:
    own = casa.process(Concessao("", "refresh-0"))
    await own.get()
    casa.clock.advance(0.9 * LIFE_S)
    casa.trouble.append(LOST)
    during = [await own.get(), await own.get(), await casa.process().get()]
    asked = casa.asked
    casa.clock.advance(0.1 * LIFE_S)

    with pytest.raises(OutsideError) as caught:
        await casa.process().get()  # also a process that was not there then

    assert (during, asked) == (["access-1"] * 3, 2)
    assert caught.value.classe is Classe.AUTH
    assert "invalid_grant; the answer to a renewal was lost at 2026-11-24T" in str(caught.value)
    assert "refresh-" not in f"{caught.value!r} {own.guardado!r}"


async def test_a_lost_answer_that_changed_nothing_is_made_up_for(casa: Casa) -> None:
    own = casa.process(Concessao("", "refresh-0"))
    casa.trouble.append(LOST)
    with pytest.raises(OutsideError):
        await own.get()
    casa.valid = "refresh-0"  # the platform had not acted after all

    token = await own.get()

    assert token.startswith("access-")
    assert own.guardado is not None
    assert own.guardado.pedido_em is None


async def test_a_process_that_is_stopped_while_it_asks_leaves_word_of_it(casa: Casa) -> None:
    own = casa.process(Concessao("", "refresh-0"))

    def stop() -> None:
        raise asyncio.CancelledError

    casa.before_answer = stop
    with pytest.raises(asyncio.CancelledError):
        await own.get()
    casa.before_answer = lambda: None

    with pytest.raises(OutsideError, match="the answer to a renewal was lost"):
        await casa.process().get(refused="access-0")

    assert f"{NOME}:renova" not in casa.tokens.kept


async def test_a_refusal_without_a_lost_answer_speaks_of_none(casa: Casa) -> None:
    casa.valid = "another"

    with pytest.raises(OutsideError) as caught:
        await casa.process(Concessao("", "refresh-0")).get()

    assert str(caught.value) == "plataforma: auth invalid_grant"


async def test_what_was_granted_beside_it_is_kept_and_a_platform_may_keep_its_refresh_token(
    casa: Casa,
) -> None:
    stored = guarda.Guardado("", "refresh-0", mais={"scope": "dm.read"})
    await casa.tokens.put(NOME, stored.dump(), expira_em_ms=stored.ate)
    own = casa.process()

    async def same(_refresh: str) -> Concessao:
        return Concessao("access-1")

    own._trade = same
    await own.get()

    kept = guarda.load(casa.tokens.kept[NOME])
    assert (kept.access, kept.refresh, kept.mais) == ("access-1", "refresh-0", {"scope": "dm.read"})


async def test_without_a_refresh_token_a_person_must_act(casa: Casa) -> None:
    with pytest.raises(OutsideError) as caught:
        await casa.process(Concessao("access-0")).get(refused="access-0")

    assert caught.value.classe is Classe.AUTH
