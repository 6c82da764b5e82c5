"""Channel: one mensagem becomes one message to one person of Instagram or Messenger.

One call is one try. The exception is a token that Meta refuses while a newer one lies
stored: the same call is made once more with that, since the first did nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ponte.connectors.meta import midia
from ponte.connectors.meta.envio import MessagingSettings, refuse
from ponte.domain.evento import Midia
from ponte.domain.leitura import objeto, texto
from ponte.domain.limites import Limites
from ponte.domain.mensagem import Mensagem
from ponte.errors import DadosInvalidos, Problema
from ponte.ports import Deps
from ponte.resilience.classes import Classe, OutsideError, Verdict
from ponte.resilience.exchange import Answer, Classify, Request
from ponte.resilience.limiter import SlidingWindowRateLimiter


class Token(Protocol):
    """What proves a call."""

    @property
    def ends_ms(self) -> int | None:
        """The end of a token that nobody could renew, where a person must act soon."""

    async def get(self, *, refused: str | None = None) -> str:
        """Return the newest token; `refused` is one that Meta has just not taken."""


@dataclass(frozen=True, slots=True, repr=False)
class FixedToken:
    """The token of the settings, which nobody renews."""

    settings: MessagingSettings
    _deps: Deps
    ends_ms: None = None

    async def get(self, *, refused: str | None = None) -> str:  # noqa: ARG002 - there is no other
        token = self.settings.access_token
        return token.get_secret_value() if token else ""


@dataclass(frozen=True, slots=True)
class Rede:
    """What tells one of the two platforms from the other when messages go out."""

    nome: str
    limites: Limites
    build: Callable[[Mensagem], dict[str, Any]]
    classify: Classify
    token: Callable[[Any, Deps], Token] = FixedToken


class MetaChannel:
    """Write to people who wrote to one page or account."""

    def __init__(self, settings: MessagingSettings, deps: Deps, *, rede: Rede) -> None:
        self._settings = settings
        self._rede = rede
        self._token = rede.token(settings, deps)
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

    async def download(
        self,
        anexo: Midia,
        *,
        message_id: str,  # noqa: ARG002 - the door's
        instancia: str | None,  # noqa: ARG002 - the door's
    ) -> tuple[bytes, str]:
        """Return the bytes of a medium and their type; no token goes along.

        Raises:
            OutsideError: Meta does not have them (any more).
        """
        return await midia.download(self._http, anexo.url, base_url=self._settings.base_url)

    async def _post(self, corpo: Mapping[str, Any]) -> str | None:
        """Make one call of the Send API; return the id of what it sent."""
        token = await self._token.get()
        try:
            return await self._try(corpo, token)
        except OutsideError as error:
            newer = (
                token if error.classe is not Classe.AUTH else await self._token.get(refused=token)
            )
            if newer == token:
                raise
        return await self._try(corpo, newer)

    async def _try(self, corpo: Mapping[str, Any], token: str) -> str | None:
        action = "sender_action" in corpo
        request = Request(
            "POST",
            self._settings.url("/messages"),
            json=corpo,
            headers=bearer(token),
            operation="sender_action" if action else "send_message",
        )
        classify = self._rede.classify
        answer = await self._http.send(request, classify if action else sent(classify))
        return texto(objeto(answer.json()).get("message_id"))


def bearer(token: str) -> dict[str, str]:
    """Return the header that proves a call."""
    return {"Authorization": f"Bearer {token}"}


async def probe(settings: MessagingSettings, deps: Deps, *, rede: Rede) -> int | None:
    """Ask who the token is, renewing one whose time has come; tell when it ends for good.

    Nothing is asked where nothing is sent. Raises `OutsideError`.
    """
    if settings.access_token is None:
        return None
    token = rede.token(settings, deps)
    headers = bearer(await token.get())
    request = Request("GET", settings.url("?fields=id"), headers=headers, operation="probe")
    await deps.http(rede.nome).send(request, rede.classify)
    return token.ends_ms


def sent(classify: Classify) -> Classify:
    """Return a classify for which a sending without an id is no sending."""

    def of_sending(answer: Answer) -> Verdict:
        verdict = classify(answer)
        if verdict.classe is not Classe.OK or texto(objeto(answer.json()).get("message_id")):
            return verdict
        return Verdict(Classe.RETRY, "2xx without a message id", unknown_outcome=True)

    return of_sending
