"""Copies for whoever reads Redis: true, of every change, and bounded."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis as RedisClient
from redis.exceptions import RedisError

from ponte.brokers.ajudante import RedisAjudante
from ponte.domain.evento import EventoDeCanal
from ponte.domain.valores import new_id
from ponte.mensagens import recebidas
from ponte.runtime import copias
from ponte.store.db import Tx
from ponte.telemetry import Telemetry
from ponte.testing import Embedded, embedded
from tests.brokers.dois import copying, raise_alert, two
from tests.brokers.engines import CUT_OFF, Engine
from tests.espera import until

pytestmark = [pytest.mark.timeout(120), CUT_OFF]
NOTA = {"tipo": "texto", "canal": "interno", "destinatario": "ana", "conteudo": "oi, Ana"}


@pytest.fixture
async def client(redis: Engine) -> AsyncIterator[RedisClient]:
    """Who reads the copies."""
    async with RedisClient.from_url(redis.url) as found:
        yield found


async def _is_copied(client: RedisClient, key: str, wanted: bytes) -> int:
    async def same() -> bool:
        return await client.get(key) == wanted

    await until(same)
    return int(await client.ttl(key))


async def _receive(tx: Tx, evento: EventoDeCanal) -> str | None:
    return await recebidas.receive(tx, evento, conector="whatsapp")


async def _alert(ponte: Embedded, alerta_id: str) -> bytes:
    """Return an alert as the list shows it."""
    (found,) = [a for a in (await ponte.get("/alerts"))["itens"] if a["id"] == alerta_id]
    return orjson.dumps(found)


@pytest.mark.sqlite
@pytest.mark.postgres
async def test_an_alert_is_copied_for_an_hour_with_each_change(
    data_dir: Path, redis: Engine, client: RedisClient
) -> None:
    async with two(data_dir, redis.url) as (one, other):
        await copying(one, other)
        alerta_id = await raise_alert(one)
        ttl = await _is_copied(client, f"alert:{alerta_id}", await _alert(one, alerta_id))
        await raise_alert(other)
        await other.http.post(f"/alerts/{alerta_id}/ack")
        await _is_copied(client, f"alert:{alerta_id}", await _alert(one, alerta_id))
        await one.http.post(f"/alerts/{alerta_id}/resolve")
        await _is_copied(client, f"alert:{alerta_id}", await _alert(one, alerta_id))
        stored: Any = await client.get(f"alert:{alerta_id}")
        copy = orjson.loads(stored)

    assert 3500 < ttl <= 3600
    assert (copy["contagem"], copy["resolvido"]) == (2, True)
    assert copy["reconhecido_em"] is not None


async def test_a_message_is_copied_as_it_is_answered(
    data_dir: Path, redis: Engine, client: RedisClient
) -> None:
    async with embedded(data_dir, redis_url=redis.url) as ponte:
        await copying(ponte)
        mensagem_id = (await ponte.http.post("/messages", json=NOTA)).json()["id"]

        async def sent() -> bytes | None:
            answer = await ponte.http.get(f"/messages/{mensagem_id}")
            return answer.content if answer.json()["status"] == "concluida" else None

        ttl = await _is_copied(client, f"message:{mensagem_id}", await until(sent))

    assert 3500 < ttl <= 3600


async def test_a_message_that_came_in_is_copied_and_what_is_done_to_it_later(
    data_dir: Path, redis: Engine, client: RedisClient
) -> None:
    ana = "5588999990002@s.whatsapp.net"
    came = EventoDeCanal(
        channel="whatsapp", account="loja", kind="message", chat_id=ana, sender_id=ana,
        message_id="A1", type="text", text="Oi, tem café?", timestamp_ms=1, pessoa=(ana,),
    )  # fmt: skip
    edited = replace(came, kind="edit", message_id=None, target_id="A1", text="Oi, tem chá?")
    async with embedded(data_dir, redis_url=redis.url) as ponte:
        await copying(ponte)
        mensagem_id = await ponte.ctx.db.transact(_receive, came)
        key = f"message:{mensagem_id}"

        await _is_copied(client, key, (await ponte.http.get(f"/messages/{mensagem_id}")).content)
        await ponte.ctx.db.transact(_receive, edited)
        shown = await ponte.http.get(f"/messages/{mensagem_id}")

        assert [a["anotacao"] for a in shown.json()["anotacoes"]] == ["editada"]
        await _is_copied(client, key, shown.content)


@pytest.mark.sqlite
@pytest.mark.postgres
async def test_samples_stand_in_a_sorted_set_by_their_time_alike_ones_apart(
    data_dir: Path, redis: Engine, client: RedisClient
) -> None:
    nome = f"graus_{data_dir.parent.name}".replace("-", "_")
    sample = {"nome": nome, "tipo": "medidor", "valor": 4.5}
    async with embedded(data_dir, papeis=(), redis_url=redis.url) as ponte:
        answers = [await ponte.http.post("/metrics", json=sample) for _ in range(3)]
        assert {a.status_code for a in answers} == {201}

        async def three() -> Any:
            found = await client.zrange(f"metrics:{nome}", 0, -1, withscores=True)
            return found if len(found) == 3 else None

        found = await until(three)
        listed = (await ponte.get("/metrics", nome=nome))["itens"]
        ttl = await client.ttl(f"metrics:{nome}")

    copies = [orjson.loads(member) for member, _score in found]
    assert [{k: c[k] for k in listed[0]} for c in copies] == listed
    assert [score for _member, score in found] == sorted(score for _member, score in found)
    assert 23 * 3600 < ttl <= 24 * 3600


async def test_no_more_samples_of_a_name_are_kept_than_the_bound(
    data_dir: Path, redis: Engine, client: RedisClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    nome = f"muitas_{data_dir.parent.name}".replace("-", "_")
    monkeypatch.setattr("ponte.brokers.ajudante.SAMPLES", 5)
    monkeypatch.setattr(copias, "SAMPLES", 3)
    async with embedded(data_dir, papeis=(), redis_url=redis.url) as ponte:
        for valor in range(12):
            sample = {"nome": nome, "tipo": "medidor", "valor": valor}
            await ponte.http.post("/metrics", json=sample)

        async def newest() -> bool:
            found: Any = await client.zrange(f"metrics:{nome}", 0, -1)
            return [orjson.loads(m)["valor"] for m in found] == [7.0, 8.0, 9.0, 10.0, 11.0]

        await until(newest)


async def test_what_changed_while_the_helper_was_away_is_copied_when_it_is_back(
    data_dir: Path, redis: Engine, client: RedisClient
) -> None:
    async with embedded(data_dir, papeis=(), redis_url=redis.url) as ponte:
        await copying(ponte)
        alerta_id = await raise_alert(ponte)
        await _is_copied(client, f"alert:{alerta_id}", await _alert(ponte, alerta_id))
        redis.stop()
        try:
            await ponte.http.post(f"/alerts/{alerta_id}/resolve")
            ready = await ponte.http.get("/health/ready")
        finally:
            redis.start()

        async def back() -> bool:
            try:
                return await client.get(f"alert:{alerta_id}") == await _alert(ponte, alerta_id)
            except RedisError:
                return False

        await until(back)

    assert ready.status_code == 200
    assert ready.json()["partes"]["redis"]["ok"] is True


async def test_a_process_that_died_leaves_the_copying_to_the_next_without_a_hole(
    data_dir: Path, redis: Engine, client: RedisClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copias, "LEAD_S", 2.0)
    async with embedded(data_dir, papeis=(), redis_url=redis.url) as one:
        await copying(one)
        async with embedded(data_dir, papeis=(), redis_url=redis.url) as other:
            (task,) = [t for t in one.supervisor._tasks if t.get_name() == "copias"]
            task.cancel()  # as at kill -9, it gives nothing back

            alerta_id = await raise_alert(one)

            await _is_copied(client, f"alert:{alerta_id}", await _alert(other, alerta_id))


async def test_after_a_flush_what_changes_next_is_copied_again(
    data_dir: Path, redis: Engine, client: RedisClient
) -> None:
    async with embedded(data_dir, papeis=(), redis_url=redis.url) as ponte:
        await copying(ponte)
        await redis.lose("")

        alerta_id = await raise_alert(ponte)

        await _is_copied(client, f"alert:{alerta_id}", await _alert(ponte, alerta_id))


async def test_who_read_before_another_wrote_writes_nothing(
    redis: Engine, client: RedisClient
) -> None:
    one = RedisAjudante(redis.url, casa=new_id(), processo="p1", telemetry=Telemetry())
    key = f"message:{new_id()}"

    first = await one.copy({key: b"old"}, de=None, ate=5)
    second = await one.copy({key: b"new"}, de=5, ate=9)
    late = await one.copy({key: b"old"}, de=5, ate=7)
    kept = await client.get(key)
    gone = await one.copy({key: None}, de=9, ate=10)

    assert (first, second, late, gone) == (True, True, False, True)
    assert kept == b"new"
    assert await client.get(key) is None
    assert await one.place("fatos") == 10
    await one.close()


async def test_one_process_copies_at_a_time_and_leaves_it_to_the_next_when_it_ends(
    redis: Engine,
) -> None:
    casa = new_id()
    one, other = (
        RedisAjudante(redis.url, casa=casa, processo=p, telemetry=Telemetry()) for p in "ab"
    )

    before = [await one.lead(ttl_s=60), await other.lead(ttl_s=60), await one.lead(ttl_s=60)]
    await one.close()
    after = await other.lead(ttl_s=60)

    assert (before, after) == ([True, False, True], True)
    await other.close()
