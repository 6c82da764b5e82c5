"""What X tells: by its webhooks, when it is asked for the past, and when it is probed."""

import pytest

from ponte.connectors.x.channel import probe
from ponte.connectors.x.historia import events
from ponte.connectors.x.parse import parse
from ponte.connectors.x.settings import XSettings
from ponte.connectors.x.verify import verify
from ponte.resilience.classes import OutsideError
from ponte.simulators.x_assinaturas import CONSUMER_SECRET
from ponte.simulators.x_formas import CONTA
from tests.connectors.lent import NOW_MS
from tests.connectors.x.caso import ANA, BIA, TEXTO, Caso, capture


async def test_what_was_missed_is_read_back_in_order_and_known_by_the_same_ids(
    caso: Caso,
) -> None:
    posted = capture(caso)
    first = await caso.simulador.write(ANA, "Oi, tem 42?")
    caso.clock.advance(60)
    await caso.simulador.send_image(BIA, "esta")
    caso.clock.advance(60)
    sent = await caso.channel.send(TEXTO)

    found = await caso.channel.pull(desde_ms=NOW_MS)
    late = await caso.channel.pull(desde_ms=NOW_MS + 120_000)

    [told] = [e for body in posted for e in parse(body) if e.chat_id == BIA]
    assert [x.message_id for x in found] == [first, told.message_id, sent]
    assert [x.message_id for x in late] == [sent]
    assert [(x.from_me, x.chat_id, x.text) for x in found] == [
        (False, ANA, "Oi, tem 42?"), (False, BIA, "esta"), (True, ANA, "Temos sim!"),
    ]  # fmt: skip
    assert found[1].view() == told.view()


async def test_many_pages_are_read_no_further_than_is_wanted(caso: Caso) -> None:
    for n in range(250):
        await caso.simulador.write(ANA, f"mensagem {n}")
        caso.clock.advance(1)

    found = await caso.channel.pull(desde_ms=NOW_MS + 100_000)

    assert [x.text for x in found] == [f"mensagem {n}" for n in range(100, 250)]
    assert list(caso.simulador.chamadas) == ["events", "events"]


def test_groups_and_what_is_no_message_are_left_out() -> None:

    page = {
        "data": [
            {"id": "1", "text": "a", "sender_id": ANA, "dm_conversation_id": "99"},
            {"id": "2", "text": "b", "sender_id": ANA, "dm_conversation_id": f"{ANA}-{BIA}"},
            {"id": "3", "sender_id": ANA},
            7,
        ]
    }

    assert list(events(page, CONTA)) == []
    assert list(events(None, CONTA)) == []


# ---------------------------------------------------------------- the probe and the webhook


async def test_a_probe_reads_once_in_ten_minutes_and_renews_what_is_due(caso: Caso) -> None:
    only = {"bearer_token": None, "access_token": None}
    settings = caso.settings.model_copy(update=only)

    for _ in range(3):
        await probe(settings, caso.deps)
    caso.clock.advance(0.81 * caso.simulador.validade_s)
    await probe(settings, caso.deps)

    assert list(caso.simulador.chamadas) == ["renew", "events", "renew"]


async def test_a_probe_that_failed_is_made_again_at_once(caso: Caso) -> None:
    settings = caso.settings.model_copy(update={"bearer_token": None})
    caso.simulador.misbehave("5xx", 1, onde="events")
    with pytest.raises(OutsideError):
        await probe(settings, caso.deps)

    await probe(settings, caso.deps)

    assert list(caso.simulador.chamadas) == ["events", "events"]


async def test_where_nothing_is_sent_nothing_is_asked(caso: Caso) -> None:
    await probe(XSettings.model_validate({"consumer_secret": "s"}), caso.deps)

    assert not caso.simulador.chamadas


@pytest.mark.parametrize("produto", ["activity", "account_activity"])
async def test_what_people_do_arrives_signed_and_is_understood_in_both_forms(
    caso: Caso, produto: str
) -> None:
    posted = capture(caso)
    x = caso.simulador
    x.produto = produto
    await x.write(ANA, "oi")
    await x.send_image(ANA)
    await x.press(ANA, "Sim", "sim-1")
    await x.write_by_hand(ANA, "já vejo")
    await x.read(ANA, "2080000000000000009")
    await x.type(ANA)
    await x.mention(ANA, "oi @loja")
    await x.revoke()

    told = [event for body in posted for event in parse(body)]

    assert all(verify(x.headers(body), body, [CONSUMER_SECRET]) for body in posted)
    assert [e.kind for e in told] == [
        *["message"] * 4, "read", "typing", "comment", "authorization",
    ]  # fmt: skip
    assert [e.type for e in told[:4]] == ["text", "image", "interactive", "text"]
    assert [e.from_me for e in told[:4]] == [False, False, False, True]
    assert {e.chat_id for e in told[:6]} == {ANA}
    assert {e.account for e in told} == {CONTA}
