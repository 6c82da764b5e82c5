"""Odd fields: whatever stands in one field of a real body, it is read, stored and listed."""

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from ponte.domain.evento import EventoDeCanal
from ponte.mensagens import recebidas
from ponte.simulators.canais import SIMULADORES
from ponte.store.db import Tx
from ponte.testing import Embedded
from tests.connectors.lent import HERE, connector_named

# More digits than a column, no number of SQL, no text of UTF-8 or of PostgreSQL, another shape.
ODD: tuple[object, ...] = (
    10**30,
    2**63,
    -1,
    1.5,
    1e300,
    True,
    None,
    [],
    {},
    "",
    "x\ud83d\x00",
    [{"a": [1.25]}],
)
OTHERS = ("response", "request", "settings", "expected", "signatures")
TRIES = 300  # of some thousands: chosen for the time it takes


def bodies(nome: str) -> list[Any]:
    """Return the recorded bodies of a platform."""
    files = sorted((HERE / nome / "fixtures").glob("*.json"))
    return [json.loads(f.read_text()) for f in files if not f.name.startswith(OTHERS)]


def leaves(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to each field that holds no other."""
    inside = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in inside:
        if isinstance(value, dict | list):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key)


def changed(node: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Return a body with one field changed."""
    if not path:
        return value
    copy = dict(node) if isinstance(node, dict) else list(node)
    copy[path[0]] = changed(node[path[0]], path[1:], value)
    return copy


@pytest.mark.parametrize("nome", sorted(SIMULADORES))
async def test_whatever_stands_in_one_field_a_body_is_read_stored_and_listed(
    nome: str, ponte: Embedded
) -> None:
    connector = connector_named(nome)
    every = [(body, path, odd) for body in bodies(nome) for path in leaves(body) for odd in ODD]
    sample = random.Random(nome).sample(every, min(TRIES, len(every)))  # noqa: S311 - repeatable
    assert connector.parse is not None

    told = [
        evento
        for body, path, odd in sample
        for evento in connector.parse(
            json.dumps(changed(body, path, odd)).encode(), connector.settings()
        )
    ]
    new = await ponte.ctx.db.transact(_receive_all, told, nome)
    shown = await ponte.get("/messages", limit=500)

    assert json.dumps([evento.view() for evento in told]).encode()
    assert len(told) > TRIES // 10
    assert shown["total"] == new > 0
    assert len(shown["itens"]) == new


async def _receive_all(tx: Tx, told: list[EventoDeCanal], conector: str) -> int:
    """Store what was told; return how many messages were new."""
    found = [await recebidas.receive(tx, evento, conector=conector) for evento in told]
    return sum(mensagem_id is not None for mensagem_id in found)
