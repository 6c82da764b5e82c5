"""A silence hides the notice, never the record, and what it hid is told when it ends."""

import contextlib
import sqlite3
from collections.abc import Sequence
from typing import Any

import pytest

from ponte.acesso import chaves
from ponte.alertas.retorno import watch_silences
from ponte.domain.valores import format_time
from ponte.store.db import Tx
from ponte.testing import Embedded, FrozenClock, embedded
from tests.espera import until

COFRE: dict[str, Any] = {"nome": "cofre_aberto", "titulo": "Cofre", "labels": {"loja": "1"}}


@pytest.fixture
async def ponte(data_dir: Any, clock: FrozenClock) -> Any:
    async with embedded(data_dir, clock=clock) as running:
        yield running


async def _silence(ponte: Embedded, clock: FrozenClock, **changes: Any) -> Any:
    body = {
        "motivo": "manutenção",
        "ate": format_time(clock.ms + 3_600_000),
        "nome": "cofre_aberto",
    }
    answer = await ponte.http.post("/alerts/silences", json={**body, **changes})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def _raise(ponte: Embedded, **changes: Any) -> str:
    answer = await ponte.http.post("/alerts", json={**COFRE, **changes})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def _notices(ponte: Embedded, alerta_id: str) -> list[tuple[str, str]]:
    whole = await ponte.get(f"/alerts/{alerta_id}")
    return [(n["motivo"], n["situacao"]) for n in whole["notificacoes"]]


async def _becomes(ponte: Embedded, alerta_id: str, expected: Sequence[tuple[str, str]]) -> None:
    async def same() -> bool:
        # The clock of these tests moves by hand, and who sleeps by the real one is not told.
        ponte.ctx.broker.wake_all()
        return await _notices(ponte, alerta_id) == list(expected)

    await until(same)


async def test_a_silenced_alert_is_recorded_counted_and_told_to_nobody(
    ponte: Embedded, clock: FrozenClock
) -> None:
    await _silence(ponte, clock)

    first = await _raise(ponte)
    clock.advance(301)
    again = await _raise(ponte)

    whole = await ponte.get(f"/alerts/{first}")
    assert again == first
    assert (whole["contagem"], whole["resolvido"]) == (2, False)
    assert await _notices(ponte, first) == [("aviso", "silenciada")]


async def test_what_was_hidden_and_is_open_when_the_silence_runs_out_is_told_then_once(
    ponte: Embedded, clock: FrozenClock
) -> None:
    await _silence(ponte, clock)
    aberto = await _raise(ponte)
    findo = await _raise(ponte, labels={"loja": "2"})
    await ponte.http.post(f"/alerts/{findo}/resolve")

    clock.advance(3599)
    await watch_silences(ponte.ctx)
    before = await _notices(ponte, aberto)
    clock.advance(2)
    await watch_silences(ponte.ctx)
    await watch_silences(ponte.ctx)

    assert before == [("aviso", "silenciada")]
    await _becomes(ponte, aberto, [("aviso", "entregue")])
    assert await _notices(ponte, findo) == [("aviso", "dispensada")]
    page = await ponte.get("/alerts/silences")
    assert [(s["ativo"], s["encerrado_por"]) for s in page["itens"]] == [(False, "ponte")]


@pytest.mark.sqlite
async def test_while_a_silence_hides_nobody_asks_for_the_writer(
    ponte: Embedded, clock: FrozenClock
) -> None:
    await _silence(ponte, clock)
    alerta = await _raise(ponte)

    with contextlib.closing(sqlite3.connect(ponte.ctx.settings.sqlite_path)) as other:
        other.execute("BEGIN IMMEDIATE")  # whoever asks for the writer now is refused
        await watch_silences(ponte.ctx)
        other.rollback()

    assert await _notices(ponte, alerta) == [("aviso", "silenciada")]


async def test_ending_a_silence_by_hand_tells_what_it_hid_at_once(
    ponte: Embedded, clock: FrozenClock
) -> None:
    silencio = await _silence(ponte, clock)
    alerta = await _raise(ponte)

    ended = await ponte.http.delete(f"/alerts/silences/{silencio['id']}")
    again = await ponte.http.delete(f"/alerts/silences/{silencio['id']}")
    unknown = await ponte.http.delete("/alerts/silences/nenhum")

    await _becomes(ponte, alerta, [("aviso", "entregue")])
    assert (ended.status_code, again.status_code, unknown.status_code) == (204, 409, 404)
    assert (await ponte.get("/alerts/silences", ativo=True))["total"] == 0


async def test_two_silences_hide_until_the_last_one_ends(
    ponte: Embedded, clock: FrozenClock
) -> None:
    one = await _silence(ponte, clock)
    two = await _silence(ponte, clock, nome=None, labels={"loja": "1"})
    alerta = await _raise(ponte)

    await ponte.http.delete(f"/alerts/silences/{one['id']}")
    between = await _notices(ponte, alerta)
    await ponte.http.delete(f"/alerts/silences/{two['id']}")

    assert between == [("aviso", "silenciada")]
    await _becomes(ponte, alerta, [("aviso", "entregue")])


async def test_a_silence_catches_its_name_and_all_of_its_labels(
    ponte: Embedded, clock: FrozenClock
) -> None:
    await _silence(ponte, clock, labels={"loja": "1", "porta": "a"})

    caught = await _raise(ponte, labels={"loja": "1", "porta": "a", "andar": "2"})
    others = [
        await _raise(ponte, labels={"loja": "1"}),
        await _raise(ponte, labels={"loja": "1", "porta": "b"}),
        await _raise(ponte, nome="cofre_fechado", labels={"loja": "1", "porta": "a"}),
    ]

    assert await _notices(ponte, caught) == [("aviso", "silenciada")]
    for other in others:
        await _becomes(ponte, other, [("aviso", "entregue")])


