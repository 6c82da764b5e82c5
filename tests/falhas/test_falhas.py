"""Set-aside work: seen whole, grouped by cause, replayed with its id and handled once, or dropped.

What fails here is real: a platform's order in the hands of a version that lacks its connector.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ponte import webhooks
from ponte.connectors import CONNECTORS
from ponte.store.db import Tx
from ponte.testing import Embedded, embedded
from tests.conftest import stock
from tests.espera import until

RAPPI = {
    "PONTE_RAPPI__BASE_URL": "http://127.0.0.1:9",
    "PONTE_RAPPI__BASE_URL_NEW": "http://127.0.0.1:9",
    "PONTE_RAPPI__CLIENT_ID": "nobody",
    "PONTE_RAPPI__CLIENT_SECRET": "obviously-fake",
    "PONTE_RAPPI__WEBHOOK_SECRETS": "obviously-fake-secret",
    "PONTE_RAPPI__STORES": "900105814=1",
}
CANCEL = {"event": "cancel_by_user", "store_id": "900105814"}


@contextmanager
def _before_rappi() -> Iterator[None]:
    """Be the version before the one that brought the connector."""
    with pytest.MonkeyPatch.context() as older:
        older.delitem(CONNECTORS, "rappi")
        yield


async def _fail(ponte: Embedded, n: int, *, conector: str = "ifood") -> list[Any]:
    """Set n pieces of work aside and return them all, newest first."""
    before = (await ponte.get("/falhas"))["total"]
    for i in range(n):
        body = json.dumps({**CANCEL, "order_id": f"{conector}-{before + i}"}).encode()
        await webhooks.store(ponte.ctx, conector, "order_event_cancel", body)

    async def failed() -> Any:
        page = await ponte.get("/falhas")
        return page["itens"] if page["total"] == before + n else None

    found: list[Any] = await until(failed)
    return found


async def _act(ponte: Embedded, falha_id: str, verb: str) -> Any:
    return await ponte.http.post(f"/falhas/{falha_id}/{verb}", json={"motivo": "não interessa"})


async def _audit(ponte: Embedded) -> list[tuple[str, str]]:
    async def read(tx: Tx) -> Any:
        return await tx.fetch("SELECT acao, alvo FROM auditoria ORDER BY id")

    rows: list[tuple[str, str]] = await ponte.ctx.db.read(read)
    return rows


async def _queue_ids(ponte: Embedded) -> list[int]:
    async def read(tx: Tx) -> Any:
        return [row[0] for row in await tx.fetch("SELECT fila_id FROM falhas")]

    ids: list[int] = await ponte.ctx.db.read(read)
    return ids


async def test_failures_are_grouped_by_their_cause_the_most_frequent_first(
    ponte: Embedded,
) -> None:
    await _fail(ponte, 3)
    await _fail(ponte, 1, conector="vtex")

    page = await ponte.get("/falhas")

    assert page["total"] == 4
    cause, other = page["causas"]
    assert (cause["quantidade"], other["quantidade"]) == (3, 1)
    assert {cause["passo"], other["passo"]} == {"receber_webhook"}
    assert cause["exemplo"]["id"] in {f["id"] for f in page["itens"]}
    assert (await ponte.get("/falhas", causa=cause["causa"]))["total"] == 3
    assert (await ponte.get("/falhas", causa="outra"))["total"] == 0
    assert (await ponte.get("/falhas", fila="webhooks", limite=2))["total"] == 4
    assert (await ponte.get("/falhas", fila="pedidos"))["total"] == 0


async def test_a_failure_is_shown_whole(ponte: Embedded) -> None:
    [falha] = await _fail(ponte, 1)

    whole = await ponte.get(f"/falhas/{falha['id']}")

    assert whole == falha
    assert whole["fato"]["tipo"] == "webhook.recebido"
    assert whole["fato"]["dados"]["conector"] == "ifood"
    assert [h["tentativa"] for h in whole["historia"]] == [1]
    assert whole["erro"].startswith("Permanente: ")
    assert (whole["vezes"], whole["situacao"]) == (1, "aberta")


async def test_replayed_work_keeps_its_id_and_is_handled_once(data_dir: Path) -> None:
    with _before_rappi():
        async with embedded(data_dir) as ponte:
            await stock(ponte, 100)
            [falha] = await _fail(ponte, 1, conector="rappi")
            queue_ids = await _queue_ids(ponte)

    async with embedded(data_dir, env=RAPPI) as ponte:
        replayed = await _act(ponte, falha["id"], "reprocessar")

        async def handled() -> bool:
            return bool(await ponte.ctx.db.read(_handled) == ("processado", 0, 1))

        await until(handled)
        again = await _act(ponte, falha["id"], "reprocessar")

        assert replayed.json()["situacao"] == "reprocessada"
        assert replayed.json()["id"] == falha["id"]
        assert again.status_code == 409
        assert await _queue_ids(ponte) == queue_ids
        assert await ponte.ctx.db.read(_handled) == ("processado", 0, 1)
        assert (await ponte.get("/falhas"))["total"] == 0
        assert (await ponte.get("/falhas", situacao="reprocessada"))["total"] == 1


async def test_a_body_whose_work_was_set_aside_says_why_until_a_replay_handles_it(
    data_dir: Path,
) -> None:
    with _before_rappi():
        async with embedded(data_dir) as ponte:
            [falha] = await _fail(ponte, 1, conector="rappi")
            set_aside = await ponte.ctx.db.read(_body)

    async with embedded(data_dir, env=RAPPI) as ponte:
        await _act(ponte, falha["id"], "reprocessar")

        async def handled() -> bool:
            return bool(await ponte.ctx.db.read(_body) == ("processado", None))

        await until(handled)
    assert set_aside == ("falhou", falha["erro"])


async def _body(tx: Tx) -> tuple[str, str | None]:
    row = await tx.fetch_one("SELECT situacao, motivo FROM webhooks")
    return ("", None) if row is None else (row[0], row[1])


async def _handled(tx: Tx) -> tuple[str, int, int]:
    """Return the webhook's state, what waits in its queue, and the cancellations it left."""
    situacao = await tx.fetch_one("SELECT situacao FROM webhooks")
    waiting = await tx.fetch_one("SELECT COUNT(*) FROM fila WHERE fila = 'webhooks'")
    lapides = await tx.fetch_one("SELECT COUNT(*) FROM lapides")
    return (
        str(situacao[0] if situacao else ""),
        int(waiting[0] if waiting else -1),
        int(lapides[0] if lapides else -1),
    )


