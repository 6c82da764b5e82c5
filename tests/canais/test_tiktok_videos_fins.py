"""Videos on TikTok: what is refused, what waits, and how each comes to its end."""

import asyncio
import os
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ponte.canais import arquivos, sessoes
from ponte.context import Context
from ponte.resilience.classes import Classe, OutsideError, Verdict
from ponte.simulators.tiktok import SimuladorTiktok
from ponte.store.db import Tx
from ponte.testing import FrozenClock, embedded
from tests.canais.videoteca import CURTO, LONGO, MP4, ONDE, POSTAGEM, URL, Casa, mp4

# ---------------------------------------------------------------- refusals and limits


async def test_what_tiktok_would_not_publish_fails_with_its_reason(casa: Casa) -> None:
    tiktok, pulls = casa.tiktok.videos, {"privacidade": "publico"}
    cases: tuple[tuple[str, Any, str, dict[str, Any] | None], ...] = (
        ("opcoes", ["PUBLIC_TO_EVERYONE"], "privacidade_recusada", None),
        ("max_s", 10, "duracao_acima", None),
        ("reprova", "frame_rate_check_failed", "frame_rate_check_failed", None),
        ("auditado", False, "unaudited_client_can_only_post_to_private_accounts", pulls),
        ("dominios", ("https://outra.example/",), "url_ownership_unverified", pulls),
    )
    for name, value, motivo, corpo in cases:
        before = getattr(tiktok, name)
        setattr(tiktok, name, value)
        video_id = await (casa.accepted(duracao_s=11) if corpo is None else casa.pulled(**corpo))

        video = await casa.run(video_id)

        assert (video["estado"], video["motivo"]) == ("falhou", motivo)
        assert video["explicacao"]
        setattr(tiktok, name, before)
    assert casa.files() == []


async def test_an_account_that_had_its_posts_of_the_day_waits_for_the_next(casa: Casa) -> None:
    casa.tiktok.videos.cheio = True
    video_id = await casa.accepted()

    wait_s = await casa.stretch(video_id)
    waiting = await casa.see(video_id)
    casa.tiktok.videos.cheio = False
    video = await casa.run(video_id)

    assert wait_s is not None
    assert wait_s > 600
    assert (waiting["estado"], waiting["motivo"]) == ("enviando", "spam_risk_too_many_posts")
    assert (video["estado"], video["motivo"]) == ("publicado", None)


async def test_no_account_begins_more_than_six_in_a_minute(casa: Casa) -> None:
    ids = [await casa.accepted() for _ in range(7)]

    waits = [await casa.stretch(video_id) for video_id in ids]

    assert waits[:6] == [0.0] * 6
    assert waits[6] == 60.0
    assert casa.tiktok.chamadas.count("video_init") == 6


async def test_a_fault_on_the_way_delays_a_video_and_no_more(casa: Casa) -> None:
    for modo, onde in (
        ("429", "video_init"), ("5xx", "creator"), ("token", "video_init"),
        ("token", "video_status"), ("5xx", "video_status"), ("html", "video_status"),
    ):  # fmt: skip
        video_id = await casa.accepted()
        casa.tiktok.misbehave(modo, 1, onde=onde, segundos=1)

        video = await casa.run(video_id)

        assert video["estado"] == "publicado"
        casa.clock.advance(60)
    assert len(casa.tiktok.videos.done()) == 6
    assert casa.tiktok.renovacoes == 2


async def test_a_token_is_renewed_before_it_ends_and_one_that_is_gone_ends_the_video(
    casa: Casa,
) -> None:
    first, second = await casa.accepted(), await casa.accepted()
    casa.clock.advance(86_000)
    published = await casa.run(first)
    renewed = casa.tiktok.renovacoes
    casa.tiktok.refresh_de_videos = casa.tiktok.videos.access = "taken back"

    video = await casa.run(second)

    assert (published["estado"], renewed) == ("publicado", 1)
    assert (video["estado"], video["motivo"]) == ("falhou", "invalid_grant")
    assert await _session(casa) == ("recusada", "HTTP 400 invalid_grant")
    assert await _alerts(casa) == ["sessao_perdida"]


