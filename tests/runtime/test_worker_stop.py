"""Stopping a worker: one that was told to stop before it waited does not wait at all (P12)."""

import asyncio
import time
from pathlib import Path

from ponte.runtime.worker import IDLE_S, Worker
from ponte.testing import embedded


async def test_a_worker_told_to_stop_before_it_waits_for_work_is_out_at_once(
    data_dir: Path,
) -> None:
    async with embedded(data_dir, papeis=()) as ponte:
        worker = Worker(ponte.ctx, {"pedidos": "many"})
        began = time.monotonic()

        running = asyncio.create_task(worker.run())
        await asyncio.sleep(0)  # its loops exist
        await asyncio.sleep(0)  # and read when their next work is due
        worker.stop()
        await running

    assert time.monotonic() - began < IDLE_S / 2
