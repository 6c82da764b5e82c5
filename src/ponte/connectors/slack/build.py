"""Build: an alerta as a message of blocks, with the text that notifications show.

Source: https://docs.slack.dev/reference/block-kit/blocks and, for escapes,
https://docs.slack.dev/messaging/formatting-message-text#escaping
"""

import html
from typing import Any

from ponte.domain.alerta import Alerta
from ponte.domain.notificacao import Notificacao, cut, describe, units
from ponte.resilience.exchange import Request

MAX_HEADER = 150  # documented: header block, text
MAX_SECTION = 3000  # documented: section block, text
MAX_FALLBACK = 4000  # documented: "no more than 4,000 characters" advised, cut at 40,000
MAX_CONTEXT = 2000  # chosen: below what any text object takes


def build(alerta: Alerta, url: str, *, fim: bool = False, blocks: bool = True) -> Request:
    """Return the call that tells of an alerta, or with `fim` that it is over.

    Args:
        alerta: What to tell.
        url: The webhook.
        fim: Tell that it is over.
        blocks: False sends text alone, for a workspace that refuses the blocks.
    """
    notificacao = describe(alerta, fim=fim)
    body: dict[str, Any] = {
        "text": _fallback(notificacao),
        "unfurl_links": False,
        "unfurl_media": False,
    }
    if blocks:
        body["blocks"] = _blocks(notificacao)
    return Request("POST", url, json=body, operation="send_message")


def _fallback(notificacao: Notificacao) -> str:
    titulo = _fit(notificacao.manchete, MAX_HEADER)
    texto = _fit(notificacao.texto, MAX_SECTION)
    rodape = _fit(notificacao.rodape, MAX_FALLBACK - MAX_HEADER - MAX_SECTION - len("**\n\n"))
    return "\n".join(part for part in (f"*{titulo}*", texto, rodape) if part)


def _blocks(notificacao: Notificacao) -> list[dict[str, Any]]:
    header = {"type": "plain_text", "text": _fit(notificacao.manchete, MAX_HEADER)}
    blocks: list[dict[str, Any]] = [{"type": "header", "text": header}]
    if notificacao.texto:
        section = {"type": "mrkdwn", "text": _fit(notificacao.texto, MAX_SECTION)}
        blocks.append({"type": "section", "text": section})
    context = {"type": "mrkdwn", "text": _fit(f"Ponte · {notificacao.rodape}", MAX_CONTEXT)}
    blocks.append({"type": "context", "elements": [context]})
    return blocks


def _fit(texto: str, limite: int) -> str:
    """Cut so that the escaped text keeps the limit, then escape `&`, `<` and `>`."""
    return _escape(cut(texto, limite, weigh=lambda char: units(_escape(char))))


def _escape(texto: str) -> str:
    return html.escape(texto, quote=False)
