"""Build: what Ponte asks of the X API v2, as requests. Pure.

Source: https://docs.x.com/x-api/direct-messages/manage/introduction,
https://docs.x.com/x-api/media/introduction and
https://docs.x.com/resources/fundamentals/authentication/oauth-2-0/authorization-code
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from ponte.connectors.x.settings import XSettings
from ponte.domain.mensagem import Mensagem
from ponte.domain.notificacao import clean
from ponte.resilience.exchange import Request
from ponte.resilience.formulario import OCTETS, Arquivo, multipart

FORM = "application/x-www-form-urlencoded"
UPLOAD_TIMEOUT_S = 30.0  # chosen: a segment of 4 MiB at 200 kB/s
SEGMENT = 4 * 1024 * 1024  # documented: at most 5 MB each
Made = Callable[[str], Request]  # a call, once it is given a token
PAGE = 100  # documented: most events a page
_FIELDS = {
    "dm_event.fields": "id,event_type,text,sender_id,dm_conversation_id,created_at,attachments,"
    "entities",
    "expansions": "sender_id,attachments.media_keys",
    "user.fields": "name,username",
    "media.fields": "media_key,type,url,preview_image_url",
}


@dataclass(frozen=True, slots=True)
class Meio:
    """A medium to upload."""

    corpo: bytes = field(repr=False)
    mime: str
    categoria: str


def message(mensagem: Mensagem, *, media_id: str | None) -> dict[str, Any]:
    """Return the body of a direct message: words, a medium that was uploaded, or both."""
    bare = isinstance(mensagem.conteudo, str) and media_id is not None  # its address alone
    text = "" if bare else clean(mensagem.texto).strip()
    body: dict[str, Any] = {"text": text} if text else {}
    if media_id is not None:
        body["attachments"] = [{"media_id": media_id}]
    return body


def send(settings: XSettings, para: str, body: Mapping[str, Any], *, token: str) -> Request:
    """Return the call that writes to a person."""
    path = f"/2/dm_conversations/with/{para}/messages"
    return _call(settings, "POST", path, token=token, json=dict(body), operation="send_message")


def events(
    settings: XSettings, *, token: str, most: int = PAGE, after: str | None = None
) -> Request:
    """Return the call that reads past messages, newest first; `after` names the next page."""
    query = {**_FIELDS, "event_types": "MessageCreate", "max_results": str(most)}
    if after is not None:
        query["pagination_token"] = after
    path = f"/2/dm_events?{urlencode(query)}"
    return _call(settings, "GET", path, token=token, operation="dm_events")


def upload(settings: XSettings, meio: Meio, *, token: str) -> Request:
    """Return the call that uploads a picture whole."""
    campos = {"media_category": meio.categoria}
    return _form(settings, "/2/media/upload", campos, corpo=meio.corpo, token=token)


def initialize(settings: XSettings, meio: Meio, *, token: str) -> Request:
    """Return the call that begins to upload a medium in segments."""
    body = {
        "media_type": meio.mime,
        "total_bytes": len(meio.corpo),
        "media_category": meio.categoria,
    }
    path = "/2/media/upload/initialize"
    return _call(settings, "POST", path, token=token, json=body, operation="upload")


def append(
    settings: XSettings, media_id: str, *, segmento: int, corpo: bytes, token: str
) -> Request:
    """Return the call that uploads one segment."""
    campos = {"segment_index": str(segmento)}
    path = f"/2/media/upload/{media_id}/append"
    return _form(settings, path, campos, corpo=corpo, token=token)


def finalize(settings: XSettings, media_id: str, *, token: str) -> Request:
    """Return the call that ends an upload."""
    path = f"/2/media/upload/{media_id}/finalize"
    return _call(settings, "POST", path, token=token, operation="upload")


def status(settings: XSettings, media_id: str, *, token: str) -> Request:
    """Return the call that asks whether a medium is ready."""
    path = f"/2/media/upload?{urlencode({'command': 'STATUS', 'media_id': media_id})}"
    return _call(settings, "GET", path, token=token, operation="upload_status")


def renewal(settings: XSettings, refresh_token: str) -> Request:
    """Return the call that trades a refresh token, which goes only once, for a new pair."""
    client = settings.client_id or ""
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    headers = {"Content-Type": FORM}
    if settings.client_secret is None:
        form["client_id"] = client  # a public client proves nothing but its name
    else:
        pair = f"{client}:{settings.client_secret.get_secret_value()}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return Request(
        "POST",
        f"{settings.base_url}/2/oauth2/token",
        content=urlencode(form).encode(),
        headers=headers,
        operation="refresh_token",
    )


def webhooks(settings: XSettings, *, token: str) -> Request:
    """Return the call that lists the app's webhooks."""
    return _call(settings, "GET", "/2/webhooks", token=token, operation="webhooks")


def register(settings: XSettings, url: str, *, token: str) -> Request:
    """Return the call that registers a webhook; X asks it for its proof before it answers."""
    body = {"url": url}
    return _call(settings, "POST", "/2/webhooks", token=token, json=body, operation="webhooks")


def validate(settings: XSettings, webhook_id: str, *, token: str) -> Request:
    """Return the call that has a webhook proven again, so that X delivers to it again."""
    path = f"/2/webhooks/{webhook_id}"
    return _call(settings, "PUT", path, token=token, operation="webhooks")


def subscriptions(settings: XSettings, *, token: str) -> Request:
    """Return the call that lists what is told to webhooks."""
    path = "/2/activity/subscriptions"
    return _call(settings, "GET", path, token=token, operation="subscriptions")


def subscribe(settings: XSettings, evento: str, *, webhook_id: str, token: str) -> Request:
    """Return the call that has one kind of event told to a webhook."""
    body = {
        "event_type": evento,
        "filter": {"user_id": settings.user_id},
        "tag": "ponte",
        "webhook_id": webhook_id,
    }
    path = "/2/activity/subscriptions"
    return _call(settings, "POST", path, token=token, json=body, operation="subscriptions")


def bearer(token: str) -> dict[str, str]:
    """Return the header that proves a call."""
    return {"Authorization": f"Bearer {token}"}


def _call(
    settings: XSettings, method: str, path: str, *, token: str, json: Any = None, operation: str
) -> Request:
    url = f"{settings.base_url}{path}"
    return Request(method, url, json=json, headers=bearer(token), operation=operation)


def _form(
    settings: XSettings, path: str, campos: Mapping[str, str], *, corpo: bytes, token: str
) -> Request:
    url = f"{settings.base_url}{path}"
    content, headers = multipart(campos, [("media", Arquivo("media", OCTETS, corpo))])
    return Request(
        "POST",
        url,
        content=content,
        headers={**headers, **bearer(token)},
        timeout_s=UPLOAD_TIMEOUT_S,
        operation="upload",
    )
