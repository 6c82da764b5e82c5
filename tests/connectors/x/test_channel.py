"""Direct messages against the stand-in: sent once, refused early, and never without a token."""

import json
import time
from dataclasses import replace
from typing import Any

import pytest

from ponte.connectors.x import build
from ponte.connectors.x.channel import XChannel
from ponte.connectors.x.classify import classify_sent
from ponte.connectors.x.settings import XSettings
from ponte.domain.mensagem import Mensagem, TipoMensagem
from ponte.errors import Adiado, DadosInvalidos
from ponte.resilience.classes import Classe, OutsideError
from ponte.simulators.x_regras import Janela
from tests.connectors.lent import HERE, answer
from tests.connectors.x.caso import ANA, BIA, FOTO, TEXTO, Caso

FIXTURES = HERE / "x" / "fixtures"


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("request_dm_text.json", build.message(TEXTO, media_id=None)),
        ("request_dm_media.json", build.message(FOTO, media_id="1900000000000000001")),
    ],
)
def test_a_request_is_the_one_that_is_documented(name: str, body: dict[str, Any]) -> None:
    assert body == json.loads((FIXTURES / name).read_text())


async def test_a_message_gives_back_the_id_of_its_event(caso: Caso) -> None:
    id_externo = await caso.channel.send(TEXTO)

    [sent] = caso.simulador.mensagens
    assert (id_externo, sent["text"], sent["para"]) == (sent["dm_event_id"], "Temos sim!", ANA)


@pytest.mark.parametrize(
    ("modo", "classe"),
    [("5xx", Classe.RETRY), ("429", Classe.RATE_LIMITED), ("html", Classe.RETRY)],
)
async def test_what_was_not_taken_says_so_in_its_class_and_was_tried_once(
    caso: Caso, modo: str, classe: Classe
) -> None:
    caso.simulador.misbehave(modo, 1, onde="send", segundos=600)

    with pytest.raises(OutsideError) as caught:
        await caso.channel.send(TEXTO)

    assert caught.value.classe is classe
    assert list(caso.simulador.chamadas) == ["send"]
    assert caso.simulador.access not in f"{caught.value} {caught.value!r}"


async def test_a_lost_answer_says_that_the_message_may_be_there(caso: Caso) -> None:
    caso.simulador.misbehave("lost", 1, onde="send", segundos=0)

    with pytest.raises(OutsideError) as caught:
        await caso.channel.send(TEXTO)

    assert caught.value.unknown_outcome
    assert len(caso.simulador.mensagens) == 1


async def test_after_a_429_nothing_is_sent_until_the_window_ends_and_readings_go_on(
    caso: Caso,
) -> None:
    channel = caso.channel
    caso.simulador.misbehave("429", 1, onde="send", segundos=600)
    with pytest.raises(OutsideError) as refused:
        await channel.send(TEXTO)

    with pytest.raises(Adiado) as caught:
        await channel.send(TEXTO)

    assert await channel.pull(desde_ms=0) == []
    assert 590 < (refused.value.retry_after_s or 0) <= 600
    assert (caught.value.retry_after_s or 0) > 590
    assert list(caso.simulador.chamadas) == ["send", "events"]


async def test_a_window_that_is_used_up_is_known_from_the_last_answer(caso: Caso) -> None:
    caso.simulador.envios = Janela(2, time.time)
    channel = caso.channel
    await channel.send(TEXTO)
    await channel.send(TEXTO)

    with pytest.raises(Adiado):
        await channel.send(TEXTO)

    assert len(caso.simulador.mensagens) == 2
    assert len(caso.simulador.chamadas) == 2


async def test_of_fifteen_minutes_no_more_is_asked_than_the_plan_allows(caso: Caso) -> None:
    caso.simulador.envios = Janela(1000, time.time)
    caso.settings = caso.settings.model_copy(update={"mensagens_em_15_min": 3})
    channel = caso.channel
    for _ in range(3):
        await channel.send(TEXTO)

    with pytest.raises(Adiado):
        await channel.send(TEXTO)

    assert len(caso.simulador.chamadas) == 3


async def test_who_takes_no_messages_is_unreachable_and_the_canal_goes_on(caso: Caso) -> None:
    caso.simulador.fechados.add(ANA)

    with pytest.raises(OutsideError) as caught:
        await caso.channel.send(TEXTO)

    assert caught.value.classe is Classe.RECIPIENT_UNREACHABLE
    assert await caso.channel.send(replace(TEXTO, destinatario=BIA))


# ---------------------------------------------------------------- tokens


