"""Jid: who wrote to whom, out of the addresses that WhatsApp uses.

A person is known by a telephone (`5511999990001@s.whatsapp.net`), by an alias that hides
it (`…@lid`), or by both; a conversation of many ends in `@g.us`. The one rule: an address
is never rewritten, since an account may be known to the network without its ninth digit
although everybody dials it; only the device part (`:75`) goes.
Source: https://github.com/WhiskeySockets/Baileys, `jid-utils.ts`, and Evolution API's
`createJid`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ponte.domain.leitura import Objeto, booleano, objeto, texto

TELEFONE = "@s.whatsapp.net"
_DEVICE = re.compile(r"(?:_\d+)?:\d+(?=@)")
_PHONE = re.compile(r"(\d{5,17})(?:@s\.whatsapp\.net|@c\.us)?\Z", re.ASCII)
_LID = ("@lid", "@hosted.lid")
_NO_CONVERSATION = ("@broadcast", "@newsletter")
# A Brazilian mobile: the country, an area code, the ninth digit, and a number that would be
# somebody's landline without it where it began with 2 to 5.
_CELULAR = re.compile(r"55([1-9][1-9])(?:9([016-9]\d{7})|([6-9]\d{7}))\Z", re.ASCII)
_MEXICO = re.compile(r"521?(\d{10})\Z", re.ASCII)
_ARGENTINA = re.compile(r"549?(\d{10})\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Endereco:
    """Where a message belongs and who wrote it; `pessoa` is every address of that customer."""

    chat_id: str
    sender_id: str | None
    from_me: bool
    is_group: bool
    pessoa: tuple[str, ...]

    @property
    def sender_phone(self) -> str | None:
        """The author's digits, None where WhatsApp hides them."""
        return phone_of(self.sender_id)

    @property
    def phone_variants(self) -> tuple[str, ...]:
        """The customer's number in each form the network may know it by, shortest first."""
        own = self.sender_id if self.is_group and not self.from_me else self.chat_id
        phone = phone_of(own)
        return () if phone is None else variants(phone)


def address(key: Objeto, owner: str | None) -> Endereco | None:
    """Read the key of a message; None where it is no conversation.

    Args:
        key: `remoteJid`, `fromMe`, `participant` and what newer versions add.
        owner: The shop's own address, where it is known.
    """
    remote = jid(key.get("remoteJid"))
    if remote is None or remote.endswith(_NO_CONVERSATION):
        return None
    from_me = booleano(key.get("fromMe")) is True
    if remote.endswith("@g.us"):
        author = known(key.get("participant"), key.get("participantAlt"), key.get("participantPn"))
        author = author or (owner if from_me else None)
        return Endereco(remote, author, from_me=from_me, is_group=True, pessoa=(remote,))
    others = [x for x in map(jid, _others(key, owner, from_me=from_me)) if x not in (None, owner)]
    chat_id = known(remote, *others) or remote
    return Endereco(
        chat_id,
        owner if from_me else chat_id,
        from_me=from_me,
        is_group=False,
        pessoa=aliases(chat_id, remote, *others),
    )


def _others(key: Objeto, owner: str | None, *, from_me: bool) -> Iterable[object]:
    yield key.get("remoteJidAlt")
    if not from_me or owner:  # it may be the shop's own, which nobody could tell then
        yield key.get("senderPn")
    yield key.get("previousRemoteJid")
    if not from_me:  # it is the shop's own otherwise
        yield key.get("senderLid")


def jid(valor: object) -> str | None:
    """Return an address without its device, None where there is none."""
    lido = texto(valor)
    return None if lido is None else _DEVICE.sub("", lido)


def known(first: object, *others: object) -> str | None:
    """Return the first address, or the telephone among the others where it is an alias."""
    primeiro = jid(first)
    if primeiro is None or not primeiro.endswith(_LID):
        return primeiro
    phones = (x for x in map(jid, others) if phone_of(x) is not None)
    return next(phones, primeiro)


def phone_of(endereco: str | None) -> str | None:
    """Return the digits of a telephone's address; those of an alias are no number."""
    found = _PHONE.match(endereco or "")
    return found[1] if found else None


def variants(numero: str) -> tuple[str, ...]:
    """Return a number in each form that the network may know it by, shortest first.

    Args:
        numero: Digits with the country code.
    """
    celular = _CELULAR.match(numero)
    if celular:
        ddd, local = celular[1], celular[2] or celular[3]
        return f"55{ddd}{local}", f"55{ddd}9{local}"
    if numero.startswith("52") and (mexico := _MEXICO.match(numero)):
        return f"52{mexico[1]}", f"521{mexico[1]}"
    if numero.startswith("54") and (argentina := _ARGENTINA.match(numero)):
        return f"54{argentina[1]}", f"549{argentina[1]}"
    return (numero,)


def aliases(*enderecos: str | None) -> tuple[str, ...]:
    """Return each address once, in order, and each telephone in all its forms after them."""
    given = [x for x in enderecos if x]
    phones = [phone for phone in map(phone_of, given) if phone is not None]
    forms = [f"{form}{TELEFONE}" for phone in phones for form in variants(phone)]
    return tuple(dict.fromkeys([*given, *forms]))


def participant(valor: object) -> str | None:
    """Return one member of a group: an address, or an object that holds it and its telephone."""
    if isinstance(valor, str):
        return jid(valor)
    membro = objeto(valor)
    own = jid(membro.get("jid")) or jid(membro.get("id"))
    return telefone(membro.get("phoneNumber"), own) or own


def telefone(valor: object, endereco: str | None) -> str | None:
    """Return the address of a telephone, also of bare digits; None for those of an alias itself.

    Newer servers cut a member's address at the @, whatever it is the address of.
    """
    found = jid(valor)
    if found is None or "@" in found:
        return found
    return None if endereco and endereco.startswith(f"{found}@") else f"{found}{TELEFONE}"
