"""Envio: a mensagem as one call of the Bot API. Pure.

Text goes without markup: what a person wrote must not become a tag. Quick replies are
buttons under the message; what comes back when one is pressed begins its own words, so that
it means something even where Telegram doesn't send the message along. What this platform
alone has is a tipo `evento`: a contact, a sticker, an answer to a message, an edit, a deletion.
Source: https://core.telegram.org/bots/api#available-methods.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ponte.connectors.telegram.limites import LIMITES, MAX_CALLBACK
from ponte.connectors.telegram.settings import TelegramSettings
from ponte.domain.mensagem import Mensagem, TipoMensagem
from ponte.domain.notificacao import clean
from ponte.resilience.exchange import TIMEOUT_S, Request
from ponte.resilience.formulario import Arquivo, inline, is_inline, multipart

MEDIA_TIMEOUT_S = 30.0  # chosen: Telegram fetches the file before it answers
_MEDIA = {
    TipoMensagem.IMAGEM: ("sendPhoto", "photo"),
    TipoMensagem.AUDIO: ("sendAudio", "audio"),
    TipoMensagem.VIDEO: ("sendVideo", "video"),
    TipoMensagem.DOCUMENTO: ("sendDocument", "document"),
}
_VOICE, _ANIMATION = ("sendVoice", "voice"), ("sendAnimation", "animation")
_URL = re.compile(r"https?://\S+\Z")
_FILE_ID = re.compile(r"[A-Za-z0-9_-]{16,256}\Z", re.ASCII)
_ID = re.compile(r"[0-9]{1,19}\Z", re.ASCII)
_PHONE = re.compile(r"\+?[0-9][0-9 ().-]{4,30}\Z", re.ASCII)
# What an `evento` may be: the field that tells it, and the others that go with it.
EVENTOS: dict[str, frozenset[str]] = {
    "contato": frozenset(),
    "figurinha": frozenset(),
    "em_resposta_a": frozenset({"texto"}),
    "editar": frozenset({"texto"}),
    "apagar": frozenset(),
}


@dataclass(frozen=True, slots=True)
class Chamada:
    """One call: its method, its fields, and what is uploaded with it."""

    method: str
    campos: Mapping[str, Any] = field(repr=False)
    arquivos: Mapping[str, Arquivo] = field(default_factory=dict, repr=False)


def call(mensagem: Mensagem, chat_id: str) -> Chamada:
    """Return the call that sends a mensagem, which was checked before, to a chat."""
    conteudo = {} if isinstance(mensagem.conteudo, str) else mensagem.conteudo
    to = {"chat_id": chat_id}
    match mensagem.tipo:
        case TipoMensagem.TEXTO:
            return Chamada("sendMessage", {**to, "text": clean(mensagem.texto)})
        case TipoMensagem.RESPOSTA_RAPIDA:
            body = {**to, "text": clean(mensagem.texto), "reply_markup": keyboard(conteudo)}
            return Chamada("sendMessage", body)
        case TipoMensagem.LOCALIZACAO:
            return _place(conteudo, to)
        case TipoMensagem.EVENTO:
            return _evento(conteudo, to)
    return _medium(mensagem, to)


def request(settings: TelegramSettings, chamada: Chamada) -> Request:
    """Return a call as it goes out: JSON, or a form where something is uploaded."""
    url, operation = settings.method_url(chamada.method), _snake(chamada.method)
    long = chamada.method in _LONG
    timeout_s = MEDIA_TIMEOUT_S if long else TIMEOUT_S
    if not chamada.arquivos:
        json = dict(chamada.campos)
        return Request("POST", url, json=json, operation=operation, timeout_s=timeout_s)
    content, headers = multipart(chamada.campos, chamada.arquivos.items())
    return Request(
        "POST", url, content=content, headers=headers, operation=operation, timeout_s=timeout_s
    )


def callback_data(opcao: str) -> str:
    """Return what comes back when an option is pressed: as much of its words as fits."""
    return clean(opcao).encode()[:MAX_CALLBACK].decode("utf-8", "ignore")


def keyboard(conteudo: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options as buttons under the message, one a row."""
    opcoes = [clean(opcao) for opcao in conteudo["opcoes"]]
    rows = [[{"text": opcao, "callback_data": callback_data(opcao)}] for opcao in opcoes]
    return {"inline_keyboard": rows}


def broken(mensagem: Mensagem) -> Iterator[tuple[str, str]]:
    """Yield what Telegram refuses beyond its plain limits."""
    conteudo = mensagem.conteudo
    if mensagem.tipo in _MEDIA:
        if not _is_file(mensagem.url):
            yield "conteudo.url", "https://, http://, data:…;base64, or a file_id expected"
    elif mensagem.tipo is TipoMensagem.RESPOSTA_RAPIDA and not isinstance(conteudo, str):
        data = [callback_data(opcao) for opcao in conteudo.get("opcoes") or []]
        if len(set(data)) < len(data):
            yield "conteudo.opcoes", f"two are the same in their first {MAX_CALLBACK} bytes"
        for i, opcao in enumerate(data):
            if not opcao.strip():
                yield f"conteudo.opcoes.{i}", "empty"
    elif mensagem.tipo is TipoMensagem.EVENTO:
        yield from _broken_evento({} if isinstance(conteudo, str) else conteudo)


