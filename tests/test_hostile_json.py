"""Hostile bodies over a real socket: refused with 400, 413 or 422, and nothing half stored."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ponte.store.db import Tx
from ponte.testing import ADMIN_KEY, Embedded
from tests.porta import served

MIB = 1024 * 1024
DOORS = (
    ("POST", "/pedido", b'{"itens":[{"produto_id":"ARROZ-5KG","quantidade":1}],"observacao":%s}'),
    ("PUT", "/estoque/ARROZ-5KG", b'{"quantidade":1,"motivo":%s}'),
    ("POST", "/alerts", b'{"nome":"teste","titulo":%s}'),
)
# In the place of a text field: what a reader that is not strict would take or trip over.
VALUES = {
    "a lone surrogate": b'"\\ud800"',
    "a reversed pair": b'"\\udc00\\ud800"',
    "bad UTF-8": b'"\xff\xfe"',
    "an overlong NUL": b'"\xc0\x80"',
    "U+0000": b'"a\\u0000b"',
    "NaN": b"NaN",
    "-Infinity": b"-Infinity",
    "a number of 5,000 digits": b"9" * 5000,
    "a fraction of 5,000 digits": b"0." + b"9" * 5000,
    "an exponent without end": b"1e99999999",
    "100,000 deep lists": b"[" * 100_000 + b"]" * 100_000,
    "100,000 deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "33 deep": b"[" * 33 + b"]" * 33,
    "a duplicate key in a value": b'{"a":1,"a":2}',
    "a trailing comma": b"[1,]",
    "a comment": b'"x" /* y */',
}
WHOLE = {
    "nothing": b"",
    "blanks": b"   ",
    "half an object": b'{"itens":[{"produto_id":"ARROZ-5KG","quanti',
    "a duplicate key": b'{"itens":[],"itens":[{"produto_id":"ARROZ-5KG","quantidade":1}]}',
    "an escaped duplicate key": b'{"nome":"a","n\\u006fme":"b","titulo":"c"}',
    "two documents": b"{}{}",
    "a BOM": b"\xef\xbb\xbf{}",
    "UTF-16": '{"itens":[]}'.encode("utf-16"),
    "only NUL": b"\x00" * 10,
}


@pytest.fixture
async def ponte_and_http(
    tmp_path: Path,
) -> AsyncIterator[tuple[Embedded, httpx2.AsyncClient]]:
    headers = {"Authorization": f"Bearer {ADMIN_KEY}", "Content-Type": "application/json"}
    async with (
        served(tmp_path / "dados") as (ponte, url),
        httpx2.AsyncClient(base_url=url, headers=headers) as http,
    ):
        yield ponte, http


async def _rows(ponte: Embedded) -> dict[str, int]:
    async def count(tx: Tx) -> dict[str, int]:
        tables = ("pedidos", "itens", "movimentos", "alertas", "fatos", "idempotencia", "auditoria")
        found = {t: await tx.fetch_one(f"SELECT COUNT(*) FROM {t}") for t in tables}  # noqa: S608
        return {t: row[0] for t, row in found.items() if row}

    rows: dict[str, int] = await ponte.ctx.db.read(count)
    return rows


async def test_a_hostile_body_is_refused_and_leaves_nothing_behind(
    ponte_and_http: tuple[Embedded, httpx2.AsyncClient],
) -> None:
    ponte, http = ponte_and_http
    before = await _rows(ponte)
    bodies: dict[str, tuple[str, str, bytes]] = {}
    for method, path, template in DOORS:
        for name, value in VALUES.items():
            bodies[f"{path}: {name}"] = (method, path, template.replace(b"%s", value))
        for name, body in WHOLE.items():
            bodies[f"{path}: {name}"] = (method, path, body)

    answers = {
        name: await http.request(method, path, content=body)
        for name, (method, path, body) in bodies.items()
    }

    odd = {n: a.status_code for n, a in answers.items() if a.status_code not in {400, 413, 422}}
    assert odd == {}
    assert {a.headers["content-type"] for a in answers.values()} == {"application/problem+json"}
    assert await _rows(ponte) == before


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_over_its_limit_is_413_and_one_at_its_limit_is_read(
    ponte_and_http: tuple[Embedded, httpx2.AsyncClient], *, chunked: bool
) -> None:
    ponte, http = ponte_and_http
    before = await _rows(ponte)
    start, end = b'{"nome":"teste","titulo":"', b'"}'
    at = start + b"x" * (MIB - len(start) - len(end)) + end

    def send(body: bytes) -> Any:
        async def parts() -> AsyncIterator[bytes]:
            for i in range(0, len(body), 65_536):
                yield body[i : i + 65_536]

        return http.post("/alerts", content=parts() if chunked else body)

    answers = [await send(at), await send(at[:-2] + b'x"}')]

    assert [a.status_code for a in answers] == [422, 413]
    assert await _rows(ponte) == before


async def test_a_body_of_another_kind_is_415(
    ponte_and_http: tuple[Embedded, httpx2.AsyncClient],
) -> None:
    _ponte, http = ponte_and_http
    good = b'{"itens":[{"produto_id":"ARROZ-5KG","quantidade":1}]}'

    answers = [
        await http.post("/pedido", content=good, headers={"Content-Type": kind})
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data")
    ]
    with_charset = await http.post(
        "/pedido", content=good, headers={"Content-Type": "application/json; charset=utf-8"}
    )

    assert [a.status_code for a in answers] == [415, 415, 415]
    assert with_charset.status_code == 202


async def test_what_looks_odd_and_is_right_is_taken(
    ponte_and_http: tuple[Embedded, httpx2.AsyncClient],
) -> None:
    ponte, http = ponte_and_http
    body = (
        b' \t\r\n{"itens" : [ {"quantidade":1 ,"produto_id":"ARROZ-5KG"} ],'
        b'"observacao":"\\u00e9: \\ud83c\\udf5a \\"itens\\": 2"}\n'
    )

    answer = await http.post("/pedido", content=body)

    assert answer.status_code == 202
    pedido = await ponte.get(f"/pedidos/{answer.json()['id']}")
    assert pedido["observacao"] == 'é: 🍚 "itens": 2'
