"""Respostas: what the application API answers, read into the help desk's nouns.

Source: developers.chatwoot.com, Application API. Ids are numbers there and text here.
"""

from collections.abc import Sequence

from ponte.domain.leitura import Objeto, objeto, objetos, texto
from ponte.resilience.exchange import Answer


def made(answer: Answer) -> str | None:
    """Return the id of what was made."""
    return texto(objeto(answer.json()).get("id"))


def contact(answer: Answer) -> tuple[str | None, list[str]]:
    """Return a new contact's id, and the `source_id`s under which it can be written to."""
    payload = objeto(objeto(answer.json()).get("payload"))
    # Told beside the contact, where it was made for one inbox.
    found = _source_ids(objeto(payload.get("contact")), own=objeto(payload.get("contact_inbox")))
    return texto(objeto(payload.get("contact")).get("id")), found


def contacts(answer: Answer) -> list[Objeto]:
    """Return the contacts that a search found."""
    return objetos(objeto(answer.json()).get("payload"))


def fits(contato: Objeto, *, identificador: str, telefone: str | None) -> bool:
    """Tell whether a contact is who was looked for: a search finds what is merely like it."""
    if texto(contato.get("identifier")) == identificador:
        return True
    return telefone is not None and texto(contato.get("phone_number")) == telefone


def source_ids(contato: Objeto) -> list[str]:
    """Return under which `source_id`s a contact can be written to."""
    return _source_ids(contato, own={})


def _source_ids(contato: Objeto, *, own: Objeto) -> list[str]:
    inboxes = (own, *objetos(contato.get("contact_inboxes")))
    return [found for inbox in inboxes if (found := texto(inbox.get("source_id"))) is not None]


def conversations(answer: Answer, *, inbox_id: str, source_id: str) -> Sequence[tuple[str, str]]:
    """Return id and status of the conversations in an inbox, the newest first.

    One that is known to be of another address of the same contact is left out.
    """
    found = []
    for talk in objetos(objeto(answer.json()).get("payload")):
        number, status = texto(talk.get("id")), texto(talk.get("status"))
        own = texto(objeto(talk.get("contact_inbox")).get("source_id")) or source_id
        here = texto(talk.get("inbox_id")) == inbox_id and own == source_id
        if number is not None and here:
            found.append((number, status or "open"))
    return sorted(found, key=lambda pair: (len(pair[0]), pair[0]), reverse=True)


def messages(answer: Answer) -> list[Objeto]:
    """Return the messages of a page, oldest first."""
    return objetos(objeto(answer.json()).get("payload"))


def posted(answer: Answer, source_id: str) -> str | None:
    """Return the id of the message with a `source_id` on a page."""
    for message in reversed(messages(answer)):
        if texto(message.get("source_id")) == source_id:
            return texto(message.get("id"))
    return None
