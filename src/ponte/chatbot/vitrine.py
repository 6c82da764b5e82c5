"""Vitrine: the products that a customer's words mean, as the shop page shows them.

The database narrows the field by the first letters of each word; what is left is compared
here, where accents and a slip of the finger don't count.
"""

import re
from collections.abc import Sequence

from ponte.chatbot.entender import alike, plain
from ponte.chatbot.falas import Oferta
from ponte.store.db import Row, Tx

FILIAL = "1"  # SPEC §3: the filial of everything that names none
MOSTRADOS = 5  # chosen: what is read at one look on a telephone
MAX_PALAVRAS = 6  # chosen: the name of a product is a few words
MAX_LINHAS = 500  # chosen: names compared for one answer, some milliseconds
_INICIO = 3  # letters that people type right
_SEM_ACENTO = re.compile(r"[^bdfghjklmpqrstvwxyz0-9-]")
_PALAVRA = re.compile(r"[a-z0-9][a-z0-9-]*")


async def search(tx: Tx, palavras: Sequence[str]) -> tuple[list[Oferta], int]:
    """Return the first products that have every word, and how many do; what is left first.

    Words that match nothing as they stand are matched with slips.
    """
    procuradas = [word for word in palavras if _PALAVRA.fullmatch(word)][:MAX_PALAVRAS]
    if not procuradas:
        return [], 0
    rows = await _narrowed(tx, procuradas)
    found = [row for row in rows if _has(row, procuradas, exact=True)]
    found = found or [row for row in rows if _has(row, procuradas, exact=False)]
    return [Oferta(row[1], row[2], row[3]) for row in found[:MOSTRADOS]], len(found)


async def _narrowed(tx: Tx, palavras: Sequence[str]) -> list[Row]:
    filial = await _filial(tx)
    clauses, params = ["e.filial_id = ?"], [filial]
    for word in palavras:
        letters = _SEM_ACENTO.sub("_", re.sub(r"(?<=[0-9])[a-z]+\Z", "", word)[:_INICIO])
        clauses.append("(LOWER(p.nome) LIKE ? OR LOWER(p.produto_id) LIKE ?)")
        params += [f"%{letters}%", f"%{letters}%"]
    return await tx.fetch(
        "SELECT p.produto_id, p.nome, p.preco, e.quantidade"  # noqa: S608 - own text
        " FROM estoque e JOIN produtos p ON p.produto_id = e.produto_id"
        f" WHERE {' AND '.join(clauses)} ORDER BY e.quantidade = 0, p.nome, p.produto_id LIMIT ?",
        (*params, MAX_LINHAS),
    )


async def _filial(tx: Tx) -> str:
    """Return the shop's filial, as the shop page finds it."""
    row = await tx.fetch_one("SELECT 1 FROM estoque WHERE filial_id = ? LIMIT 1", (FILIAL,))
    if row is not None:
        return FILIAL
    first = await tx.fetch_one("SELECT MIN(filial_id) FROM estoque")
    return str(first[0]) if first and first[0] is not None else FILIAL


def _has(row: Row, palavras: Sequence[str], *, exact: bool) -> bool:
    own = {*_PALAVRA.findall(plain(row[1])), plain(row[0])}
    same = _same if exact else alike
    return all(any(same(word, one) for one in own) for word in palavras)


def _same(word: str, one: str) -> bool:
    """Tell whether two words are the same, one of them perhaps of many."""
    return word == one or word.removesuffix("s") == one.removesuffix("s")
