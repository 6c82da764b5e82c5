"""The channel against the stand-in: sent once, refused in words, one busy person alone waits."""

import json
from dataclasses import replace

import pytest

from ponte.connectors.whatsapp_cloud import build
from ponte.connectors.whatsapp_cloud.channel import classify_sent, probe
from ponte.domain.evento import Midia
from ponte.domain.mensagem import Canal, Mensagem, TipoMensagem
from ponte.errors import Adiado
from ponte.resilience.classes import Classe, OutsideError
from ponte.simulators.whatsapp_cloud import MEDIUM
from tests.connectors.lent import answer
from tests.connectors.whatsapp_cloud.caso import Caso

ANA, RUI = "5511999990001", "5511999990002"
OLA = Mensagem(TipoMensagem.TEXTO, Canal.WHATSAPP, ANA, "Temos sim!", id="019b-1")
ESCOLHA = replace(
    OLA,
    tipo=TipoMensagem.RESPOSTA_RAPIDA,
    conteudo={"texto": "Confirma?", "opcoes": ["Confirmar", "Remarcar"]},
)
MODELO = replace(
    OLA,
    tipo=TipoMensagem.EVENTO,
    conteudo={"modelo": "pedido_enviado", "idioma": "pt_BR", "parametros": ["1001"]},
)


async def test_a_message_gives_back_the_platforms_id_and_its_receipts_name_both(
    caso: Caso,
) -> None:
    await caso.simulador.write(ANA, "Tem 42?")

    id_externo = await caso.channel.send(OLA)

    [sent] = caso.simulador.mensagens
    written, *receipts = await caso.told(3)
    assert sent["text"]["body"] == "Temos sim!"
    assert id_externo == sent["message_id"]
    assert written.text == "Tem 42?"
    assert [(x.status, x.target_id) for x in receipts] == [
        ("sent", id_externo), ("delivered", id_externo),
    ]  # fmt: skip
    assert {x.further["callback_data"] for x in receipts} == {OLA.id}


@pytest.mark.parametrize(
    "opcoes", [["Confirmar", "Remarcar"], ["Confirmar", "Remarcar", "Falar", "Cancelar"]]
)
async def test_an_option_that_is_chosen_comes_back_with_the_message_it_answers(
    caso: Caso, opcoes: list[str]
) -> None:
    await caso.simulador.write(ANA, "Oi")
    nova = replace(ESCOLHA, conteudo={"texto": "Confirma?", "opcoes": opcoes})

    id_externo = await caso.channel.send(nova)
    await caso.simulador.press(ANA, "Remarcar", responde_a=id_externo or "")

    events = await caso.told(4)
    [chosen] = [x for x in events if x.type == "interactive"]
    assert (chosen.text, chosen.choice_id, chosen.reply_to) == ("Remarcar", "remarcar", id_externo)


async def test_what_customers_do_is_read(caso: Caso) -> None:
    wrote = await caso.simulador.write(ANA, "Oi")
    await caso.simulador.send_image(ANA)
    await caso.simulador.react(ANA, "wamid.X", "❤️")
    await caso.simulador.edit(ANA, wrote, "Olá")
    await caso.simulador.delete(ANA, wrote)

    kinds = [(x.kind, x.type, x.target_id) for x in await caso.told(5)]

    assert [kind for kind, _, _ in kinds] == ["message", "message", "reaction", "edit", "delete"]
    assert kinds[1][1] == "image"
    assert [target for _, _, target in kinds[2:]] == ["wamid.X", wrote, wrote]


async def test_a_delivery_that_comes_twice_is_the_same_event_twice(caso: Caso) -> None:
    caso.simulador.misbehave("duplicate")

    await caso.simulador.write(ANA, "Oi")

    first, second = await caso.told(2)
    assert first.identity == second.identity
    assert first.message_id in first.identity


async def test_a_number_that_whatsapp_knows_without_its_ninth_digit_is_written_to(
    caso: Caso,
) -> None:
    caso.simulador.contas[ANA] = "551199990001"
    await caso.simulador.write("551199990001", "Oi")

    assert await caso.channel.send(OLA) is not None


async def test_when_the_day_is_over_only_a_template_goes_out(caso: Caso) -> None:
    await caso.simulador.write(ANA, "Oi")
    caso.clock.ms += 24 * 3_600_000 + 1

    with pytest.raises(OutsideError) as caught:
        await caso.channel.send(OLA)

    assert caught.value.classe is Classe.WINDOW_CLOSED
    assert await caso.channel.send(MODELO) is not None


