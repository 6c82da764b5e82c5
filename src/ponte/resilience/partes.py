"""Partes: a destination that is many, as a server with many telephones behind it.

Each part has guards of its own, so that one that is dead or hangs holds up no other. The
one rule: a part's name comes from outside, so parts are bounded and no metric has them
as a label.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from ponte.errors import Adiado

PARTES = 1_000  # chosen: far more telephones than one shop pairs
VAGAS = 4  # chosen: half of what one queue has in hand, so that a part that hangs leaves the rest
CHEIO_S = 1.0  # chosen: about how long a call under way still takes

T = TypeVar("T")


class Partes(Generic[T]):
    """The parts that were asked for so far, made when they first are."""

    def __init__(self, make: Callable[[str], T]) -> None:
        self._make = make
        self._all: dict[str, T] = {}
        self._listeners: list[Callable[[str, T], None]] = []

    def get(self, nome: str) -> T | None:
        """Return a part; None where there are more already than anybody has."""
        found = self._all.get(nome)
        if found is None and len(self._all) < PARTES:
            found = self._all[nome] = self._make(nome)
            for listener in self._listeners:
                listener(nome, found)
        return found

    def on_open(self, listener: Callable[[str, T], None]) -> None:
        """Call `listener(nome, part)` with each part that there is, and that there will be."""
        self._listeners.append(listener)
        for nome, part in self.all().items():
            listener(nome, part)

    def all(self) -> dict[str, T]:
        """Return every part by its name."""
        return dict(self._all)


class Vagas:
    """How many calls may be under way or wait for their turn; None is as many as like to."""

    def __init__(self, dono: str, vagas: int | None = None) -> None:
        self._dono = dono
        self._vagas = vagas
        self._busy = 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Have one of them for a while.

        Raises:
            Adiado: All are taken.
        """
        if self._vagas is not None and self._busy >= self._vagas:
            msg = f"{self._dono} has {self._busy} calls under way"
            raise Adiado(msg, retry_after_s=CHEIO_S)
        self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1