async def test_a_session_that_nothing_renews_is_lost_with_its_token_and_its_videos_say_so(
    casa: Casa,
) -> None:
    await casa.session(refresh_token=None)
    first, second = await casa.accepted(), await casa.accepted()
    casa.tiktok.videos.access = "taken back"

    videos = [await casa.run(video_id) for video_id in (first, second)]
    late = await casa.post()

    assert [(x["estado"], x["motivo"]) for x in videos] == [("falhou", "sessao_indisponivel")] * 2
    assert "Autorize" in videos[0]["explicacao"]
    assert await _session(casa) == ("recusada", sessoes.SEM_RENOVACAO)
    assert await _alerts(casa) == ["sessao_perdida"]
    assert late.status_code == 422


async def test_a_token_that_is_refused_when_it_is_new_loses_its_session_while_it_is_watched(
    casa: Casa,
) -> None:
    video_id = await casa.accepted()
    await casa.stretch(video_id)
    casa.tiktok.misbehave("token", 2, onde="video_status", segundos=0)

    video = await casa.run(video_id)

    assert (video["estado"], video["motivo"]) == ("falhou", "access_token_invalid")
    assert (await _session(casa))[0] == "recusada"


@pytest.mark.parametrize("codigo", sorted(sessoes.NAO_PODE))
async def test_what_an_account_may_not_do_fails_the_video_and_keeps_the_session(
    casa: Casa, codigo: str
) -> None:
    sessao = await casa.ponte.ctx.db.read(sessoes.find, "loja")
    assert sessao is not None
    refused = OutsideError("tiktok_videos", verdict=Verdict(Classe.AUTH, f"HTTP 403 {codigo}"))

    with pytest.raises(OutsideError):
        async with sessoes.watched(casa.ponte.ctx, sessao):
            raise refused

    assert await _session(casa) == ("ativa", None)
    assert await _alerts(casa) == []


async def test_a_refusal_that_comes_late_changes_neither_a_new_session_nor_a_revoked_one(
    casa: Casa,
) -> None:
    ctx = casa.ponte.ctx
    old = await ctx.db.read(sessoes.find, "loja")
    await casa.session()
    new = await ctx.db.read(sessoes.find, "loja")
    assert old is not None
    assert new is not None
    refused = OutsideError("tiktok_videos", verdict=Verdict(Classe.AUTH, "HTTP 400 invalid_grant"))

    found = []
    for sessao in (old, new):
        if sessao is new:
            await ctx.db.transact(_revoke, ctx)
        with pytest.raises(OutsideError):
            async with sessoes.watched(ctx, sessao):
                raise refused
        found.append(await _session(casa))

    assert found == [("ativa", None), ("revogada", sessoes.RETIRADA)]


async def _revoke(tx: Tx, ctx: Context) -> None:
    await sessoes.revoke(tx, ctx, "conta-1", em_ms=ctx.now_ms())


async def _session(casa: Casa) -> tuple[str, str | None]:
    [found] = (await casa.ponte.get("/hub/tiktok/sessoes"))["itens"]
    return found["estado"], found["motivo"]


async def _alerts(casa: Casa) -> list[str]:
    return [x["nome"] for x in (await casa.ponte.get("/alerts"))["itens"]]


async def test_a_session_of_another_account_publishes_nothing(casa: Casa) -> None:
    video_id = await casa.accepted()
    await casa.session(open_id="conta-2")

    video = await casa.run(video_id)

    assert (video["estado"], video["motivo"]) == ("falhou", "sessao_de_outra_conta")