async def test_who_has_no_whatsapp_is_unreachable(caso: Caso) -> None:
    caso.simulador.fora.add(ANA)

    with pytest.raises(OutsideError) as caught:
        await caso.channel.send(OLA)

    assert caught.value.classe is Classe.RECIPIENT_UNREACHABLE


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
    await caso.simulador.write(ANA, "Oi")
    caso.simulador.misbehave(modo, onde="send")

    with pytest.raises(OutsideError) as caught:
        await caso.channel.send(OLA)

    assert caught.value.classe is classe
    assert caught.value.unknown_outcome is (modo == "html")
    assert list(caso.simulador.chamadas) == ["send"]
    assert not caso.simulador.mensagens
    assert caso.simulador.token not in f"{caught.value} {caught.value!r}"


async def test_what_meta_refuses_has_its_class(caso: Caso) -> None:
    await caso.simulador.write(ANA, "Oi")
    refusals = {
        4: Classe.RATE_LIMITED,
        80007: Classe.RATE_LIMITED,
        130429: Classe.RATE_LIMITED,
        131048: Classe.RATE_LIMITED,
        200: Classe.AUTH,
        131005: Classe.AUTH,
        368: Classe.AUTH,
        131042: Classe.AUTH,
        131000: Classe.RETRY,
        131052: Classe.INVALID_REQUEST,
        131049: Classe.RECIPIENT_UNREACHABLE,
    }
    caso.simulador.recusas = list(refusals)
    found = []

    for _ in refusals:
        with pytest.raises(OutsideError) as caught:
            await caso.channel.send(OLA)
        found.append(caught.value.classe)

    assert found == list(refusals.values())
    assert not caso.simulador.mensagens


async def test_a_rate_limit_of_the_number_makes_everybody_wait(caso: Caso) -> None:
    caso.simulador.misbehave("429", onde="send", segundos=120)
    with pytest.raises(OutsideError):
        await caso.channel.send(OLA)

    with pytest.raises(Adiado) as caught:
        await caso.channel.send(replace(OLA, destinatario=RUI))

    assert caught.value.retry_after_s == pytest.approx(120, abs=60)
    assert list(caso.simulador.chamadas) == ["send"]


