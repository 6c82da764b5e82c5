"""The channels against their stand-ins: sent once, refused in words, and never a token shown."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from ponte.connectors.meta.channel import MetaChannel
from ponte.domain.evento import EventoDeCanal, Midia
from ponte.domain.mensagem import TipoMensagem
from ponte.errors import Adiado
from ponte.ports import Deps, WebhookRequest
from ponte.resilience import exchange
from ponte.resilience.classes import Classe, OutsideError
from ponte.settings import connector_values
from ponte.simulators import meta
from ponte.simulators.meta_mensageiro import MEDIUM, SimuladorMensageiro
from ponte.testing import FrozenClock
from tests.connectors.lent import NOW_MS, answer, lending
from tests.connectors.meta.redes import RedeDeTeste

DAY_S = 86_400


@dataclass
class Caso:
    """A stand-in whose posts are kept, a channel to it, and the clock of both."""

    rede: RedeDeTeste
    simulador: SimuladorMensageiro
    settings: Any
    deps: Deps
    clock: FrozenClock
    posted: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)

    @property
    def channel(self) -> MetaChannel:
        channel = self.rede.connector.channel
        assert channel is not None
        made = channel(self.settings, self.deps)
        assert isinstance(made, MetaChannel)
        return made

    async def send(self, tipo: TipoMensagem, conteudo: Any) -> str | None:
        mensagem = self.rede.message(tipo, conteudo)
        channel = self.channel
        channel.check(mensagem)
        return await channel.send(mensagem)

    def events(self) -> list[EventoDeCanal]:
        """Return the events of every delivery that is verified."""
        webhook = self.rede.connector.webhook
        assert webhook is not None
        receiver = webhook(self.settings)
        return [
            event
            for headers, corpo in self.posted
            if receiver.verify(
                WebhookRequest("", {k.lower(): v for k, v in headers.items()}, {}, corpo), now_ms=0
            )
            for event in self.rede.parse(corpo)
        ]


@pytest.fixture
async def caso(rede: RedeDeTeste) -> AsyncIterator[Caso]:
    clock = FrozenClock(NOW_MS)
    simulador = rede.simulador(now=lambda: clock.ms / 1000)
    env = simulador.env(await simulador.start())
    settings = rede.settings(**connector_values(rede.nome, env))
    async with lending(now_ms=clock) as lent:
        caso = Caso(rede, simulador, settings, lent.deps, clock)
        simulador.webhook_url = "kept"

        async def keep(_url: str, corpo: bytes, headers: Mapping[str, str]) -> int | None:
            caso.posted.append((headers, corpo))
            return 200

        simulador._once = keep  # type: ignore[method-assign,assignment]
        yield caso
    await simulador.stop()


async def test_what_people_do_is_signed_and_read(caso: Caso) -> None:
    sim, ana = caso.simulador, caso.rede.pessoa
    wrote = await sim.write(ana, "Olá ❤️, tem 42?")
    await sim.send_media(ana, "audio")
    await sim.answer_story(ana, "Amei!")
    await sim.mention_in_story(ana)
    await sim.send_unknown(ana)
    await sim.tap(ana, "Qual o horário?", "HORARIO")
    await sim.react(ana, wrote)
    await sim.edit(ana, wrote, "tem 43?")
    await sim.delete(ana, wrote)
    await sim.refer(ana, "vitrine")
    await sim.comment(ana, "Lindo!", comment_id="c1")
    await sim.hand_over(ana)
    await sim.write(ana, "ainda aí?")
    await sim.hand_over(ana, de_volta=True)
    by_hand = await sim.write_by_hand(ana, "já respondo")

    events = caso.events()

    assert [(x.kind, x.type or x.target_id) for x in events] == [
        ("message", "text"), ("message", "audio"), ("message", "text"),
        ("message", "story_mention"), ("message", "unsupported"), ("postback", None),
        ("reaction", wrote), ("edit", wrote), ("delete", wrote), ("referral", None),
        ("comment", None), ("handover", None), ("message", "text"), ("handover", None),
        ("message", "text"),
    ]  # fmt: skip
    assert events[0].text == "Olá ❤️, tem 42?"
    assert events[2].further["story_id"] == "1800000001"
    assert [x.standby for x in events[12:]] == [True, False, False]
    assert (events[-1].from_me, events[-1].message_id) == (True, by_hand)
    assert {x.chat_id for x in events} == {ana}


async def test_a_message_gives_back_the_platforms_id_and_comes_back_as_an_echo(
    caso: Caso,
) -> None:
    await caso.simulador.write(caso.rede.pessoa, "Oi")

    id_externo = await caso.send(TipoMensagem.TEXTO, "Temos sim!")
    await caso.simulador.read(caso.rede.pessoa, id_externo or "")

    [sent] = caso.simulador.mensagens
    _, echo, *receipts = caso.events()
    assert id_externo == sent["message_id"] == echo.message_id
    assert (echo.from_me, echo.text) == (True, "Temos sim!")
    marks = {"delivered", "read"} if caso.rede.nome == "facebook" else {"read"}
    assert {x.status or x.kind for x in receipts} == marks


async def test_an_option_that_is_chosen_comes_back(caso: Caso) -> None:
    await caso.simulador.write(caso.rede.pessoa, "Oi")
    ask = {"texto": "Confirma?", "opcoes": ["Sim", "Agora não"]}

    sent = await caso.send(TipoMensagem.RESPOSTA_RAPIDA, ask)
    await caso.simulador.press(caso.rede.pessoa, "Agora não", responde_a=sent or "")

    chosen = caso.events()[-1]
    assert (chosen.type, chosen.text, chosen.choice_id) == ("interactive", "Agora não", "Agora não")


async def test_a_template_a_medium_and_sender_actions_go_out(caso: Caso) -> None:
    await caso.simulador.write(caso.rede.pessoa, "Oi")
    button = {"type": "postback", "title": "Ver", "payload": "VER"}
    payload = {"template_type": "button", "text": "Pedido 1001", "buttons": [button]}
    template = {"message": {"attachment": {"type": "template", "payload": payload}}}

    sent = await caso.send(TipoMensagem.EVENTO, template)
    await caso.send(TipoMensagem.IMAGEM, "https://loja.example/42.jpg")
    await caso.channel.show_typing(caso.rede.pessoa, instancia=None)
    seen = await caso.send(TipoMensagem.EVENTO, "mark_seen")
    await caso.simulador.press(caso.rede.pessoa, "Ver", responde_a=sent or "")

    assert seen is None
    actions = [x.get("sender_action") for x in caso.simulador.mensagens]
    assert actions == [None, None, "typing_on", "mark_seen"]
    assert caso.events()[-1].choice_id == "VER"


async def test_when_the_day_is_over_only_a_persons_words_go_out_and_for_a_week(
    caso: Caso,
) -> None:
    await caso.simulador.write(caso.rede.pessoa, "Oi")
    by_hand = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT", "message": {"text": "Oi!"}}
    caso.clock.advance(DAY_S + 1)

    with pytest.raises(OutsideError) as caught:
        await caso.send(TipoMensagem.TEXTO, "Temos sim!")
    tagged = await caso.send(TipoMensagem.EVENTO, by_hand)
    caso.clock.advance(6 * DAY_S)
    with pytest.raises(OutsideError) as later:
        await caso.send(TipoMensagem.EVENTO, by_hand)

    assert tagged is not None
    assert {caught.value.classe, later.value.classe} == {Classe.WINDOW_CLOSED}


@pytest.mark.parametrize(
    ("modo", "classe"),
    [
        ("5xx", Classe.RETRY),
        ("429", Classe.RATE_LIMITED),
        ("html", Classe.RETRY),
        ("token", Classe.AUTH),
    ],
)
async def test_what_was_not_taken_says_so_in_its_class_and_was_tried_once(
    caso: Caso, modo: str, classe: Classe
) -> None:
    await caso.simulador.write(caso.rede.pessoa, "Oi")
    caso.simulador.misbehave(modo, onde="send")

    with pytest.raises(OutsideError) as caught:
        await caso.send(TipoMensagem.TEXTO, "Temos sim!")

    assert caught.value.classe is classe
    assert caught.value.unknown_outcome is (modo == "html")
    assert list(caso.simulador.chamadas) == ["send"]
    assert not caso.simulador.mensagens
    assert caso.simulador.token not in f"{caught.value} {caught.value!r}"


async def test_what_meta_refuses_has_its_class(caso: Caso) -> None:
    await caso.simulador.write(caso.rede.pessoa, "Oi")
    refusals = {
        (4, None): Classe.RATE_LIMITED,
        (613, None): Classe.RATE_LIMITED,
        (80006, None): Classe.RATE_LIMITED,
        (200, None): Classe.AUTH,
        (10, 2018028): Classe.AUTH,
        (1200, None): Classe.RETRY,
        (100, 2018008): Classe.INVALID_REQUEST,
    }
    found = {}

    for code, subcode in refusals:
        caso.simulador.refuse(code, subcode)
        with pytest.raises(OutsideError) as caught:
            await caso.send(TipoMensagem.TEXTO, "Temos sim!")
        found[code, subcode] = caught.value.classe

    assert found == refusals


async def test_people_who_never_wrote_or_are_gone_are_unreachable(caso: Caso) -> None:
    with pytest.raises(OutsideError) as stranger:
        await caso.send(TipoMensagem.TEXTO, "Oi!")
    await caso.simulador.write(caso.rede.pessoa, "Oi")
    caso.simulador.fora.add(caso.rede.pessoa)
    with pytest.raises(OutsideError) as gone:
        await caso.send(TipoMensagem.TEXTO, "Oi!")

    assert {stranger.value.classe, gone.value.classe} == {Classe.RECIPIENT_UNREACHABLE}


async def test_a_rate_limit_makes_everybody_wait_as_long_as_its_header_says(caso: Caso) -> None:
    caso.simulador.misbehave("429", onde="send", segundos=120)
    with pytest.raises(OutsideError):
        await caso.send(TipoMensagem.TEXTO, "Oi!")

    with pytest.raises(Adiado) as caught:
        await caso.send(TipoMensagem.TEXTO, "Oi!")

    assert caught.value.retry_after_s == pytest.approx(120, abs=60)
    assert list(caso.simulador.chamadas) == ["send"]


async def test_a_usage_above_four_fifths_slows_the_next_call_down(caso: Caso) -> None:
    await caso.simulador.write(caso.rede.pessoa, "Oi")
    caso.simulador.uso = 81
    classify = caso.rede.connector.classify
    assert classify is not None
    headers = {"x-app-usage": '{"call_count": 81}'}

    sent = await caso.send(TipoMensagem.TEXTO, "Temos sim!")

    assert sent is not None
    assert classify(answer(200, {"message_id": "m"}, headers=headers)).retry_after_s == 1


async def test_an_answer_that_never_comes_may_have_had_its_effect(
    caso: Caso, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ponte.connectors.meta.channel.Request", _impatient)
    caso.simulador.misbehave("mute", onde="send", segundos=60)

    with pytest.raises(OutsideError) as caught:
        await caso.send(TipoMensagem.TEXTO, "Oi!")

    assert caught.value.classe is Classe.RETRY
    assert caught.value.unknown_outcome


def _impatient(*args: Any, **kwargs: Any) -> exchange.Request:
    return replace(exchange.Request(*args, **kwargs), timeout_s=0.5)


async def test_a_delivery_that_comes_twice_is_the_same_event_twice(caso: Caso) -> None:
    caso.simulador.misbehave("duplicate")

    await caso.simulador.write(caso.rede.pessoa, "Oi")

    first, second = caso.events()
    assert first.identity == second.identity


async def test_the_bytes_of_a_medium_are_fetched_from_meta_and_from_nowhere_else(
    caso: Caso,
) -> None:
    await caso.simulador.send_media(caso.rede.pessoa)
    [anexo] = caso.events()[0].media
    elsewhere = Midia(kind="image", url="http://169.254.169.254/latest/meta-data")

    found = await caso.channel.download(anexo, message_id="m", instancia=None)
    with pytest.raises(OutsideError) as caught:
        await caso.channel.download(elsewhere, message_id="m", instancia=None)

    assert found == (MEDIUM, "image/png")
    assert caught.value.classe is Classe.GONE
    assert list(caso.simulador.chamadas) == ["medium"]


@pytest.mark.parametrize(
    ("modo", "classe"), [("token", Classe.GONE), ("5xx", Classe.RETRY), ("html", Classe.RETRY)]
)
async def test_a_medium_that_does_not_come_says_whether_it_may_later(
    caso: Caso, modo: str, classe: Classe
) -> None:
    caso.simulador.misbehave(modo, onde="medium")
    anexo = Midia(kind="image", url=f"{caso.settings.base_url}/midia/1")

    with pytest.raises(OutsideError) as caught:
        await caso.channel.download(anexo, message_id="m", instancia=None)

    assert caught.value.classe is classe


async def test_the_probe_asks_who_the_token_is_and_hears_of_a_dead_one(caso: Caso) -> None:
    probe = caso.rede.connector.probe
    assert probe is not None
    mute = caso.rede.settings(app_secret="x")

    await probe(mute, caso.deps)
    await probe(caso.settings, caso.deps)
    caso.simulador.token = "another"
    with pytest.raises(OutsideError) as caught:
        await probe(caso.settings, caso.deps)

    assert caught.value.classe is Classe.AUTH
    assert list(caso.simulador.chamadas) == ["node", "node"]


async def test_the_stand_in_is_no_easier_than_meta(caso: Caso) -> None:
    await caso.simulador.write(caso.rede.pessoa, "Oi")
    replies = [{"content_type": "text", "title": "x" * 21, "payload": "x"}]
    bodies: tuple[Any, ...] = (
        {"message": {"text": "x" * 2001}},
        {"message": {"text": ""}},
        {"message": {"text": "Oi", "quick_replies": replies}},
        {"message": {"attachment": {"type": "hologram", "payload": {}}}},
        {"message": {"attachment": {"type": "image", "payload": {"url": "ftp://x"}}}},
        {"message": {"attachment": {"type": "template", "payload": {}}}},
        {"message": {"text": "Oi"}, "messaging_type": "MESSAGE_TAG", "tag": "POST_PURCHASE"},
        {"sender_action": "dance"},
        {},
    )
    url = caso.settings.url("/messages")
    headers = {"Authorization": f"Bearer {caso.simulador.token}"}
    classify = caso.rede.connector.classify
    assert classify is not None

    for corpo in bodies:
        whole = {"recipient": {"id": caso.rede.pessoa}, **corpo}
        request = exchange.Request("POST", url, json=whole, headers=headers)
        with pytest.raises(OutsideError) as caught:
            await caso.deps.http("x").send(request, classify)
        assert caught.value.classe is Classe.INVALID_REQUEST

    assert not caso.simulador.mensagens


async def test_the_stand_in_knows_people_apps_comments_and_tokens_of_an_hour(caso: Caso) -> None:
    sim, ana = caso.simulador, caso.rede.pessoa
    await sim.write(ana, "Oi")
    sim.vive_s = sim.vive_s if not sim.rede.renova else 3 * DAY_S

    async def call(method: str, url: str, **body: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {sim.token}"}
        given = await caso.deps.http("x").request(method, url, json=body or None, headers=headers)
        return dict(given.json())

    base, version = caso.settings.base_url, caso.settings.api_version
    person = await call("GET", f"{base}/{version}/{ana}?fields=name")
    before = await call("GET", caso.settings.url("/subscribed_apps"))
    await call("POST", caso.settings.url("/subscribed_apps?subscribed_fields=messages,standby"))
    private = {"recipient": {"comment_id": "c1"}, "message": {"text": "Oi!"}}
    once, twice = [await call("POST", caso.settings.url("/messages"), **private) for _ in "12"]
    exchange_ = f"{base}/access_token?grant_type=ig_exchange_token&client_secret="
    wrong = await call("GET", f"{exchange_}wrong")
    granted = await call("GET", f"{exchange_}{meta.APP_SECRET}")

    assert person["id"] == ana
    assert before == {"data": []}
    assert sim.assinados == ("messages", "standby")
    assert (once["recipient_id"], twice["error"]["error_subcode"]) == ("c1", 2018108)
    assert wrong["error"]["code"] == 1
    assert granted["access_token"] == sim.token
