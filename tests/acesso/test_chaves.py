"""Keys: shown once, kept as a hash, refused in time wherever they were revoked."""

import asyncio
import re
from typing import Any

import httpx2
import pytest

from ponte.acesso import chaves
from ponte.acesso.chaves import Chaves
from ponte.domain.valores import format_time
from ponte.store.db import Tx
from ponte.store.sqlite import SqliteDatabase
from ponte.testing import ADMIN_KEY, Embedded, FrozenClock
from tests.acesso.conftest import MakeKey


def bearer(chave: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {chave}"}


async def get(porta: Embedded, path: str, chave: str) -> httpx2.Response:
    return await porta.http.get(path, headers=bearer(chave))


async def test_a_key_has_256_bits_and_lies_nowhere_in_the_database(
    porta: Embedded, new_key: MakeKey
) -> None:
    chave_id, chave = await new_key("pedidos:ler")

    body, headers = {"nome": "x", "escopos": ["pedidos:ler"]}, {"Idempotency-Key": "k-1"}
    repeatable = (await porta.http.post("/chaves", json=body, headers=headers)).json()["chave"]
    files = [f.read_bytes() for f in porta.ctx.settings.data_dir.iterdir() if f.is_file()]
    listed = (await porta.http.get("/chaves")).json()["itens"]

    for made in (chave, repeatable):
        assert re.fullmatch(r"pk_[A-Za-z0-9_-]{43}", made)
        assert not any(made.encode() in content for content in files)
    assert (listed[1]["id"], listed[1]["prefixo"]) == (chave_id, chave[:8])
    assert not any("chave" in key for key in listed)


async def test_a_key_opens_what_its_scopes_say_and_nothing_else(
    porta: Embedded, new_key: MakeKey
) -> None:
    _, chave = await new_key("pedidos:ler")

    mine = await get(porta, "/pedidos", chave)
    others = await get(porta, "/eventos", chave)

    assert mine.status_code == 200
    assert (others.status_code, others.json()["code"]) == (403, "sem_escopo")


@pytest.mark.parametrize(
    "sent",
    [
        {"Authorization": f"Bearer {ADMIN_KEY}"},
        {"Authorization": f"bearer {ADMIN_KEY}"},
        {"Authorization": "", "X-API-Key": ADMIN_KEY},
    ],
)
async def test_a_key_comes_in_either_header(porta: Embedded, sent: dict[str, str]) -> None:
    headers = {k: v for k, v in sent.items() if v}
    del porta.http.headers["authorization"]

    answer = await porta.http.get("/pedidos", headers=headers)

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "value", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer pk_nope", ADMIN_KEY[:-1], "Bearer é"]
)
async def test_anything_else_in_the_header_is_no_key(porta: Embedded, value: str) -> None:
    headers = [(b"Authorization", value.encode())]

    answer = await porta.http.get("/pedidos", headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (401, "nao_autenticado")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_revoked_key_is_refused_at_once(porta: Embedded, new_key: MakeKey) -> None:
    chave_id, chave = await new_key("pedidos:ler")
    before = await get(porta, "/pedidos", chave)

    answer = await porta.http.delete(f"/chaves/{chave_id}")
    after = await get(porta, "/pedidos", chave)

    assert (before.status_code, answer.status_code, after.status_code) == (200, 204, 401)


async def test_a_key_made_or_revoked_by_another_process_counts_here_within_five_seconds(
    porta: Embedded,
) -> None:
    chave, agora = chaves.new_key(), 0.0
    here = Chaves(porta.ctx.db, now_ms=porta.ctx.now_ms, clock=lambda: agora)
    other = SqliteDatabase(
        porta.ctx.settings.sqlite_path, rotas=lambda _fato: (), now_ms=porta.ctx.now_ms
    )

    try:
        unknown = await here.find(chave)
        agora += 0.3
        made = await other.transact(_make, chave)
        known = await here.find(chave)
        agora += 1
        await other.transact(chaves.revoke, made.id)
        early = await here.find(chave)
        agora += 3.9
        late = await here.find(chave)
    finally:
        await other.close()

    assert (unknown, known is not None, early is not None, late) == (None, True, True, None)


async def test_an_idle_process_looks_before_it_answers(porta: Embedded) -> None:
    chave, agora = chaves.new_key(), 0.0
    here = Chaves(porta.ctx.db, now_ms=porta.ctx.now_ms, clock=lambda: agora)
    made = await porta.ctx.db.transact(_make, chave)
    assert await here.find(chave)

    await porta.ctx.db.transact(chaves.revoke, made.id)
    agora += 3600
    found = await asyncio.gather(*(here.find(chave) for _ in range(20)))

    assert found == [None] * 20


async def test_a_key_ends_when_it_was_said_to(
    porta: Embedded, new_key: MakeKey, clock: FrozenClock
) -> None:
    _, chave = await new_key("pedidos:ler", expira_em=format_time(clock.ms + 60_000))

    clock.advance(59)
    before = await get(porta, "/pedidos", chave)
    clock.advance(1)
    after = await get(porta, "/pedidos", chave)

    assert (before.status_code, after.status_code) == (200, 401)


@pytest.mark.parametrize(
    ("campos", "campo"),
    [
        ({"escopos": ["pedidos:apagar"]}, "escopos.0"),
        ({"escopos": []}, "escopos"),
        ({"nome": ""}, "nome"),
        ({"expira_em": "amanhã"}, "expira_em"),
        ({"expira_em": "2020-01-01T00:00:00Z"}, "expira_em"),
        ({"admin": True}, "admin"),
    ],
)
async def test_a_key_that_makes_no_sense_is_refused_by_the_field(
    porta: Embedded, campos: dict[str, Any], campo: str
) -> None:
    body = {"nome": "x", "escopos": ["pedidos:ler"], **campos}

    answer = await porta.http.post("/chaves", json=body)

    assert (answer.status_code, answer.json()["errors"][0]["campo"]) == (422, campo)
    assert (await porta.get("/chaves"))["total"] == 0


async def test_the_same_idempotency_key_makes_one_key_and_shows_it_again(
    porta: Embedded,
) -> None:
    body, headers = {"nome": "x", "escopos": ["pedidos:ler"]}, {"Idempotency-Key": "k-1"}

    answers = [await porta.http.post("/chaves", json=body, headers=headers) for _ in range(3)]
    other = await porta.http.post("/chaves", json=body, headers={"Idempotency-Key": "k-2"})

    assert {a.status_code for a in answers} == {201}
    assert {a.text for a in answers} == {answers[0].text}
    assert other.json()["chave"] != answers[0].json()["chave"]
    assert (await porta.get("/chaves"))["total"] == 2


async def test_the_last_use_is_written_at_most_once_a_minute(
    porta: Embedded, new_key: MakeKey, clock: FrozenClock
) -> None:
    _, chave = await new_key("pedidos:ler")

    seen = []
    for seconds in (0, 30, 29, 1):
        clock.advance(seconds)
        await get(porta, "/pedidos", chave)
        await asyncio.gather(*porta.app.state.portaria.chaves._writing)
        seen.append((await porta.get("/chaves"))["itens"][0]["usada_em"])

    first = "2026-11-24T12:00:00.000Z"
    assert seen == [first, first, first, "2026-11-24T12:01:00.000Z"]


async def test_every_deed_on_a_key_is_in_the_audit_and_stays_there(
    porta: Embedded, new_key: MakeKey
) -> None:
    chave_id, _ = await new_key("pedidos:ler")
    await porta.http.delete(f"/chaves/{chave_id}")

    lines = await porta.ctx.db.read(_audit)

    assert lines == [("admin", "chave.criada", chave_id), ("admin", "chave.revogada", chave_id)]
    for sql in ("DELETE FROM auditoria", "UPDATE auditoria SET autor = 'x'"):
        with pytest.raises(Exception, match="append-only"):
            await porta.ctx.db.transact(_run, sql)


async def test_revoking_what_is_not_there_is_not_found(porta: Embedded) -> None:
    answer = await porta.http.delete("/chaves/nada")

    assert answer.status_code == 404


async def _make(tx: Tx, chave: str) -> chaves.Chave:
    return await chaves.create(tx, chave, nome="x", escopos=["pedidos:ler"])


async def _audit(tx: Tx) -> list[Any]:
    return await tx.fetch("SELECT autor, acao, alvo FROM auditoria ORDER BY id")


async def _run(tx: Tx, sql: str) -> None:
    await tx.execute(sql)
