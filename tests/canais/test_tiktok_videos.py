"""Videos on TikTok: every byte arrives once, and a publication is begun once."""

import pytest

from ponte.canais import videos
from ponte.errors import Adiado
from tests.canais.videoteca import (
    CURTO,
    LONGO,
    LONGO_SHA,
    MP4,
    ONDE,
    PEDACO,
    URL,
    Casa,
    Forgetful,
)


async def test_a_file_goes_out_in_pieces_and_every_byte_arrives_in_order(casa: Casa) -> None:
    video_id = await casa.accepted(LONGO)

    video = await casa.run(video_id)

    sent = casa.only()
    assert casa.bytes_of(video) == LONGO_SHA
    assert sent.source["total_chunk_count"] == 3
    assert (video["estado"], video["enviados"]) == ("publicado", len(LONGO))
    assert video["post_id"] == sent.post_id
    assert casa.files() == []


async def test_what_was_asked_for_is_what_is_posted_and_what_the_account_forbids_is_off(
    casa: Casa,
) -> None:
    video_id = await casa.accepted(sem_dueto=True, capa_ms=1000, marca_propria=True)

    await casa.run(video_id)

    assert casa.only().pedido["post_info"] == {
        "title": "Chegou! #tênis", "privacy_level": "SELF_ONLY", "disable_duet": True,
        "disable_comment": False, "disable_stitch": True, "video_cover_timestamp_ms": 1000,
        "brand_organic_toggle": True,
    }  # fmt: skip
    assert list(casa.tiktok.chamadas)[:2] == ["creator", "video_init"]


async def test_a_draft_lies_in_the_inbox_and_carries_nothing_but_its_bytes(casa: Casa) -> None:
    answer = await casa.ponte.http.post(
        ONDE, params={"modo": "rascunho"}, content=CURTO, headers=MP4
    )

    video = await casa.run(answer.json()["id"])

    assert video["estado"] == "na_caixa"
    assert "post_info" not in casa.only().pedido
    assert "creator" not in casa.tiktok.chamadas


async def test_an_address_is_pulled_by_tiktok_and_published(casa: Casa) -> None:
    video_id = await casa.pulled()

    video = await casa.run(video_id)

    assert casa.only().source == {"source": "PULL_FROM_URL", "video_url": URL}
    assert video["estado"] == "publicado"
    assert "video_upload" not in casa.tiktok.chamadas


# ---------------------------------------------------------------- cut, lost and begun again


async def test_a_piece_that_fails_is_sent_again_and_nothing_else_is(casa: Casa) -> None:
    for modo in ("5xx", "mute", "html"):
        video_id = await casa.accepted(LONGO)
        casa.tiktok.misbehave(modo, 2, onde="video_upload", segundos=0.01)

        video = await casa.run(video_id)

        assert video["estado"] == "publicado"
        assert casa.bytes_of(video) == LONGO_SHA
    assert casa.tiktok.chamadas.count("video_init") == 3


async def test_an_answer_lost_after_a_piece_arrived_doubles_no_byte(casa: Casa) -> None:
    video_id = await casa.accepted(LONGO)
    casa.tiktok.videos.corta = {0, PEDACO, 2 * PEDACO}

    video = await casa.run(video_id)

    assert video["estado"] == "publicado"
    assert casa.bytes_of(video) == LONGO_SHA


async def test_a_process_that_died_before_it_wrote_a_piece_down_goes_on_with_the_same_publication(
    casa: Casa,
) -> None:
    video_id = await casa.accepted(LONGO)
    casa.tiktok.videos.olhadas = 9
    await casa.stretch(video_id)
    await casa.stretch(video_id)
    for enviados in (0, PEDACO, 2 * PEDACO):
        (casa.folder / video_id).write_bytes(LONGO)  # the crash came before it went
        await casa.rewind(video_id, enviados=enviados, estado="enviando")
        await casa.stretch(video_id)

    video = await casa.run(video_id)

    assert casa.bytes_of(video) == LONGO_SHA
    assert (video["estado"], video["publish_id"]) == ("publicado", casa.only().id)
    assert casa.files() == []


async def test_a_file_whose_beginning_was_not_written_down_is_published_once(casa: Casa) -> None:
    video_id = await casa.accepted(LONGO)
    await casa.stretch(video_id)
    await casa.rewind(video_id, publish_id=None)  # the process died before it knew

    video = await casa.run(video_id)

    assert len(casa.tiktok.videos.publicacoes) == 2
    assert [p.id for p in casa.tiktok.videos.done()] == [video["publish_id"]]


async def test_an_address_whose_beginning_was_not_written_down_is_not_begun_again(
    casa: Casa,
) -> None:
    video_id = await casa.pulled()
    await casa.stretch(video_id)
    await casa.rewind(video_id, publish_id=None, incerto=1, estado="enviando")

    video = await casa.run(video_id)

    assert (video["estado"], video["motivo"]) == ("falhou", "resultado_incerto")
    assert "veja na conta" in video["explicacao"]
    assert casa.tiktok.chamadas.count("video_init") == 1


@pytest.mark.parametrize("fonte", ["arquivo", "endereco"])
async def test_a_worker_that_slept_past_its_right_begins_nothing(casa: Casa, fonte: str) -> None:
    video_id = await (casa.accepted() if fonte == "arquivo" else casa.pulled())
    db = casa.ponte.ctx.db
    stale = await db.read(videos.get, video_id)
    await casa.stretch(video_id)  # another worker's

    with pytest.raises(Adiado):
        await db.transact(videos.mark, stale)

    video = await casa.run(video_id)
    assert (video["estado"], video["publish_id"]) == ("publicado", casa.only().id)


async def test_what_nobody_saw_begin_is_known_again_by_what_tiktok_tells_of_it(
    casa: Casa,
) -> None:
    video_id = await casa.pulled()
    casa.tiktok.misbehave("mute", 1, onde="video_init", segundos=0.01)
    lost = await casa.run(video_id)

    await casa.hear("post.publish.complete", "v_pub~v2.unknown")
    await casa.hear("post.publish.complete", "v_pub~v2.of-somebody-else")

    video = await casa.see(video_id)
    assert lost["motivo"] == "resultado_incerto"
    assert (video["estado"], video["publish_id"]) == ("publicado", "v_pub~v2.unknown")


async def test_an_upload_whose_hour_is_over_is_begun_anew_and_published_once(casa: Casa) -> None:
    video_id = await casa.accepted(LONGO)
    await casa.stretch(video_id)
    casa.clock.advance(3601)

    video = await casa.run(video_id)

    assert video["estado"] == "publicado"
    assert [p.id for p in casa.tiktok.videos.done()] == [video["publish_id"]]


async def test_an_upload_that_is_refused_for_ever_ends(casa: Casa) -> None:
    video_id = await casa.accepted(LONGO)
    casa.tiktok.videos.publicacoes = Forgetful()

    video = await casa.run(video_id)

    assert video["estado"] == "falhou"
    assert casa.files() == []
