"""Tentativas: who presents wrong keys, and for how long they are not listened to.

Ten wrong keys a minute from one address close it to further wrong keys for
fifteen minutes. A right key still passes: a key of 256 bits is not guessed, and
a shop behind one address must not be locked out by one bad client in it.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

JANELA_S = 60.0
MAX_ENDERECOS = 10_000  # chosen: about 2 MB; the longest unseen is forgotten first


@dataclass(slots=True)
class _Conta:
    falhas: int
    desde: float
    bloqueado_ate: float = 0.0


class Tentativas:
    """Counts wrong keys by address, in bounded memory."""

    def __init__(
        self, *, limite: int, bloqueio_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limite = limite
        self._bloqueio_s = bloqueio_s
        self._clock = clock
        self._contas: OrderedDict[str, _Conta] = OrderedDict()

    def blocked_s(self, endereco: str) -> float:
        """Return for how many seconds this address is still closed; 0 when it is open."""
        conta = self._contas.get(endereco)
        return max(0.0, conta.bloqueado_ate - self._clock()) if conta else 0.0

    def fail(self, endereco: str) -> None:
        """Count one wrong key."""
        now = self._clock()
        conta = self._contas.get(endereco)
        if conta is None or now - conta.desde >= JANELA_S:
            conta = self._contas[endereco] = _Conta(0, now)
        self._contas.move_to_end(endereco)
        conta.falhas += 1
        if conta.falhas >= self._limite:
            conta.bloqueado_ate = now + self._bloqueio_s
        if len(self._contas) > MAX_ENDERECOS:
            self._contas.popitem(last=False)
