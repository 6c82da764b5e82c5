"""Build: what Ponte says becomes a call of the application API.

Source: developers.chatwoot.com, Application API. Messages with files are multipart.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from ponte.connectors.chatwoot.settings import ChatwootSettings
from ponte.domain.notificacao import clean
from ponte.ports.helpdesk import Escrita, Pessoa, Situacao
from ponte.resilience.exchange import Request
from ponte.resilience.formulario import Arquivo, multipart

_MAX_NAME = 255  # chosen: what Chatwoot's column holds
_UPLOAD_S = 20.0  # chosen: 10 MiB at half a megabyte a second


def create_inbox(settings: ChatwootSettings, nome: str, *, webhook_url: str) -> Request:
    """Make the inbox that is mirrored; its events go to `webhook_url`."""
    body = {"name": nome, "channel": {"type": "api", "webhook_url": webhook_url}}
    return _call(settings, "POST", "/inboxes", json=body, operation="create_inbox")


def create_contact(settings: ChatwootSettings, pessoa: Pessoa) -> Request:
    """Make a contact.

    Newer versions take its `source_id` in the inbox at once; others make one up.
    """
    body: dict[str, Any] = {
        "inbox_id": settings.inbox_id,
        "name": clean(pessoa.nome)[:_MAX_NAME],
        "identifier": pessoa.identificador,
        "source_id": pessoa.source_id,
    }
    if pessoa.telefone:
        body["phone_number"] = pessoa.telefone
    return _call(settings, "POST", "/contacts", json=body, operation="create_contact")


def search_contacts(settings: ChatwootSettings, termo: str) -> Request:
    """Look a contact up by its identifier or its phone."""
    path = f"/contacts/search?{urlencode({'q': termo})}"
    return _call(settings, "GET", path, operation="search_contacts")


def update_contact(
    settings: ChatwootSettings, contato_id: str, campos: Mapping[str, str]
) -> Request:
    """Change what is known of a contact."""
    path = f"/contacts/{_part(contato_id)}"
    return _call(settings, "PUT", path, json=dict(campos), operation="update_contact")


def add_to_inbox(settings: ChatwootSettings, contato_id: str, *, source_id: str) -> Request:
    """Let a contact be written to in the mirrored inbox."""
    body = {"inbox_id": settings.inbox_id, "source_id": source_id}
    path = f"/contacts/{_part(contato_id)}/contact_inboxes"
    return _call(settings, "POST", path, json=body, operation="create_contact_inbox")


def list_conversations(settings: ChatwootSettings, contato_id: str) -> Request:
    """List the conversations of a contact."""
    path = f"/contacts/{_part(contato_id)}/conversations"
    return _call(settings, "GET", path, operation="list_conversations")


def create_conversation(
    settings: ChatwootSettings, contato_id: str, *, source_id: str, situacao: Situacao
) -> Request:
    """Open a conversation with a contact."""
    body = {
        "source_id": source_id,
        "inbox_id": settings.inbox_id,
        "contact_id": _number(contato_id),
        "status": situacao,
    }
    return _call(settings, "POST", "/conversations", json=body, operation="create_conversation")


def toggle_status(settings: ChatwootSettings, conversa: str, situacao: Situacao) -> Request:
    """Open, resolve or park a conversation."""
    path = f"/conversations/{_part(conversa)}/toggle_status"
    return _call(settings, "POST", path, json={"status": situacao}, operation="toggle_status")


def list_messages(settings: ChatwootSettings, conversa: str) -> Request:
    """List the newest messages of a conversation, 20 of them."""
    path = f"/conversations/{_part(conversa)}/messages"
    return _call(settings, "GET", path, operation="list_messages")


def create_message(settings: ChatwootSettings, conversa: str, escrita: Escrita) -> Request:
    """Write one message into a conversation; its `source_id` marks it as Ponte's."""
    path = f"/conversations/{_part(conversa)}/messages"
    if escrita.anexos:
        return _with_files(settings, path, escrita)
    quoted = {} if escrita.responde_a is None else {"in_reply_to": _number(escrita.responde_a)}
    body = {
        "content": clean(escrita.texto),
        "message_type": escrita.lado,
        "private": False,
        "source_id": escrita.source_id,
        "content_type": "text",
        "content_attributes": quoted,
    }
    return _call(settings, "POST", path, json=body, operation="create_message")


def _with_files(settings: ChatwootSettings, path: str, escrita: Escrita) -> Request:
    fields = {
        "message_type": escrita.lado,
        "private": "false",
        "source_id": escrita.source_id,
    }
    if escrita.responde_a is not None:
        fields["content_attributes[in_reply_to]"] = escrita.responde_a
    if escrita.texto:
        fields["content"] = clean(escrita.texto)
    arquivos = [Arquivo(clean(a.nome), clean(a.mime), a.dados) for a in escrita.anexos]
    content, form = multipart(fields, [("attachments[]", arquivo) for arquivo in arquivos])
    return Request(
        "POST", settings.url(path), content=content, timeout_s=_UPLOAD_S,
        headers={**_headers(settings), **form}, operation="create_message",
    )  # fmt: skip


def delete_message(settings: ChatwootSettings, conversa: str, mensagem: str) -> Request:
    """Take a message away."""
    path = f"/conversations/{_part(conversa)}/messages/{_part(mensagem)}"
    return _call(settings, "DELETE", path, operation="delete_message")


def update_message(
    settings: ChatwootSettings, conversa: str, mensagem: str, *, status: str, erro: str | None
) -> Request:
    """Tell the agent how far a message came: sent, delivered, read or failed."""
    body: dict[str, Any] = {"status": status}
    if erro:
        body["external_error"] = clean(erro)
    path = f"/conversations/{_part(conversa)}/messages/{_part(mensagem)}"
    return _call(settings, "PATCH", path, json=body, operation="update_message")


def get_inbox(settings: ChatwootSettings) -> Request:
    """Ask for the mirrored inbox, which changes nothing."""
    return _call(settings, "GET", f"/inboxes/{settings.inbox_id}", operation="get_inbox")


def _part(valor: str) -> str:
    return quote(valor, safe="")


def _number(valor: str) -> int | str:
    return int(valor) if valor.isdecimal() else valor


def _headers(settings: ChatwootSettings) -> dict[str, str]:
    # With hyphens: nginx drops headers with underscores, and Rails reads both as the same.
    token = settings.api_token.get_secret_value() if settings.api_token else ""
    return {"Api-Access-Token": token}


def _call(
    settings: ChatwootSettings, metodo: str, path: str, *, operation: str, json: Any = None
) -> Request:
    return Request(
        metodo, settings.url(path), json=json, headers=_headers(settings), operation=operation
    )
