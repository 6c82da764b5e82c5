"""Sending through the stand-in of Evolution: who is reached, what is refused, at which pace."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ponte.connectors.whatsapp import channel as channel_module
from ponte.connectors.whatsapp.build import build
from ponte.connectors.whatsapp.channel import WhatsAppChannel, probe
from ponte.connectors.whatsapp.numeros import KEEP_MS, MOST, Numeros
from ponte.connectors.whatsapp.settings import WhatsAppSettings
from ponte.domain.evento import Midia
from ponte.domain.mensagem import Canal, Mensagem, TipoMensagem
from ponte.errors import Adiado, DadosInvalidos
from ponte.resilience.classes import Classe, OutsideError
from ponte.settings import connector_values
from ponte.simulators.whatsapp import INSTANCIA, SimuladorWhatsApp
from tests.connectors.lent import NOW_MS, Lent, lending

FIXTURES = Path(__file__).parent / "fixtures"
CLIENTE = "5511999990001"
OLA = Mensagem(TipoMensagem.TEXTO, Canal.WHATSAPP, CLIENTE, "olá")
ESCOLHA = replace(
    OLA,
    tipo=TipoMensagem.RESPOSTA_RAPIDA,
    conteudo={"texto": "Confirma?", "opcoes": ["Confirmar", "Remarcar"]},
)


def settings_at(url: str, **values: object) -> WhatsAppSettings:
    env = connector_values("whatsapp", SimuladorWhatsApp().env(url))
    return WhatsAppSettings.model_validate(env | values)


@pytest.fixture
async def whatsapp() -> AsyncIterator[SimuladorWhatsApp]:
    simulador = SimuladorWhatsApp(now=lambda: NOW_MS / 1000)
    yield simulador
    await simulador.stop()


@pytest.fixture
async def lent() -> AsyncIterator[Lent]:
    async with lending() as lent:
        yield lent


@pytest.fixture
async def channel(whatsapp: SimuladorWhatsApp, lent: Lent) -> WhatsAppChannel:
    return WhatsAppChannel(settings_at(await whatsapp.start()), lent.deps)


def golden(name: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((FIXTURES / f"request_{name}.json").read_text())
    return body


def built(mensagem: Mensagem, **values: object) -> Any:
    settings = settings_at("http://evolution.test", **values)
    return build(mensagem, settings, instancia=INSTANCIA, number=CLIENTE)


# ---------------------------------------------------------------- what is asked of Evolution


@pytest.mark.parametrize(
    ("name", "tipo", "conteudo"),
    [
        ("send_text", TipoMensagem.TEXTO, "Seu pedido 1001 saiu para entrega."),
        (
            "send_media",
            TipoMensagem.DOCUMENTO,
            {
                "url": "https://files.ponte.example/nf/1001.pdf",
                "mime": "application/pdf",
                "nome": "nf-1001.pdf",
                "legenda": "Nota fiscal do pedido 1001",
            },
        ),
        ("send_whatsapp_audio", TipoMensagem.AUDIO, "https://files.ponte.example/audio/ola.ogg"),
        (
            "send_location",
            TipoMensagem.LOCALIZACAO,
            {
                "latitude": -23.5505,
                "longitude": -46.6333,
                "nome": "Loja Centro",
                "endereco": "Praça da Sé, São Paulo",
            },
        ),
    ],
)
def test_a_request_is_the_published_one(name: str, tipo: TipoMensagem, conteudo: Any) -> None:
    request = built(replace(OLA, tipo=tipo, conteudo=conteudo))

    assert request.json == golden(name)
    assert request.headers["apikey"] not in repr(request)


def test_quick_replies_are_numbered_text_unless_buttons_are_wanted() -> None:
    plain, pressed = built(ESCOLHA), built(ESCOLHA, buttons=True)

    assert plain.json["text"] == "Confirma?\n\n1 - Confirmar\n2 - Remarcar"
    assert plain.url.endswith("/message/sendText/loja-centro")
    assert pressed.url.endswith("/message/sendButtons/loja-centro")
    assert pressed.json.keys() <= golden("send_buttons").keys()
    assert [x["type"] for x in pressed.json["buttons"]] == ["reply", "reply"]


def test_what_cannot_be_buttons_is_numbered_all_the_same() -> None:
    many = replace(ESCOLHA, conteudo={"texto": "Qual?", "opcoes": ["a", "b", "c", "d"]})

    assert "4 - d" in built(many, buttons=True).json["text"]


def test_bytes_lose_the_head_that_evolution_refuses() -> None:
    photo = replace(OLA, tipo=TipoMensagem.IMAGEM, conteudo="data:image/png;base64,AAAA")

    assert built(photo).json["media"] == "AAAA"


def test_a_name_of_dots_leads_to_no_other_call() -> None:
    assert settings_at("http://e.test").url("message/sendText", "..").endswith("/%2E%2E")


# ---------------------------------------------------------------- what is refused before


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"destinatario": "ana"}, "destinatario"),
        ({"destinatario": "99@newsletter"}, "destinatario"),
        ({"conteudo": "x" * 4097}, "conteudo"),
        ({"conteudo": " "}, "conteudo"),
        ({"tipo": TipoMensagem.EVENTO}, "tipo"),
        ({"tipo": TipoMensagem.IMAGEM, "conteudo": "ftp://x/y"}, "conteudo.url"),
        (
            {"tipo": TipoMensagem.AUDIO, "conteudo": {"url": "https://x/y", "legenda": "z"}},
            "conteudo.legenda",
        ),
        (
            {
                "tipo": TipoMensagem.RESPOSTA_RAPIDA,
                "conteudo": {"texto": "x" * 4090, "opcoes": ["sim"]},
            },
            "conteudo",
        ),
    ],
)
async def test_what_could_not_be_sent_is_refused_at_once(
    channel: WhatsAppChannel, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(DadosInvalidos) as caught:
        channel.check(replace(OLA, **changes))

    assert field in [problema.campo for problema in caught.value.errors]


async def test_a_message_needs_an_instance(lent: Lent) -> None:
    nobody = WhatsAppChannel(settings_at("http://e.test", instance=None), lent.deps)

    with pytest.raises(DadosInvalidos, match="instancia"):
        nobody.check(OLA)


@pytest.mark.parametrize(
    "to", [CLIENTE, "+55 (11) 99999-0001", "120363@g.us", f"{CLIENTE}@s.whatsapp.net", "10000@lid"]
)
async def test_numbers_and_addresses_are_taken(channel: WhatsAppChannel, to: str) -> None:
    assert channel.check(replace(OLA, destinatario=to)) is None  # type: ignore[func-returns-value]


# ---------------------------------------------------------------- whom it reaches


async def test_a_message_gives_back_the_platforms_id(
    channel: WhatsAppChannel, whatsapp: SimuladorWhatsApp
) -> None:
    id_externo = await channel.send(OLA)

    [sent] = whatsapp.mensagens
    assert (sent["id"], sent["corpo"]["text"]) == (id_externo, "olá")


@pytest.mark.parametrize("dialled", ["5588999990002", "558899990002"])
async def test_an_account_without_the_ninth_digit_is_reached_however_it_is_dialled(
    channel: WhatsAppChannel, whatsapp: SimuladorWhatsApp, dialled: str
) -> None:
    await channel.send(replace(OLA, destinatario=dialled))

    [sent] = whatsapp.mensagens
    assert sent["para"] == "558899990002@s.whatsapp.net"


async def test_an_account_that_evolution_would_guess_wrong_is_reached(
    channel: WhatsAppChannel, whatsapp: SimuladorWhatsApp
) -> None:
    whatsapp.api.contas["5588999990002"] = "5588999990002"

    await channel.send(replace(OLA, destinatario="5588999990002"))

    [sent] = whatsapp.mensagens
    assert sent["para"] == "5588999990002@s.whatsapp.net"


async def test_a_number_is_asked_about_once(
    channel: WhatsAppChannel, whatsapp: SimuladorWhatsApp
) -> None:
    await channel.show_typing(CLIENTE, instancia=None)
    await channel.send(OLA)

    assert list(whatsapp.chamadas) == ["whatsappNumbers", "sendPresence", "sendText"]


async def test_an_address_of_whatsapp_is_not_asked_about(
    channel: WhatsAppChannel, whatsapp: SimuladorWhatsApp
) -> None:
    await channel.send(replace(OLA, destinatario="1203630000@g.us"))

    assert list(whatsapp.chamadas) == ["sendText"]


async def test_nobody_there_is_unreachable(
    channel: WhatsAppChannel, whatsapp: SimuladorWhatsApp
) -> None:
    whatsapp.api.fora.add(CLIENTE)

    with pytest.raises(OutsideError) as caught:
        await channel.send(OLA)

    assert caught.value.classe is Classe.RECIPIENT_UNREACHABLE
    assert CLIENTE not in str(caught.value)


async def test_a_number_that_left_is_asked_about_again(
    channel: WhatsAppChannel, whatsapp: SimuladorWhatsApp
) -> None:
    await channel.show_typing(CLIENTE, instancia=None)
    whatsapp.api.fora.add(CLIENTE)
    with pytest.raises(OutsideError):
        await channel.send(OLA)
    whatsapp.api.fora.clear()

    await channel.show_typing(CLIENTE, instancia=None)

    assert list(whatsapp.chamadas).count("whatsappNumbers") == 2


def test_numbers_are_remembered_for_thirty_days_and_not_without_end() -> None:
    numeros = Numeros()
    for i in range(MOST + 1):
        numeros.put(str(i), f"{i}@s.whatsapp.net", now_ms=0)

    assert numeros.get("0", now_ms=1) is None
    assert numeros.get("1", now_ms=KEEP_MS - 1) == "1@s.whatsapp.net"
    assert numeros.get("1", now_ms=KEEP_MS) is None


async def test_an_instance_writes_once_a_second_and_others_do_not_wait(
    channel: WhatsAppChannel, whatsapp: SimuladorWhatsApp
) -> None:
    other = replace(whatsapp.api.instancias[INSTANCIA], nome="norte")
    whatsapp.api.instancias["norte"] = other
    to_group = replace(OLA, destinatario="1203630000@g.us")

    burst = await asyncio.gather(
        *(channel.send(to_group) for _ in range(5)),
        channel.send(replace(to_group, instancia="norte")),
        return_exceptions=True,
    )

    assert any(isinstance(x, Adiado) for x in burst)
    assert isinstance(burst[-1], str)


@pytest.mark.parametrize(
    ("modo", "classe"),
    [
        ("5xx", Classe.RETRY),
        ("429", Classe.RATE_LIMITED),
        ("html", Classe.RETRY),
        ("token", Classe.AUTH),
    ],
)
async def test_what_was_not_taken_says_so_in_its_class_and_without_the_key(
    channel: WhatsAppChannel, whatsapp: SimuladorWhatsApp, modo: str, classe: Classe
) -> None:
    whatsapp.misbehave(modo, 1, onde="sendText")

    with pytest.raises(OutsideError) as caught:
        await channel.send(OLA)

    assert caught.value.classe is classe
    assert whatsapp.api.api_key not in f"{caught.value} {caught.value!r}"
    assert not whatsapp.mensagens


async def test_an_answer_that_never_comes_may_have_sent_the_message(
    channel: WhatsAppChannel, whatsapp: SimuladorWhatsApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        channel_module, "build", lambda *a, **k: replace(build(*a, **k), timeout_s=1.0)
    )
    whatsapp.misbehave("mute", 1, onde="sendText", segundos=60)

    with pytest.raises(OutsideError) as caught:
        await channel.send(replace(OLA, destinatario="1203630000@g.us"))

    assert (caught.value.classe, caught.value.unknown_outcome) == (Classe.RETRY, True)


async def test_an_instance_that_does_not_exist_is_gone(channel: WhatsAppChannel) -> None:
    with pytest.raises(OutsideError) as caught:
        await channel.send(replace(OLA, instancia="nenhuma"))

    assert caught.value.classe is Classe.GONE


# ---------------------------------------------------------------- what is read


async def test_what_was_missed_is_read_oldest_first_with_its_receipts(
    channel: WhatsAppChannel, whatsapp: SimuladorWhatsApp
) -> None:
    for i in range(120):
        await whatsapp.escrever(f"oi {i}", de=CLIENTE)
    registros = whatsapp.api.instancias[INSTANCIA].registros
    for i, registro in enumerate(registros):
        registro["messageTimestamp"] = NOW_MS // 1000 - 200 + i
    registros[119]["MessageUpdate"] = [{"status": "READ"}]

    events = await channel.pull(desde_ms=NOW_MS - 190_000)

    texts = [x.text for x in events if x.kind == "message"]
    assert texts == [f"oi {i}" for i in range(10, 120)]
    assert [x.status for x in events if x.kind == "status"] == ["read"]


async def test_the_bytes_of_a_medium_are_fetched_unless_they_came_along(
    channel: WhatsAppChannel, whatsapp: SimuladorWhatsApp
) -> None:
    message_id = await whatsapp.foto(de=CLIENTE)

    fetched, mime = await channel.download(
        Midia(kind="image"), message_id=message_id, instancia=None
    )
    inline, _ = await channel.download(
        Midia(kind="image", inline_base64="aGk="), message_id="x", instancia=None
    )

    assert (fetched[:4], mime) == (b"\x89PNG", "image/png")
    assert inline == b"hi"
    assert list(whatsapp.chamadas) == ["getBase64FromMediaMessage"]


async def test_a_probe_tells_a_telephone_that_is_unpaired(
    whatsapp: SimuladorWhatsApp, lent: Lent
) -> None:
    settings = settings_at(await whatsapp.start())
    await probe(settings, lent.deps)
    await whatsapp.sair()

    with pytest.raises(OutsideError, match="fechada") as caught:
        await probe(settings, lent.deps)

    assert caught.value.classe is Classe.AUTH