async def test_a_replay_that_fails_again_is_the_same_failure_once_more(ponte: Embedded) -> None:
    [falha] = await _fail(ponte, 1)

    for times in (2, 3):
        await _act(ponte, falha["id"], "reprocessar")

        async def open_again(times: int = times) -> bool:
            now = await ponte.get(f"/falhas/{falha['id']}")
            return bool(now["vezes"] == times and now["situacao"] == "aberta")

        await until(open_again)

    whole = await ponte.get(f"/falhas/{falha['id']}")
    assert (await ponte.get("/falhas"))["total"] == 1
    assert whole["tentativas"] == 3
    assert len(whole["historia"]) == 3


async def test_dropped_work_stays_on_record_and_is_never_done(ponte: Embedded) -> None:
    [falha] = await _fail(ponte, 1)

    dropped = await _act(ponte, falha["id"], "descartar")
    answers = [await _act(ponte, falha["id"], verb) for verb in ("descartar", "reprocessar")]

    assert (dropped.json()["situacao"], dropped.json()["motivo"]) == ("descartada", "não interessa")
    assert [a.status_code for a in answers] == [409, 409]
    assert (await ponte.get("/falhas", situacao="descartada"))["total"] == 1
    assert await _audit(ponte) == [("falha.descartada", falha["id"])]


async def test_replays_and_drops_are_audited_and_told(ponte: Embedded) -> None:
    one, two = await _fail(ponte, 2)

    await _act(ponte, one["id"], "reprocessar")
    await _act(ponte, two["id"], "descartar")

    assert await _audit(ponte) == [
        ("falha.reprocessada", one["id"]),
        ("falha.descartada", two["id"]),
    ]
    told = (await ponte.get("/eventos", tipo="falha.descartada"))["itens"]
    assert [(f["dados"]["falha_id"], f["dados"]["motivo"]) for f in told] == [
        (two["id"], "não interessa")
    ]


async def test_many_are_dropped_at_once_by_id_by_cause_or_by_queue(ponte: Embedded) -> None:
    falhas = await _fail(ponte, 5)

    async def drop(**which: Any) -> Any:
        answer = await ponte.http.post("/falhas/descartar", json={**which, "motivo": "x"})
        assert answer.status_code == 200, answer.text
        return answer.json()["descartadas"]

    assert await drop(ids=[falhas[0]["id"], falhas[1]["id"], "nao-ha"]) == 2
    assert await drop(ids=[falhas[0]["id"]]) == 0
    assert await drop(causa="outra") == 0
    assert await drop(causa=falhas[0]["causa"], ids=[falhas[2]["id"]]) == 1
    assert await drop(fila="webhooks") == 2
    assert (await ponte.get("/falhas"))["total"] == 0
    assert len(await _audit(ponte)) == 5


async def test_many_are_replayed_at_once_and_a_repeat_under_one_key_changes_nothing(
    data_dir: Path,
) -> None:
    with _before_rappi():
        async with embedded(data_dir) as ponte:
            [falha, *_] = await _fail(ponte, 4, conector="rappi")
    key = {"Idempotency-Key": "segunda-feira"}

    async with embedded(data_dir, env=RAPPI) as ponte:
        answers = [
            await ponte.http.post(
                "/falhas/reprocessar", json={"causa": falha["causa"]}, headers=key
            )
            for _ in range(2)
        ]

        async def four() -> bool:
            row = await ponte.ctx.db.read(_handled)
            return bool(row[2] == 4)

        await until(four)
        assert [a.json() for a in answers] == [{"reprocessadas": 4}] * 2
        assert len(await _audit(ponte)) == 4


async def test_a_bulk_that_names_nothing_is_refused(ponte: Embedded) -> None:
    await _fail(ponte, 1)
    bodies: list[Any] = [{}, {"motivo": "tudo"}, {"ids": []}, {"ids": ["x"] * 501}, {"tudo": True}]

    answers = [
        await ponte.http.post(f"/falhas/{verb}", json=body)
        for verb in ("reprocessar", "descartar")
        for body in bodies
    ]

    assert {a.status_code for a in answers} == {422}
    assert (await ponte.get("/falhas"))["total"] == 1
