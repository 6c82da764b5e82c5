"""F6: the disk is full, or says that it could not sync: nothing is believed stored that is not."""

import asyncio
import sys
from pathlib import Path

import httpx2
import pytest

from tests.acceptance.servidor import AUTH, Servidor, order, product, serving, settled
from tests.crash.points import Strace, tracing_or_skip

pytestmark = pytest.mark.violence
ORDERS = 20


@pytest.fixture(scope="module", autouse=True)
def _tracing_is_permitted() -> None:
    tracing_or_skip()


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("calls", "error"),
    [("fdatasync,fsync", "EIO"), ("pwrite64", "ENOSPC")],
    ids=["sync fails", "disk full"],
)
async def test_what_the_disk_refused_is_answered_503_and_its_key_settles_it(
    calls: str, error: str, tmp_path: Path
) -> None:
    async with serving(tmp_path / "dados") as servidor, servidor.http() as http:
        await product(http, "ARROZ-5KG", 1000)
        before = [await _post(http, f"antes-{n}") for n in range(ORDERS)]
        keys = [f"durante-{n}" for n in range(ORDERS)]

        with _failing(servidor, calls=calls, error=error, output=tmp_path / "strace"):
            refused = await asyncio.gather(*(_post(http, key) for key in keys))
            read = await http.get("/estoque/ARROZ-5KG")
        accepted = await asyncio.gather(*(_post(http, key) for key in keys))
        for answer in (*before, *accepted):
            assert (await settled(http, answer.json()["id"]))["status"] == "concluido"
        await servidor.kill()
        await servidor.start()
        left = (await http.get("/estoque/ARROZ-5KG")).json()["quantidade"]
        await servidor.terminate()

        assert {a.status_code for a in refused} == {503}
        assert all(int(a.headers["retry-after"]) >= 1 for a in refused)
        assert read.status_code == 200
        assert {a.status_code for a in (*before, *accepted)} == {202}
        assert left == 1000 - 2 * ORDERS
        assert await _verify(servidor) == 0


def _failing(servidor: Servidor, *, calls: str, error: str, output: Path) -> Strace:
    pid = servidor.processes["up"].pid
    return Strace(pid, trace=calls, output=output, inject=f"{calls}:error={error}")


async def _post(http: httpx2.AsyncClient, key: str) -> httpx2.Response:
    headers = {**AUTH, "Idempotency-Key": key}
    body = order("ARROZ-5KG", pedido_externo=key)
    return await http.post("/pedido", json=body, headers=headers)


async def _verify(servidor: Servidor) -> int | None:
    verify = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ponte", "verify", env={"PONTE_DATA_DIR": str(servidor.data_dir)}
    )
    return await asyncio.wait_for(verify.wait(), 30)
