"""Helpdesk: conversations as the application API makes, fills and switches them.

A contact may be there already, made by a person or by another tool; then it is found by
its identifier or its telephone and given an entry in the inbox. Each call is one try.
"""

from collections.abc import Sequence

from ponte.connectors.chatwoot import build, respostas
from ponte.connectors.chatwoot.classify import (
    classify,
    classify_contact,
    classify_gone,
    classify_report,
    is_taken,
    refuses_phone,
)
from ponte.connectors.chatwoot.parse import as_event
from ponte.connectors.chatwoot.settings import CANAIS, ChatwootSettings
from ponte.domain.evento import EventoDeCanal
from ponte.domain.leitura import Objeto, objeto, texto
from ponte.ports import Deps, Escrita, Pessoa, Progresso, Situacao
from ponte.resilience.classes import Classe, OutsideError, Verdict

DESTINO = "chatwoot"
API_INBOX = "Channel::Api"
PESSOA = "user"  # an agent; an agent_bot and an automation are none


class ChatwootHelpdesk:
    """One API channel inbox."""

    def __init__(self, settings: ChatwootSettings, deps: Deps) -> None:
        self._settings = settings
        self._http = deps.http(DESTINO)
        self._inbox_id = str(settings.inbox_id)

    @property
    def nome(self) -> str:
        return DESTINO

    @property
    def signs(self) -> bool:
        return self._settings.sign

    def mirrors(self, canal: str) -> bool:
        return canal in (self._settings.channels or CANAIS)

    def speaks(self, evento: EventoDeCanal) -> bool:
        account, inbox = evento.account, evento.further.get("inbox_id")
        same = account in (None, str(self._settings.account_id))
        return evento.channel == DESTINO and same and inbox == self._inbox_id

    def delivers(self, evento: EventoDeCanal) -> bool:
        if not evento.further.get("forward"):
            return False
        by_person = evento.further.get("author") == PESSOA
        return by_person or self._settings.forward == "all"

    # ------------------------------------------------------------ contacts

    async def contact(self, pessoa: Pessoa) -> str:
        answer = await self._http.send(
            build.create_contact(self._settings, pessoa), classify_contact
        )
        if refuses_phone(answer):
            unphoned = Pessoa(pessoa.identificador, pessoa.source_id, pessoa.nome)
            answer = await self._http.send(
                build.create_contact(self._settings, unphoned), classify_contact
            )
        if is_taken(answer) or refuses_phone(answer):
            found = await self._search(pessoa)
            contato, known = texto(found.get("id")), respostas.source_ids(found)
        else:
            contato, known = respostas.contact(answer)
        if contato is None:
            raise _unreadable("a contact")
        if pessoa.source_id not in known:
            entry = build.add_to_inbox(self._settings, contato, source_id=pessoa.source_id)
            await self._http.send(entry, classify_contact)
        return contato

    async def _search(self, pessoa: Pessoa) -> Objeto:
        for termo in (pessoa.identificador, pessoa.telefone):
            if termo is None:
                continue
            answer = await self._http.send(build.search_contacts(self._settings, termo), classify)
            for contato in respostas.contacts(answer):
                if respostas.fits(
                    contato, identificador=pessoa.identificador, telefone=pessoa.telefone
                ):
                    return contato
        verdict = Verdict(Classe.INVALID_REQUEST, "a contact that is taken, and not found")
        raise OutsideError(DESTINO, verdict=verdict)

    async def rename(self, contato: str, nome: str) -> None:
        change = build.update_contact(self._settings, contato, {"name": nome})
        await self._http.send(change, classify_gone)

    # ------------------------------------------------------------ conversations

    async def conversations(self, contato: str, *, source_id: str) -> Sequence[tuple[str, str]]:
        answer = await self._http.send(build.list_conversations(self._settings, contato), classify)
        return respostas.conversations(answer, inbox_id=self._inbox_id, source_id=source_id)

    async def open(self, contato: str, *, source_id: str, situacao: Situacao) -> str:
        request = build.create_conversation(
            self._settings, contato, source_id=source_id, situacao=situacao
        )
        made = respostas.made(await self._http.send(request, classify))
        if made is None:
            raise _unreadable("a conversation")
        return made

    async def switch(self, conversa: str, situacao: Situacao) -> None:
        await self._http.send(build.toggle_status(self._settings, conversa, situacao), classify)

    # ------------------------------------------------------------ messages

    async def write(self, conversa: str, escrita: Escrita) -> str | None:
        request = build.create_message(self._settings, conversa, escrita)
        return respostas.made(await self._http.send(request, classify))

    async def find(self, conversa: str, source_id: str) -> str | None:
        answer = await self._http.send(build.list_messages(self._settings, conversa), classify)
        return respostas.posted(answer, source_id)

    async def recent(self, conversa: str) -> Sequence[EventoDeCanal]:
        answer = await self._http.send(build.list_messages(self._settings, conversa), classify)
        where = (str(self._settings.account_id), self._inbox_id, conversa)
        return [as_event(message, where) for message in respostas.messages(answer)]

    async def report(
        self, conversa: str, mensagem: str, *, progresso: Progresso, erro: str | None
    ) -> None:
        request = build.update_message(
            self._settings, conversa, mensagem, status=progresso, erro=erro
        )
        await self._http.send(request, classify_report)

    async def delete(self, conversa: str, mensagem: str) -> None:
        request = build.delete_message(self._settings, conversa, mensagem)
        await self._http.send(request, classify_gone)


def helpdesk(settings: ChatwootSettings, deps: Deps) -> ChatwootHelpdesk | None:
    """Return the inbox to mirror to; None where the settings only let events in."""
    return ChatwootHelpdesk(settings, deps) if settings.can_call else None


async def probe(settings: ChatwootSettings, deps: Deps) -> None:
    """Prove token, account and inbox, and that the inbox is one that can be mirrored."""
    if not settings.can_call:
        return
    answer = await deps.http(DESTINO).send(build.get_inbox(settings), classify)
    kind = texto(objeto(answer.json()).get("channel_type"))
    if kind != API_INBOX:
        verdict = Verdict(Classe.INVALID_REQUEST, "the inbox is no API channel")
        raise OutsideError(DESTINO, verdict=verdict)


def _unreadable(what: str) -> OutsideError:
    verdict = Verdict(Classe.RETRY, f"no id of {what} in the answer", unknown_outcome=True)
    return OutsideError(DESTINO, verdict=verdict)
