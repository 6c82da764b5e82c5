"""Hubs over HTTP: health by effect, numbers, breakers, and who is told when one goes down."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ponte.canais import avisos, sonda
from ponte.canais.medida import watch_numbers
from ponte.canais.sonda import probe_hubs
from ponte.mensagens import estado, handlers
from ponte.metricas import proprias
from ponte.resilience.breaker import OPEN
from ponte.store.db import Tx
from ponte.testing import Embedded, embedded
from tests.espera import until
from tests.resilience.odd_server import OddServer, odd_server

if TYPE_CHECKING:
    from ponte.telemetry import Serie

BOT = {"PONTE_TELEGRAM__BOT_TOKEN": "1:fake-token", "PONTE_TELEGRAM__CHAT_ID": "1"}


@pytest.fixture
async def outro(data_dir: Path) -> AsyncIterator[tuple[Embedded, OddServer]]:
    """A Ponte with Telegram on, and the server that stands for it."""
    async with odd_server() as server:
        env = {**BOT, "PONTE_TELEGRAM__BASE_URL": server.url}
        async with embedded(data_dir, env=env) as running:
            yield running, server


async def alerts(ponte: Embedded, nome: str) -> list[dict[str, Any]]:
    page = (await ponte.http.get("/alerts?resolvido=false&limit=100")).json()
    return [a for a in page["itens"] if a["nome"] == nome]


async def test_hubs_that_are_off_are_disabled(ponte: Embedded) -> None:
    tudo = (await ponte.http.get("/hub/health")).json()
    um = (await ponte.http.get("/hub/health/tiktok")).json()

    assert tudo["status"] == "disabled"
    assert set(tudo["hubs"]) == {"whatsapp", "instagram", "facebook", "tiktok", "telegram", "x"}
    assert (um["status"], "desligado" in um["motivo"]) == ("disabled", True)
    assert (await ponte.http.get("/hub/health/orkut")).status_code == 404


async def test_a_probe_that_fails_makes_a_hub_unhealthy_and_one_message_mends_it(
    outro: tuple[Embedded, OddServer],
) -> None:
    ponte, server = outro
    server.otherwise = "unavailable"

    await probe_hubs(ponte.ctx)
    ill = (await ponte.http.get("/hub/health/telegram")).json()
    await asyncio.sleep(0.01)
    await ponte.ctx.db.transact(_received)
    better = (await ponte.http.get("/hub/health/telegram")).json()

    assert (ill["status"], ill["sonda"]["ok"]) == ("unhealthy", False)
    assert "a sonda falhou" in ill["motivo"]
    assert better["status"] == "degraded"
    assert better["ultima_entrada_s"] is not None


async def test_a_change_of_a_hub_is_a_fact(outro: tuple[Embedded, OddServer]) -> None:
    ponte, server = outro
    server.otherwise = "unavailable"

    await probe_hubs(ponte.ctx)
    await probe_hubs(ponte.ctx)

    page = (await ponte.http.get("/eventos?tipo=canal.mudou")).json()
    said = [f["dados"] for f in page["itens"] if f["dados"]["estado"] == "unhealthy"]
    assert [(d["canal"], d["estado"]) for d in said] == [("telegram", "unhealthy")]


async def test_a_stopped_hub_is_told_of_and_a_reset_lets_it_send_again(
    outro: tuple[Embedded, OddServer],
) -> None:
    ponte, _server = outro
    await ponte.ctx.db.transact(_stop)

    await probe_hubs(ponte.ctx)
    ill = (await ponte.http.get("/hub/health/telegram")).json()
    told = await alerts(ponte, "canal_parado")
    reset = await ponte.http.post("/hub/circuit-breaker/telegram/reset")
    await probe_hubs(ponte.ctx)

    assert (ill["status"], ill["parado"]) == ("unhealthy", "a chave foi recusada")
    assert len(told) == 1
    assert reset.json()["retomado"] is True
    assert (await ponte.http.get("/hub/health/telegram")).json()["parado"] is None
    assert await alerts(ponte, "canal_parado") == []


async def test_a_refused_key_stops_the_hub_and_its_messages_wait_until_a_reset(
    outro: tuple[Embedded, OddServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handlers, "ESPERA_S", 0.5)
    ponte, server = outro
    server.otherwise = "unauthorized"
    corpo = {"tipo": "texto", "canal": "telegram", "destinatario": "7", "conteudo": "oi"}

    first = (await ponte.http.post("/messages", json=corpo)).json()["id"]

    async def stopped() -> Any:
        return (await ponte.http.get("/hub/health/telegram")).json()["parado"]

    motivo = await until(stopped)
    waiting = (await ponte.http.get(f"/messages/{first}")).json()
    server.otherwise = "ok"
    await ponte.http.post("/hub/circuit-breaker/telegram/reset")

    async def sent() -> bool:
        return bool((await ponte.http.get(f"/messages/{first}")).json()["status"] == "concluida")

    await until(sent, seconds=40)
    assert "auth" in motivo
    assert waiting["status"] == "processando"


async def test_other_settings_let_a_hub_send_again_unless_a_person_paused_it(
    data_dir: Path,
) -> None:
    async with embedded(data_dir, env=BOT, papeis=()) as ponte:
        await ponte.ctx.db.transact(sonda.resume_changed, "telegram", "before")
        await ponte.ctx.db.transact(_stop)
        await ponte.ctx.db.transact(sonda.resume_changed, "telegram", "before")
        same = await ponte.ctx.db.read(estado.stopped, "telegram")
        await ponte.ctx.db.transact(sonda.resume_changed, "telegram", "after")
        other = await ponte.ctx.db.read(estado.stopped, "telegram")
        await ponte.http.post("/hub/telegram/pausar")
        await ponte.ctx.db.transact(sonda.resume_changed, "telegram", "later")
        paused = await ponte.ctx.db.read(estado.stopped, "telegram")

    assert (same, other) == ("a chave foi recusada", None)
    assert paused is not None


async def test_a_canal_that_always_brought_messages_at_this_hour_and_brings_none_is_told_of(
    outro: tuple[Embedded, OddServer],
) -> None:
    ponte, _server = outro
    await ponte.ctx.db.transact(_busy_weeks)

    await probe_hubs(ponte.ctx)
    silent = (await ponte.http.get("/hub/health/telegram")).json()
    told = await alerts(ponte, "canal_silencioso")
    await ponte.ctx.db.transact(_received)
    await probe_hubs(ponte.ctx)

    assert silent["status"] == "unhealthy"
    assert silent["esperadas_desde_a_ultima"] > 10
    assert [a["labels"] for a in told] == [{"canal": "telegram"}]
    assert await alerts(ponte, "canal_silencioso") == []


async def test_a_breaker_that_opens_is_told_of_and_closes_by_hand(
    outro: tuple[Embedded, OddServer],
) -> None:
    ponte, _server = outro
    breaker = ponte.ctx.destinos["telegram_mensagens"].breaker
    for _ in range(breaker.failure_threshold):
        breaker.record_failure("HTTP 503")

    told = await until(lambda: alerts(ponte, "disjuntor"))
    status = (await ponte.http.get("/hub/circuit-breaker/status")).json()["hubs"]
    health = (await ponte.http.get("/hub/health/telegram")).json()
    key = {"Idempotency-Key": "k-1"}
    first = await ponte.http.post("/hub/circuit-breaker/telegram/reset", headers=key)
    again = await ponte.http.post("/hub/circuit-breaker/telegram/reset", headers=key)

    async def closed() -> bool:
        return breaker.state is not OPEN and not await alerts(ponte, "disjuntor")

    await until(closed)
    assert [(a["labels"], a["severidade"]) for a in told] == [
        ({"hub": "telegram_mensagens"}, "critico")
    ]
    assert status["telegram_mensagens"]["state"] == "open"
    assert status["telegram_mensagens"]["causas"][0]["texto"] == "HTTP 503"
    assert health["status"] == "unhealthy"
    assert first.json()["disjuntores"] == ["telegram", "telegram_mensagens"]
    assert first.content == again.content
    assert (await ponte.ctx.db.read(_audited)) == [("disjuntor.reiniciado", "telegram")]


async def test_a_breaker_is_told_of_once_when_it_opens_once_when_it_is_tried_and_when_it_closes(
    ponte: Embedded,
) -> None:
    seen = []

    for state in ("open", "half_open", "open", "half_open", "closed"):
        await ponte.ctx.db.transact(
            partial(avisos.tell_breaker, ctx=ponte.ctx, hub="x", estado=state, motivo="HTTP 503")
        )
        told = await alerts(ponte, "disjuntor")
        seen.append([(a["contagem"], a["severidade"]) for a in told])

    assert [len(x) for x in seen] == [1, 1, 1, 1, 0]
    assert [x[0][0] for x in seen[:-1]] == [1, 2, 2, 2]


async def test_a_telephone_has_a_breaker_of_its_own_which_every_process_shows(
    data_dir: Path,
) -> None:
    env = {"PONTE_WHATSAPP__BASE_URL": "http://127.0.0.1:9", "PONTE_WHATSAPP__API_KEY": "fake"}
    async with embedded(data_dir, env=env) as ponte, embedded(data_dir, env=env) as other:
        breaker = ponte.ctx.destinos["whatsapp"].part("sul").breaker
        ponte.ctx.destinos["whatsapp"].part("norte")
        for _ in range(breaker.failure_threshold):
            breaker.record_failure("HTTP 503")

        async def shown() -> Any:
            found = (await other.http.get("/hub/circuit-breaker/status")).json()["hubs"]
            return found if found.get("whatsapp:sul", {}).get("state") == "open" else None

        there = await until(shown)
        here = (await ponte.http.get("/hub/circuit-breaker/status")).json()["hubs"]
        health = (await other.http.get("/hub/health/whatsapp")).json()
        told = await until(lambda: alerts(ponte, "disjuntor"))
        reset = await other.http.post("/hub/circuit-breaker/whatsapp:sul/reset")
        unknown = await other.http.post("/hub/circuit-breaker/whatsapp:leste/reset")

        async def closed() -> bool:
            return breaker.state is not OPEN and await shown() is None

        await until(closed)

    assert {n: v["state"] for n, v in here.items() if n.startswith("whatsapp")} == {
        "whatsapp": "closed", "whatsapp:norte": "closed", "whatsapp:sul": "open",
    }  # fmt: skip
    assert there["whatsapp"]["state"] == "closed"
    assert (health["status"], "whatsapp:sul" in health["motivo"]) == ("unhealthy", True)
    assert [a["labels"] for a in told] == [{"hub": "whatsapp:sul"}]
    assert reset.json()["disjuntores"] == ["whatsapp:sul"]
    assert unknown.status_code == 404


async def test_a_reset_of_what_there_is_not_is_refused(ponte: Embedded) -> None:
    answer = await ponte.http.post("/hub/circuit-breaker/orkut/reset")

    assert answer.status_code == 404


async def test_numbers_of_a_destination_are_told_in_json_and_to_prometheus(
    outro: tuple[Embedded, OddServer],
) -> None:
    ponte, server = outro
    server.otherwise = "unavailable"

    await probe_hubs(ponte.ctx)
    found = (await ponte.http.get("/hub/metrics")).json()["hubs"]["telegram"]
    text = await ponte.http.get("/hub/metrics/prometheus", headers={"Accept": "text/plain"})

    assert found["requests"] >= 1
    assert found["failure"] == {"retry": found["requests"]}
    assert (found["success"], found["success_rate"], found["p95_ms"]) == (0, 0.0, None)
    assert text.headers["content-type"].startswith("text/plain")
    families = {line.split("{")[0].split(" ")[0] for line in text.text.splitlines() if line}
    assert {f for f in families if not f.startswith(("#", "hub_"))} == set()
    assert 'hub_circuit_breaker_state{hub="telegram",state="closed"} 1.0' in text.text


async def test_a_destination_that_refuses_most_calls_is_told_of_until_it_takes_them(
    outro: tuple[Embedded, OddServer],
) -> None:
    ponte, _server = outro
    await ponte.ctx.db.transact(_write_numbers, ponte.ctx.now_ms() // 1000)

    await watch_numbers(ponte.ctx)
    told = await alerts(ponte, "hub_falhando"), await alerts(ponte, "hub_lento")
    await ponte.ctx.db.transact(_forget_numbers)
    await watch_numbers(ponte.ctx)

    assert [[a["labels"]["hub"] for a in found] for found in told] == [["telegram"], ["telegram"]]
    assert await alerts(ponte, "hub_falhando") == await alerts(ponte, "hub_lento") == []


async def _received(tx: Tx) -> None:
    await estado.note_received(tx, "telegram")


async def _stop(tx: Tx) -> None:
    await estado.stop(tx, "telegram", motivo="a chave foi recusada")


async def _busy_weeks(tx: Tx) -> None:
    """Give each hour of the last four weeks 60 messages, the last one two hours ago."""
    now_h = tx.now_ms // 3_600_000
    await tx.insert_many(
        "canais_trafego (canal, hora, entradas)",
        [("telegram", now_h - h, 60) for h in range(100, 4 * 168 + 10)],
    )
    await tx.execute(
        "INSERT INTO canais_estado (canal, ultima_entrada_em) VALUES ('telegram', ?)"
        " ON CONFLICT (canal) DO UPDATE SET ultima_entrada_em = excluded.ultima_entrada_em",
        (tx.now_ms - 2 * 3_600_000,),
    )


async def _write_numbers(tx: Tx, now_s: int) -> None:
    """Let another process have made 20 calls of which 10 were taken, each in 5 s."""
    of = (("hub", "telegram"), ("method", "send_message"))
    names = ("hub_requests_total", "hub_requests_success_total")
    timed = ("hub_request_duration_seconds_count", "hub_request_duration_seconds_sum")
    for em, calls in ((now_s - 200, 0.0), (now_s - 20, 20.0)):
        values: dict[Serie, float] = {
            (names[0], "contador", of): calls,
            (names[1], "contador", of): calls / 2,
            (timed[0], "histograma", of): calls / 2,
            (timed[1], "histograma", of): calls / 2 * 5.0,
        }
        await proprias.write(tx, em, "outro-processo", values)


async def _forget_numbers(tx: Tx) -> None:
    await tx.execute("DELETE FROM medicoes WHERE instancia = 'outro-processo'")


async def _audited(tx: Tx) -> list[tuple[str, str]]:
    rows = await tx.fetch("SELECT acao, alvo FROM auditoria WHERE alvo = 'telegram'")
    return [(row[0], row[1]) for row in rows]
