"""Notificação: an alerta, or its end, in the words that a person reads.

Every sink tells the same story: icon and word for the severity (never colour alone),
title, text, what it is about, when. Sinks only dress it in their platform's markup.
Lengths are counted in UTF-16 units, the strictest way any platform counts.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from ponte.domain.alerta import Alerta, Severidade

ZONA = "America/Sao_Paulo"
PALAVRAS = {
    Severidade.INFO: ("🔵", "Informação"),
    Severidade.AVISO: ("🟡", "Aviso"),
    Severidade.CRITICO: ("🔴", "Crítico"),
}
RESOLVIDO = ("✅", "Resolvido")
# Control characters but tab and line feed: no platform shows them, some refuse them.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_JOINER = "\u200d"  # binds emoji into one picture
_TONES = range(0x1F3FB, 0x1F400)  # skin tones change the emoji before them


@dataclass(frozen=True, slots=True)
class Notificacao:
    """What to say: plain text, control characters and lone surrogates already gone.

    `objeto` tells what it is about, from the labels; empty when there are none.
    `hora` is local time with its day; `vezes` is how often it has fired.
    """

    icone: str
    palavra: str
    titulo: str
    texto: str
    objeto: str
    hora: str
    vezes: int
    em_ms: int

    @property
    def manchete(self) -> str:
        """Icon, word and title in one line."""
        return f"{self.icone} {self.palavra}: {self.titulo}"

    @property
    def rodape(self) -> str:
        """What it is about, how often and when, in one line."""
        vezes = f"{self.vezes} vezes" if self.vezes > 1 else ""
        return " · ".join(part for part in (self.objeto, vezes, self.hora) if part)


def describe(alerta: Alerta, *, fim: bool = False, zona: str = ZONA) -> Notificacao:
    """Put an alerta into words, or with `fim` the end of one."""
    icone, palavra = RESOLVIDO if fim else PALAVRAS[alerta.severidade]
    em_ms = (alerta.resolvido_em if fim else None) or alerta.ultimo_em or alerta.criado_em
    labels = (f"{_label(k)} {alerta.labels[k]}" for k in sorted(alerta.labels))
    return Notificacao(
        icone=icone,
        palavra=palavra,
        titulo=" ".join(clean(alerta.titulo).split()) or alerta.nome,
        texto=clean(alerta.texto).strip(),
        objeto=" ".join(clean(" · ".join(labels)).split()),
        hora=_local(em_ms, zona),
        vezes=alerta.contagem,
        em_ms=em_ms,
    )


def clean(texto: str) -> str:
    """Drop control characters and replace lone surrogates."""
    whole = texto.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return _CONTROL.sub("", whole)


def units(texto: str) -> int:
    """Return the length in UTF-16 units: 2 for what lies beyond the basic plane."""
    return len(texto) + sum(c > "\uffff" for c in texto)


def cut(texto: str, limite: int, *, weigh: Callable[[str], int] = units) -> str:
    """Shorten to at most `limite`, with "…" where something is missing.

    Args:
        texto: Clean text.
        limite: Most units allowed, 1 or more.
        weigh: Units of one character, for markup that escapes some into several.
    """
    used, room = 0, 0
    for i, char in enumerate(texto):
        used += weigh(char)
        if used <= limite - 1:  # one unit for the "…"
            room = i + 1
        if used > limite:
            return texto[: whole_until(texto, room)].rstrip() + "…"
    return texto


def whole_until(texto: str, end: int) -> int:
    """Return `end`, stepped back from inside a character that is made of several."""
    while 0 < end < len(texto) and (_binds(texto[end]) or texto[end - 1] == _JOINER):
        end -= 1
    return end


def _binds(char: str) -> bool:
    return (
        char == _JOINER
        or unicodedata.category(char) in ("Mn", "Me")  # accents, variation selectors
        or ord(char) in _TONES
    )


def _label(nome: str) -> str:
    return nome.removesuffix("_id").replace("_", " ")


def _local(em_ms: int, zona: str) -> str:
    return datetime.fromtimestamp(em_ms / 1000, ZoneInfo(zona)).strftime("%d/%m/%Y %H:%M:%S")
