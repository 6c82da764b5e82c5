"""Media on X: uploaded once and whole, fetched from nowhere but where they may be."""

import pytest

from ponte.connectors.x import build
from ponte.connectors.x.midia import is_xs
from ponte.domain.evento import Midia
from ponte.resilience.classes import Classe, OutsideError
from tests.connectors.lent import NOW_MS
from tests.connectors.x.caso import ANA, Caso


async def test_a_picture_is_uploaded_whole_and_goes_with_its_caption(caso: Caso) -> None:
    await caso.channel.send(caso.foto())

    [sent] = caso.simulador.mensagens
    [corpo] = caso.simulador.midias.guardadas.values()
    assert list(caso.simulador.chamadas) == ["medium", "upload", "send"]
    assert sent["text"] == "Foto do produto"
    assert corpo.startswith(b"\xff\xd8\xff")


@pytest.mark.parametrize("tipo", ["gif", "mp4"])
async def test_what_moves_is_uploaded_in_segments_and_awaited(
    caso: Caso, tipo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "SEGMENT", 3)

    await caso.channel.send(caso.foto(tipo, legenda=None))

    [corpo] = caso.simulador.midias.guardadas.values()
    calls = list(caso.simulador.chamadas)
    assert calls == ["medium", "init", *["append"] * 3, "final", "status", "status", "send"]
    assert caso.waited == [5, 5]
    assert corpo == b"\xff\xd8\xff\xe0JFIF"
    assert "text" not in caso.simulador.mensagens[0]


async def test_a_medium_that_x_refuses_after_a_look_is_not_sent(caso: Caso) -> None:
    caso.simulador.midias.falham.add("video/mp4")

    with pytest.raises(OutsideError, match="Unsupported file") as caught:
        await caso.channel.send(caso.foto("mp4"))

    assert caught.value.classe is Classe.INVALID_REQUEST
    assert not caso.simulador.mensagens


async def test_one_that_is_looked_at_for_ever_is_tried_again_later(
    caso: Caso, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ponte.simulators.x_regras.LOOKS", 1000)

    with pytest.raises(OutsideError) as caught:
        await caso.channel.send(caso.foto("mp4"))

    assert caught.value.classe is Classe.RETRY
    assert len(caso.waited) == 12


@pytest.mark.parametrize("tipo", ["html", "pdf"])
async def test_what_is_no_picture_is_our_mistake_and_uploads_nothing(caso: Caso, tipo: str) -> None:
    with pytest.raises(OutsideError) as caught:
        await caso.channel.send(caso.foto(tipo))

    assert caught.value.classe is Classe.INVALID_REQUEST
    assert list(caso.simulador.chamadas) == ["medium"]


async def test_whoever_refuses_a_medium_does_not_stop_the_canal(caso: Caso) -> None:
    caso.simulador.misbehave("token", 1, onde="medium")  # answers 401, as X itself would

    with pytest.raises(OutsideError) as caught:
        await caso.channel.send(caso.foto())

    assert caught.value.classe is Classe.INVALID_REQUEST


async def test_a_renewal_in_the_middle_of_an_upload_repeats_one_call(caso: Caso) -> None:
    caso.simulador.misbehave("token", 1, onde="append")

    await caso.channel.send(caso.foto("mp4"))

    assert [x for x in caso.simulador.chamadas if x in {"append", "renew"}] == [
        "append", "renew", "append",
    ]  # fmt: skip
    assert len(caso.simulador.mensagens) == 1


async def test_what_people_send_is_fetched_from_xs_hosts_alone(caso: Caso) -> None:
    await caso.simulador.send_image(ANA, "esta")
    [event] = await caso.channel.pull(desde_ms=NOW_MS)
    elsewhere = Midia(kind="image", url="https://x.com.attacker.example/a.jpg")

    corpo, mime = await caso.channel.download(event.media[0], message_id="1", instancia=None)
    with pytest.raises(OutsideError) as caught:
        await caso.channel.download(elsewhere, message_id="1", instancia=None)

    assert (corpo[:3], mime) == (b"\xff\xd8\xff", "image/jpeg")
    assert caught.value.classe is Classe.GONE


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("https://ton.twitter.com/1.1/ton/data/dm/1/2.jpg", True),
        ("https://pbs.twimg.com/dm/1.jpg", True),
        ("https://video.twimg.com:8443/1.mp4", False),
        ("http://pbs.twimg.com/dm/1.jpg", False),
        ("https://u:p@pbs.twimg.com/dm/1.jpg", False),
        ("https://twimg.com.example/1.jpg", False),
        ("https://[", False),
    ],
)
def test_an_address_is_xs_own_or_is_not(url: str, own: bool) -> None:
    assert is_xs(url, "https://api.x.com") is own
