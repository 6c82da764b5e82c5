"""Every list ends: its last page says so, and pages repeat and skip nothing."""

from pathlib import Path
from typing import Any

import pytest

from ponte.domain.valores import format_time, new_id
from ponte.store.db import Tx
from ponte.testing import Embedded, embedded

ROWS = 4
# Each list, what a page is called there, and what tells two rows apart.
LISTS = (
    ("/pedidos", "limite", "id"),
    ("/estoque", "limite", "produto_id"),
    ("/estoque/P-0/movimentos", "limite", "id"),
    ("/eventos", "limite", "pos"),
    ("/falhas", "limite", "id"),
    ("/chaves", "limite", "id"),
    ("/messages", "limit", "id"),
    ("/alerts", "limit", "id"),
    ("/alerts/silences", "limit", "id"),
)


async def _fill(ponte: Embedded) -> None:
    async def post(path: str, **corpo: Any) -> None:
        answer = await ponte.http.post(path, json=corpo)
        assert answer.is_success, answer.text

    later = format_time(ponte.ctx.now_ms() + 3_600_000)
    for n in range(ROWS):
        answer = await ponte.http.put(
            f"/estoque/P-{n}", json={"nome": "P", "preco": "1.00", "quantidade": 9, "motivo": "m"}
        )
        assert answer.is_success, answer.text
        await post("/pedido", itens=[{"produto_id": "P-0", "quantidade": 1}])
        await post("/chaves", nome=f"k{n}", escopos=["pedidos:ler"])
        await post(
            "/messages", tipo="texto", canal="interno", destinatario="todos", conteudo=f"m{n}"
        )
        await post("/alerts", nome=f"a{n}", severidade="info", titulo="t", texto="x")
        await post("/alerts/silences", autor="Ana", motivo="m", nome=f"a{n}", ate=later)
    for n in range(ROWS - 1):
        answer = await ponte.http.post("/estoque/P-0/ajustes", json={"delta": n + 1, "motivo": "m"})
        assert answer.is_success, answer.text
    await ponte.ctx.db.transact(_set_aside)


async def _set_aside(tx: Tx) -> None:
    await tx.insert_many(
        "falhas (id, fila_id, pos, passo, fila, lane, tentativas, causa, erro, historia,"
        " criada_em, atualizada_em)",
        [
            (
                new_id(),
                -n,
                n,
                "passo",
                "fila",
                "lane",
                5,
                "causa",
                "erro",
                "[]",
                tx.now_ms,
                tx.now_ms,
            )
            for n in range(1, ROWS + 1)
        ],
    )


@pytest.mark.parametrize("size", [2, 3])
async def test_a_list_ends_with_its_last_row(tmp_path: Path, size: int) -> None:
    async with embedded(tmp_path, papeis=()) as ponte:
        await _fill(ponte)

        for path, limit, key in LISTS:
            whole = await ponte.get(path, **{limit: 500})
            pages = [await ponte.get(path, **{limit: size})]
            while pages[-1]["proximo"] is not None:
                cursor = pages[-1]["proximo"]
                pages.append(await ponte.get(path, **{limit: size, "cursor": cursor}))

            rows = [row[key] for page in pages for row in page["itens"]]
            assert rows == [row[key] for row in whole["itens"]], path
            assert len(rows) == whole["total"] >= ROWS, path
            assert len(pages) == -(-len(rows) // size), path
            assert whole["proximo"] is None, path
