"""The stream's position: what was not confirmed comes again, and nothing is skipped."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ponte.context import Context
from ponte.errors import ArmazenamentoIndisponivel
from ponte.events import FatoGravado
from ponte.ports import Registro
from ponte.runtime.stream import Streamer, topico
from ponte.testing import Embedded, FrozenClock, embedded
from tests.conftest import stock
from tests.espera import sell, until


@dataclass
class Recorder:
    """Another system's stream, which may refuse, or confirm too late to be heard."""

    name: str = "recorder"
    came: list[str] = field(default_factory=list)
    lost_confirms: int = 0
    go: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.go.set()

    async def publish(self, registros: Sequence[Registro]) -> None:
        self.came += [r.atributos["id"] for r in registros]
        await self.go.wait()
        if self.lost_confirms:
            self.lost_confirms -= 1
            raise ArmazenamentoIndisponivel("the confirm was lost")

    async def close(self) -> None:
        """Nothing is open."""


@contextlib.asynccontextmanager
async def streaming(ctx: Context, recorder: Recorder) -> AsyncIterator[asyncio.Task[None]]:
    """Publish into a recorder until the block ends, as a kill would end it."""
    streamer = Streamer(ctx, recorder)
    streamer.start()
    task = asyncio.create_task(streamer.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _ids(ponte: Embedded) -> list[str]:
    return [f["id"] for f in (await ponte.get("/eventos", limite=500))["itens"]]


async def _came(ponte: Embedded, recorder: Recorder) -> None:
    async def all_came() -> bool:
        return set(await _ids(ponte)) <= set(recorder.came)

    await until(all_came, seconds=30)


async def test_a_lost_confirm_repeats_what_was_in_flight_and_skips_nothing(
    ponte: Embedded,
) -> None:
    recorder = Recorder(lost_confirms=1)
    facts = await _ids(ponte)

    async with streaming(ponte.ctx, recorder):
        await until(lambda: _length(recorder, 2 * len(facts)), seconds=30)
        await sell(ponte, "ARROZ-5KG")
        await _came(ponte, recorder)

    assert recorder.came == facts + await _ids(ponte)


async def test_a_publisher_that_ends_in_the_middle_is_followed_without_a_gap(
    ponte: Embedded,
) -> None:
    first, second = Recorder(), Recorder()
    first.go.clear()
    async with streaming(ponte.ctx, first):
        await until(lambda: _length(first, 1), seconds=30)

    async with streaming(ponte.ctx, second):
        await _came(ponte, second)

    assert second.came == await _ids(ponte)


async def test_of_two_processes_one_publishes(data_dir: Path) -> None:
    one, other = Recorder(), Recorder()
    async with embedded(data_dir) as ponte, embedded(data_dir, papeis=()) as second:
        await stock(ponte, 10)
        async with streaming(ponte.ctx, one):
            await _came(ponte, one)
            async with streaming(second.ctx, other):
                await sell(ponte, "ARROZ-5KG")
                await _came(ponte, one)

                assert one.came == await _ids(ponte)
                assert other.came == []


async def test_a_publisher_that_slept_past_its_lease_cannot_move_the_position(
    data_dir: Path, clock: FrozenClock
) -> None:
    late, fresh = Recorder(), Recorder()
    async with (
        embedded(data_dir, clock=clock) as ponte,
        embedded(data_dir, clock=clock, papeis=()) as second,
    ):
        await stock(ponte, 10)
        late.go.clear()
        async with streaming(ponte.ctx, late):
            await until(lambda: _length(late, 1), seconds=30)
            clock.advance(60)
            async with streaming(second.ctx, fresh):
                await _came(ponte, fresh)
                late.go.set()
                await sell(ponte, "ARROZ-5KG")
                await _came(ponte, fresh)

                assert fresh.came == await _ids(ponte)
                assert len(late.came) < len(fresh.came)


@pytest.mark.parametrize(
    ("tipo", "dados", "expected"),
    [
        ("mensagem.enviada", b'{"tipo_mensagem": "imagem"}', "messages.imagem"),
        ("mensagem", b'{"de": "loja", "texto": "oi"}', "messages.texto"),
        ("alerta.criado", b"{}", "alerts"),
        ("pedido.recebido", b"{}", "pedidos"),
        ("nota.emitida", b"{}", "pedidos"),
        ("estoque.baixo", b"{}", "estoque"),
        ("novidade.de_outra_versao", b"{}", "novidade"),
    ],
)
def test_a_fact_has_the_topic_of_its_noun(tipo: str, dados: bytes, expected: str) -> None:
    assert topico(FatoGravado(1, "id", tipo, "lane", 0, dados)) == expected


async def _length(recorder: Recorder, n: int) -> bool:
    return len(recorder.came) >= n
