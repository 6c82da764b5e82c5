"""Ajudante: what a Redis may help with, and nothing that Ponte could not do without it.

Copies for outside readers, counts that processes keep together, words from one process
to the others. The rule: it may be flushed, restarted or gone at any moment, so each use
has a circuit of its own: after one answer that did not come it is not asked for a while,
and whoever asks hears at once that it is away.

Source: redis.io/docs/latest/commands.
"""

import asyncio
import contextlib
import hashlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import cache
from itertools import count
from typing import Any

import msgspec
import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError

from ponte.brokers import lua
from ponte.brokers.redis import ENGINE_ERRORS, away, engine_errors, obey_cancel
from ponte.errors import ArmazenamentoIndisponivel
from ponte.ports import AmostraCopiada, Medida, Ouvinte
from ponte.resilience.breaker import BreakerState
from ponte.resilience.disjuntores import Noticia, read_noticia
from ponte.resilience.partilha import Tomada, Tomado
from ponte.telemetry import Telemetry

log = structlog.get_logger(__name__)
ANSWER_S = 1.0  # chosen: who waits for it works in the background
AGAIN_S = 1.0  # chosen: how soon one that did not answer is asked again
SILENCE_S = 5.0  # chosen: a line on which nothing came for so long is asked whether it lives
HELD_S = 7 * 24 * 3600  # chosen: longer than anybody holds a breaker open by hand
COPY_S = 3600  # SPEC §6
SAMPLES = 1_000  # chosen: of a name, 150 bytes each; the database has them all
SAMPLES_MS = 24 * 3_600_000  # chosen: a chart of today
RECADOS, DISJUNTORES = "recados", "disjuntores"  # channels, and uses as metrics name them


