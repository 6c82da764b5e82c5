"""Palavras: a message in the words of the other side, here and in the help desk.

The help desk writes Markdown, WhatsApp its own marks. What has no words says what it is,
in Portuguese, since people of the shop read it.
Source: Evolution API's own bridge to Chatwoot, for WhatsApp's marks.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ponte.domain.evento import EventoDeCanal, Midia
from ponte.domain.limites import Limites, split
from ponte.domain.mensagem import Canal, Conteudo, Direcao, Mensagem, TipoMensagem

_MIDIA = {
    "image": TipoMensagem.IMAGEM,
    "sticker": TipoMensagem.IMAGEM,
    "audio": TipoMensagem.AUDIO,
    "video": TipoMensagem.VIDEO,
}
_NOMES = {
    TipoMensagem.IMAGEM: "imagem",
    TipoMensagem.AUDIO: "áudio",
    TipoMensagem.VIDEO: "vídeo",
    TipoMensagem.DOCUMENTO: "documento",
}
# Bold before italics: what is bold has two of italics' marks on each side.
_MARKS = (
    (re.compile(r"\*\*(?=\S)([^*\n]+?)(?<=\S)\*\*"), "\x01\\1\x01"),
    (re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])"), r"_\1_"),
    (re.compile(r"~~(?=\S)([^~\n]+?)(?<=\S)~~"), r"~\1~"),
    (re.compile(r"(?<!`)`([^`\n]+)`(?!`)"), r"```\1```"),
    (re.compile("\x01"), "*"),
)


# ---------------------------------------------------------------- to the help desk


def shown(mensagem: Mensagem, *, anexada: bool = False) -> str:
    """Return what people read of a message; `anexada`: its file stands beside the words."""
    conteudo = mensagem.conteudo
    if isinstance(conteudo, str):
        return _plain(mensagem.tipo, conteudo, anexada=anexada)
    said = _said(mensagem, conteudo, anexada=anexada)
    autor = conteudo.get("autor")
    nome = autor.get("nome") or autor.get("id") if isinstance(autor, Mapping) else None
    return f"**{nome}:** {said}" if nome and mensagem.direcao is Direcao.ENTRADA else said


def _plain(tipo: TipoMensagem, conteudo: str, *, anexada: bool) -> str:
    """Return what a message of text alone says: of a medium it is the address."""
    if tipo in _NOMES:
        return "" if anexada else f"[{_NOMES[tipo]}]\n{conteudo}"
    if tipo is TipoMensagem.EVENTO or not conteudo.strip():
        return f"[{conteudo.strip() or 'mensagem'}]"
    return conteudo


def _said(mensagem: Mensagem, conteudo: Mapping[str, Any], *, anexada: bool) -> str:
    if mensagem.tipo in _NOMES:
        return _medium(mensagem, conteudo, anexada=anexada)
    if mensagem.tipo is TipoMensagem.LOCALIZACAO:
        return _place(conteudo)
    lines = [mensagem.texto, *(f"• {x}" for x in conteudo.get("opcoes") or ())]
    said = "\n".join(line for line in lines if line)
    return said or f"[{_event(conteudo)}]"


def _medium(mensagem: Mensagem, conteudo: Mapping[str, Any], *, anexada: bool) -> str:
    name = "figurinha" if conteudo.get("figurinha") else _NOMES[mensagem.tipo]
    file = conteudo.get("nome")
    what = "" if anexada else f"[{name}: {file}]" if file else f"[{name}]"
    url = conteudo.get("url")
    link = url if not anexada and isinstance(url, str) and url.startswith("http") else ""
    return "\n".join(x for x in (what, link, mensagem.texto) if x)


def _place(conteudo: Mapping[str, Any]) -> str:
    where = f"{conteudo.get('latitude')},{conteudo.get('longitude')}"
    names = [conteudo.get(key) for key in ("nome", "endereco", "texto")]
    return "\n".join([f"[localização: {where}]", *(x for x in names if isinstance(x, str) and x)])


def _event(conteudo: Mapping[str, Any]) -> str:
    modelo = conteudo.get("modelo")
    if isinstance(modelo, str | Mapping):
        name = modelo.get("nome", "") if isinstance(modelo, Mapping) else modelo
        return f"modelo {name}".strip()
    return str(conteudo.get("evento") or conteudo.get("escolha") or "mensagem")


# ---------------------------------------------------------------- to the customer


def to_say(
    evento: EventoDeCanal, canal: str, *, assinar: bool
) -> Sequence[tuple[TipoMensagem, Conteudo]]:
    """Return what a customer gets of a message of a person: one message for each file."""
    texto = (evento.text or "").strip()
    if canal == Canal.WHATSAPP:
        texto = marked(texto)
    if assinar and evento.sender_name:
        bold = f"*{evento.sender_name}:*" if canal == Canal.WHATSAPP else f"{evento.sender_name}:"
        texto = f"{bold}\n{texto}".strip()
    place = evento.further.get("location")
    if isinstance(place, Mapping) and place.get("latitude") is not None:
        where = {"latitude": place["latitude"], "longitude": place.get("longitude")}
        return [(TipoMensagem.LOCALIZACAO, where)]
    files = [midia for midia in evento.media if midia.url]
    if not files:
        return [(TipoMensagem.TEXTO, texto)]
    first = _MIDIA.get(files[0].kind, TipoMensagem.DOCUMENTO)
    said: list[tuple[TipoMensagem, Conteudo]] = []
    if first is TipoMensagem.AUDIO and texto:  # a voice note has no caption
        said.append((TipoMensagem.TEXTO, texto))
        texto = ""
    for midia in files:
        said.append(_file(midia, legenda=texto))
        texto = ""
    return said


def _file(midia: Midia, *, legenda: str) -> tuple[TipoMensagem, Conteudo]:
    tipo = _MIDIA.get(midia.kind, TipoMensagem.DOCUMENTO)
    named = tipo is TipoMensagem.DOCUMENTO and midia.filename
    more = {"legenda": legenda or None, "nome": midia.filename if named else None}
    return tipo, {"url": midia.url, **{k: v for k, v in more.items() if v}}


def fitting(
    tipo: TipoMensagem, conteudo: Conteudo, *, limites: Limites
) -> Sequence[tuple[TipoMensagem, Conteudo]]:
    """Return a message in as many as its canal needs: long texts cut, words before a file."""
    if isinstance(conteudo, str):
        parts = split(conteudo, limites)
        return [(tipo, part) for part in parts] or [(tipo, conteudo)]
    legenda = str(conteudo.get("legenda") or "")
    most = limites.legenda or 0
    if limites.weigh(legenda) <= most:
        return [(tipo, conteudo)]
    bare = {key: valor for key, valor in conteudo.items() if key != "legenda"}
    return [*((TipoMensagem.TEXTO, part) for part in split(legenda, limites)), (tipo, bare)]


def marked(texto: str) -> str:
    """Return Markdown in WhatsApp's own marks."""
    for pattern, instead in _MARKS:
        texto = pattern.sub(instead, texto)
    return texto
