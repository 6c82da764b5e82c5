"""Envio: the Send API and the webhook, as Instagram and Messenger share them.

A mensagem of tipo `evento` carries a Send API body of one's own (a template, a tag, a
sender action), so that whatever the platform takes can be sent; only who it is for is
put in here. One call is one try.
Source: https://developers.facebook.com/docs/messenger-platform/reference/send-api
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from ponte.connectors.meta.verify import challenge, verify
from ponte.domain.leitura import objeto, texto
from ponte.domain.limites import Limites
from ponte.domain.mensagem import Mensagem, TipoMensagem
from ponte.domain.notificacao import clean
from ponte.errors import DadosInvalidos, Problema
from ponte.ports import Deps, Pedido2xx, WebhookRequest
from ponte.ports.fields import Secrets, Url
from ponte.resilience.classes import Classe, Verdict
from ponte.resilience.exchange import Answer, Classify, Request
from ponte.resilience.limiter import SlidingWindowRateLimiter

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


def _as_text(valor: object) -> object:
    return str(valor) if isinstance(valor, int) and not isinstance(valor, bool) else valor


class MessagingSettings(BaseModel):
    """What both platforms need; without a secret nothing comes in, without a token nothing out."""

    model_config = ConfigDict(hide_input_in_errors=True)  # the input may be the secret

    base_url: Url = Field("https://graph.facebook.com", description="Graph API, or a stand-in")
    api_version: str = Field("v25.0", pattern=r"^v\d+\.\d+$", description="Version of the API")
    access_token: SecretStr | None = Field(None, description="Token of the page or account")
    page_id: Annotated[str | None, BeforeValidator(_as_text)] = Field(
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

    @property
    def headers(self) -> dict[str, str]:
        """Return what proves a call."""
        token = self.access_token.get_secret_value() if self.access_token else ""
        return {"Authorization": f"Bearer {token}"}


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
            "payload": {"url": address(mensagem), **media.get("payload", {})},
        }
        beside: dict[str, Any] = media.get("corpo", {})
        return recipient | beside | {"message": {"attachment": anexo}}
    message: dict[str, Any] = {"text": clean(mensagem.texto)}
    if mensagem.tipo is TipoMensagem.RESPOSTA_RAPIDA and not isinstance(conteudo, str):
        message["quick_replies"] = [_quick_reply(clean(x)) for x in conteudo["opcoes"]]
    return recipient | {"messaging_type": "RESPONSE", "message": message}


def _quick_reply(titulo: str) -> dict[str, str]:
    return {"content_type": "text", "title": titulo, "payload": titulo[:_MAX_PAYLOAD]}


def address(mensagem: Mensagem) -> str:
    """Return the address of a medium."""
    conteudo = mensagem.conteudo
    return conteudo if isinstance(conteudo, str) else str(conteudo.get("url") or "")


def refuse(mensagem: Mensagem, limites: Limites) -> None:
    """Refuse what the platform would.

    Raises:
        DadosInvalidos: with each field that is wrong.
    """
    problemas = [Problema(campo, porque) for campo, porque in limites.broken(mensagem)]
    if not _PERSON.match(mensagem.destinatario):
        problemas.append(Problema("destinatario", "the digits that the platform gives a person"))
    if mensagem.tipo in ANEXO and not address(mensagem).startswith(("https://", "http://")):
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


@dataclass(frozen=True, slots=True)
class Rede:
    """What tells one of the two platforms from the other when messages go out."""

    nome: str
    limites: Limites
    build: Callable[[Mensagem], dict[str, Any]]
    classify: Classify


class MetaChannel:
    """Write to people who wrote to one page or account."""

    def __init__(self, settings: MessagingSettings, deps: Deps, *, rede: Rede) -> None:
        self._settings = settings
        self._rede = rede
        self._http = deps.http(rede.nome)
        if rede.limites.mensagens is not None:
            rate = SlidingWindowRateLimiter(rede.limites.mensagens, rede.limites.por_s)
            self._http.limit_to(rate)

    def check(self, mensagem: Mensagem) -> None:
        """Refuse what the platform would, and everything while there is no token."""
        if self._settings.access_token is None:
            raise DadosInvalidos(Problema("canal", f"{self._rede.nome} has no ACCESS_TOKEN"))
        refuse(mensagem, self._rede.limites)

    async def send(self, mensagem: Mensagem) -> str | None:
        """Send one message; return the platform's id, None for what has none.

        Raises:
            OutsideError: It was not taken.
        """
        return await self._post(self._rede.build(mensagem))

    async def show_typing(self, destinatario: str, *, instancia: str | None) -> None:  # noqa: ARG002 - the door's
        """Show that an answer is being written."""
        await self._post({"recipient": {"id": destinatario}, "sender_action": "typing_on"})

    async def _post(self, corpo: Mapping[str, Any]) -> str | None:
        """Make one call of the Send API; return the id of what it sent."""
        classify = self._rede.classify
        action = "sender_action" in corpo
        request = Request(
            "POST",
            self._settings.url("/messages"),
            json=corpo,
            headers=self._settings.headers,
            operation="sender_action" if action else "send_message",
        )
        answer = await self._http.send(request, classify if action else sent(classify))
        return texto(objeto(answer.json()).get("message_id"))


async def probe(settings: MessagingSettings, deps: Deps, *, rede: Rede) -> None:
    """Ask who the token is, which changes nothing; raises `OutsideError`."""
    request = Request(
        "GET", settings.url("?fields=id"), headers=settings.headers, operation="probe"
    )
    await deps.http(rede.nome).send(request, rede.classify)


def sent(classify: Classify) -> Classify:
    """Return a classify for which a sending without an id is no sending."""

    def of_sending(answer: Answer) -> Verdict:
        verdict = classify(answer)
        if verdict.classe is not Classe.OK or texto(objeto(answer.json()).get("message_id")):
            return verdict
        return Verdict(Classe.RETRY, "2xx without a message id", unknown_outcome=True)

    return of_sending