class RedisAjudante:
    """One process's way to it. `casa` keeps installations that share a Redis apart."""

    name = "redis"

    def __init__(self, url: str, *, casa: str, processo: str, telemetry: Telemetry) -> None:
        self._redis = Redis.from_url(
            url,
            socket_connect_timeout=ANSWER_S,
            # Each use has a limit of its own; the library's makes a task of every write.
            socket_timeout=None,
            retry=Retry(NoBackoff(), 0),
        )
        self._casa = f"ponte:{casa}"
        self._processo = processo
        self._telemetry = telemetry
        self._away_until: dict[str, float] = {}
        self._ids = count()
        self._ouvintes: list[Ouvinte] = []
        self._up: set[str] = set()
        self._led = False

    @property
    def away(self) -> tuple[str, ...]:
        """Return the uses that it did not serve when it was last asked."""
        return tuple(self._away_until)

    async def measure(self) -> Medida:
        """Ask it whether it is there: its version, and how long it took to answer."""
        async with self._asking("exame"):
            await self._redis.ping()
            began = time.monotonic()
            await self._redis.ping()
            took_s = time.monotonic() - began
            info: Mapping[str, Any] = await self._redis.info("server")
        return Medida(str(info["redis_version"]), took_s * 1000)

    async def close(self) -> None:
        """Let another process lead, and disconnect."""
        if self._led:
            with contextlib.suppress(ArmazenamentoIndisponivel):
                await self._give_up()
        await self._redis.aclose()

    # ------------------------------------------------------------ counts

    async def take(
        self, tomadas: Sequence[Tomada], *, within_s: float | None = None
    ) -> Sequence[Tomado]:
        keys = [f"{self._casa}:taxa:{t.nome}" for t in tomadas]
        values: list[str | int | float] = []
        for t in tomadas:
            values += [
                "balde" if t.regra.balde else "janela", t.regra.limite, t.regra.janela_s,
                t.gastas, t.idade_s, t.quer, f"{self._processo}.{next(self._ids)}",
            ]  # fmt: skip
        # As `_asking`, whose generators would cost a call to the outside a tenth of its guards.
        self._refuse_while_away("limites")
        try:
            async with asyncio.timeout(within_s or ANSWER_S):
                found = await self._eval(lua.TAKE, keys, values)
            obey_cancel()
        except ENGINE_ERRORS as error:
            gone = away(error)
            self._fell("limites", gone)
            raise gone from error
        self._rose("limites")
        return [
            Tomado(bool(dado), espera_us / 1e6)
            for dado, espera_us in zip(found[::2], found[1::2], strict=True)
        ]

    # ------------------------------------------------------------ words

    def listen(self, ouvinte: Ouvinte) -> None:
        """Give every word of the others to `ouvinte` from the next `run` on."""
        self._ouvintes.append(ouvinte)

    async def tell(self, texto: str) -> None:
        async with self._asking("recados"):
            await self._redis.publish(self._channel(RECADOS), texto)

    async def tell_breaker(self, noticia: Noticia) -> None:
        key, texto = f"{self._casa}:disjuntor:{noticia.nome}", msgspec.json.encode(noticia)
        async with self._asking("disjuntores"):
            pipe = self._redis.pipeline(transaction=True)
            if noticia.estado is BreakerState.OPEN:
                left_s = HELD_S if noticia.resta_s is None else noticia.resta_s
                pipe.set(key, texto, px=max(1, int(left_s * 1000)))
            else:
                pipe.delete(key)
            pipe.publish(self._channel(DISJUNTORES), texto)
            await pipe.execute()

    async def open_breakers(self) -> Sequence[Noticia]:
        found = []
        async with self._asking("disjuntores"):
            # Not by KEYS: others may live in this Redis, and it would stop for all of them.
            async for key in self._redis.scan_iter(f"{self._casa}:disjuntor:*", count=1000):
                texto, left_ms = await self._redis.get(key), await self._redis.pttl(key)
                noticia = None if texto is None else read_noticia(texto)
                if noticia is not None and left_ms > 0:
                    left_s = None if noticia.resta_s is None else left_ms / 1000
                    found.append(msgspec.structs.replace(noticia, resta_s=left_s))
        return found

    async def run(self) -> None:
        """Listen until cancelled; after each silence every listener is told to look by itself."""
        while True:
            with contextlib.suppress(ArmazenamentoIndisponivel):
                async with self._asking("escuta", for_ever=True):
                    await self._listen()
            await asyncio.sleep(AGAIN_S)

    async def _listen(self) -> None:
        channels = {self._channel(nome): nome for nome in (RECADOS, DISJUNTORES)}
        async with self._redis.pubsub() as line:
            async with asyncio.timeout(SILENCE_S):
                await line.subscribe(*channels)
            silent = 0
            self._rose("escuta")
            for ouvinte in self._ouvintes:
                await ouvinte(None, "")
            while silent < 2:
                async with asyncio.timeout(2 * SILENCE_S):
                    message = await line.get_message(timeout=SILENCE_S)
                    if message is None:
                        silent += 1
                        await line.ping()
                if message is None:
                    continue
                silent = 0
                if message["type"] == "message":
                    await self._heard(channels[message["channel"].decode()], message["data"])
        raise TimeoutError  # what `_asking` knows

    async def _heard(self, nome: str, data: bytes) -> None:
        for ouvinte in self._ouvintes:
            await ouvinte(nome, data.decode(errors="replace"))

    # ------------------------------------------------------------ copies

    async def lead(self, *, ttl_s: float) -> bool:
        async with self._asking("copias"):
            key, ms = f"{self._casa}:copias:dono", int(ttl_s * 1000)
            self._led = bool(await self._eval(lua.LEAD, [key], [self._processo, ms]))
        return self._led

    async def _give_up(self) -> None:
        async with self._asking("copias"):
            await self._eval(lua.GIVE_UP, [f"{self._casa}:copias:dono"], [self._processo])

    async def place(self, nome: str) -> int | None:
        async with self._asking("copias"):
            found = await self._redis.get(self._place(nome))
        return int(found) if found is not None and found.isdigit() else None

    async def copy(self, copias: Mapping[str, bytes | None], *, de: int | None, ate: int) -> bool:
        keys = [self._place("fatos"), *copias]
        values = ["" if de is None else de, ate, COPY_S, *(c or b"" for c in copias.values())]
        async with self._asking("copias"):
            return bool(await self._eval(lua.COPY, keys, values))

    async def add_samples(self, amostras: Sequence[AmostraCopiada], *, ate: int) -> None:
        nomes: dict[str, dict[Any, float]] = {}
        for amostra in amostras:
            nomes.setdefault(f"metrics:{amostra.nome}", {})[amostra.texto] = amostra.em_ms
        async with self._asking("copias"):
            pipe = self._redis.pipeline(transaction=True)
            for key, found in nomes.items():
                pipe.zadd(key, found)
                pipe.zremrangebyscore(key, "-inf", f"({ate - SAMPLES_MS}")
                pipe.zremrangebyrank(key, 0, -SAMPLES - 1)
                pipe.pexpire(key, SAMPLES_MS)
            pipe.set(self._place("amostras"), ate)
            await pipe.execute()

    # ------------------------------------------------------------ asking

    def _place(self, nome: str) -> str:
        return f"{self._casa}:copias:{nome}"

    def _channel(self, nome: str) -> str:
        return f"{self._casa}:{nome}"

    async def _eval(self, script: str, keys: Sequence[str], values: Sequence[Any]) -> Any:
        by_hash: Callable[..., Awaitable[Any]] = self._redis.evalsha
        by_text: Callable[..., Awaitable[Any]] = self._redis.eval
        try:
            return await by_hash(_hash(script), len(keys), *keys, *values)
        except NoScriptError:  # a restart forgets them
            return await by_text(script, len(keys), *keys, *values)

    @contextlib.asynccontextmanager
    async def _asking(self, uso: str, *, for_ever: bool = False) -> AsyncIterator[None]:
        self._refuse_while_away(uso)
        try:
            with engine_errors():
                async with asyncio.timeout(None if for_ever else ANSWER_S):
                    yield
        except ArmazenamentoIndisponivel as error:
            self._fell(uso, error)
            raise
        self._rose(uso)

    def _refuse_while_away(self, uso: str) -> None:
        if time.monotonic() < self._away_until.get(uso, 0.0):
            raise ArmazenamentoIndisponivel("Redis is away")

    def _fell(self, uso: str, error: ArmazenamentoIndisponivel) -> None:
        if uso not in self._away_until:
            log.warning("redis does not answer, going on without it", uso=uso, erro=str(error))
        self._up.discard(uso)
        # A moment less, so that who waits as long is not refused once more.
        self._away_until[uso] = time.monotonic() + 0.9 * AGAIN_S
        self._telemetry.redis_failures.labels(uso).inc()
        self._telemetry.redis_up.labels(uso).set(0)

    def _rose(self, uso: str) -> None:
        if uso in self._up:
            return  # said before; each call to the outside passes here
        if self._away_until.pop(uso, None) is not None:
            log.info("redis answers again", uso=uso)
        self._up.add(uso)
        self._telemetry.redis_up.labels(uso).set(1)


@cache
def _hash(script: str) -> str:
    return hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()  # as Redis names it
