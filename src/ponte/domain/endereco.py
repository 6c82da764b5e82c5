"""Endereco: under which words one customer is known on a canal.

A Brazilian mobile number has nine digits after its area code, but many WhatsApp accounts
are known to the network by eight; and WhatsApp may hide a number behind an alias
(`…@lid`). The one rule: these words only find a conversation. What is sent goes to the
address that the platform gave, as it was written.
Source: the numbering plan of ANATEL (resolution 553/2010), and
https://docs.evolution-foundation.com.br on `remoteJid`.
"""

import re
from collections.abc import Iterable

from ponte.domain.mensagem import Canal

_TELEFONE = "@s.whatsapp.net"
_CELULAR = re.compile(r"55([1-9][1-9])(9?)([6-9][0-9]{7})\Z")


def keys(canal: str, enderecos: Iterable[str]) -> tuple[str, ...]:
    """Return the words that find a customer, the first address's own first, none twice."""
    found: dict[str, None] = {}
    for endereco in enderecos:
        plain = endereco.strip()
        if canal == Canal.WHATSAPP:
            plain = plain.removesuffix(_TELEFONE).removeprefix("+")
            found |= dict.fromkeys((plain, *variants(plain)))
        elif plain:
            found[plain] = None
    return tuple(key for key in found if key)


def variants(numero: str) -> tuple[str, ...]:
    """Return a Brazilian mobile number without and with its ninth digit; empty for another.

    Args:
        numero: Digits with the country code.
    """
    celular = _CELULAR.match(numero)
    if celular is None:
        return ()
    ddd, _, local = celular.groups()
    return f"55{ddd}{local}", f"55{ddd}9{local}"
