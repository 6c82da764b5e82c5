"""Messages to people: what the Bot API would refuse is refused first, what it mends is mended."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from pydantic import SecretStr

from ponte.connectors.telegram.channel import TelegramChannel
from ponte.connectors.telegram.settings import TelegramSettings
from ponte.domain.mensagem import Canal, Mensagem, TipoMensagem
from ponte.errors import Adiado, DadosInvalidos
from ponte.resilience.classes import Classe, OutsideError
from ponte.simulators.telegram import SimuladorTelegram
from tests.connectors.lent import lending

TOKEN = "123456:obviously-fake-token"
OLA = Mensagem(TipoMensagem.TEXTO, Canal.TELEGRAM, "42", "olá")


@pytest.fixture
async def telegram() -> AsyncIterator[SimuladorTelegram]:
    simulador = SimuladorTelegram(token=TOKEN)
    yield simulador
    await simulador.stop()


@pytest.fixture
async def channel(telegram: SimuladorTelegram) -> AsyncIterator[TelegramChannel]:
    settings = TelegramSettings(
        bot_token=SecretStr(TOKEN), chat_id="7", base_url=await telegram.start()
    )
    async with lending() as lent:
        yield TelegramChannel(settings, lent.deps)


async def test_a_message_gives_back_the_platforms_id(
    channel: TelegramChannel, telegram: SimuladorTelegram
) -> None:
    id_externo = await channel.send(OLA)

    [sent] = telegram.mensagens
    assert id_externo == str(sent["message_id"])


async def test_a_group_that_moved_is_followed_at_once(
    channel: TelegramChannel, telegram: SimuladorTelegram
) -> None:
    telegram.moved["42"] = "-1001"

    await channel.send(OLA)

    assert [m["chat_id"] for m in telegram.mensagens] == ["-1001"]


async def test_control_characters_and_lone_surrogates_are_left_out(
    channel: TelegramChannel, telegram: SimuladorTelegram
) -> None:
    await channel.send(replace(OLA, conteudo="o\x00l\x07á \ud83d"))

    [sent] = telegram.mensagens
    assert sent["text"].startswith("olá")


@pytest.mark.parametrize(
    ("modo", "classe"),
    [("5xx", Classe.RETRY), ("429", Classe.RATE_LIMITED), ("html", Classe.RETRY)],
)
async def test_what_was_not_taken_says_so_in_its_class_and_without_the_token(
    channel: TelegramChannel, telegram: SimuladorTelegram, modo: str, classe: Classe
) -> None:
    telegram.misbehave(modo, 1, segundos=1)

    with pytest.raises(OutsideError) as caught:
        await channel.send(OLA)

    assert caught.value.classe is classe
    assert TOKEN not in f"{caught.value} {caught.value!r}"


@pytest.mark.parametrize("chat", ["42", "-1001234567890", "@loja_da_ana"])
def test_chats_are_numbers_or_names(channel: TelegramChannel, chat: str) -> None:
    assert channel.check(replace(OLA, destinatario=chat)) is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize(
    "chat", ["", "+5511987654321", "@ana", "42\n", "Ana", "@loja da ana", "٤٢"]
)
def test_what_no_chat_is_called_is_refused(channel: TelegramChannel, chat: str) -> None:
    with pytest.raises(DadosInvalidos, match="destinatario"):
        channel.check(replace(OLA, destinatario=chat))


@pytest.mark.parametrize(
    ("texto", "fits"),
    [("x" * 4096, True), ("x" * 4097, False), ("😀" * 2048, True), ("😀" * 2049, False)],
)
def test_length_is_counted_as_the_platform_counts(
    channel: TelegramChannel, texto: str, *, fits: bool
) -> None:
    try:
        channel.check(replace(OLA, conteudo=texto))
    except DadosInvalidos:
        taken = False
    else:
        taken = True

    assert taken is fits


async def test_a_group_that_moved_is_remembered_for_what_comes_next(
    channel: TelegramChannel, telegram: SimuladorTelegram
) -> None:
    telegram.moved["-42"] = "-1001"
    grupo = replace(OLA, destinatario="-42")

    await channel.send(grupo)
    await channel.send(grupo)
    await channel.show_typing("-42", instancia=None)

    assert list(telegram.chamadas) == ["sendMessage"] * 3 + ["sendChatAction"]
    assert telegram.bot.acoes == [("-1001", "typing")]


async def test_a_busy_group_waits_for_its_turn_and_keeps_nobody_else_waiting(
    channel: TelegramChannel, telegram: SimuladorTelegram
) -> None:
    grupo = replace(OLA, destinatario="-42")
    for _ in range(20):
        await channel.send(grupo)

    with pytest.raises(Adiado, match="this chat's turn") as put_off:
        await channel.send(grupo)
    await channel.send(OLA)

    assert put_off.value.retry_after_s == pytest.approx(60, abs=30)
    assert [m["chat_id"] for m in telegram.mensagens] == ["-42"] * 20 + ["42"]


async def test_an_answer_that_is_lost_says_that_the_message_may_have_arrived(
    channel: TelegramChannel, telegram: SimuladorTelegram
) -> None:
    telegram.misbehave("corta")

    with pytest.raises(OutsideError) as caught:
        await channel.send(OLA)

    assert (caught.value.classe, caught.value.unknown_outcome) == (Classe.RETRY, True)
    assert len(telegram.mensagens) == 1


async def test_while_told_to_wait_nobody_writes_and_it_costs_no_try(
    channel: TelegramChannel, telegram: SimuladorTelegram
) -> None:
    telegram.misbehave("429", segundos=7)
    with pytest.raises(OutsideError) as caught:
        await channel.send(OLA)

    with pytest.raises(Adiado):
        await channel.send(replace(OLA, destinatario="43"))

    assert caught.value.retry_after_s == 7
    assert list(telegram.chamadas) == ["sendMessage"]


async def test_an_edit_that_changes_nothing_is_done_and_is_no_message_of_its_own(
    channel: TelegramChannel, telegram: SimuladorTelegram
) -> None:
    sent = await channel.send(OLA)
    edit = replace(OLA, tipo=TipoMensagem.EVENTO, conteudo={"editar": sent, "texto": "olá"})

    assert await channel.send(edit) is None
    assert len(telegram.mensagens) == 1


async def test_a_press_that_was_answered_before_needs_no_answer(
    channel: TelegramChannel, telegram: SimuladorTelegram
) -> None:
    await channel.acknowledge("callback:unknown-by-now")
    await channel.acknowledge("42:7")  # a message, not a press

    assert list(telegram.chamadas) == ["answerCallbackQuery"]