def _broken_evento(conteudo: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    found = [nome for nome in EVENTOS if nome in conteudo]
    if len(found) != 1:
        yield "conteudo", f"one of {', '.join(EVENTOS)} expected"
        return
    [nome] = found
    for campo in sorted(conteudo.keys() - EVENTOS[nome] - {nome}):
        yield f"conteudo.{campo[:50]}", "unknown field"
    valor = conteudo[nome]
    if nome == "contato":
        yield from _broken_contact(valor)
    elif nome == "figurinha":
        if not isinstance(valor, str) or not _is_file(valor):
            yield "conteudo.figurinha", "an address or a file_id expected"
    elif not isinstance(valor, str) or not _ID.match(valor):
        yield f"conteudo.{nome}", "the platform's id of a message expected"
    if "texto" in EVENTOS[nome]:
        yield from _broken_words(conteudo.get("texto"))


def _broken_words(texto: object) -> Iterator[tuple[str, str]]:
    if not isinstance(texto, str) or not clean(texto).strip():
        yield "conteudo.texto", "text expected"
    elif LIMITES.weigh(clean(texto)) > LIMITES.texto:
        yield "conteudo.texto", f"at most {LIMITES.texto} characters"


def _broken_contact(contato: object) -> Iterator[tuple[str, str]]:
    if not isinstance(contato, Mapping) or contato.keys() - {"telefone", "nome", "sobrenome"}:
        yield "conteudo.contato", "an object of telefone, nome and perhaps sobrenome expected"
        return
    if not isinstance(contato.get("telefone"), str) or not _PHONE.match(contato["telefone"]):
        yield "conteudo.contato.telefone", "a number with country code expected"
    for campo, needed in (("nome", True), ("sobrenome", False)):
        valor = contato.get(campo)
        if (valor is not None or needed) and not (isinstance(valor, str) and clean(valor).strip()):
            yield f"conteudo.contato.{campo}", "text expected"


def _medium(mensagem: Mensagem, to: dict[str, Any]) -> Chamada:
    conteudo = {} if isinstance(mensagem.conteudo, str) else mensagem.conteudo
    url, mime = mensagem.url, str(conteudo.get("mime") or "").lower()
    method, campo = _MEDIA[mensagem.tipo]
    if mensagem.tipo is TipoMensagem.AUDIO and mime.startswith(("audio/ogg", "audio/opus")):
        method, campo = _VOICE
    elif mime == "image/gif" and mensagem.tipo is not TipoMensagem.DOCUMENTO:
        method, campo = _ANIMATION
    legenda = clean(str(conteudo.get("legenda") or ""))
    more = {**to, "caption": legenda} if legenda.strip() else to
    return _with_file(method, more, campo=campo, url=url, nome=str(conteudo.get("nome") or ""))


def _with_file(
    method: str, campos: dict[str, Any], *, campo: str, url: str, nome: str = ""
) -> Chamada:
    arquivo = inline(url, nome=nome) if is_inline(url) else None
    if arquivo is None:
        return Chamada(method, {**campos, campo: url})
    return Chamada(method, campos, {campo: arquivo})


def _place(conteudo: Mapping[str, Any], to: dict[str, Any]) -> Chamada:
    body = {**to, "latitude": conteudo["latitude"], "longitude": conteudo["longitude"]}
    nome, endereco = (clean(conteudo.get(x) or "").strip() for x in ("nome", "endereco"))
    if not nome and not endereco:
        return Chamada("sendLocation", body)
    return Chamada("sendVenue", body | {"title": nome or endereco, "address": endereco or nome})


def _evento(conteudo: Mapping[str, Any], to: dict[str, Any]) -> Chamada:
    texto = clean(str(conteudo.get("texto") or ""))
    if "contato" in conteudo:
        return Chamada("sendContact", to | _contact(conteudo["contato"]))
    if "figurinha" in conteudo:
        return _with_file("sendSticker", to, campo="sticker", url=conteudo["figurinha"])
    if "apagar" in conteudo:
        return Chamada("deleteMessage", to | {"message_id": int(conteudo["apagar"])})
    if "editar" in conteudo:
        body = {"message_id": int(conteudo["editar"]), "text": texto}
        return Chamada("editMessageText", to | body)
    # A message that is gone meanwhile is no reason to say nothing.
    about = {"message_id": int(conteudo["em_resposta_a"]), "allow_sending_without_reply": True}
    return Chamada("sendMessage", to | {"text": texto, "reply_parameters": about})


def _contact(contato: Mapping[str, Any]) -> dict[str, Any]:
    names = (("phone_number", "telefone"), ("first_name", "nome"), ("last_name", "sobrenome"))
    return {name: clean(contato[campo]) for name, campo in names if contato.get(campo)}


def _is_file(url: str) -> bool:
    if is_inline(url):
        return inline(url) is not None
    return bool(_URL.match(url) or _FILE_ID.match(url))


def _snake(method: str) -> str:
    return re.sub(r"[A-Z]", lambda found: f"_{found[0].lower()}", method)


_LONG = {method for method, _ in (*_MEDIA.values(), _VOICE, _ANIMATION)} | {"sendSticker"}
