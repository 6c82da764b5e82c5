"""Listas: one page of a list, asked for and answered the same way everywhere.

`proximo` carries the key of the last row, so that a list that grows meanwhile
neither repeats nor skips a row; `pular` is for people who jump.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import orjson
from fastapi import Depends, Query

from ponte.domain.valores import format_time, parse_time
from ponte.errors import DadosInvalidos, Problema

T = TypeVar("T")

MAX_LIMITE = 500
DEFAULT_LIMITE = 100
MAX_PULAR = 2**31 - 1  # what every engine takes as an offset
_MAX_CURSOR = 1000  # chosen: far above any key


def listing(itens: Sequence[Any], *, total: int, proximo: str | None = None) -> dict[str, Any]:
    """Return the shape of every list."""
    return {"itens": itens, "total": total, "proximo": proximo}


def instant(campo: str, texto: str | None) -> int | None:
    """Read a time that a filter asks for, as epoch ms; None when it does not ask.

    Raises:
        DadosInvalidos: not RFC 3339 with an offset.
    """
    if texto is None:
        return None
    try:
        return parse_time(texto)
    except (ValueError, OverflowError) as error:
        msg = f"RFC 3339 expected, like {format_time(0)}"
        raise DadosInvalidos(Problema(campo, msg)) from error


@dataclass(frozen=True, slots=True)
class Pagina:
    """Which part of a list is asked for; `depois` is what `proximo` carried, or None."""

    pular: int
    limite: int
    depois: list[Any] | None = None


def next_cursor(*chave: Any) -> str:
    """Return the `proximo` that stands for the last row's key."""
    return orjson.dumps(chave).hex()


def cut(
    itens: list[T], limite: int, key: Callable[[T], Sequence[Any]]
) -> tuple[list[T], str | None]:
    """Return a page of what was read one row further than asked, and its `proximo`.

    Args:
        itens: The rows, up to `limite` + 1.
        limite: Rows of a page.
        key: A row's place in the list's order.
    """
    page = itens[:limite]
    return page, next_cursor(*key(page[-1])) if len(itens) > limite else None


def id_after(pagina: Pagina) -> str | None:
    """Return the id that `proximo` carried, where a list's key is an id alone.

    Raises:
        DadosInvalidos: the cursor is another list's.
    """
    match pagina.depois:
        case None:
            return None
        case [str(chave)]:
            return chave
    raise DadosInvalidos(Problema("cursor", "a value of proximo expected"))


def _after(cursor: str | None) -> list[Any] | None:
    if cursor is None:
        return None
    try:
        found = orjson.loads(bytes.fromhex(cursor))
    except ValueError:
        found = None
    if not isinstance(found, list):
        raise DadosInvalidos(Problema("cursor", "a value of proximo expected"))
    return found


async def _paging(
    pular: Annotated[int, Query(ge=0, le=MAX_PULAR)] = 0,
    limite: Annotated[int, Query(ge=1, le=MAX_LIMITE)] = DEFAULT_LIMITE,
    cursor: Annotated[str | None, Query(max_length=_MAX_CURSOR)] = None,
) -> Pagina:
    return Pagina(pular, limite, _after(cursor))


async def _paging_skip(
    skip: Annotated[int, Query(ge=0, le=MAX_PULAR)] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMITE)] = DEFAULT_LIMITE,
    cursor: Annotated[str | None, Query(max_length=_MAX_CURSOR)] = None,
) -> Pagina:
    return Pagina(skip, limit, _after(cursor))


Paginacao = Annotated[Pagina, Depends(_paging)]
PaginacaoSkip = Annotated[Pagina, Depends(_paging_skip)]
