"""Redis: moves prompts through streams, one for each queue, shared by one consumer group.

An entry stays until it is acked, so the length of a stream is what is not done. A
dead consumer's entries are claimed by the living, by age (XAUTOCLAIM: 7.0 has no
claim inside XREADGROUP). The rule: Redis may be flushed at any moment, so nothing
here is the only copy, and every reader can make its group anew.

Source: redis.io/docs/latest/develop/data-types/streams.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from ponte.brokers.mailbox import Mailbox
from ponte.domain.valores import new_id
from ponte.errors import ArmazenamentoIndisponivel
from ponte.ports import Prompt, Registro

log = structlog.get_logger(__name__)
GROUP = "ponte"
FREE = "livre"  # the consumer to which a clean end leaves what it did not do
BLOCK_MS = 2000  # chosen: how long one read waits; also how often a consumer shows that it lives
ALIVE_MS = 3 * BLOCK_MS
HELD_MS = 60_000  # chosen: four leases; nobody holds a prompt for so long and lives
IDLE_MS = 24 * 3_600_000  # what FREE holds is older than HELD_MS at once
COUNT = 128  # chosen: one group of the worker
PREFETCH = 256  # chosen: two groups, one in hand and one on the way
IN_FLIGHT = 500  # chosen: entries of one round trip
ANSWER_S = 5.0
AGAIN_S = 1.0  # chosen: how soon an engine that is away is tried again
KEPT = 100_000  # chosen: facts of a topic that a slow reader of the stream may be behind


ENGINE_ERRORS = (RedisError, OSError, TimeoutError)


@contextlib.contextmanager
def engine_errors() -> Iterator[None]:
    """Turn what the library raises into "can't now", and end a task that was cancelled."""
    try:
        yield
        obey_cancel()
    except ENGINE_ERRORS as error:
        raise away(error) from error


def away(error: Exception) -> ArmazenamentoIndisponivel:
    """Return what an error of the library says to those who asked."""
    return ArmazenamentoIndisponivel(f"Redis: {type(error).__name__} {error}")


def obey_cancel() -> None:
    """Raise a cancellation that the library swallowed.

    It sends under `asyncio.wait_for`, which in Python 3.11 loses one that comes as the
    send ends: github.com/python/cpython/issues/86296.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _client(url: str) -> "Redis":
    return Redis.from_url(
        url, socket_connect_timeout=ANSWER_S, socket_timeout=ANSWER_S, retry=Retry(NoBackoff(), 0)
    )