async def test_a_notice_that_waits_its_turn_is_hidden_when_its_turn_comes_in_a_silence(
    data_dir: Any, clock: FrozenClock
) -> None:
    regras = {"limite_por_nome": 1, "janela_do_limite_s": 60}
    async with embedded(data_dir, clock=clock, alertas=regras) as ponte:
        first = await _raise(ponte)
        await _becomes(ponte, first, [("aviso", "entregue")])
        waiting = await _raise(ponte, labels={"loja": "2"})
        silencio = await _silence(ponte, clock)

        clock.advance(61)
        ponte.ctx.broker.wake_all()
        await _becomes(ponte, waiting, [("aviso", "silenciada")])
        clock.advance(60)
        await ponte.http.delete(f"/alerts/silences/{silencio['id']}")

        await _becomes(ponte, waiting, [("aviso", "entregue")])


async def test_who_was_told_before_the_silence_is_told_of_the_end_but_not_again_within_the_window(
    ponte: Embedded, clock: FrozenClock
) -> None:
    alerta = await _raise(ponte)
    await _becomes(ponte, alerta, [("aviso", "entregue")])
    silencio = await _silence(ponte, clock)
    await _raise(ponte)

    await ponte.http.delete(f"/alerts/silences/{silencio['id']}")
    after = await _notices(ponte, alerta)
    await _silence(ponte, clock)
    await ponte.http.post(f"/alerts/{alerta}/resolve")

    assert after == [("aviso", "entregue")]
    await _becomes(ponte, alerta, [("aviso", "entregue"), ("fim", "entregue")])


async def test_who_hides_what_and_why_is_on_record(ponte: Embedded, clock: FrozenClock) -> None:
    silencio = await _silence(ponte, clock, autor="Ana", labels={"loja": "1"})
    await ponte.http.delete(f"/alerts/silences/{silencio['id']}")

    (listed,) = (await ponte.get("/alerts/silences"))["itens"]
    facts = await ponte.get("/eventos", tipo="silencio.criado")

    async def audit(tx: Tx) -> Any:
        return await tx.fetch("SELECT acao FROM auditoria WHERE alvo = ?", (silencio["id"],))

    assert (listed["autor"], listed["motivo"]) == ("Ana", "manutenção")
    assert listed["labels"] == {"loja": "1"}
    assert listed["encerrado_em"] is not None
    assert facts["itens"][0]["dados"]["silencio_id"] == silencio["id"]
    acoes = [row[0] for row in await ponte.ctx.db.read(audit)]
    assert acoes == ["silencio.criado", "silencio.encerrado"]


async def test_silences_are_listed_page_by_page(ponte: Embedded, clock: FrozenClock) -> None:
    ids = [(await _silence(ponte, clock))["id"] for _ in range(5)]

    first = await ponte.get("/alerts/silences", limit=2)
    second = await ponte.get("/alerts/silences", limit=2, cursor=first["proximo"])
    third = await ponte.get("/alerts/silences", limit=2, cursor=second["proximo"])

    pages = [[s["id"] for s in page["itens"]] for page in (first, second, third)]
    assert [*pages[0], *pages[1], *pages[2]] == ids[::-1]
    assert (first["total"], third["proximo"]) == (5, None)


async def test_a_silence_under_one_key_is_made_once(ponte: Embedded, clock: FrozenClock) -> None:
    body = {"motivo": "x", "ate": format_time(clock.ms + 60_000), "nome": "n"}

    answers = [
        await ponte.http.post("/alerts/silences", json=body, headers={"Idempotency-Key": "k"})
        for _ in range(2)
    ]

    assert answers[0].content == answers[1].content
    assert (await ponte.get("/alerts/silences"))["total"] == 1


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no reason": ({"motivo": ""}, "motivo"),
    "no end": ({"ate": None}, "ate"),
    "an end in the past": ({"ate": "2020-01-01T00:00:00Z"}, "ate"),
    "an end without a zone": ({"ate": "2999-01-01T00:00:00"}, "ate"),
    "an end in years": ({"ate": "2999-01-01T00:00:00Z"}, "ate"),
    "nothing to catch": ({"nome": None}, "corpo"),
    "a label of a number": ({"labels": {"loja": 1}}, "labels.loja"),
    "a field of one's own": ({"ativo": True}, "ativo"),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_silence_is_refused_by_the_fields_name(
    ponte: Embedded, clock: FrozenClock, name: str
) -> None:
    changes, campo = BAD[name]
    body = {"motivo": "x", "ate": format_time(clock.ms + 60_000), "nome": "n", **changes}

    answer = await ponte.http.post("/alerts/silences", json=body)

    assert answer.status_code == 422
    assert campo in [e["campo"] for e in answer.json()["errors"]]
    assert (await ponte.get("/alerts/silences"))["total"] == 0


async def test_reading_alerts_does_not_let_anybody_hide_them(
    ponte: Embedded, clock: FrozenClock
) -> None:
    async def make(tx: Tx) -> None:
        await chaves.create(tx, "leitor-" + "x" * 30, nome="leitor", escopos=["alertas:ler"])

    await ponte.ctx.db.transact(make)
    headers = {"Authorization": "Bearer leitor-" + "x" * 30}
    body = {"motivo": "x", "ate": format_time(clock.ms + 60_000), "nome": "n"}

    answer = await ponte.http.post("/alerts/silences", json=body, headers=headers)

    assert answer.status_code == 403
