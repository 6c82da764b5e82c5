"""Auditoria: who did what to what, append-only.

Written in the transaction of the deed, so there is no deed without its line. The
database refuses to change or delete a line. No secret and no personal data in
`dados`: the line outlives a person's right to be forgotten.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from ponte.store.db import Tx


async def record(
    tx: Tx, *, autor: str, acao: str, alvo: str, dados: Mapping[str, Any] | None = None
) -> None:
    """Write one line.

    Args:
        tx: The transaction of the deed.
        autor: Id of the key or user, or the name of the part of Ponte that did it.
        acao: Verb and noun, as `chave.criada`.
        alvo: Id of what it was done to.
        dados: Before and after, or whatever tells the deed.
    """
    await tx.execute(
        "INSERT INTO auditoria (em, autor, acao, alvo, dados) VALUES (?, ?, ?, ?, ?)",
        (tx.now_ms, autor, acao, alvo, orjson.dumps(dict(dados or {})).decode()),
    )
