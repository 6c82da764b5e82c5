"""A day of a shop on every platform, in seconds: nothing lost, and doubled only where it may be."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mes.relogio import INICIO_S, Laco, Relogio

ROOT = Path(__file__).parents[2]
MENSAGENS = "5000"
PATIENCE_S = 280  # a day takes half a minute; on a loaded machine several times that


@pytest.mark.timeout(300)
def test_a_day_of_messages_loses_none_while_the_platforms_misbehave(tmp_path: Path) -> None:
    out = tmp_path / "dia.json"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    args = ["--dias", "1", "--mensagens", MENSAGENS, "--dir", str(tmp_path), "--out", str(out)]

    done = subprocess.run(  # noqa: S603 - this program itself
        [sys.executable, "-m", "tests.mes", *args],
        cwd=ROOT, env=env, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip

    assert out.exists(), done.stderr[-2000:]
    found = json.loads(out.read_text())
    assert (done.returncode, found["violations"], found["lost"]) == (0, [], 0)
    assert found["episodes"] == {"limite": 1, "queda": 1, "chave": 1, "janela": 1}
    assert set(found["messages_in"]) == set(found["messages_out"]) == set(found["canais"])
    assert any(key.endswith(" open") for key in found["breakers"])


def test_hours_pass_at_once_where_nothing_is_left_to_do() -> None:
    relogio = Relogio()

    async def sleep() -> float:
        await asyncio.sleep(3 * 3600)
        return relogio.s

    laco = Laco(relogio)
    slept_s = laco.run_until_complete(sleep())
    laco.close()

    assert 3 * 3600 <= slept_s < 3 * 3600 + 1
    assert relogio.now_ms() >= int(INICIO_S * 1000) + 3 * 3_600_000