class RedisBroker:
    """One consumer of the group."""

    name = "redis"
    rows_are_the_queue = False

    def __init__(self, url: str) -> None:
        self._redis = _client(url)
        self._mine = new_id()
        self._mailbox = Mailbox()
        self._readers: dict[str, asyncio.Task[None]] = {}
        self._done: dict[str, list[Any]] = {}  # entries whose work is done and that hang on

    async def start(self, filas: Iterable[str] = ()) -> None:
        with engine_errors():
            await self._redis.ping()
            for fila in filas:
                await self._group(fila, consume=False)

    async def publish(self, prompts: Sequence[Prompt]) -> None:
        with engine_errors():
            for start in range(0, len(prompts), IN_FLIGHT):
                pipe = self._redis.pipeline(transaction=False)
                for prompt in prompts[start : start + IN_FLIGHT]:
                    pipe.xadd(_key(prompt.fila), _fields(prompt))
                await pipe.execute()

    def wake(self, filas: Iterable[str]) -> None:
        self._mailbox.wake(filas)

    def wake_all(self) -> None:
        self._mailbox.wake_all()

    async def receive(self, fila: str, *, limit: int, timeout_s: float) -> Sequence[Prompt]:
        if fila not in self._readers:
            self._readers[fila] = asyncio.create_task(self._read(fila), name=f"redis {fila}")
        return await self._mailbox.take(fila, limit=limit, timeout_s=timeout_s)

    async def ack(self, prompts: Sequence[Prompt]) -> None:
        for prompt in prompts:
            self._done.setdefault(prompt.fila, []).append(prompt.receipt)
        # What can't be acked now is kept for the next time; if it comes again, its work is done.
        with contextlib.suppress(RedisError, OSError):
            await self._ack_done()

    async def nack(self, prompts: Sequence[Prompt]) -> None:
        self._mailbox.give_back(prompts)

    async def consumers(self, fila: str) -> int:
        with engine_errors():
            try:
                found = await self._redis.xinfo_consumers(_key(fila), GROUP)
            except ResponseError:  # no such stream or group: nobody reads it
                return 0
        return sum(c["name"].decode() != FREE and c["idle"] < ALIVE_MS for c in found)

    async def depth(self, fila: str) -> int | None:
        with engine_errors():
            return int(await self._redis.xlen(_key(fila)))

    async def close(self) -> None:
        readers, self._readers = self._readers, {}
        for reader in readers.values():
            reader.cancel()
        await asyncio.gather(*readers.values(), return_exceptions=True)
        self._mailbox.close()
        with contextlib.suppress(RedisError, OSError):
            for fila in readers:
                await self._leave(fila)
        await self._redis.aclose()

    async def _ack_done(self) -> None:
        done, self._done = self._done, {}
        if not done:
            return
        pipe = self._redis.pipeline(transaction=True)
        for fila, entries in done.items():
            pipe.xack(_key(fila), GROUP, *entries)
            pipe.xdel(_key(fila), *entries)
        try:
            await pipe.execute()
        except (RedisError, OSError):
            for fila, entries in done.items():
                self._done.setdefault(fila, []).extend(entries)
            raise

    # ------------------------------------------------------------ reading

    async def _read(self, fila: str) -> None:
        down = False
        while True:
            try:
                with engine_errors():
                    await self._group(fila, consume=True)
                    if down:
                        log.info("redis is back, reading", fila=fila)
                    down = False
                    await self._read_held(fila)
                    await self._read_on(fila)
            except ArmazenamentoIndisponivel as error:
                if not down:
                    log.warning("redis can't be read, trying again", fila=fila, erro=str(error))
                down = True
                await asyncio.sleep(AGAIN_S)

    async def _read_held(self, fila: str) -> None:
        """Bring again what this consumer holds: an ack, or a delivery, may have been lost."""
        self._mailbox.forget(fila)
        last = b"0"
        while True:
            obey_cancel()
            found: Any = await self._redis.xreadgroup(
                GROUP, self._mine, {_key(fila): last}, count=COUNT
            )
            entries = found[0][1] if found else []
            if not entries:
                return
            self._arrived(fila, entries)
            last = entries[-1][0]

    async def _read_on(self, fila: str) -> None:
        """Bring entries until the engine fails or forgot the group."""
        key = _key(fila)
        while True:
            obey_cancel()
            await self._ack_done()
            if not await self._room(fila):
                # Busy, not dead: whoever counts consumers must see it alive.
                await self._redis.xreadgroup(GROUP, self._mine, {key: "0"}, count=1)
                continue
            claimed = await self._redis.xautoclaim(
                key, GROUP, self._mine, min_idle_time=HELD_MS, count=COUNT
            )
            self._arrived(fila, claimed[1])
            block = 1 if claimed[1] else BLOCK_MS
            found = await self._redis.xreadgroup(
                GROUP, self._mine, {key: ">"}, count=COUNT, block=block
            )
            for read in found or ():
                self._arrived(fila, read[1])
            if not found:
                # A read that waited in vain does not say that its consumer lives, before 7.2;
                # one of what it holds does.
                await self._redis.xreadgroup(GROUP, self._mine, {key: "0"}, count=1)

    async def _room(self, fila: str) -> bool:
        try:
            async with asyncio.timeout(BLOCK_MS / 1000):
                await self._mailbox.room(fila, PREFETCH)
        except TimeoutError:
            return False
        return True

    def _arrived(self, fila: str, entries: Any) -> None:
        for entry, fields in entries:
            if fields:  # deleted entries are claimed without
                self._mailbox.deliver(_prompt(fila, fields, entry))

    async def _group(self, fila: str, *, consume: bool) -> None:
        """Make the group, at the oldest entry, and this consumer in it."""
        try:
            await self._redis.xgroup_create(_key(fila), GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise
        if consume:
            await self._redis.xgroup_createconsumer(_key(fila), GROUP, self._mine)

    async def _leave(self, fila: str) -> None:
        """Leave what was not done to the next that claims, at once."""
        key = _key(fila)
        while held := await self._redis.xpending_range(
            key, GROUP, min="-", max="+", count=COUNT, consumername=self._mine
        ):
            entries: list[Any] = [entry["message_id"] for entry in held]
            await self._redis.xclaim(
                key, GROUP, FREE, min_idle_time=0, message_ids=entries, idle=IDLE_MS, justid=True
            )
        await self._redis.xgroup_delconsumer(key, GROUP, self._mine)


class RedisStream:
    """Publishes facts to one stream a topic, the oldest trimmed beyond `KEPT`."""

    name = "redis"

    def __init__(self, url: str) -> None:
        self._redis = _client(url)

    async def publish(self, registros: Sequence[Registro]) -> None:
        with engine_errors():
            pipe = self._redis.pipeline(transaction=True)
            for registro in registros:
                fields: dict[Any, Any] = {
                    "chave": registro.chave,
                    "envelope": registro.envelope,
                    **{f"ce_{nome}": valor for nome, valor in registro.atributos.items()},
                }
                pipe.xadd(f"ponte:stream:{registro.topico}", fields, maxlen=KEPT, approximate=True)
            await pipe.execute()

    async def close(self) -> None:
        await self._redis.aclose()


def _key(fila: str) -> str:
    return f"ponte:fila:{fila}"


def _fields(prompt: Prompt) -> dict[Any, Any]:
    return {"entrega": prompt.entrega_id, "fato_id": prompt.fato_id, "lane": prompt.lane}


def _prompt(fila: str, fields: dict[bytes, bytes], entry: bytes) -> Prompt:
    # Whatever else came into the stream is a prompt as well: it makes the worker look.
    number = fields.get(b"entrega", b"0")
    return Prompt(
        fila,
        int(number) if number.isdigit() else 0,
        fields.get(b"fato_id", b"").decode(errors="replace"),
        fields.get(b"lane", b"").decode(errors="replace"),
        receipt=entry,
    )
