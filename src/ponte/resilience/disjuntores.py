"""Disjuntores: breakers of one destination that open and close in all processes together.

Each process counts its own failures; what it decides, the others do as well. Nobody
asks before a call: a change is told and heard. Whoever opened a breaker tries first,
the others a moment later, so that a destination which is coming back gets the trial
calls of one process. The rule: what can't be told changes nothing here.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from ponte.errors import ArmazenamentoIndisponivel
from ponte.resilience.breaker import (
    CLOSED,
    HALF_OPEN,
    OPEN,
    TRIAL_WAIT_S,
    BreakerState,
    CircuitBreaker,
)
from ponte.resilience.http import MAX_WAIT_S, Http, Meter
from ponte.resilience.limiter import RateLimiter
from ponte.resilience.partilha import Cotas, LimitadorPartilhado

AGAIN_S = 1.0  # chosen: how soon a change that nobody took is told again
ABERTOS = 1_000  # chosen: open breakers of others that are remembered for who calls there later


class Noticia(msgspec.Struct, frozen=True):
    """A change of one breaker: who decided it, and for how long it stands (None: until told)."""

    nome: str
    estado: BreakerState
    motivo: str
    de: str
    resta_s: float | None = None


def read_noticia(texto: bytes | str) -> Noticia | None:
    """Return the change that a text tells, or None where it tells none: it may be anybody's."""
    try:
        return msgspec.json.decode(texto, type=Noticia)
    except msgspec.MsgspecError:
        return None


class Mural(Protocol):
    """Where changes are told to all, and what is open is kept for who comes later."""

    async def tell_breaker(self, noticia: Noticia) -> None:
        """Tell a change.

        Raises:
            ArmazenamentoIndisponivel: perhaps nobody heard it.
        """

    async def open_breakers(self) -> Sequence[Noticia]:
        """Return every breaker that was told open, with what is left of its time.

        Raises:
            ArmazenamentoIndisponivel: it does not answer.
        """


class DisjuntorPartilhado(CircuitBreaker):
    """A circuit breaker whose changes other processes make as well."""

    grupo: "Disjuntores | None" = None
    _adopting = False

    def adopt(self, noticia: Noticia) -> None:
        """Do what another process decided."""
        self._adopting = True
        try:
            if noticia.estado is HALF_OPEN:
                self._let_try()
            elif noticia.estado is OPEN:
                self._open_as(noticia)
            elif self._state is not CLOSED:
                self._move(CLOSED, noticia.motivo)
        finally:
            self._adopting = False

    def _let_try(self) -> None:
        # Its result is told; should the one who tries die, the timeout passes here again.
        if self._state is OPEN:
            self._held = False
            self._since = self._clock()

    def _open_as(self, noticia: Noticia) -> None:
        if self._held and noticia.resta_s is not None:
            return  # told before it was held by hand
        self._move(OPEN, noticia.motivo)
        if noticia.resta_s is None:
            self._held = True
        else:
            left_s = min(noticia.resta_s, self.recovery_timeout) + TRIAL_WAIT_S
            self._since += left_s - self.recovery_timeout

    def _move(self, new: BreakerState, reason: str) -> None:
        super()._move(new, reason)
        if self.grupo is not None and not self._adopting:
            self.grupo.changed(self)

    def noticia(self, *, de: str) -> Noticia:
        """Return the breaker as others are told of it."""
        return Noticia(self.name, self._state, self._reason, de, self.retry_after())


@dataclass
class Disjuntores:
    """The shared breakers of one process; `run` is what tells. `processo` is this one's name."""

    mural: Mural
    processo: str
    _todos: dict[str, DisjuntorPartilhado] = field(default_factory=dict)
    _mudados: dict[str, DisjuntorPartilhado] = field(default_factory=dict)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _abertos: dict[str, tuple[float, Noticia]] = field(default_factory=dict)

    def open(self, nome: str) -> DisjuntorPartilhado:
        """Return the breaker of a destination, open if others opened theirs a moment ago."""
        disjuntor = self._todos[nome] = DisjuntorPartilhado(name=nome)
        disjuntor.grupo = self
        at, noticia = self._abertos.pop(nome, (0.0, None))
        if noticia is not None:
            left_s = noticia.resta_s
            if left_s is not None:
                left_s -= time.monotonic() - at
            if left_s is None or left_s > 0:
                disjuntor.adopt(msgspec.structs.replace(noticia, resta_s=left_s))
        return disjuntor

    def changed(self, disjuntor: DisjuntorPartilhado) -> None:
        """Tell of a breaker soon, as it then stands."""
        self._mudados[disjuntor.name] = disjuntor
        self._news.set()

    def heard(self, noticia: Noticia) -> None:
        """Do what another process decided."""
        disjuntor = self._todos.get(noticia.nome)
        if disjuntor is None:
            self._keep(noticia)
        elif noticia.de != self.processo:
            disjuntor.adopt(noticia)

    def _keep(self, noticia: Noticia) -> None:
        if noticia.estado is not OPEN:
            self._abertos.pop(noticia.nome, None)
        elif len(self._abertos) < ABERTOS:
            self._abertos[noticia.nome] = (time.monotonic(), noticia)

    async def run(self) -> None:
        """Tell each change until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            mudados, self._mudados = self._mudados, {}
            for nome, disjuntor in mudados.items():
                try:
                    await self.mural.tell_breaker(disjuntor.noticia(de=self.processo))
                except ArmazenamentoIndisponivel:
                    self._mudados.setdefault(nome, disjuntor)
            if self._mudados:
                self._news.set()
                await asyncio.sleep(AGAIN_S)

    async def catch_up(self) -> None:
        """Learn what was decided while nobody here listened, and tell what is open here.

        Raises:
            ArmazenamentoIndisponivel: not now.
        """
        told = await self.mural.open_breakers()
        for noticia in told:
            self.heard(noticia)
        for nome in self._todos.keys() - {noticia.nome for noticia in told}:
            if self._todos[nome].state is OPEN:
                self.changed(self._todos[nome])


class HttpPartilhado(Http):
    """An `Http` whose limit and breaker count in all processes that call the destination."""

    def __init__(
        self, name: str, *, cotas: Cotas, disjuntores: Disjuntores, meter: Meter | None = None
    ) -> None:
        super().__init__(name, breaker=disjuntores.open(name), meter=meter)
        self._cotas = cotas
        self._disjuntores = disjuntores

    def limit_to(self, limiter: RateLimiter) -> None:
        """Use the platform's own limit, shared, unless the installation chose one."""
        if self.limiter is None:
            self.limiter = LimitadorPartilhado(
                limiter, f"destino:{self.name}", self._cotas, patience_s=MAX_WAIT_S
            )

    def _open_part(self, name: str) -> Http:
        return HttpPartilhado(
            name, cotas=self._cotas, disjuntores=self._disjuntores, meter=self._meter
        )
