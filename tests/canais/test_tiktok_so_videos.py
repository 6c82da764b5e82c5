"""A shop that publishes videos on TikTok and writes no messages there."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ponte.canais.recuperar import Recuperador
from ponte.canais.sonda import probe_hubs
from ponte.cli import exame
from tests.canais.videoteca import Casa, opened

DE_MENSAGENS = ("BUSINESS_ID", "ACCESS_TOKEN", "REFRESH_TOKEN")
NOVA = {"tipo": "texto", "canal": "tiktok", "destinatario": "conversa-1", "conteudo": "Oi"}


@pytest.fixture
async def so_videos(tmp_path: Path) -> AsyncIterator[Casa]:
    async with opened(tmp_path / "dados", sem=DE_MENSAGENS) as found:
        yield found


async def test_its_hub_is_off_and_not_sick_and_nobody_is_woken(so_videos: Casa) -> None:
    ctx = so_videos.ponte.ctx

    await probe_hubs(ctx)
    await Recuperador(partida_ms=so_videos.clock.ms).run(ctx)
    asked = await so_videos.ponte.http.post("/hub/tiktok/sondar")
    pulled = await so_videos.ponte.http.post("/hub/tiktok/puxar")

    hub = await so_videos.ponte.get("/hub/health/tiktok")
    assert (hub["status"], hub["sonda"]["existe"], hub["recuperacao"]["existe"]) == (
        "disabled", False, False,
    )  # fmt: skip
    assert (asked.status_code, pulled.status_code) == (409, 409)
    assert (await so_videos.ponte.get("/alerts"))["itens"] == []
    assert not so_videos.tiktok.chamadas


async def test_a_message_is_refused_and_says_why_and_nothing_is_stored(so_videos: Casa) -> None:
    answer = await so_videos.ponte.http.post("/messages", json=NOVA)

    assert (answer.status_code, answer.json()["code"]) == (422, "canal_desligado")
    assert "nothing that sends on it is set up" in answer.json()["detail"]
    assert (await so_videos.ponte.get("/messages"))["itens"] == []


async def test_its_videos_are_published_and_their_webhooks_are_heard(so_videos: Casa) -> None:
    video = await so_videos.run(await so_videos.accepted())

    await so_videos.hear("post.publish.publicly_available", so_videos.only().id)

    assert video["estado"] == "publicado"
    assert (await so_videos.see(video["id"]))["estado"] == "publico"


async def test_the_doctor_finds_nothing_wrong_with_it(so_videos: Casa) -> None:
    ligado = so_videos.ponte.ctx.ligados["tiktok"]

    achado = await exame._probe("tiktok", ligado.probe)

    assert (achado.ok, achado.texto) == (True, "ligado")
