"""Partilha: one rate that several processes keep together, by what each tells of its calls.

Whoever counts asks nobody while it counts: what was used is told in batches, and the
answer says for how long all have to wait. So nobody is refused who is within the rate,
and all processes together let through at most what they use while one batch is on its
way. The rule: who keeps the count may be away; then each process goes on alone, at once.
"""

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from ponte.errors import Adiado, ArmazenamentoIndisponivel
from ponte.resilience.limiter import (
    CLOCK_GRAIN_S,
    Clock,
    RateLimiter,
    Sleep,
    SlidingWindowRateLimiter,
    TokenBucketRateLimiter,
)

TELL_S = 0.1  # chosen: how long a few uses may be told of together
PARTS = 10  # chosen: a tenth of the rate is told of at once
PAGE = 500  # chosen: names of one round trip
PATIENCE_S = 0.05  # chosen: how long a call to the outside waits for the count


@dataclass(frozen=True, slots=True)
class Regra:
    """A window of `limite` calls in `janela_s`, or a bucket of `limite` filled in `janela_s`."""

    limite: float
    janela_s: float
    balde: bool = False

    @classmethod
    def of(cls, limiter: RateLimiter) -> "Regra":
        """Return the rule that a limiter keeps.

        Raises:
            TypeError: it is none of ours.
        """
        match limiter:
            case SlidingWindowRateLimiter():
                return cls(limiter.max_requests, limiter.window_seconds)
            case TokenBucketRateLimiter():
                return cls(limiter.capacity, limiter.capacity / limiter.rate, balde=True)
        raise TypeError(f"{type(limiter).__name__} has no rule that can be shared")


@dataclass(frozen=True, slots=True)
class Tomada:
    """What was used of a name, since how long ago at most, and how many calls are asked for."""

    nome: str
    regra: Regra
    gastas: int = 0
    idade_s: float = 0.0
    quer: int = 0


@dataclass(frozen=True, slots=True)
class Tomado:
    """Whether the calls asked for were given, and how long until the next (or they) may be."""

    dado: bool
    espera_s: float


class Contador(Protocol):
    """Who keeps the count for all processes, by one clock."""

    async def take(
        self, tomadas: Sequence[Tomada], *, within_s: float | None = None
    ) -> Sequence[Tomado]:
        """Add what was used and give what is asked for, if there is room.

        Args:
            tomadas: Of each name.
            within_s: How long to wait at most; None waits as long as for any answer.

        Raises:
            ArmazenamentoIndisponivel: it does not answer; nobody knows what it counted.
        """


@dataclass(slots=True)
class _Uso:
    n: int
    desde: float


class Cota:
    """One rate for each of many names, as far as this process knows it; bounded in memory."""

    def __init__(
        self, nome: str, regra: Regra, *, nomes: int, avisa: "_Avisa", clock: Clock
    ) -> None:
        self.nome = nome
        self.regra = regra
        self._nomes = nomes
        self._avisa = avisa
        self._clock = clock
        self._lote = max(1, int(regra.limite) // PARTS)
        self._usos: dict[str, _Uso] = {}
        self._fechados: OrderedDict[str, float] = OrderedDict()

    def closed_s(self, quem: str) -> float:
        """Return for how many seconds all processes together have used up a name's rate."""
        ate = self._fechados.get(quem)
        if ate is None:
            return 0.0
        left_s = ate - self._clock()
        if left_s <= 0:
            del self._fechados[quem]
        return max(0.0, left_s)

    def used(self, quem: str, n: int = 1) -> None:
        """Note calls that went; they are told of soon."""
        uso = self._usos.get(quem)
        if uso is not None:
            uso.n += n
        elif len(self._usos) < self._nomes:
            uso = self._usos[quem] = _Uso(n, self._clock())
        else:
            return  # a flood of names: each is held to its rate by this process alone
        self._avisa(uso.n >= self._lote)

    def close(self, quem: str, espera_s: float) -> None:
        """Learn that all together have to wait."""
        self._fechados[quem] = self._clock() + espera_s
        self._fechados.move_to_end(quem)
        if len(self._fechados) > self._nomes:
            self._fechados.popitem(last=False)

    def take_news(self) -> list[tuple[str, Tomada]]:
        """Return what was not told yet, and count it as told."""
        usos, self._usos = self._usos, {}
        now = self._clock()
        return [
            (quem, Tomada(self.key(quem), self.regra, gastas=uso.n, idade_s=now - uso.desde))
            for quem, uso in usos.items()
        ]

    def key(self, quem: str) -> str:
        """Return the name under which all processes count."""
        return f"{self.nome}:{quem}" if quem else self.nome


_Avisa = Callable[[bool], None]


class Cotas:
    """The rates of one process that it shares; `run` is what tells and learns."""

    def __init__(
        self, contador: Contador, *, clock: Clock = time.monotonic, tell_s: float = TELL_S
    ) -> None:
        self.contador = contador
        self._clock = clock
        self._tell_s = tell_s
        self._todas: list[Cota] = []
        self._news = asyncio.Event()
        self._full = asyncio.Event()
        self._telling = asyncio.Lock()

    def open(self, nome: str, regra: Regra, *, nomes: int = 1) -> Cota:
        """Return a rate that is shared from now on under this name."""
        cota = Cota(nome, regra, nomes=nomes, avisa=self._noted, clock=self._clock)
        self._todas.append(cota)
        return cota

    async def run(self) -> None:
        """Tell what was used, a batch at a time, until cancelled."""
        while True:
            await self._news.wait()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._tell_s):
                    await self._full.wait()
            await self.tell()

    async def tell(self) -> None:
        """Tell what was used so far and learn who has to wait.

        What can't be told is forgotten: by the time the count is back it is old.
        """
        async with self._telling:  # once it returns, all that was used before is told
            await self._tell()

    async def _tell(self) -> None:
        self._news.clear()
        self._full.clear()
        news = [(cota, quem, t) for cota in self._todas for quem, t in cota.take_news()]
        for start in range(0, len(news), PAGE):
            page = news[start : start + PAGE]
            try:
                found = await self.contador.take([t for _cota, _quem, t in page])
            except ArmazenamentoIndisponivel:
                return
            for (cota, quem, _t), tomado in zip(page, found, strict=True):
                if tomado.espera_s > 0:
                    cota.close(quem, tomado.espera_s)

    def _noted(self, full: bool) -> None:
        self._news.set()
        if full:
            self._full.set()


