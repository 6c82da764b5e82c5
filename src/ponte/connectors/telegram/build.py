"""Build: an alerta as a sendMessage call.

Source: https://core.telegram.org/bots/api#sendmessage and #html-style. The limit of
4096 counts what is left after the markup is read, so it is kept on the plain text.
"""

import html
from typing import Any

from ponte.connectors.telegram.settings import TelegramSettings
from ponte.domain.alerta import Alerta, Severidade
from ponte.domain.notificacao import Notificacao, cut, describe, units
from ponte.resilience.exchange import Request

MAX_TEXT = 4096  # documented: sendMessage, text
MAX_TITLE = 300  # chosen: a title is a line or two on a phone
MAX_FOOTER = 600  # chosen: the text keeps at least 3,000


def build(
    alerta: Alerta,
    settings: TelegramSettings,
    *,
    fim: bool = False,
    html_mode: bool = True,
    chat_id: str | None = None,
) -> Request:
    """Return the call that tells of an alerta.

    Args:
        alerta: What to tell.
        settings: Where to.
        fim: Tell that it is over.
        html_mode: With the title in bold; without, for a server that refuses the markup.
        chat_id: Instead of the one in the settings, after the group moved.
    """
    notificacao = describe(alerta, fim=fim)
    body: dict[str, Any] = {
        "chat_id": chat_id or settings.chat_id,
        "text": _text(notificacao, html_mode=html_mode),
        "link_preview_options": {"is_disabled": True},
    }
    if html_mode:
        body["parse_mode"] = "HTML"
    if fim or alerta.severidade is Severidade.INFO:
        body["disable_notification"] = True  # nobody need be woken
    return Request("POST", settings.method_url("sendMessage"), json=body, operation="send_message")


def _text(notificacao: Notificacao, *, html_mode: bool) -> str:
    titulo = cut(notificacao.manchete, MAX_TITLE)
    rodape = cut(notificacao.rodape, MAX_FOOTER)
    texto = cut(notificacao.texto, MAX_TEXT - units(titulo) - units(rodape) - len("\n\n\n"))
    if html_mode:
        titulo, texto, rodape = (html.escape(x, quote=False) for x in (titulo, texto, rodape))
        titulo = f"<b>{titulo}</b>"
    return f"{titulo}\n{texto}\n\n{rodape}" if texto else f"{titulo}\n{rodape}"
