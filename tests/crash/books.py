"""What the server says about itself, read through the public API alone, after the drain."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from tests.crash.wire import Wire

PAGE = 500  # the largest page the API gives


class Unreadable(Exception):
    """The API refused a plain read, so nothing can be judged."""


@dataclass
class Books:
    """Orders by id, ledgers by product, shelves, and the facts in order."""

    pedidos: dict[str, dict[str, Any]] = field(default_factory=dict)
    estoque: dict[str, dict[str, Any]] = field(default_factory=dict)
    movimentos: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    eventos: list[dict[str, Any]] = field(default_factory=list)


def read_books(wire: Wire, produtos: list[str]) -> Books:
    """Read everything that the judge needs; the server must be idle."""
    books = Books()
    for row in read_list(wire, "/pedidos"):
        books.pedidos[row["id"]] = _read(wire, f"/pedidos/{row['id']}")
    for row in read_list(wire, "/estoque"):
        books.estoque[row["produto_id"]] = row
    for produto in produtos:
        books.movimentos[produto] = list(read_list(wire, f"/estoque/{quote(produto)}/movimentos"))
    return books


def read_list(wire: Wire, path: str, **query: str) -> Iterator[dict[str, Any]]:
    """Yield every item of a list, page after page."""
    cursor: str | None = None
    while True:
        asked = {"limite": str(PAGE), **query} | ({"cursor": cursor} if cursor else {})
        page = _read(wire, f"{path}?{urlencode(asked)}")
        yield from page["itens"]
        cursor = page["proximo"]
        if cursor is None:
            return


def find(wire: Wire, busca: str) -> list[dict[str, Any]]:
    return list(read_list(wire, "/pedidos", busca=busca))


def drain(wire: Wire, within_s: float) -> float:
    """Wait until no order is `recebido`; return how long that took, at most `within_s`."""
    began = time.monotonic()
    while time.monotonic() - began < within_s:
        if _read(wire, "/pedidos?status=recebido&limite=1")["total"] == 0:
            break
        time.sleep(0.02)
    return time.monotonic() - began


def _read(wire: Wire, path: str) -> Any:
    answer = wire.get(path)
    if answer.status != 200:
        raise Unreadable(f"GET {path}: {answer.status} {answer.body}")
    return answer.body