async def test_an_answer_that_never_comes_may_have_had_its_effect(
    caso: Caso, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = build.send
    monkeypatch.setattr(build, "send", lambda *a: replace(whole(*a), timeout_s=1.0))
    caso.simulador.misbehave("mute", onde="send", segundos=60)

    with pytest.raises(OutsideError) as caught:
        await caso.channel.send(OLA)

    assert caught.value.classe is Classe.RETRY
    assert caught.value.unknown_outcome


async def test_who_was_written_to_too_often_waits_alone_and_longer_each_time(
    caso: Caso,
) -> None:
    for numero in (ANA, RUI):
        await caso.simulador.write(numero, "Oi")
    caso.simulador.apressados[ANA] = 2
    waits = []

    for _ in range(2):
        with pytest.raises(OutsideError) as caught:
            await caso.channel.send(OLA)
        assert caught.value.classe is Classe.RATE_LIMITED
        waits.append(caught.value.retry_after_s)
        with pytest.raises(Adiado) as told:
            await caso.channel.send(OLA)
        assert told.value.retry_after_s == waits[-1]
        assert await caso.channel.send(replace(OLA, destinatario=RUI)) is not None
        caso.clock.ms += int((waits[-1] or 0) * 1000)

    assert waits == [1, 4]
    assert await caso.channel.send(OLA) is not None


@pytest.mark.parametrize("body", [{}, {"messages": []}, {"messages": [{}]}, {"messages": "x"}])
def test_an_answer_without_an_id_is_no_sending(body: object) -> None:
    verdict = classify_sent(answer(200, body))

    assert verdict.classe is Classe.RETRY
    assert verdict.unknown_outcome


async def test_the_probe_reads_the_number_and_hears_of_an_expired_token(caso: Caso) -> None:
    await probe(caso.settings, caso.deps)
    caso.simulador.token = "EAANOVO"

    with pytest.raises(OutsideError) as caught:
        await probe(caso.settings, caso.deps)

    assert caught.value.classe is Classe.AUTH
    assert list(caso.simulador.chamadas) == ["number", "number"]


async def test_a_message_is_marked_as_read_and_an_answer_announced(caso: Caso) -> None:
    wrote = await caso.simulador.write(ANA, "Oi")
    mark = replace(OLA, tipo=TipoMensagem.EVENTO, conteudo={"lida": wrote, "digitando": True})

    caso.channel.check(mark)
    sent = await caso.channel.send(mark)

    assert sent is None
    assert caso.simulador.lidas == [wrote]
    assert not caso.simulador.mensagens


@pytest.mark.parametrize(
    ("conteudo", "tipo"), [({"texto": "Temos!"}, "text"), ({"reacao": "❤️"}, "reaction")]
)
async def test_an_answer_and_a_reaction_name_what_they_are_about(
    caso: Caso, conteudo: dict[str, str], tipo: str
) -> None:
    wrote = await caso.simulador.write(ANA, "Tem 42?")
    nova = replace(OLA, tipo=TipoMensagem.EVENTO, conteudo={"em_resposta_a": wrote, **conteudo})

    caso.channel.check(nova)
    await caso.channel.send(nova)

    [sent] = caso.simulador.mensagens
    named = sent["context"] if tipo == "text" else sent["reaction"]
    assert (sent["type"], named["message_id"]) == (tipo, wrote)


async def test_bytes_of_ones_own_are_uploaded_and_sent_by_their_id(caso: Caso) -> None:
    await caso.simulador.write(ANA, "Oi")
    url = "data:application/pdf;base64,JVBERi0="
    nova = replace(OLA, tipo=TipoMensagem.DOCUMENTO, conteudo={"url": url, "nome": "nf.pdf"})

    caso.channel.check(nova)
    assert await caso.channel.send(nova) is not None

    [sent] = caso.simulador.mensagens
    assert sent["document"].keys() == {"id", "filename"}
    assert caso.simulador.midias[sent["document"]["id"]] == (b"%PDF-", "application/pdf")
    again = replace(nova, conteudo=sent["document"]["id"])
    caso.channel.check(again)
    assert build.build(again)["document"] == {"id": sent["document"]["id"]}


async def test_an_upload_that_fails_sends_nothing(caso: Caso) -> None:
    await caso.simulador.write(ANA, "Oi")
    nova = replace(OLA, tipo=TipoMensagem.IMAGEM, conteudo="data:image/png;base64,iVBORw==")
    caso.simulador.misbehave("html", onde="upload")

    with pytest.raises(OutsideError) as caught:
        await caso.channel.send(nova)

    assert caught.value.classe is Classe.RETRY
    assert list(caso.simulador.chamadas) == ["upload"]


async def test_the_bytes_of_a_medium_are_fetched_with_the_token(caso: Caso) -> None:
    await caso.simulador.send_image(ANA)
    [event] = await caso.told(1)

    found = await caso.channel.download(event.media[0], message_id="x", instancia=None)

    assert found == (MEDIUM, "image/jpeg")
    assert list(caso.simulador.chamadas) == ["number", "download"]


@pytest.mark.parametrize(
    ("midia", "classe"),
    [
        (Midia(kind="image"), Classe.GONE),
        (Midia(kind="image", id="300000000000009"), Classe.INVALID_REQUEST),
        (Midia(kind="image", id="../300000000000001"), Classe.GONE),
    ],
)
async def test_a_medium_that_is_not_there_is_not_asked_for_again(
    caso: Caso, midia: Midia, classe: Classe
) -> None:
    with pytest.raises(OutsideError) as caught:
        await caso.channel.download(midia, message_id="x", instancia=None)

    assert caught.value.classe is classe


async def test_a_shop_that_only_receives_is_not_asked_about(caso: Caso) -> None:
    await probe(caso.settings.model_copy(update={"access_token": None}), caso.deps)

    assert not caso.simulador.chamadas


async def test_the_stand_in_is_no_easier_than_meta(caso: Caso) -> None:
    await caso.simulador.write(ANA, "Oi")
    corpo = build.build(ESCOLHA)
    corpo["interactive"]["action"]["buttons"] *= 2

    with pytest.raises(OutsideError) as caught:
        await caso.deps.http("x").send(build.send(caso.settings, corpo), classify_sent)

    assert caught.value.classe is Classe.INVALID_REQUEST
    assert "131009" in caught.value.verdict.detail


async def test_a_body_shows_everything_but_ascii_escaped(caso: Caso) -> None:
    await caso.simulador.write(ANA, "Olá ❤️")

    [(_, corpo)] = caso.recebidos
    [evento] = caso.events()

    assert corpo.isascii()
    assert json.loads(corpo)["object"] == "whatsapp_business_account"
    assert evento.text == "Olá ❤️"