class LimitadorPartilhado:
    """A limiter whose calls count for every process that shares its name.

    Its own limiter is asked first, so that alone it promises what that one promises.
    `acquire` then asks for its place in the common count, a round trip a call;
    `try_acquire` can't wait, so it tells of its call afterwards.

    Args:
        local: The limiter of this process.
        nome: The destination.
        cotas: What this process shares.
        patience_s: A longer wait for the others is not waited for; None waits as long as it takes.
        sleep: What waits; only tests give another one.
    """

    def __init__(
        self,
        local: RateLimiter,
        nome: str,
        cotas: Cotas,
        *,
        patience_s: float | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._local = local
        self._cotas = cotas
        self._cota = cotas.open(nome, Regra.of(local))
        self._patience_s = patience_s
        self._sleep = sleep
        self._line = asyncio.Lock()
        self._queued = 0

    @property
    def available(self) -> int:
        """Calls that may go now, as far as is known here."""
        return 0 if self._cota.closed_s("") > 0 else self._local.available

    def try_acquire(self, n: int = 1) -> bool:
        """Take `n` calls now or none; False as well while others wait in line."""
        if self._queued > 0 or self._cota.closed_s("") > 0 or not self._local.try_acquire(n):
            return False
        self._cota.used("", n)
        return True

    async def acquire(self, n: int = 1) -> Literal[True]:
        """Wait for `n` calls; first come, first served in this process.

        Raises:
            ValueError: `n` is below 1, or more than the limiter ever has.
            Adiado: the others are to be waited for, longer than `patience_s`.
        """
        await self._local.acquire(n)
        if self._queued == 0:
            self._line = asyncio.Lock()  # a limiter may outlive a loop
        self._queued += 1
        try:
            async with self._line:
                while (wait_s := await self._ask(n)) > 0:
                    self._cota.close("", wait_s)
                    if self._patience_s is not None and wait_s > self._patience_s:
                        raise Adiado(
                            f"{self._cota.nome} waits for other processes", retry_after_s=wait_s
                        )
                    await self._sleep(max(CLOCK_GRAIN_S, wait_s))
        finally:
            self._queued -= 1
        return True

    def retry_after(self, n: int = 1) -> float:
        """Return the seconds until `n` calls would be granted, as far as is known here."""
        return max(self._local.retry_after(n), self._cota.closed_s(""))

    async def _ask(self, n: int) -> float:
        """Return 0 when the calls may go, else for how long to wait."""
        tomada = Tomada(self._cota.key(""), self._cota.regra, quer=n)
        try:
            (tomado,) = await self._cotas.contador.take([tomada], within_s=PATIENCE_S)
        except ArmazenamentoIndisponivel:
            return 0.0  # alone
        return 0.0 if tomado.dado else max(CLOCK_GRAIN_S, tomado.espera_s)
