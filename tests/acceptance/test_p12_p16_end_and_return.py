"""P12 and P16: a clean end cuts nothing; after a hard one it serves again within five seconds."""

import asyncio
import contextlib
import json
import os
import sys
from pathlib import Path

import httpx2
import websockets

from tests.acceptance.servidor import Servidor, order, product, serving, settled

LATE_S = 10.0  # what a busy machine may add; the soak measures what a quiet one needs


async def test_sigterm_under_load_cuts_no_accepted_request_and_is_out_in_time(
    servidor: Servidor, http: httpx2.AsyncClient
) -> None:
    await product(http, "A", 100_000)
    answered: list[str] = []
    broken: list[int] = []

    async def buyer(number: int) -> None:
        for n in range(10_000):
            try:
                answer = await http.post("/pedido", json=order("A", pedido_externo=f"{number}-{n}"))
            except httpx2.TransportError:
                return
            if answer.status_code == 202:
                answered.append(answer.json()["id"])
            elif answer.status_code == 503:
                return
            else:
                broken.append(answer.status_code)

    buyers = [asyncio.create_task(buyer(n)) for n in range(8)]
    await asyncio.sleep(1)
    code, seconds = await servidor.terminate()
    await asyncio.gather(*buyers)
    await servidor.start()

    assert (code, broken) == (143, [])
    assert seconds < 20
    assert answered
    for pedido_id in answered[-50:]:
        assert (await settled(http, pedido_id))["status"] == "concluido"
    states = (await http.get("/pedidos", params={"status": "concluido", "limite": 1})).json()
    assert states["total"] >= len(answered)


async def test_sockets_are_closed_as_a_restart(servidor: Servidor) -> None:
    async with servidor.ws("/ws/estoque") as ws:
        assert json.loads(await ws.recv())["tipo"] == "instantaneo"
        ending = asyncio.create_task(servidor.terminate())
        try:
            async with asyncio.timeout(10):
                while True:
                    await ws.recv()
        except websockets.ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd else None
        await ending

    assert code == 1012


async def test_after_kill_9_it_serves_again_within_five_seconds_and_drains_its_backlog(
    tmp_path: Path,
) -> None:
    servidor = Servidor(tmp_path / "dados")
    await servidor.start("web")
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(servidor.close)
        http = await stack.enter_async_context(servidor.http())
        await product(http, "A", 10_000)
        ids = [
            a.json()["id"]
            for a in await asyncio.gather(
                *(http.post("/pedido", json=order("A")) for _ in range(200))
            )
        ]
        await servidor.kill("web")

        seconds = await servidor.start("up")

        assert seconds < 5 + LATE_S
        for pedido_id in ids:
            assert (await settled(http, pedido_id))["status"] == "concluido"


async def test_a_backup_taken_while_it_runs_is_consistent_and_verify_proves_it(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path / "dados") as servidor, servidor.http() as http:
        await product(http, "A", 10_000)

        async def sell() -> None:
            for _ in range(60):
                await http.post("/pedido", json=order("A"))

        selling = asyncio.gather(*(sell() for _ in range(4)))
        await asyncio.sleep(0.3)
        copy = tmp_path / "copia.db"
        backup = await _ponte(servidor, "backup", "--to", str(copy))
        await selling
        alive = await _ponte(servidor, "verify", "--json")
        await servidor.terminate()

        restored = Servidor(tmp_path / "outra")
        restore = await _ponte(restored, "restore", str(copy), "-y")
        verify = await _ponte(restored, "verify", "--json")

        assert (backup[0], alive[0], restore[0], verify[0]) == (0, 0, 0, 0), (
            backup,
            alive,
            restore,
            verify,
        )


async def _ponte(servidor: Servidor, *args: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "ponte",
        *args,
        env={**os.environ, "PONTE_DATA_DIR": str(servidor.data_dir), "PONTE_URL": servidor.url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=servidor.data_dir.parent,
    )
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode()
