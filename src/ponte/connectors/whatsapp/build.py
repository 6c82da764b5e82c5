"""Build: a mensagem as a call of Evolution API; pure.

Quick replies are numbered text unless the installation wants buttons: WhatsApp blocks
those of unofficial clients as it likes, and a customer who sees nothing can't answer.
Source: evolution-api, src/validate/message.schema.ts and src/api/dto/sendMessage.dto.ts.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

from ponte.connectors.whatsapp.limites import MAX_BOTOES, MAX_ROTULO
from ponte.connectors.whatsapp.settings import WhatsAppSettings
from ponte.domain.mensagem import Mensagem, TipoMensagem
from ponte.domain.notificacao import clean
from ponte.resilience.exchange import Request

# Chosen: Evolution fetches a medium itself before it answers; still shorter than a request's 30 s.
MEDIA_TIMEOUT_S = 25.0
TYPING_MS = 1_000  # chosen: the call takes as long as the typing is shown
MEDIATYPE = {
    TipoMensagem.IMAGEM: "image", TipoMensagem.VIDEO: "video", TipoMensagem.DOCUMENTO: "document",
}  # fmt: skip
_DATA_HEAD = re.compile(r"data:[^,]*;base64,", re.IGNORECASE)
Corpo = dict[str, Any]


def build(
    mensagem: Mensagem, settings: WhatsAppSettings, *, instancia: str, number: str
) -> Request:
    """Return the call that sends a message.

    Args:
        mensagem: What `check` let through.
        settings: Where Evolution is.
        instancia: The telephone that sends.
        number: The address as WhatsApp knows it.
    """
    op, fields = _operation(mensagem, buttons=settings.buttons)
    slow = op in {"sendMedia", "sendWhatsAppAudio"}
    return call(
        settings,
        f"message/{op}",
        instancia=instancia,
        json={"number": number, **fields},
        timeout_s=MEDIA_TIMEOUT_S if slow else None,
    )


def call(
    settings: WhatsAppSettings,
    route: str,
    *,
    instancia: str = "",
    json: Any = None,
    timeout_s: float | None = None,
) -> Request:
    """Return a call of Evolution: a POST where there is a body, else a GET."""
    request = Request(
        "GET" if json is None else "POST",
        settings.url(route, instancia),
        json=json,
        headers=settings.key_header,
        operation=route.rpartition("/")[2],
    )
    return request if timeout_s is None else replace(request, timeout_s=timeout_s)


def typing(settings: WhatsAppSettings, *, instancia: str, number: str) -> Request:
    """Return the call that shows for a moment that an answer is being written."""
    body = {"number": number, "delay": TYPING_MS, "presence": "composing"}
    return call(settings, "chat/sendPresence", instancia=instancia, json=body)


def numbered(texto: str, opcoes: Sequence[str]) -> str:
    """Return quick replies as text, to be answered by a number."""
    lines = (f"{i} - {opcao}" for i, opcao in enumerate(opcoes, start=1))
    return clean("\n".join((texto, "", *lines)))


def fits_buttons(opcoes: Sequence[str]) -> bool:
    """Tell whether these can be buttons."""
    return len(opcoes) <= MAX_BOTOES and all(len(x) <= MAX_ROTULO for x in opcoes)


def _operation(mensagem: Mensagem, *, buttons: bool) -> tuple[str, Corpo]:
    tipo, conteudo = mensagem.tipo, _object(mensagem)
    if tipo is TipoMensagem.AUDIO:
        return "sendWhatsAppAudio", {"audio": _media(conteudo), "encoding": True}
    if tipo in MEDIATYPE:
        return "sendMedia", _medium(tipo, conteudo)
    if tipo is TipoMensagem.LOCALIZACAO:
        return "sendLocation", _place(conteudo)
    if tipo is TipoMensagem.RESPOSTA_RAPIDA:
        opcoes = [str(x) for x in conteudo.get("opcoes") or []]
        if buttons and fits_buttons(opcoes):
            return "sendButtons", _buttons(mensagem.texto, opcoes)
        return "sendText", _text(numbered(mensagem.texto, opcoes))
    return "sendText", _text(mensagem.texto)


def _object(mensagem: Mensagem) -> Mapping[str, Any]:
    conteudo = mensagem.conteudo
    return {"url": conteudo, "texto": conteudo} if isinstance(conteudo, str) else conteudo


def _text(texto: str) -> Corpo:
    return {"text": clean(texto), "delay": 0, "linkPreview": False}


def _media(conteudo: Mapping[str, Any]) -> str:
    """Return the address, or the bytes in base64 without the head that Evolution refuses."""
    return _DATA_HEAD.sub("", str(conteudo.get("url", "")), count=1)


def _medium(tipo: TipoMensagem, conteudo: Mapping[str, Any]) -> Corpo:
    media = _media(conteudo)
    nome = conteudo.get("nome") or (_name(media) if tipo is TipoMensagem.DOCUMENTO else None)
    fields = {
        "mediatype": MEDIATYPE[tipo],
        "mimetype": conteudo.get("mime"),
        "media": media,
        "fileName": nome,
        "caption": clean(str(conteudo.get("legenda") or "")),
    }
    return {key: valor for key, valor in fields.items() if valor}


def _name(media: str) -> str:
    """Return a name for a document that has none: Evolution wants one."""
    path = urlsplit(media[:2_000]).path if media.startswith(("http://", "https://")) else ""
    return unquote(path.rpartition("/")[2]) or "documento"


def _place(conteudo: Mapping[str, Any]) -> Corpo:
    """Return a place; Evolution wants a name and an address of each."""
    latitude, longitude = conteudo["latitude"], conteudo["longitude"]
    return {
        "latitude": latitude,
        "longitude": longitude,
        "name": clean(conteudo.get("nome") or "Localização"),
        "address": clean(conteudo.get("endereco") or f"{latitude}, {longitude}"),
    }


def _buttons(texto: str, opcoes: Sequence[str]) -> Corpo:
    title, _, rest = clean(texto).partition("\n")
    buttons = [{"type": "reply", "displayText": clean(x), "id": clean(x)} for x in opcoes]
    fields = {"title": title, "description": rest.strip(), "buttons": buttons}
    return {key: valor for key, valor in fields.items() if valor}
