"""Build: what Ponte says becomes a call of the application API.

Source: developers.chatwoot.com, Application API. Messages with files are multipart.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote, urlencode

from ponte.connectors.chatwoot.settings import ChatwootSettings
from ponte.domain.notificacao import clean
from ponte.resilience.exchange import Request

Lado = Literal["incoming", "outgoing"]
Situacao = Literal["open", "resolved", "pending", "snoozed"]
_MAX_NAME = 255  # chosen: what Chatwoot's column holds
_UPLOAD_S = 20.0  # chosen: 10 MiB at half a megabyte a second


@dataclass(frozen=True, slots=True)
class Arquivo:
    """One file to attach."""

    nome: str
    mime: str
    dados: bytes = field(repr=False)


def create_inbox(settings: ChatwootSettings, nome: str, *, webhook_url: str) -> Request:
    """Make the inbox that is mirrored; its events go to `webhook_url`."""
    body = {"name": nome, "channel": {"type": "api", "webhook_url": webhook_url}}
    return _call(settings, "POST", "/inboxes", json=body, operation="create_inbox")


def create_contact(
    settings: ChatwootSettings, *, nome: str, identificador: str, telefone: str | None = None
) -> Request:
    """Make a contact; `telefone` in E.164, None where it is not known."""
    body: dict[str, Any] = {
        "inbox_id": settings.inbox_id,
        "name": clean(nome)[:_MAX_NAME],
        "identifier": identificador,
    }
    if telefone:
        body["phone_number"] = telefone
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
        "contact_id": int(contato_id) if contato_id.isdigit() else contato_id,
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


def create_message(
    settings: ChatwootSettings,
    conversa: str,
    *,
    texto: str,
    lado: Lado,
    source_id: str,
    arquivos: Sequence[Arquivo] = (),
) -> Request:
    """Write one message into a conversation; its `source_id` marks it as Ponte's."""
    path = f"/conversations/{_part(conversa)}/messages"
    if arquivos:
        fields = {"message_type": lado, "private": "false", "source_id": source_id}
        if texto:
            fields["content"] = clean(texto)
        content, kind = multipart(fields, arquivos)
        return Request(
            "POST", settings.url(path), content=content, timeout_s=_UPLOAD_S,
            headers={**_headers(settings), "Content-Type": kind}, operation="create_message",
        )  # fmt: skip
    body = {
        "content": clean(texto),
        "message_type": lado,
        "private": False,
        "source_id": source_id,
        "content_type": "text",
        "content_attributes": {},
    }
    return _call(settings, "POST", path, json=body, operation="create_message")


def create_note(settings: ChatwootSettings, conversa: str, texto: str) -> Request:
    """Write a private note, which only agents see."""
    path = f"/conversations/{_part(conversa)}/messages"
    body = {"content": clean(texto), "message_type": "outgoing", "private": True}
    return _call(settings, "POST", path, json=body, operation="create_note")


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


def multipart(fields: Mapping[str, str], arquivos: Sequence[Arquivo]) -> tuple[bytes, str]:
    """Return a form with files and its content type.

    Source: RFC 7578; a quote or a line break in a name is percent-encoded as browsers do.
    """
    boundary = secrets.token_hex(16)
    head = f"--{boundary}\r\nContent-Disposition: form-data; name="
    parts = [f'{head}"{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items()]
    for arquivo in arquivos:
        about = (
            f'{head}"attachments[]"; filename="{_quoted(arquivo.nome)}"\r\n'
            f"Content-Type: {_quoted(arquivo.mime)}\r\n\r\n"
        )
        parts.append(about.encode() + arquivo.dados + b"\r\n")
    body = b"".join(parts) + f"--{boundary}--\r\n".encode()
    return body, f"multipart/form-data; boundary={boundary}"


def _quoted(texto: str) -> str:
    return clean(texto).replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")


def _part(valor: str) -> str:
    return quote(valor, safe="")


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
