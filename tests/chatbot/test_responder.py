"""The bot's step: it speaks where a customer waits for it, once, and nowhere else."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ponte.chatbot import falas
from ponte.chatbot.responder import PESSOA_MS, PRESENTE_MS
from ponte.domain.evento import EventoDeCanal
from ponte.mensagens import conversas, recebidas
from ponte.settings import BotSettings
from ponte.simulators.telegram import SimuladorTelegram
from ponte.store.db import Tx
from ponte.testing import Embedded, FrozenClock, embedded
from tests.conftest import stock
from tests.espera import until

TOKEN = "123456:obviously-fake-token"
BOT = BotSettings(enabled=True, horario="das 8h às 18h")
VELHA_MS = 11 * 60_000


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
    }


@pytest.fixture
async def ponte(data_dir: Path, env: dict[str, str]) -> AsyncIterator[Embedded]:
    async with embedded(data_dir, env=env, bot=BOT) as running:
        await stock(running, 100)
        yield running


async def receive(ponte: Embedded, texto: str, *, idade_ms: int = 0, **changes: Any) -> str | None:
    """Take a customer's message in as the reception does."""
    em_ms = ponte.ctx.now_ms() - idade_ms
    given: dict[str, Any] = {
        "channel": "telegram", "account": "loja", "kind": "message", "chat_id": "42",
        "sender_id": "42", "message_id": f"m-{texto}", "type": "text", "text": texto,
        "timestamp_ms": em_ms, "pessoa": ("42",),
    }  # fmt: skip
    evento = EventoDeCanal(**{**given, **changes})

    async def write(tx: Tx) -> str | None:
        return await recebidas.receive(tx, evento, conector="telegram")

    found: str | None = await ponte.ctx.db.transact(write)
    return found


async def idle(ponte: Embedded) -> None:
    """Wait until every received message went through the bot's step."""

    async def done() -> bool:
        async def waiting(tx: Tx) -> int:
            row = await tx.fetch_one("SELECT COUNT(*) FROM fila")
            return int(row[0]) if row else 0

        return int(await ponte.ctx.db.read(waiting)) == 0

    await until(done)


async def answers(ponte: Embedded) -> list[dict[str, Any]]:
    """Return what the bot wrote, oldest first."""
    await idle(ponte)
    itens = (await ponte.get("/messages"))["itens"]
    return [m for m in reversed(itens) if m["direcao"] == "saida"]


async def conversa(ponte: Embedded) -> conversas.Conversa:
    async def find(tx: Tx) -> conversas.Conversa | None:
        conversa_id = await conversas.known(tx, "telegram", ("42",))
        return None if conversa_id is None else await conversas.find(tx, conversa_id)

    found = await ponte.ctx.db.read(find)
    assert isinstance(found, conversas.Conversa)
    return found


async def test_an_answer_reaches_who_wrote(ponte: Embedded, telegram: SimuladorTelegram) -> None:
    await receive(ponte, "qto custa o cafe?")

    async def sent() -> Any:
        return list(telegram.mensagens)

    [said] = await until(sent)
    assert (said["chat_id"], said["text"]) == ("42", "Café torrado 500 g: R$ 18,90 (Disponível)")
    [stored] = await answers(ponte)
    assert (stored["remetente"], stored["instancia"], stored["canal"]) == (
        "bot", "loja", "telegram",
    )  # fmt: skip


async def test_a_message_that_comes_twice_is_answered_once(ponte: Embedded) -> None:
    await receive(ponte, "oi")
    await receive(ponte, "oi")

    assert len(await answers(ponte)) == 1


async def test_what_the_bot_asked_is_known_at_the_next_message(ponte: Embedded) -> None:
    for texto in ("2", "café", "3"):
        await receive(ponte, texto)
        await idle(ponte)

    first, second, third = [m["conteudo"] for m in await answers(ponte)]
    assert first == falas.QUAL_PRODUTO
    assert second.startswith("Café torrado")
    assert third.endswith("das 8h às 18h")


async def test_a_person_takes_over_and_the_bot_is_silent_until_it_is_given_back(
    ponte: Embedded,
) -> None:
    await receive(ponte, "quero falar com um atendente")
    await idle(ponte)
    handed = (await conversa(ponte)).atendimento
    await receive(ponte, "oi, alguém?")
    await idle(ponte)
    silent = len(await answers(ponte))

    await ponte.ctx.db.transact(conversas.hand_over, (await conversa(ponte)).id, conversas.BOT)
    await receive(ponte, "bom dia")

    assert (handed, silent) == ("pessoa", 1)
    assert len(await answers(ponte)) == 2


