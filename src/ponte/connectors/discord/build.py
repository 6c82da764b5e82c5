"""Build: an alerta as one embed that can ping nobody.

`wait=true` makes Discord answer only when the message is saved; without it a message
that could not be saved raises no error.
Source: https://discord.com/developers/docs/resources/webhook#execute-webhook and
https://discord.com/developers/docs/resources/message#embed-object-embed-limits
"""

import re
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from ponte.domain.alerta import Alerta, Severidade
from ponte.domain.notificacao import cut, describe, units
from ponte.domain.valores import format_time
from ponte.resilience.exchange import Request

MAX_TITLE = 256  # documented: embed title
MAX_DESCRIPTION = 4000  # documented 4096, and 6000 over all parts of all embeds
MAX_FOOTER = 1000  # documented 2048; 256 + 4000 + 1000 stays below 6000
CORES = {Severidade.INFO: 0x3498DB, Severidade.AVISO: 0xF1C40F, Severidade.CRITICO: 0xE74C3C}
COR_RESOLVIDO = 0x2ECC71
_MARKDOWN = re.compile(r"([\\*_~`|>\[\]])")


def build(alerta: Alerta, url: str, *, fim: bool = False) -> Request:
    """Return the call that tells of an alerta, or with `fim` that it is over."""
    notificacao = describe(alerta, fim=fim)
    embed: dict[str, Any] = {
        "title": _fit(notificacao.manchete, MAX_TITLE),
        "color": COR_RESOLVIDO if fim else CORES[alerta.severidade],
        "timestamp": format_time(notificacao.em_ms),
        "footer": {"text": cut(f"Ponte · {notificacao.rodape}", MAX_FOOTER)},
    }
    if notificacao.texto:
        embed["description"] = _fit(notificacao.texto, MAX_DESCRIPTION)
    body = {
        "username": "Ponte",
        "embeds": [embed],
        # Names of products and customers must not ping @everyone.
        "allowed_mentions": {"parse": []},
    }
    return Request("POST", _waiting(url), json=body, operation="send_message")


def _waiting(url: str) -> str:
    parts = urlsplit(url)
    query = [(k, v) for k, v in parse_qsl(parts.query) if k != "wait"]
    return urlunsplit(parts._replace(query=urlencode([*query, ("wait", "true")])))


def _fit(texto: str, limite: int) -> str:
    """Cut so that the escaped text keeps the limit, then escape the markdown."""
    return _escape(cut(texto, limite, weigh=lambda char: units(_escape(char))))


def _escape(texto: str) -> str:
    return _MARKDOWN.sub(r"\\\1", texto)
