"""Contagem: a count for all processes on a clock that stands still, or one that is away."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ponte.errors import ArmazenamentoIndisponivel
from ponte.resilience.limiter import (
    RateLimiter,
    SlidingWindowRateLimiter,
    TokenBucketRateLimiter,
)
from ponte.resilience.partilha import Regra, Tomada, Tomado


@dataclass
class Contagem:
    """Counts as Redis does, one limiter a name."""

    clock: Callable[[], float]
    asked: list[Sequence[Tomada]] = field(default_factory=list)
    _limiters: dict[str, RateLimiter] = field(default_factory=dict)

    async def take(
        self, tomadas: Sequence[Tomada], *, within_s: float | None = None
    ) -> Sequence[Tomado]:
        assert within_s is None or within_s < 1
        self.asked.append(tomadas)
        return [self._take(tomada) for tomada in tomadas]

    def _take(self, tomada: Tomada) -> Tomado:
        limiter = self._limiters.get(tomada.nome)
        if limiter is None:
            limiter = self._limiters[tomada.nome] = self._made(tomada.regra)
        for _ in range(tomada.gastas):
            limiter.try_acquire()
        dado = tomada.quer > 0 and limiter.try_acquire(tomada.quer)
        return Tomado(dado, limiter.retry_after(1 if dado else max(1, tomada.quer)))

    def _made(self, regra: Regra) -> RateLimiter:
        if regra.balde:
            rate = regra.limite / regra.janela_s
            return TokenBucketRateLimiter(rate, regra.limite, clock=self.clock)
        return SlidingWindowRateLimiter(int(regra.limite), regra.janela_s, clock=self.clock)


class Ausente:
    """Never answers."""

    def __init__(self) -> None:
        self.asked = 0

    async def take(
        self, tomadas: Sequence[Tomada], *, within_s: float | None = None
    ) -> Sequence[Tomado]:
        self.asked += 1
        raise ArmazenamentoIndisponivel(f"away: {len(tomadas)}, {within_s}")
