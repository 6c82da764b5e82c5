"""Direct messages against the stand-in: sent once, refused early, and never without a token."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from ponte.connectors.tiktok import build
from ponte.connectors.tiktok.channel import TiktokChannel, probe
from ponte.connectors.tiktok.parse import parse
from ponte.connectors.tiktok.settings import TiktokSettings
from ponte.connectors.tiktok.verify import verify
from ponte.domain.mensagem import Canal, Mensagem, TipoMensagem
from ponte.errors import DadosInvalidos
from ponte.ports import Deps
from ponte.resilience.classes import Classe, OutsideError
from ponte.settings import connector_values
from ponte.simulators.tiktok import APP_SECRET, SimuladorTiktok
from ponte.testing import FrozenClock
from tests.connectors.lent import HERE, NOW_MS, lending

FIXTURES = HERE / "tiktok" / "fixtures"
SHOP = TiktokSettings(business_id="-000FAKE_business_open_id")
CONVERSA = "a1FAKEconversation000000000=="
TEXTO = Mensagem(TipoMensagem.TEXTO, Canal.TIKTOK, CONVERSA, "Temos sim!")
CARTAO = replace(
    TEXTO,
    tipo=TipoMensagem.RESPOSTA_RAPIDA,
    conteudo={"texto": "Como posso ajudar?", "opcoes": ["Pedido", "Troca"]},
)


@dataclass
class Caso:
    """A stand-in, a channel to it, and the clock of both."""

    simulador: SimuladorTiktok
    settings: TiktokSettings
    deps: Deps
    clock: FrozenClock

    @property
    def channel(self) -> TiktokChannel:
        """A channel as a process that has just started has it."""
        return TiktokChannel(self.settings, self.deps)

    async def para(self, nome: str = "ana") -> Mensagem:
        await self.simulador.write(nome, "Oi")
        return replace(TEXTO, destinatario=self.simulador.conversa_de(nome))


@pytest.fixture
async def caso() -> AsyncIterator[Caso]:
    clock = FrozenClock(NOW_MS)
    simulador = SimuladorTiktok(now=lambda: clock.ms / 1000)
    env = simulador.env(await simulador.start())
    settings = TiktokSettings.model_validate(connector_values("tiktok", env))
    async with lending(now_ms=clock) as lent:
        yield Caso(simulador, settings, lent.deps, clock)
    await simulador.stop()


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("request_dm_text.json", build.message(SHOP, TEXTO)),
        ("request_dm_buttons.json", build.message(SHOP, CARTAO)),
        ("request_dm_typing.json", build.typing(SHOP, CONVERSA)),
    ],
)
def test_a_request_is_the_one_that_is_documented(name: str, body: dict[str, Any]) -> None:
    assert body == json.loads((FIXTURES / name).read_text())


async def test_a_message_gives_back_the_platforms_id(caso: Caso) -> None:
    mensagem = await caso.para()

    id_externo = await caso.channel.send(mensagem)

    [sent] = caso.simulador.mensagens
    assert id_externo == sent["message_id"]
    assert sent["text"] == {"body": "Temos sim!"}


async def test_buttons_are_a_card_and_typing_leaves_no_message(caso: Caso) -> None:
    mensagem = await caso.para()

    card = replace(CARTAO, destinatario=mensagem.destinatario)
    await caso.channel.show_typing(mensagem.destinatario, instancia=None)
    await caso.channel.send(card)

    typing, sent = caso.simulador.mensagens
    assert typing["sender_action"] == "TYPING"
    assert [b["title"] for b in sent["template"]["buttons"]] == ["Pedido", "Troca"]


@pytest.mark.parametrize(
    ("modo", "classe"),
    [("5xx", Classe.RETRY), ("429", Classe.RATE_LIMITED), ("html", Classe.RETRY)],
)
async def test_what_was_not_taken_says_so_in_its_class_and_was_tried_once(
    caso: Caso, modo: str, classe: Classe
) -> None:
    mensagem = await caso.para()
    caso.simulador.misbehave(modo, 1, onde="send")

    with pytest.raises(OutsideError) as caught:
        await caso.channel.send(mensagem)

    assert caught.value.classe is classe
    assert list(caso.simulador.chamadas) == ["send"]
    assert caso.simulador.access not in f"{caught.value} {caught.value!r}"


async def test_a_conversation_that_nobody_began_is_our_mistake(caso: Caso) -> None:
    with pytest.raises(OutsideError) as caught:
        await caso.channel.send(TEXTO)

    assert caught.value.classe is Classe.INVALID_REQUEST


async def test_a_token_that_is_refused_is_renewed_and_the_message_sent_once(caso: Caso) -> None:
    mensagem = await caso.para()
    caso.clock.advance(caso.simulador.validade_s + 1)

    await caso.channel.send(mensagem)

    assert len(caso.simulador.mensagens) == 1
    assert caso.simulador.renovacoes == 1


async def test_a_renewed_token_outlives_the_process_and_the_old_one_is_not_used_again(
    caso: Caso,
) -> None:
    mensagem = await caso.para()
    caso.simulador.misbehave("token", 1, onde="send")
    await caso.channel.send(mensagem)

    await caso.channel.send(mensagem)  # a process that has just started

    assert list(caso.simulador.chamadas) == ["send", "renew", "send", "send"]
    assert caso.simulador.renovacoes == 1


async def test_a_token_is_renewed_before_it_ends_and_each_time_with_the_newest(
    caso: Caso,
) -> None:
    mensagem = await caso.para()
    caso.simulador.misbehave("token", 1, onde="send")
    channel = caso.channel
    await channel.send(mensagem)

    for _ in range(3):
        caso.clock.advance(0.81 * caso.simulador.validade_s)
        await caso.simulador.write("ana", "ainda aí?")
        await channel.send(mensagem)

    assert caso.simulador.renovacoes == 4
    assert list(caso.simulador.chamadas)[-2:] == ["renew", "send"]


async def test_of_two_processes_that_renew_the_later_takes_the_token_of_the_first(
    caso: Caso,
) -> None:
    mensagem = await caso.para()
    first, second = caso.channel, caso.channel
    await second.send(mensagem)  # both have the first token in hand
    caso.simulador.misbehave("token", 1, onde="send")
    await first.send(mensagem)

    await second.send(mensagem)

    assert caso.simulador.renovacoes == 1
    assert len(caso.simulador.mensagens) == 3


async def test_an_authorization_that_was_removed_stops_the_account(caso: Caso) -> None:
    mensagem = await caso.para()
    await caso.simulador.remove_authorization()

    with pytest.raises(OutsideError) as caught:
        await caso.channel.send(mensagem)

    assert caught.value.classe is Classe.AUTH


async def test_what_was_missed_is_read_back_in_order_and_known_by_the_same_ids(
    caso: Caso,
) -> None:
    first = await caso.simulador.write("ana", "Oi, tem 42?")
    caso.clock.advance(60)
    mensagem = await caso.para("bia")
    caso.clock.advance(60)
    sent = await caso.channel.send(mensagem)

    events = await caso.channel.pull(desde_ms=NOW_MS)
    late = await caso.channel.pull(desde_ms=NOW_MS + 120_000)

    assert [x.message_id for x in events][0::2] == [first, sent]
    assert [(x.from_me, x.text) for x in events] == [
        (False, "Oi, tem 42?"), (False, "Oi"), (True, "Temos sim!"),
    ]  # fmt: skip
    assert [x.message_id for x in late] == [sent]
    assert await probe(caso.settings, caso.deps) is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize("act", ["write", "press", "send_image", "share", "read"])
async def test_what_customers_do_arrives_signed_and_is_understood(caso: Caso, act: str) -> None:
    posted: list[bytes] = []

    async def post(corpo: bytes, **_: Any) -> None:
        posted.append(corpo)

    caso.simulador.post = post  # type: ignore[method-assign]
    await getattr(caso.simulador, act)("ana", *([] if act in {"send_image", "read"} else ["77"]))

    [body] = posted
    [event] = parse(body, caso.settings)
    headers = caso.simulador.headers(body)
    assert verify(headers, body, [APP_SECRET], now_ms=caso.clock())
    assert event.kind == ("read" if act == "read" else "message")
    assert event.chat_id == caso.simulador.conversa_de("ana")


@pytest.mark.parametrize(
    ("mensagem", "campo"),
    [
        (replace(TEXTO, conteudo="x" * 6001), "conteudo"),
        (replace(TEXTO, destinatario="com espaço"), "destinatario"),
        (replace(TEXTO, tipo=TipoMensagem.VIDEO, conteudo={"url": "https://x.example"}), "tipo"),
        (replace(CARTAO, conteudo={"texto": "x" * 41, "opcoes": ["a"]}), "conteudo.texto"),
        (replace(CARTAO, conteudo={"texto": "x", "opcoes": ["a"] * 4}), "conteudo.opcoes"),
        (replace(CARTAO, conteudo={"texto": "x", "opcoes": ["a" * 21]}), "conteudo.opcoes.0"),
    ],
)
async def test_what_tiktok_would_refuse_is_refused_first(
    caso: Caso, mensagem: Mensagem, campo: str
) -> None:
    with pytest.raises(DadosInvalidos) as caught:
        caso.channel.check(mensagem)

    assert [x.campo for x in caught.value.errors] == [campo]


async def test_without_an_account_to_write_from_nothing_is_taken(caso: Caso) -> None:
    receives = TiktokSettings.model_validate({"app_secret": "s"})

    with pytest.raises(DadosInvalidos, match="canal"):
        TiktokChannel(receives, caso.deps).check(TEXTO)
