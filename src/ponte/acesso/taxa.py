"""Taxa: how fast one address without a key, or one key, may ask.

Both tables are bounded: whoever was not seen for longest is forgotten first, so
a flood of addresses costs memory up to a number and no more.
"""

import time
from collections import OrderedDict
from collections.abc import Callable

from ponte.errors import MuitasRequisicoes
from ponte.resilience.limiter import SlidingWindowRateLimiter
from ponte.resilience.partilha import Cota

MAX_ENDERECOS = 10_000  # chosen: about 10 MB at 30 a minute
MAX_CHAVES = 2_000  # chosen: about 5 MB at 200 a second


class Taxa:
    """At most `limite` requests in any `janela_s` for each name.

    `cota` makes it one rate of all processes that have it, see `resilience/partilha.py`.
    """

    def __init__(
        self,
        limite: int,
        janela_s: float,
        *,
        nomes: int,
        cota: Cota | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cota = cota
        self._limite = limite
        self._janela_s = janela_s
        self._nomes = nomes
        self._clock = clock
        self._limiters: OrderedDict[str, SlidingWindowRateLimiter] = OrderedDict()

    def take(self, nome: str) -> None:
        """Count one request.

        Raises:
            MuitasRequisicoes: over the rate; it was not counted.
        """
        cota = self._cota
        if cota is not None and (closed_s := cota.closed_s(nome)) > 0:
            raise MuitasRequisicoes(closed_s)
        limiter = self._limiters.get(nome)
        if limiter is None:
            limiter = self._admit(nome)
        else:
            self._limiters.move_to_end(nome)
        if not limiter.try_acquire():
            raise MuitasRequisicoes(limiter.retry_after())
        if cota is not None:
            cota.used(nome)

    def _admit(self, nome: str) -> SlidingWindowRateLimiter:
        limiter = SlidingWindowRateLimiter(self._limite, self._janela_s, clock=self._clock)
        self._limiters[nome] = limiter
        if len(self._limiters) > self._nomes:
            self._limiters.popitem(last=False)
        return limiter
