"""Envio: the Send API and the webhook, as Instagram and Messenger share them.

A mensagem of tipo `evento` carries a Send API body of one's own (a template, a tag, a
sender action), so that whatever the platform takes can be sent; only who it is for is
put in here.
Source: https://developers.facebook.com/docs/messenger-platform/reference/send-api
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import Field, SecretStr

from ponte.connectors.meta.verify import challenge, verify
from ponte.domain.leitura import objeto, texto
from ponte.domain.limites import Limites
from ponte.domain.mensagem import Mensagem, TipoMensagem
from ponte.domain.notificacao import clean
from ponte.errors import DadosInvalidos, Problema
from ponte.ports import Pedido2xx, WebhookRequest
from ponte.ports.fields import Ajustes, Id, Secrets, Url

ANEXO = {
    TipoMensagem.IMAGEM: "image",
    TipoMensagem.AUDIO: "audio",
    TipoMensagem.VIDEO: "video",
    TipoMensagem.DOCUMENTO: "file",
}
_ACTIONS = {"typing_on", "typing_off", "mark_seen"}
_RECIPIENTS = {"id", "user_ref", "comment_id", "post_id", "notification_messages_token"}
_FIELDS = {"message", "messaging_type", "tag", "sender_action", "payload", "recipient"}
_PERSON = re.compile(r"[0-9]{1,32}\Z")
_MAX_PAYLOAD = 1_000  # documented: payload of a quick reply


class MessagingSettings(Ajustes):
    """What both platforms need; without a secret nothing comes in, without a token nothing out."""

    base_url: Url = Field("https://graph.facebook.com", description="Graph API, or a stand-in")
    api_version: str = Field("v25.0", pattern=r"^v\d+\.\d+$", description="Version of the API")
    access_token: SecretStr | None = Field(None, description="Token of the page or account")
    page_id: Id = Field(
        None, description="Page or account that sends; the token's own when missing"
    )
    app_secret: Secrets = Field(
        (), description="Every app secret that may sign now, comma-separated"
    )
    verify_token: SecretStr | None = Field(None, description="Proves a subscription to Meta")

    @property
    def is_on(self) -> bool:
        """Tell whether anything can come in or go out."""
        return bool(self.app_secret) or self.access_token is not None

    def url(self, path: str = "") -> str:
        """Return the address of the sending account, or of something below it."""
        return f"{self.base_url}/{self.api_version}/{self.page_id or 'me'}{path}"


class MetaWebhook:
    """Verify and answer deliveries, and prove a subscription; pure."""

    def __init__(self, settings: MessagingSettings) -> None:
        self._secrets = [x.get_secret_value() for x in settings.app_secret]
        token = settings.verify_token
        self._verify_token = None if token is None else token.get_secret_value()

    def verify(self, request: WebhookRequest, *, now_ms: int) -> bool:  # noqa: ARG002 - the door's
        return verify(request.headers, request.body, self._secrets)

    def reply(
        self,
        request: WebhookRequest,  # noqa: ARG002 - the door's
        *,
        aberta: Callable[[str], bool | None],  # noqa: ARG002 - the door's
    ) -> Pedido2xx:
        return Pedido2xx()

    def challenge(self, request: WebhookRequest, *, now_ms: int) -> str | None:  # noqa: ARG002 - the door's
        return challenge(request.query, self._verify_token)


def body(mensagem: Mensagem, media: Mapping[str, Any]) -> dict[str, Any]:
    """Return the Send API's body of a mensagem.

    Args:
        mensagem: What to send, checked before.
        media: What this platform adds: `corpo` to the body of a medium, `payload` beside its url.
    """
    recipient: dict[str, Any] = {"recipient": {"id": mensagem.destinatario}}
    conteudo = mensagem.conteudo
    if mensagem.tipo is TipoMensagem.EVENTO:
        own = {"sender_action": conteudo} if isinstance(conteudo, str) else dict(conteudo)
        return recipient | own
    if mensagem.tipo in ANEXO:
        anexo = {
            "type": ANEXO[mensagem.tipo],
            "payload": {"url": mensagem.url, **media.get("payload", {})},
        }
        beside: dict[str, Any] = media.get("corpo", {})
        return recipient | beside | {"message": {"attachment": anexo}}
    message: dict[str, Any] = {"text": clean(mensagem.texto)}
    if mensagem.tipo is TipoMensagem.RESPOSTA_RAPIDA and not isinstance(conteudo, str):
        message["quick_replies"] = [_quick_reply(clean(x)) for x in conteudo["opcoes"]]
    return recipient | {"messaging_type": "RESPONSE", "message": message}


def _quick_reply(titulo: str) -> dict[str, str]:
    return {"content_type": "text", "title": titulo, "payload": titulo[:_MAX_PAYLOAD]}


def refuse(mensagem: Mensagem, limites: Limites) -> None:
    """Refuse what the platform would.

    Raises:
        DadosInvalidos: with each field that is wrong.
    """
    problemas = [Problema(campo, porque) for campo, porque in limites.broken(mensagem)]
    if not _PERSON.match(mensagem.destinatario):
        problemas.append(Problema("destinatario", "the digits that the platform gives a person"))
    if mensagem.tipo in ANEXO and not mensagem.url.startswith(("https://", "http://")):
        problemas.append(Problema("conteudo.url", "an address that the platform can fetch"))
    if mensagem.tipo is TipoMensagem.EVENTO:
        problemas.extend(_wrong_event(mensagem, limites))
    if problemas:
        raise DadosInvalidos(*problemas)


def _wrong_event(mensagem: Mensagem, limites: Limites) -> list[Problema]:
    conteudo = mensagem.conteudo
    if isinstance(conteudo, str):
        names = ", ".join(sorted(_ACTIONS))
        return [] if conteudo in _ACTIONS else [Problema("conteudo", f"one of {names}")]
    wrong = [Problema(f"conteudo.{x[:50]}", "unknown field") for x in conteudo.keys() - _FIELDS]
    if ("message" in conteudo) == ("sender_action" in conteudo):
        wrong.append(Problema("conteudo", "message or sender_action expected"))
    if "recipient" in conteudo:
        recipient = objeto(conteudo["recipient"])
        if len(recipient) != 1 or not recipient.keys() <= _RECIPIENTS:
            wrong.append(Problema("conteudo.recipient", "one way to name a person"))
    words = texto(objeto(conteudo.get("message")).get("text")) or ""
    if limites.weigh(words) > limites.texto:
        wrong.append(Problema("conteudo.message.text", f"at most {limites.texto}"))
    return wrong
