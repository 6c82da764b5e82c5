"""Build: what Ponte asks of the Business API, as requests. Pure.

The token stands in `Access-Token`, without `Bearer`: with it TikTok answers 40105. The path
always ends in a slash.
Source: https://business-api.tiktok.com/portal/docs?id=1832184403754242
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from ponte.connectors.tiktok.settings import TiktokSettings
from ponte.domain.mensagem import Mensagem, TipoMensagem
from ponte.domain.notificacao import clean
from ponte.resilience.anexos import MAX_BYTES
from ponte.resilience.exchange import Request
from ponte.resilience.formulario import Arquivo, multipart

API = "/open_api/v1.3"
UPLOAD_S = 20.0  # chosen: 10 MiB at half a megabyte a second
MAX_BUTTON_ID = 40  # documented: buttons, id


def message(
    settings: TiktokSettings, mensagem: Mensagem, *, media_id: str | None = None
) -> dict[str, Any]:
    """Return the body that sends a mensagem: text, a card with buttons, or an uploaded picture."""
    if mensagem.tipo is TipoMensagem.IMAGEM:
        return _to(settings, mensagem.destinatario, "IMAGE", {"image": {"media_id": media_id}})
    if mensagem.tipo is TipoMensagem.RESPOSTA_RAPIDA and not isinstance(mensagem.conteudo, str):
        opcoes = [clean(opcao) for opcao in mensagem.conteudo["opcoes"]]
        card = {
            "type": "QA_BUTTON_CARD",
            "title": clean(mensagem.texto),
            "buttons": [
                {"type": "REPLY", "title": opcao, "id": opcao.lower()[:MAX_BUTTON_ID]}
                for opcao in opcoes
            ],
        }
        return _to(settings, mensagem.destinatario, "TEMPLATE", {"template": card})
    text = {"text": {"body": clean(mensagem.texto)}}
    return _to(settings, mensagem.destinatario, "TEXT", text)


def typing(settings: TiktokSettings, conversa: str) -> dict[str, Any]:
    """Return the body that shows that an answer is being written."""
    return _to(settings, conversa, "SENDER_ACTION", {"sender_action": "TYPING"})


def send(settings: TiktokSettings, body: Mapping[str, Any], *, token: str, para: str) -> Request:
    """Return the call that sends a body; `para` names it in metrics."""
    return Request(
        "POST",
        f"{settings.business_url}{API}/business/message/send/",
        json=dict(body),
        headers={"Access-Token": token},
        operation=para,
    )


def upload(settings: TiktokSettings, arquivo: Arquivo, *, token: str) -> Request:
    """Return the call that uploads a picture; its id lives 30 days."""
    campos = {"business_id": settings.business_id or "", "media_type": "IMAGE"}
    content, headers = multipart(campos, [("file", arquivo)])
    return Request(
        "POST",
        f"{settings.business_url}{API}/business/message/media/upload/",
        content=content,
        headers={**headers, "Access-Token": token},
        timeout_s=UPLOAD_S,
        operation="media_upload",
    )


def medium(settings: TiktokSettings, asked: Mapping[str, str], *, token: str) -> Request:
    """Return the call that tells where the bytes of a medium lie, for a day."""
    return Request(
        "POST",
        f"{settings.business_url}{API}/business/message/media/download/",
        json={"business_id": settings.business_id, **asked},
        headers={"Access-Token": token},
        operation="media_download",
    )


def fetch(url: str, *, token: str) -> Request:
    """Return the call that fetches a medium."""
    return Request(
        "GET",
        url,
        headers={"x-user": token},
        timeout_s=UPLOAD_S,
        operation="download",
        reply_bytes=MAX_BYTES,
    )


def conversations(settings: TiktokSettings, tipo: str, *, token: str, cursor: int) -> Request:
    """Return the call that lists conversations (STRANGER or SINGLE), 100 a page."""
    return _conversations(settings, tipo, token=token, limit=100, cursor=cursor)


def contents(settings: TiktokSettings, conversa: str, *, token: str) -> Request:
    """Return the call that lists the last 20 messages of a conversation."""
    query = {"business_id": settings.business_id or "", "conversation_id": conversa}
    return _get(settings, "content/list", query, token=token)


def presence(settings: TiktokSettings, *, token: str) -> Request:
    """Return a call that costs nothing and needs the token: one conversation."""
    return _conversations(settings, "SINGLE", token=token, limit=1, cursor=0)


def renewal(settings: TiktokSettings, refresh_token: str) -> Request:
    """Return the call that trades a refresh token for a token and, it may be, a new one."""
    secret = settings.app_secret.get_secret_value() if settings.app_secret else ""
    return Request(
        "POST",
        f"{settings.business_url}{API}/tt_user/oauth2/refresh_token/",
        json={
            "client_id": settings.app_id,
            "client_secret": secret,
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
        },
        operation="refresh_token",
    )


def _conversations(
    settings: TiktokSettings, tipo: str, *, token: str, limit: int, cursor: int
) -> Request:
    query: dict[str, str | int] = {
        "business_id": settings.business_id or "",
        "conversation_type": tipo,
        "limit": limit,
        "cursor": cursor,
    }
    return _get(settings, "conversation/list", query, token=token)


def _get(
    settings: TiktokSettings, path: str, query: Mapping[str, str | int], *, token: str
) -> Request:
    # An id may hold "+", which must go out as %2B; urlencode does so.
    return Request(
        "GET",
        f"{settings.business_url}{API}/business/message/{path}/?{urlencode(query)}",
        headers={"Access-Token": token},
        operation=path.replace("/", "_"),
    )


def _to(
    settings: TiktokSettings, conversa: str, tipo: str, part: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "business_id": settings.business_id,
        "recipient_type": "CONVERSATION",
        "recipient": conversa,
        "message_type": tipo,
        **part,
    }
