"""Limites: what a platform takes, as data, so that a breach is refused before anything is sent.

A connector declares one `Limites`; checking and splitting are the same for all. The
one rule: a length is counted as its platform counts, never in Python characters alone.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from ponte.domain.mensagem import Mensagem, TipoMensagem
from ponte.domain.notificacao import clean, units, whole_until

Medida = Literal["caracteres", "utf16", "bytes"]
_MIDIA = {TipoMensagem.IMAGEM, TipoMensagem.AUDIO, TipoMensagem.VIDEO, TipoMensagem.DOCUMENTO}
_WEIGH: dict[Medida, Callable[[str], int]] = {
    "caracteres": len,
    "utf16": units,
    "bytes": lambda texto: len(texto.encode("utf-8", "surrogatepass")),
}
# Where a text may be cut, best first: between paragraphs, sentences, words.
_PARAGRAPH, _SENTENCE, _WORD = (
    re.compile(r"\n\s*\n"), re.compile(r"(?<=[.!?…])\s+|\n"), re.compile(r"\s+")
)  # fmt: skip
# Chosen: a part of less than a quarter is worse than a cut one; but an address is never cut.
_CUTS = ((_PARAGRAPH, 4), (_SENTENCE, 4), (_WORD, None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Limites:
    """What one platform takes; None where it has no such limit.

    Args:
        tipos: The kinds of message it carries.
        texto: Longest text, counted as `medida` says.
        legenda: Longest caption of a medium; None where it carries none.
        opcoes: Most quick replies or buttons.
        titulo_opcao: Longest label of one of them, in characters on every platform.
        janela_s: How long after the customer's last message the shop may write freely, in
            seconds; None where it always may.
        mensagens: How many messages in `por_s` seconds, for the account as a whole.
        source: Where these numbers stand.
    """

    tipos: frozenset[TipoMensagem]
    texto: int
    source: str
    medida: Medida = "caracteres"
    legenda: int | None = None
    opcoes: int = 0
    titulo_opcao: int | None = None
    janela_s: float | None = None
    mensagens: int | None = None
    por_s: float = 1.0

    def weigh(self, texto: str) -> int:
        """Return the length of a text as the platform counts it."""
        return _WEIGH[self.medida](texto)

    def broken(self, mensagem: Mensagem) -> Iterator[tuple[str, str]]:
        """Yield each field of a message that the platform would refuse, and why."""
        if mensagem.tipo not in self.tipos:
            yield "tipo", f"{mensagem.canal} takes {', '.join(sorted(self.tipos))}"
            return
        texto = clean(mensagem.texto)
        if mensagem.tipo in _MIDIA:
            # A medium that is text alone is its address.
            yield from self._broken_caption("" if isinstance(mensagem.conteudo, str) else texto)
        elif mensagem.tipo in (TipoMensagem.TEXTO, TipoMensagem.RESPOSTA_RAPIDA):
            if not texto.strip():
                yield "conteudo", "empty"
            if self.weigh(texto) > self.texto:
                yield "conteudo", f"at most {self.texto} {self._unit}"
        if mensagem.tipo is TipoMensagem.RESPOSTA_RAPIDA and not isinstance(mensagem.conteudo, str):
            yield from self._broken_options(mensagem.conteudo.get("opcoes") or [])

    def _broken_caption(self, texto: str) -> Iterator[tuple[str, str]]:
        if texto and self.legenda is None:
            yield "conteudo.legenda", "no caption here"
        elif self.legenda is not None and self.weigh(texto) > self.legenda:
            yield "conteudo.legenda", f"at most {self.legenda} {self._unit}"

    def _broken_options(self, opcoes: list[str]) -> Iterator[tuple[str, str]]:
        if len(opcoes) > self.opcoes:
            yield "conteudo.opcoes", f"at most {self.opcoes}"
        for i, opcao in enumerate(opcoes):
            if self.titulo_opcao is not None and len(opcao) > self.titulo_opcao:
                yield f"conteudo.opcoes.{i}", f"at most {self.titulo_opcao} characters"

    @property
    def _unit(self) -> str:
        return "bytes" if self.medida == "bytes" else "characters"


def split(texto: str, limites: Limites) -> list[str]:
    """Return a text in parts that each fit, in order, none empty.

    It is cut between paragraphs, else sentences, else words, else characters; never
    inside a character that is made of several, and inside an address only where the
    address alone is too long.
    """
    rest, parts = clean(texto).strip(), []
    while rest:
        room = _fitting(rest, limites)
        if room < len(rest):
            room = _cut(rest, room)
        parts.append(rest[:room].rstrip())
        rest = rest[room:].lstrip()
    return [part for part in parts if part]


def _fitting(texto: str, limites: Limites) -> int:
    """Return how many characters from the start fit, 1 or more."""
    if limites.weigh(texto) <= limites.texto:
        return len(texto)
    low, high = 1, min(len(texto), limites.texto)
    while low < high:
        middle = (low + high + 1) // 2
        if limites.weigh(texto[:middle]) <= limites.texto:
            low = middle
        else:
            high = middle - 1
    return low


def _cut(texto: str, room: int) -> int:
    for where, least in _CUTS:
        found = where.finditer(texto, 0, min(room + 1, len(texto)))
        starts = [m.start() for m in found if 0 < m.start() <= room]
        if starts and (least is None or starts[-1] > room // least):
            return starts[-1]
    return whole_until(texto, room) or room