async def test_the_bot_is_silent_while_somebody_of_the_shop_writes(ponte: Embedded) -> None:
    await receive(ponte, "oi")
    before = len(await answers(ponte))
    await receive(ponte, "Aqui é a Bia, da loja", from_me=True)
    await receive(ponte, "oi Bia, tem café?")

    said = [m for m in await answers(ponte) if m["remetente"] == "bot"]

    assert (before, len(said)) == (1, 1)


async def test_a_person_who_wrote_long_ago_is_gone(data_dir: Path, env: dict[str, str]) -> None:
    clock = FrozenClock()
    async with embedded(data_dir, env=env, bot=BOT, clock=clock) as ponte:
        await receive(ponte, "Aqui é a Bia, da loja", from_me=True)
        clock.advance(PRESENTE_MS / 1000 + 1)
        await receive(ponte, "bom dia")

        async def said() -> bool:
            itens = (await ponte.get("/messages"))["itens"]
            return any(m["remetente"] == "bot" for m in itens)

        assert await until(said)


async def test_who_comes_back_the_next_day_is_answered_by_the_bot_again(
    data_dir: Path, env: dict[str, str]
) -> None:
    clock = FrozenClock()
    async with embedded(data_dir, env=env, bot=BOT, clock=clock) as ponte:
        await receive(ponte, "atendente")
        await idle(ponte)
        clock.advance(PESSOA_MS / 1000 - 60)
        await receive(ponte, "oi?")
        await idle(ponte)
        silent = len(await answers(ponte))

        clock.advance(61)
        await receive(ponte, "bom dia")
        await idle(ponte)

        assert (silent, len(await answers(ponte))) == (1, 2)
        assert (await conversa(ponte)).atendimento == "bot"


@pytest.mark.parametrize(
    "changes",
    [
        {"is_group": True},
        {"standby": True},
        {"idade_ms": VELHA_MS},
        {"from_me": True},
        {"type": "sticker", "text": None},
        {"type": "unsupported", "text": None},
    ],
    ids=lambda changes: next(iter(changes)) + str(changes.get("type", "")),
)
async def test_what_waits_for_no_bot_gets_no_answer(
    ponte: Embedded, changes: dict[str, Any]
) -> None:
    stored = await receive(ponte, "oi", **changes)

    assert stored is not None
    assert [m for m in await answers(ponte) if m["remetente"] == "bot"] == []


async def test_an_answer_that_has_no_way_out_fails_no_step(ponte: Embedded) -> None:
    # Nothing sends on TikTok here.
    stored = await receive(ponte, "oi", channel="tiktok")

    assert await answers(ponte) == []
    assert (await ponte.get(f"/messages/{stored}"))["status"] == "concluida"
    assert (await ponte.get("/falhas"))["total"] == 0


async def test_it_is_off_unless_switched_on(data_dir: Path, env: dict[str, str]) -> None:
    async with embedded(data_dir, env=env) as ponte:
        await receive(ponte, "oi")

        assert await answers(ponte) == []
        assert BotSettings().enabled is False


async def rows_of_the_bot(
    data_dir: Path, env: dict[str, str], bot: BotSettings, **changes: Any
) -> int:
    """Return how many rows of the queue one message costs; nobody works on them."""

    async def count(tx: Tx) -> int:
        row = await tx.fetch_one("SELECT COUNT(*) FROM fila WHERE fila = 'bot'")
        return int(row[0]) if row else 0

    async with embedded(data_dir, env=env, bot=bot, papeis=()) as ponte:
        assert await receive(ponte, "oi", **changes) is not None
        return int(await ponte.ctx.db.read(count))


@pytest.mark.parametrize(
    ("bot", "changes", "rows"),
    [
        (BOT, {}, 1),
        (BOT, {"is_group": True}, 0),
        (BOT, {"standby": True}, 0),
        (BotSettings(), {}, 0),
    ],
    ids=["on", "group", "standby", "off"],
)
async def test_what_no_bot_answers_costs_no_row_of_the_queue(
    data_dir: Path, env: dict[str, str], bot: BotSettings, changes: dict[str, Any], rows: int
) -> None:
    assert await rows_of_the_bot(data_dir, env, bot, **changes) == rows
