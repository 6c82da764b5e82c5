"""Escopos: what a key may do, as words that a route declares and a key carries.

`admin` holds all of them. A route without a scope fails a test, so nothing is
open because somebody forgot.
"""

ADMIN = "admin"
PUBLICO = "publico"  # the mark of a route that needs no key; no key carries it

ESCOPOS = (
    "pedidos:ler",
    "pedidos:escrever",
    "estoque:ler",
    "estoque:escrever",
    "alertas:ler",
    "alertas:escrever",
    "falhas:ler",
    "falhas:escrever",
    "eventos:ler",
    "metricas:ler",
    "metricas:escrever",
    "mensagens:ler",
    "mensagens:escrever",
    "canais:ler",
    "canais:escrever",
    "sync:ler",
    "sync:escrever",
    "ws:publicar",
    ADMIN,
)


def known(escopo: str) -> str:
    """Return the scope, or raise: a misspelt one would lock everybody out, admins aside.

    Raises:
        ValueError: no such scope.
    """
    if escopo not in ESCOPOS:
        raise ValueError(f"unknown scope {escopo}")
    return escopo
