"""Ouvido: a shared breaker in a process whose changes nobody takes."""

from typing import Any

from ponte.errors import ArmazenamentoIndisponivel
from ponte.resilience.disjuntores import Disjuntores, DisjuntorPartilhado, Noticia


class Heard(DisjuntorPartilhado):
    """A shared breaker in a process whose changes are not taken by anybody yet."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.grupo = Disjuntores(RedisAway(), "p1")


class RedisAway:
    """A board that is not there."""

    async def tell_breaker(self, noticia: Noticia) -> None:
        raise ArmazenamentoIndisponivel(noticia.nome)

    async def open_breakers(self) -> list[Noticia]:
        raise ArmazenamentoIndisponivel("away")
