"""Mensagem: something that the shop says to somebody, or somebody to the shop.

`status` tells what Ponte did with it, `entrega` what became of it on the other side;
the second never goes back, since platforms report late and out of order.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

INTERNO = "interno"  # the canal between users, over their sockets
SALA = "sala:"  # before the name of a room, as the destinatario of an internal message
Conteudo = str | Mapping[str, Any]


class TipoMensagem(StrEnum):
    """What a message carries."""

    TEXTO = "texto"
    IMAGEM = "imagem"
    AUDIO = "audio"
    VIDEO = "video"
    DOCUMENTO = "documento"
    LOCALIZACAO = "localizacao"
    RESPOSTA_RAPIDA = "resposta_rapida"
    EVENTO = "evento"


class Canal(StrEnum):
    """Where people are written to."""

    WHATSAPP = "whatsapp"
    INSTAGRAM = "instagram"
    TIKTOK = "tiktok"
    FACEBOOK = "facebook"
    X = "x"
    TELEGRAM = "telegram"
    INTERNO = INTERNO


class Direcao(StrEnum):
    """Who wrote: somebody to the shop (entrada), or the shop to somebody (saida)."""

    ENTRADA = "entrada"
    SAIDA = "saida"


class StatusMensagem(StrEnum):
    """What Ponte did: made, stored and queued, taken by its canal, or set aside."""

    PENDENTE = "pendente"
    PROCESSANDO = "processando"
    CONCLUIDA = "concluida"
    ERRO = "erro"


class Entrega(StrEnum):
    """What became of it on the other side."""

    NENHUMA = "nenhuma"
    ENVIADA = "enviada"
    ENTREGUE = "entregue"
    LIDA = "lida"
    FALHOU = "falhou"


_ORDEM = {Entrega.NENHUMA: 0, Entrega.ENVIADA: 1, Entrega.ENTREGUE: 2, Entrega.LIDA: 3}
_MIDIA = {TipoMensagem.IMAGEM, TipoMensagem.AUDIO, TipoMensagem.VIDEO, TipoMensagem.DOCUMENTO}
MAX_OPCOES = 13  # documented: Messenger takes the most quick replies, 13
MAX_OPCAO = 100  # chosen: above every platform's own, which its connector checks


@dataclass(frozen=True, slots=True)
class Mensagem:
    """One message as it stands; times in epoch milliseconds, 0 until it is stored.

    `conteudo` is text, or an object with the fields of its `tipo`.
    """

    tipo: TipoMensagem
    canal: Canal
    destinatario: str
    conteudo: Conteudo
    instancia: str | None = None
    pedido_id: str | None = None
    remetente: str = ""
    direcao: Direcao = Direcao.SAIDA
    status: StatusMensagem = StatusMensagem.PENDENTE
    entrega: Entrega = Entrega.NENHUMA
    erro: str | None = None
    id_externo: str | None = None
    id: str = ""
    conversa_id: str = ""
    criada_em: int = 0
    atualizada_em: int = 0

    @property
    def contato(self) -> str:
        """The other side: who is written to, or who wrote."""
        return self.destinatario if self.direcao is Direcao.SAIDA else self.remetente

    @property
    def texto(self) -> str:
        """The words in it, empty when there are none."""
        if isinstance(self.conteudo, str):
            return self.conteudo
        return str(self.conteudo.get("texto") or self.conteudo.get("legenda") or "")

    @property
    def url(self) -> str:
        """Where its medium lies, empty where it has none; a medium of text alone is its address."""
        if isinstance(self.conteudo, str):
            return self.conteudo
        return str(self.conteudo.get("url") or "")

    @property
    def sala(self) -> str | None:
        """The room that an internal message is for, None when it is for one user."""
        interna = self.canal is Canal.INTERNO and self.destinatario.startswith(SALA)
        return self.destinatario.removeprefix(SALA) if interna else None


def advances(antes: Entrega, depois: Entrega) -> bool:
    """Tell whether a report says something new.

    A failure ends it, unless what failed was seen after all; it never undoes a delivery.
    """
    if antes is Entrega.FALHOU:
        return depois in (Entrega.ENTREGUE, Entrega.LIDA)
    if depois is Entrega.FALHOU:
        return antes in (Entrega.NENHUMA, Entrega.ENVIADA)
    return _ORDEM[depois] > _ORDEM[antes]


def wrong_fields(tipo: TipoMensagem, conteudo: Conteudo) -> Iterator[tuple[str, str]]:
    """Yield each field of `conteudo` that is wrong for its tipo, and why.

    Text may stand alone where the tipo has one obvious field: the words of `texto`, the
    address of a medium, the name of an `evento`.
    """
    if isinstance(conteudo, str):
        if tipo in (TipoMensagem.LOCALIZACAO, TipoMensagem.RESPOSTA_RAPIDA):
            yield "conteudo", f"an object expected for {tipo}"
        elif not conteudo.strip():
            yield "conteudo", "empty"
    elif tipo is TipoMensagem.EVENTO:
        if not conteudo:
            yield "conteudo", "empty"
    elif tipo is TipoMensagem.LOCALIZACAO:
        yield from _wrong_place(conteudo)
    else:
        yield from _wrong_texts(tipo, conteudo)
        if tipo is TipoMensagem.RESPOSTA_RAPIDA:
            yield from _wrong_options(conteudo.get("opcoes"))


def _wrong_texts(tipo: TipoMensagem, conteudo: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    needed = "url" if tipo in _MIDIA else "texto"
    texts = {"url", "legenda", "nome", "mime"} if tipo in _MIDIA else {"texto"}
    known = texts | ({"opcoes"} if tipo is TipoMensagem.RESPOSTA_RAPIDA else set())
    for campo in conteudo.keys() - known:
        yield f"conteudo.{campo[:50]}", "unknown field"
    for campo in sorted(texts):
        valor = conteudo.get(campo)
        if valor is None and campo != needed:
            continue
        if not isinstance(valor, str) or not valor.strip():
            yield f"conteudo.{campo}", "text expected"


def _wrong_options(opcoes: object) -> Iterator[tuple[str, str]]:
    if not isinstance(opcoes, list) or not 1 <= len(opcoes) <= MAX_OPCOES:
        yield "conteudo.opcoes", f"1 to {MAX_OPCOES} texts expected"
        return
    for i, opcao in enumerate(opcoes):
        if not isinstance(opcao, str) or not 1 <= len(opcao.strip()) <= MAX_OPCAO:
            yield f"conteudo.opcoes.{i}", f"1 to {MAX_OPCAO} characters expected"


def _wrong_place(conteudo: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for campo in conteudo.keys() - {"latitude", "longitude", "nome", "endereco"}:
        yield f"conteudo.{campo[:50]}", "unknown field"
    for campo, most in (("latitude", 90), ("longitude", 180)):
        valor = conteudo.get(campo)
        if isinstance(valor, bool) or not isinstance(valor, int | float) or abs(valor) > most:
            yield f"conteudo.{campo}", f"-{most} to {most} expected"
    for campo in ("nome", "endereco"):
        if not isinstance(conteudo.get(campo, ""), str):
            yield f"conteudo.{campo}", "text expected"
