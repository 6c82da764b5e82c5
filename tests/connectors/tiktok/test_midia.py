"""Pictures both ways: uploaded before they are named, and read with the token from TikTok alone."""

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ponte.connectors.tiktok import build
from ponte.connectors.tiktok.channel import TiktokChannel
from ponte.connectors.tiktok.settings import TiktokSettings
from ponte.domain.evento import Midia
from ponte.domain.mensagem import Canal, Mensagem, TipoMensagem
from ponte.errors import DadosInvalidos
from ponte.resilience import destino
from ponte.resilience.classes import Classe, OutsideError
from ponte.settings import connector_values
from ponte.simulators.servidor import Servidor
from ponte.simulators.tiktok import SimuladorTiktok
from ponte.testing import FrozenClock
from tests.connectors.lent import HERE, NOW_MS, lending

PNG = b"\x89PNG\r\n\x1a\n" + b"a picture" * 20
FIXTURES = HERE / "tiktok" / "fixtures"
DATA = "data:image/png;base64," + base64.b64encode(PNG).decode()


@dataclass
class Caso:
    """A stand-in with a customer, a channel to it, and a shop's own server of pictures."""

    simulador: SimuladorTiktok
    channel: TiktokChannel
    fotos: str
    fotos_status: int = 200

    def to_ana(self, url: str) -> Mensagem:
        ana = self.simulador.conversa_de("ana")
        return Mensagem(TipoMensagem.IMAGEM, Canal.TIKTOK, ana, {"url": url})


@pytest.fixture
async def caso() -> AsyncIterator[Caso]:
    clock = FrozenClock(NOW_MS)
    simulador = SimuladorTiktok(now=lambda: clock.ms / 1000)
    env = simulador.env(await simulador.start())
    settings = TiktokSettings.model_validate(connector_values("tiktok", env))

    async def foto(_request: Request) -> Response:
        return Response(PNG, found.fotos_status, media_type="image/png")

    servidor = Servidor(Starlette(routes=[Route("/a.png", foto)]))
    async with lending(now_ms=clock) as lent:
        deps = replace(lent.deps, redes=destino.networks(["127.0.0.0/8"]))
        fotos = await servidor.start("127.0.0.1", 0)
        found = Caso(simulador, TiktokChannel(settings, deps), f"{fotos}/a.png")
        await simulador.write("ana", "Tem foto?")
        yield found
    await servidor.stop()
    await simulador.stop()


def test_a_picture_is_sent_as_documented() -> None:
    shop = TiktokSettings(business_id="-000FAKE_business_open_id")
    mensagem = Mensagem(TipoMensagem.IMAGEM, Canal.TIKTOK, "a1FAKEconversation000000000==", DATA)

    body = build.message(shop, mensagem, media_id="vFAKEmedia2")

    assert body == json.loads((FIXTURES / "request_dm_image.json").read_text())


async def test_a_picture_is_uploaded_and_sent_from_an_address_and_from_its_bytes(
    caso: Caso,
) -> None:
    for url in (caso.fotos, DATA):
        mensagem = caso.to_ana(url)
        caso.channel.check(mensagem)

        await caso.channel.send(mensagem)

    assert list(caso.simulador.midias.values()) == [PNG, PNG]
    assert [x["image"]["media_id"] for x in caso.simulador.mensagens] == ["vSIM1", "vSIM2"]


async def test_a_token_refused_on_the_way_is_renewed_and_the_picture_sent_once(
    caso: Caso,
) -> None:
    caso.simulador.misbehave("token", 1, onde="media_upload")

    await caso.channel.send(caso.to_ana(DATA))

    assert (len(caso.simulador.mensagens), caso.simulador.renovacoes) == (1, 1)


@pytest.mark.parametrize("modo", ["429", "5xx", "html"])
async def test_a_picture_that_is_not_taken_sends_no_message(caso: Caso, modo: str) -> None:
    caso.simulador.misbehave(modo, 1, onde="media_upload")

    with pytest.raises(OutsideError) as caught:
        await caso.channel.send(caso.to_ana(DATA))

    assert caught.value.temporary
    assert not caso.simulador.mensagens


async def test_a_server_that_refuses_its_picture_stops_no_canal(caso: Caso) -> None:
    for status in (401, 403, 404):
        caso.fotos_status = status
        with pytest.raises(OutsideError) as caught:
            await caso.channel.send(caso.to_ana(caso.fotos))

        assert caught.value.classe in (Classe.INVALID_REQUEST, Classe.GONE)


async def test_what_is_no_picture_for_tiktok_is_refused(caso: Caso) -> None:
    text = "data:image/png;base64," + base64.b64encode(b"<html>").decode()
    for url in ("http://169.254.169.254/a.png", "https://10.0.0.1/a.png", "data:image/png,x", ""):
        with pytest.raises(DadosInvalidos):
            caso.channel.check(caso.to_ana(url))
    with pytest.raises(OutsideError) as caught:
        await caso.channel.send(caso.to_ana(text))

    assert caught.value.classe is Classe.INVALID_REQUEST
    assert "media_upload" not in caso.simulador.chamadas


async def test_a_picture_that_somebody_sent_can_be_read(caso: Caso) -> None:
    caso.simulador.midias["v1"] = PNG
    conversa = caso.simulador.conversa_de("ana")

    dados, mime = await caso.channel.download_of(
        Midia(kind="image", id="v1"), conversa=conversa, message_id="m1"
    )

    assert (dados, mime) == (PNG, "image/png")


async def test_a_medium_that_lies_elsewhere_gets_no_token(
    caso: Caso, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_request: Any) -> Response:
        return Response(
            json.dumps({"code": 0, "data": {"download_url": "https://evil.example/a"}}),
            media_type="application/json",
        )

    monkeypatch.setattr(caso.simulador, "_download", away)

    with pytest.raises(OutsideError) as caught:
        await caso.channel.download_of(Midia(kind="image", id="v1"), conversa="c", message_id="m")

    assert caught.value.classe is Classe.GONE