async def test_a_token_that_is_over_is_renewed_and_the_message_sent_once(caso: Caso) -> None:
    caso.clock.advance(caso.simulador.validade_s + 1)

    await caso.channel.send(TEXTO)

    assert list(caso.simulador.chamadas) == ["send", "renew", "send"]
    assert len(caso.simulador.mensagens) == 1


async def test_it_is_renewed_before_it_ends_each_time_with_the_newest_refresh_token(
    caso: Caso,
) -> None:
    caso.simulador.misbehave("token", 1, onde="send")
    await caso.channel.send(TEXTO)
    caso.simulador.chamadas.clear()

    for _ in range(3):
        caso.clock.advance(0.81 * caso.simulador.validade_s)
        await caso.channel.send(TEXTO)  # each time a process that has just started

    assert list(caso.simulador.chamadas) == ["renew", "send"] * 3
    assert caso.simulador.renovacoes == 4


async def test_a_refresh_token_alone_is_enough_and_a_public_client_names_itself(
    caso: Caso,
) -> None:
    alone = {"access_token": None, "client_secret": None}
    public = caso.settings.model_copy(update=alone)
    await XChannel(caso.settings.model_copy(update={"access_token": None}), caso.deps).send(TEXTO)

    request = build.renewal(public, "r+1")

    assert (
        request.content
        == b"grant_type=refresh_token&refresh_token=r%2B1&client_id="
        + str(public.client_id).encode()
    )
    assert "Authorization" not in request.headers
    assert len(caso.simulador.mensagens) == 1


async def test_a_refresh_token_that_was_used_up_stops_the_account(caso: Caso) -> None:
    caso.simulador.access = "another"
    caso.simulador.refresh = "another"

    with pytest.raises(OutsideError) as caught:
        await caso.channel.send(TEXTO)

    assert caught.value.classe is Classe.AUTH
    assert "Value passed for the token was invalid." in str(caught.value)
    assert not caso.simulador.mensagens


async def test_a_lost_answer_to_a_renewal_is_told_with_the_refusal_that_follows(
    caso: Caso,
) -> None:
    caso.clock.advance(caso.simulador.validade_s + 1)
    caso.simulador.misbehave("lost", 1, onde="renew", segundos=0)
    with pytest.raises(OutsideError) as lost:
        await caso.channel.send(TEXTO)

    with pytest.raises(OutsideError) as refused:
        await caso.channel.send(TEXTO)

    assert (lost.value.classe, lost.value.unknown_outcome) == (Classe.RETRY, True)
    assert refused.value.classe is Classe.AUTH
    assert "the answer to a renewal was lost" in str(refused.value)


# ---------------------------------------------------------------- what is refused first


@pytest.mark.parametrize(
    ("mensagem", "campo"),
    [
        (replace(TEXTO, conteudo="x" * 10_001), "conteudo"),
        (replace(TEXTO, conteudo="  "), "conteudo"),
        (replace(TEXTO, destinatario="@ana"), "destinatario"),
        (replace(TEXTO, tipo=TipoMensagem.RESPOSTA_RAPIDA, conteudo={}), "tipo"),
        (replace(FOTO, conteudo={"url": "http://169.254.169.254/"}), "conteudo.url"),
        (replace(FOTO, conteudo="/tmp/a.jpg"), "conteudo.url"),  # noqa: S108 - no file is opened
        (replace(FOTO, conteudo={"url": "https://8.8.8.8/a", "legenda": "x" * 10_001}),
         "conteudo.legenda"),
    ],
)  # fmt: skip
async def test_what_x_would_refuse_is_refused_first(
    caso: Caso, mensagem: Mensagem, campo: str
) -> None:
    with pytest.raises(DadosInvalidos) as caught:
        XChannel(caso.settings, caso.deps).check(mensagem)

    assert [x.campo for x in caught.value.errors] == [campo]


async def test_without_an_account_to_write_from_nothing_is_taken(caso: Caso) -> None:
    receives = XSettings.model_validate({"consumer_secret": "s", "access_token": ""})

    with pytest.raises(DadosInvalidos, match="canal"):
        XChannel(receives, caso.deps).check(TEXTO)


@pytest.mark.parametrize("url", ["https://loja.example:8443/x", "http://loja.example/x", "x"])
def test_a_webhook_that_x_would_not_take_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(ValueError, match="webhook"):
        XSettings.model_validate({"webhook": url})


def test_a_sending_without_an_id_is_none_and_may_be_there() -> None:

    verdict = classify_sent(answer(201, {"data": {"dm_conversation_id": "1-2"}}))

    assert (verdict.classe, verdict.unknown_outcome) == (Classe.RETRY, True)
