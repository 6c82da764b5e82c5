"""Pessoa: whom an event is about, by telephone number or by business-scoped user id.

Since people may hide their number behind a username, a sender is digits, or an id such as
`BR.1234…` that is good for this business alone, or both. The one rule: the name stands in
the contact whose `wa_id` or `user_id` is the sender's, never in the one at its position.
Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ponte.domain.leitura import Objeto, objeto, texto

_DIGITS = re.compile(r"\A\+?[0-9]{1,32}\Z", re.ASCII)
# Documented: country code, a point, up to 128 letters and digits; a parent's id has two points.
_BSUID = re.compile(r"\A[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}\Z", re.ASCII)


Contatos = Mapping[str, list[Objeto]]  # by each address under which a contact goes
_SAME = 3  # chosen: contacts kept of one address; Meta sends one


@dataclass(frozen=True, slots=True, kw_only=True)
class Pessoa:
    """Somebody: the id to write to, the number where it is shown, every other address."""

    id: str
    telefone: str | None = None
    nome: str | None = None
    enderecos: tuple[str, ...] = ()


def telefone_of(valor: object) -> str | None:
    """Return digits with country code; None where it is no number (a user id, a name)."""
    found = texto(valor)
    return found.removeprefix("+") if found and _DIGITS.match(found) else None


def is_address(valor: str) -> bool:
    """Tell whether somebody can be written to under it: a number or a user id."""
    return telefone_of(valor) is not None or _bsuid(valor) is not None


def by_address(contatos: Iterable[Objeto]) -> Contatos:
    """Return contacts by their addresses, so that a thousand senders cost no million looks."""
    found: dict[str, list[Objeto]] = {}
    for contato in contatos:
        for endereco in {telefone_of(contato.get("wa_id")), *_ids_of(contato)} - {None}:
            theirs = found.setdefault(str(endereco), [])
            if len(theirs) < _SAME:
                theirs.append(contato)
    return found


def find(
    contatos: Contatos, numero: object, user_id: object = None, *, parent_id: object = None
) -> Pessoa | None:
    """Return who is meant, with what the contacts know of them; None where nobody is named."""
    telefone = telefone_of(numero)
    own = [found for found in (_bsuid(user_id), _bsuid(numero)) if found]
    if telefone is None and not own:
        return None
    ids = dict.fromkeys(x for x in (telefone, *own) if x)
    theirs = [contato for endereco in ids for contato in contatos.get(endereco, ())]
    nomes = (texto(objeto(contato.get("profile")).get("name")) for contato in theirs)
    enderecos = [telefone, *own, _bsuid(parent_id)]
    for contato in theirs:
        enderecos += [telefone_of(contato.get("wa_id")), *_ids_of(contato)]
        enderecos.append(_bsuid(contato.get("parent_user_id")))
    return Pessoa(
        id=telefone or own[0],
        telefone=telefone,
        nome=next((nome for nome in nomes if nome), None),
        enderecos=tuple(dict.fromkeys(endereco for endereco in enderecos if endereco)),
    )


def _ids_of(contato: Objeto) -> list[str]:
    return [x for x in (_bsuid(contato.get("user_id")), _bsuid(contato.get("wa_id"))) if x]


def _bsuid(valor: object) -> str | None:
    found = texto(valor)
    return found if found and _BSUID.match(found) else None