async def test_a_status_that_never_ends_is_given_up_on_after_a_day_and_may_still_be_told(
    casa: Casa,
) -> None:
    casa.tiktok.videos.sem_fim = True
    video_id = await casa.accepted()
    waits = []
    for _ in range(40):
        waits.append(await casa.stretch(video_id) or 0.0)
        casa.clock.advance(waits[-1])
    casa.clock.advance(86_400)
    assert await casa.stretch(video_id) is None
    given_up = await casa.see(video_id)

    await casa.hear("post.publish.complete", casa.only().id)

    assert (given_up["estado"], given_up["motivo"]) == ("falhou", "sem_fim")
    assert waits[2:4] == [5.0, 5.0]
    assert max(waits[:-1]) <= 300.0
    assert waits[-1] == 300.0
    assert (await casa.see(video_id))["estado"] == "publicado"


async def test_reports_in_any_order_and_twice_never_take_a_video_back(casa: Casa) -> None:
    video_id = await casa.accepted()
    await casa.run(video_id, most=2)
    publish_id = casa.only().id

    seen = []
    for event in ("publicly_available", "complete", "inbox_delivered", "failed", "complete",
                  "no_longer_publicaly_available", "publicly_available"):  # fmt: skip
        await casa.hear(f"post.publish.{event}", publish_id)
        seen.append((await casa.see(video_id))["estado"])

    assert seen == ["publico"] * 5 + ["removido"] * 2
    assert await casa.stretch(video_id) is None


# ---------------------------------------------------------------- what is let in


async def test_what_would_be_refused_later_is_refused_at_once_and_leaves_no_file(
    casa: Casa,
) -> None:
    files: tuple[tuple[bytes, dict[str, Any]], ...] = (
        (b"<html>" + b"x" * 100, {}),
        (b"short", {}),
        (CURTO, {"privacidade": "todos"}),
        (CURTO, {"titulo": "😀" * 1101}),
        (CURTO, {"modo": "rascunho"}),
        (CURTO, {"sessao": "outra"}),
        (CURTO, {"url": URL}),
    )
    for dados, params in files:
        answer = await casa.post(dados, **params)

        assert answer.status_code == 422, answer.text
    for url in (
        "http://media.loja.example/v.mp4", "https://127.0.0.1/v.mp4", "file:///etc/passwd",
        "https://ana:x@loja.example/v", "https://[::ffff:10.0.0.1]/v.mp4",
    ):  # fmt: skip
        answer = await casa.ponte.http.post(ONDE, json={"url": url, **POSTAGEM})

        assert answer.json()["errors"][0]["campo"] == "url"
    assert casa.files() == []
    assert (await casa.ponte.get(ONDE))["total"] == 0


async def test_other_bodies_are_no_video(casa: Casa) -> None:
    post = casa.ponte.http.post

    kind = await post(ONDE, params=POSTAGEM, content=CURTO, headers={"content-type": "video/avi"})
    plain = await post(ONDE, content=CURTO, headers={"content-type": "image/png"})
    both = await post(ONDE, json={"url": URL, **POSTAGEM}, params={"titulo": "x"})

    assert (kind.status_code, plain.status_code, both.status_code) == (415, 415, 422)


async def test_a_file_over_the_limit_is_refused_and_a_json_body_keeps_its_own(
    tmp_path: Path,
) -> None:
    env = SimuladorTiktok().env("http://127.0.0.1:9")
    limites = {"video_bytes": 2 * 1024 * 1024}
    async with embedded(tmp_path, env=env, papeis=(), limites=limites) as ponte:
        big = await ponte.http.post(ONDE, content=mp4(2 * 1024 * 1024 + 1), headers=MP4)
        json = await ponte.http.post(
            ONDE, content=b" " * (1024 * 1024 + 1), headers={"content-type": "application/json"}
        )

    assert (big.status_code, json.status_code) == (413, 413)


