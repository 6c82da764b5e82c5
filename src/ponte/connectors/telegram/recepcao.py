"""Recepcao: how the bot's updates come here, by a webhook or by asking for them.

Telegram keeps an update for 24 hours until the webhook took it or the next question
confirms it. There is one way at a time: while a webhook is set, and while another program
asks, asking is refused (409).
Source: https://core.telegram.org/bots/api#getting-updates.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

from ponte.connectors.telegram.classify import classify
from ponte.connectors.telegram.settings import TelegramSettings
from ponte.domain.leitura import Objeto, epoch_ms, inteiro, objeto, objetos, texto
from ponte.errors import ConfiguracaoInvalida, ConflitoDeEstado
from ponte.ports import Deps, Inscricao
from ponte.resilience.classes import OK, Classe, OutsideError, Verdict, one_line
from ponte.resilience.exchange import TIMEOUT_S, Answer, Request

DESTINO = "telegram_entrada"
# The contract of the Bot API leaves some of these out where they are not named.
UPDATES = (
    "message", "edited_message", "callback_query", "my_chat_member", "message_reaction",
    "business_connection", "business_message", "edited_business_message",
    "deleted_business_messages",
)  # fmt: skip
MOST = 100  # documented: the most that one answer brings
REPLY_BYTES = 16 * 2**20  # chosen: a hundred of the longest messages, several times over
CONNECTIONS = 40  # documented: the webhook's default
LATELY_MS = 5 * 60_000  # chosen: an older failure of the webhook says nothing of now
BEHIND = 100  # chosen: so many wait that nobody takes them
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}\Z", re.ASCII)  # documented: secret_token


class TelegramReception:
    """Set the webhook, look how it goes, or ask for what waits."""

    def __init__(self, settings: TelegramSettings, deps: Deps) -> None:
        self._settings = settings
        self._deps = deps
        self.asks = settings.polling

    async def subscribe(self, url: str) -> None:
        """Make Telegram post to an address, with the first of the secrets."""
        body = {
            "url": url,
            "secret_token": self._secret(),
            "allowed_updates": list(UPDATES),
            "max_connections": CONNECTIONS,
            "drop_pending_updates": False,
        }
        await self._call("setWebhook", body)

    async def unsubscribe(self) -> None:
        """Make Telegram keep what comes."""
        await self._call("deleteWebhook", {"drop_pending_updates": False})

    async def subscription(self) -> Inscricao:
        """Ask where Telegram posts, and how that goes."""
        request = call(self._settings, "getWebhookInfo", {})
        return subscription_of(await self._deps.http(DESTINO).send(request, classify_info))

    async def fetch(self, *, desde: int | None, espera_s: float) -> Sequence[tuple[int, bytes]]:
        """Ask for what waits; see `Reception`."""
        body: dict[str, Any] = {
            "limit": MOST, "timeout": int(espera_s), "allowed_updates": list(UPDATES),
        }  # fmt: skip
        if desde is not None:
            body["offset"] = desde
        request = call(self._settings, "getUpdates", body, held_s=espera_s)
        answer = await self._deps.http(DESTINO).send(request, classify_fetched)
        if answer.status == 409:
            raise ConflitoDeEstado(
                one_line(f"telegram: {objeto(answer.json()).get('description')}")
            )
        return [
            (numero, json.dumps(update, ensure_ascii=False, separators=(",", ":")).encode())
            for update in objetos(_result(answer))
            if (numero := inteiro(update.get("update_id"))) is not None
        ]

    async def _call(self, method: str, body: dict[str, Any]) -> None:
        await self._deps.http(DESTINO).send(call(self._settings, method, body), classify)

    def _secret(self) -> str:
        secrets = [x.get_secret_value() for x in self._settings.webhook_secrets]
        if not secrets or not _SECRET.match(secrets[0]):
            raise ConfiguracaoInvalida(
                "PONTE_TELEGRAM__WEBHOOK_SECRETS: 1 to 256 of A-Z a-z 0-9 _ - expected,"
                " or nobody could tell Telegram's posts from others"
            )
        return secrets[0]


def call(
    settings: TelegramSettings, method: str, body: dict[str, Any], *, held_s: float = 0.0
) -> Request:
    """Return a call about receiving."""
    return Request(
        "POST",
        settings.method_url(method),
        json=body,
        operation=re.sub(r"[A-Z]", lambda x: f"_{x[0].lower()}", method),
        timeout_s=held_s + TIMEOUT_S,
        held_s=held_s,
        reply_bytes=REPLY_BYTES if method == "getUpdates" else None,
    )


def classify_fetched(answer: Answer) -> Verdict:
    """Return the verdict of asking for updates.

    That somebody else is told (409) is no failure, nor is a server that has no such method
    (404): a wrong token is known by 401.
    """
    return OK if answer.status in (404, 409) else classify(answer)


def classify_info(answer: Answer) -> Verdict:
    """Return the verdict of asking how the webhook goes, which a server may not know."""
    return OK if answer.status == 404 else classify(answer)


def subscription_of(answer: Answer) -> Inscricao:
    """Return what an answer of getWebhookInfo tells."""
    info = _result(answer)
    found: Objeto = info if isinstance(info, dict) else {}
    return Inscricao(
        texto(found.get("url")),
        inteiro(found.get("pending_update_count")) or 0,
        texto(found.get("last_error_message")),
        epoch_ms(found.get("last_error_date")),
    )


async def probe(settings: TelegramSettings, deps: Deps) -> None:
    """Ask whose token this is, and whether what people write gets here.

    Raises:
        OutsideError: Telegram doesn't say, or its posts fail, or nobody takes what waits.
    """
    http = deps.http("telegram")
    await http.send(Request("GET", settings.method_url("getMe"), operation="get_me"), classify)
    info = subscription_of(await http.send(call(settings, "getWebhookInfo", {}), classify_info))
    failing = (info.falha_em_ms or 0) > deps.now_ms() - LATELY_MS and info.url is not None
    if info.esperam and failing:
        told = f"the webhook fails, {info.esperam} updates wait: {info.falha or 'no reason told'}"
    elif info.esperam >= BEHIND and (settings.polling or info.url is not None):
        told = f"{info.esperam} updates wait and nobody takes them"
    else:
        return
    raise OutsideError("telegram", verdict=Verdict(Classe.RETRY, one_line(told)))


def _result(answer: Answer) -> object:
    return objeto(answer.json()).get("result")
