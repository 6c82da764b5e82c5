"""Prefill: a database as it looks after a million orders, written by SQL in a minute.

Every order leaves what a concluded one leaves: its row and line, its key's answer, three
facts, a nota and a stock movement. Numbers, counters and stock add up, so that nothing
that watches them has a reason to wake.
"""

import sqlite3
import sys
import time
from pathlib import Path

from bench.orders import PRODUCTS
from bench.ponte import STOCK
from bench.servers.ready import say

CHUNK = 50_000
FIRST_NUMERO = 1000  # Where the schema's own counter starts.
# Six days: old enough to be many, young enough that no key's answer is pruned.
SPAN_MS = 6 * 24 * 3_600_000

_ROWS = """
CREATE TEMP TABLE n AS
WITH RECURSIVE c(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM c WHERE i < :last)
SELECT i, :numero + i AS numero, :since + i * :step AS em,
       printf('PROD-%03d', 1 + i % :products) AS sku,
       (i - 1) / :products + 1 AS sold
FROM c
"""
# A UUIDv7 of that moment; `part` tells the several ids of one order apart.
_ID = "printf('%08x-%04x-7%03x-8000-%012x', em >> 16, em & 65535, {part}, i)"
_PEDIDO = (
    '{"pedido_id":"%s","numero":%d,"canal":"api","filial_id":"1","total":"25.90",'
    '"itens":[{"linha":1,"produto_id":"%s","quantidade":1}],"em":"2026-01-01T00:00:00Z"'
)
_NOTA = '{"pedido_id":"%s","pedido_numero":%d,"modelo":55,"serie":1,"numero":%d,"chave":"%s"}'
_CHAVE = "printf('3526011122233300018155001%09d1%09d', i, i)"
# (fact, how far before the last of its order, its public number, its data)
_FACTS = (
    ("pedido.recebido", 2, "2 * i - 1", f"printf('{_PEDIDO}}}', {{pedido}}, numero, sku)"),
    ("nota.emitida", 1, "NULL", f"printf('{_NOTA}', {{pedido}}, numero, i, {_CHAVE})"),
    (
        "pedido.concluido",
        0,
        "2 * i",
        f"""printf('{_PEDIDO},"nota_chave":"%s"}}', {{pedido}}, numero, sku, {_CHAVE})""",
    ),
)


def statements() -> list[str]:
    """Return what is run for each chunk, over the temporary table `n`."""
    pedido, fato = _ID.format(part=0), _ID.format(part=1)
    body = """printf('{"id":"%s","numero":%d,"status":"recebido","total":"25.90"}', i, numero)"""
    facts = [
        f"""INSERT INTO fatos (pos, id, tipo, lane, em, dados, seq, seq_publico)
        SELECT 3 * i - {back}, {_ID.format(part=2 + back)}, '{tipo}', {pedido}, em,
        {dados.replace("{pedido}", pedido)}, 3 * i - {back}, {publico} FROM n"""  # noqa: S608
        for tipo, back, publico, dados in _FACTS
    ]
    return [
        f"""INSERT INTO pedidos (numero, id, canal, pedido_externo, filial_id, status, total,
        nome, documento, telefone, recebido_em, atualizado_em)
        SELECT numero, {pedido}, 'api', 'pre-' || i, '1', 'concluido', 2590,
        'Ana Souza', '52998224725', '+5511987654321', em, em FROM n""",  # noqa: S608
        """INSERT INTO itens (numero, linha, produto_id, sku, nome, quantidade, preco)
        SELECT numero, 1, sku, sku, 'Produto ' || sku, 1, 2590 FROM n""",
        f"""INSERT INTO idempotencia (dono, chave, impressao, status, corpo, em)
        SELECT 'prefill', 'pre-' || {fato}, printf('%064x', i), 202, {body}, em FROM n""",  # noqa: S608
        f"""INSERT INTO notas (pedido_numero, cnpj, modelo, serie, numero, codigo, chave,
        situacao, emitida_em)
        SELECT numero, '11222333000181', 55, 1, i, printf('%08d', i),
        {_CHAVE}, 'autorizada', em FROM n""",  # noqa: S608
        """INSERT INTO movimentos (produto_id, filial_id, delta, saldo, tipo, pedido_numero,
        linha, em)
        SELECT sku, '1', -1, :stock - sold, 'venda', numero, 1, em FROM n""",
        *facts,
    ]


def fill(database: Path, orders: int) -> float:
    """Put `orders` concluded orders into an installation that is not running.

    The products must be there already. Returns the seconds it took.
    """
    begun = time.perf_counter()
    db = sqlite3.connect(database, isolation_level=None)
    db.execute("PRAGMA synchronous = OFF")  # A bench that dies here starts over anyway.
    since = int(time.time() * 1000) - SPAN_MS
    last_pos = db.execute("SELECT pos FROM contadores").fetchone()[0]
    # Theirs are the numbers that the first orders get.
    db.execute("DELETE FROM fatos")
    for first in range(1, orders + 1, CHUNK):
        _chunk(db, first, orders=orders, since=since)
    _settle(db, orders, last_pos=last_pos)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return time.perf_counter() - begun


def _chunk(db: sqlite3.Connection, first: int, *, orders: int, since: int) -> None:
    last = min(first + CHUNK - 1, orders)
    values = {
        "first": first,
        "last": last,
        "numero": FIRST_NUMERO,
        "since": since,
        "step": SPAN_MS // orders,
        "products": len(PRODUCTS),
        "stock": STOCK,
    }
    db.execute("BEGIN")
    db.execute(_ROWS, values)
    for statement in statements():
        db.execute(statement, {"stock": STOCK} if ":stock" in statement else {})
    db.execute("DROP TABLE n")
    db.execute("COMMIT")


def _settle(db: sqlite3.Connection, orders: int, *, last_pos: int) -> None:
    """Bring counters, series and stock to where a million sales would have left them."""
    pos = max(3 * orders, last_pos)
    db.execute(
        "UPDATE contadores SET pos = ?, seq = ?, seq_publico = ?, pedido_numero = ?",
        (pos, pos, 2 * orders, FIRST_NUMERO + orders),
    )
    db.execute(
        "INSERT INTO series VALUES ('11222333000181', 55, 1, ?)"
        " ON CONFLICT DO UPDATE SET ultimo = excluded.ultimo",
        (orders,),
    )
    db.execute(
        "UPDATE estoque SET quantidade = quantidade + coalesce((SELECT sum(delta) FROM"
        " movimentos m WHERE m.produto_id = estoque.produto_id AND m.tipo = 'venda'), 0)"
    )


if __name__ == "__main__":
    say(seconds=fill(Path(sys.argv[1]), int(sys.argv[2])))