async def test_a_disk_that_fills_up_while_a_file_comes_ends_it_and_leaves_no_byte(
    casa: Casa, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = iter([2 * arquivos.LIVRE, 2 * arquivos.LIVRE, arquivos.LIVRE - 1])
    monkeypatch.setattr(shutil, "disk_usage", lambda _onde: SimpleNamespace(free=next(free)))

    answer = await casa.post(LONGO)

    assert (answer.status_code, casa.files()) == (503, [])
    assert (await casa.ponte.get(ONDE))["total"] == 0


async def test_the_same_key_and_file_is_one_video_and_another_file_is_refused(casa: Casa) -> None:
    key = {**MP4, "idempotency-key": "v-1"}
    post = casa.ponte.http.post

    first = await post(ONDE, params=POSTAGEM, content=CURTO, headers=key)
    again = await post(ONDE, params=POSTAGEM, content=CURTO, headers=key)
    other = await post(ONDE, params=POSTAGEM, content=mp4(40_000), headers=key)

    assert first.json() == again.json()
    assert other.json()["code"] == "chave_reutilizada"
    assert casa.files() == [first.json()["id"]]


async def test_several_sessions_must_be_told_apart(casa: Casa) -> None:
    await casa.session("outra")

    unnamed, named = await casa.post(), await casa.post(sessao="outra")

    assert unnamed.json()["errors"][0]["campo"] == "sessao"
    assert named.json()["sessao"] == "outra"


async def test_the_list_is_newest_first_and_pages_by_cursor(casa: Casa) -> None:
    ids = [await casa.accepted() for _ in range(3)]

    first = await casa.ponte.get(ONDE, limite=2)
    rest = await casa.ponte.get(ONDE, limite=2, cursor=first["proximo"])

    assert [x["id"] for x in first["itens"] + rest["itens"]] == ids[::-1]
    assert (first["total"], rest["proximo"]) == (3, None)
    assert (await casa.ponte.get(ONDE, estado="falhou"))["total"] == 0


async def test_files_that_no_video_needs_are_cleaned_up_and_no_others(casa: Casa) -> None:
    needed, over = await casa.accepted(), await casa.accepted()
    await casa.rewind(over, estado="falhou")
    for name in (needed, over, "of-no-row", "cut.parte"):
        (casa.folder / name).write_bytes(CURTO)
        os.utime(casa.folder / name, (0, 0))
    (casa.folder / "new.parte").write_bytes(CURTO)

    await arquivos.clean(casa.ponte.ctx)

    assert sorted(casa.files()) == sorted([needed, "new.parte"])


async def test_neither_token_nor_upload_address_is_told_or_lies_readable(casa: Casa) -> None:
    video_id = await casa.accepted(LONGO)
    await casa.stretch(video_id)

    shown = str(await casa.see(video_id)) + str(await casa.ponte.get("/eventos"))
    folder = casa.ponte.ctx.settings.data_dir
    stored = b"".join(x.read_bytes() for x in folder.glob("ponte.db*"))

    assert "upload_token" not in shown
    assert b"upload_token" not in stored


@pytest.mark.sqlite
@pytest.mark.postgres
async def test_the_worker_takes_a_video_to_its_end_and_tells_of_each_step(tmp_path: Path) -> None:
    clock = FrozenClock()
    tiktok = SimuladorTiktok(now=lambda: clock.ms / 1000)
    env = tiktok.env(await tiktok.start())
    async with embedded(tmp_path, env=env, clock=clock) as ponte:
        casa = Casa(ponte, tiktok, clock)
        await casa.session()
        video_id = await casa.accepted(LONGO)
        async with asyncio.timeout(30):
            while (await casa.see(video_id))["estado"] != "publicado":
                clock.advance(1)
                ponte.ctx.broker.wake(("videos",))
                await asyncio.sleep(0.01)
        facts = (await ponte.get("/eventos", tipo="video.mudou"))["itens"]
    await tiktok.stop()

    told = [fact["dados"]["estado"] for fact in facts]
    assert told == ["enviando", "processando", "publicado"]
    assert len(tiktok.videos.done()) == 1
