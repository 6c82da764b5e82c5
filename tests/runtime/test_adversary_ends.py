"""Every piece of work ends, also when what should end it fails, is unknown, or hangs."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ponte.context import Context
from ponte.errors import Adiado, Permanente
from ponte.events import FatoGravado
from ponte.flow import STEPS
from ponte.runtime.scheduler import Job, Scheduler
from ponte.store.db import Tx
from ponte.testing import Embedded, FrozenClock, embedded
from tests.conftest import stock
from tests.espera import until


async def _post(ponte: Embedded) -> str:
    answer = await ponte.http.post(
        "/pedido", json={"itens": [{"produto_id": "ARROZ-5KG", "quantidade": 1}]}
    )
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def _falhas(ponte: Embedded) -> Callable[[], Any]:
    async def read() -> Any:
        return (await ponte.get("/falhas"))["itens"]

    return read


async def test_work_is_set_aside_even_when_giving_up_fails(
    ponte: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuses(_ctx: Context, _tx: Tx, _fatos: Sequence[FatoGravado]) -> None:
        message = "never"
        raise Permanente(message)

    async def cannot(_ctx: Context, _tx: Tx, _fato: FatoGravado, _erro: str) -> None:
        message = "a fact of another version"
        raise KeyError(message)

    planted = replace(STEPS["atender"], handler=refuses, give_up=cannot)
    monkeypatch.setitem(STEPS, "atender", planted)

    await _post(ponte)

    [falha] = await until(_falhas(ponte))
    assert falha["erro"] == "Permanente: never"


@pytest.mark.parametrize("fila", ["pedidos", "webhooks"])
async def test_work_of_a_step_that_this_version_lacks_is_set_aside_and_the_rest_goes_on(
    data_dir: Path, fila: str
) -> None:
    async with embedded(data_dir, papeis=()) as ponte:
        await stock(ponte, 10)
        await _post(ponte)

        async def rename(tx: Tx) -> None:
            await tx.execute(
                "UPDATE fila SET passo = 'antigo', fila = ? WHERE passo = 'atender'", (fila,)
            )

        await ponte.ctx.db.transact(rename)
    async with embedded(data_dir) as ponte:
        pedido_id = await _post(ponte)

        [falha] = await until(_falhas(ponte))

        async def done() -> bool:
            return bool((await ponte.get(f"/pedidos/{pedido_id}"))["status"] == "concluido")

        await until(done)
        assert falha["passo"] == "antigo"


async def test_an_outside_call_does_not_outlive_the_lease_it_was_made_under(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    async def hangs(_ctx: Context, _fato: FatoGravado) -> None:
        calls.append("begun")
        try:
            await asyncio.sleep(30)
            calls.append("sent")
        except asyncio.CancelledError:
            calls.append("cut")
            raise

    monkeypatch.setitem(STEPS, "entregar_alerta", replace(STEPS["entregar_alerta"], handler=hangs))
    async with embedded(data_dir) as ponte:
        await ponte.http.post(
            "/alerts", json={"nome": "x", "severidade": "aviso", "titulo": "t", "texto": "t"}
        )

        async def begun() -> bool:
            return bool(calls)

        await until(begun)
        worker = ponte.supervisor._worker_task
        assert worker is not None
        worker.cancel()
        await asyncio.wait({worker})

        assert calls == ["begun", "cut"]


async def test_a_job_that_breaks_does_not_stop_the_others(ponte: Embedded) -> None:
    ran: list[str] = []

    async def breaks(_ctx: Context) -> None:
        ran.append("broken")
        message = "a reply nobody expected"
        raise KeyError(message)

    async def slow(_ctx: Context) -> None:
        await asyncio.sleep(0.2)
        ran.append("slow")

    keeper = Scheduler(ponte.ctx, [Job("slow", 3600, slow), Job("broken", 3600, breaks)])
    task = asyncio.create_task(keeper.run())
    await asyncio.sleep(0.4)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert ran == ["broken", "slow"]


async def test_work_does_not_wait_for_the_time_that_the_clock_went_back(
    data_dir: Path, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def later(_ctx: Context, _tx: Tx, _fatos: Sequence[FatoGravado]) -> None:
        calls.append(clock.ms)
        message = "not now"
        raise Adiado(message, retry_after_s=60)

    calls: list[int] = []
    own = STEPS["atender"]
    monkeypatch.setitem(STEPS, "atender", replace(own, handler=later))
    async with embedded(data_dir, clock=clock, worker={"sweep_s": 0.05}) as ponte:
        await stock(ponte, 10)
        pedido_id = await _post(ponte)

        async def put_off() -> bool:
            return bool(calls)

        await until(put_off)
        await asyncio.sleep(0.2)  # long enough for it to be back in its queue
        monkeypatch.setitem(STEPS, "atender", own)
        clock.advance(-7200)

        async def done() -> bool:
            return bool((await ponte.get(f"/pedidos/{pedido_id}"))["status"] == "concluido")

        await until(done)
