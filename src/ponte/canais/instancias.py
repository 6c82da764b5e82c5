"""Instancias: telephones that serve a canal, paired by a code that opens a conversation's door.

Whoever scans the code has the shop's account on their telephone, so it is shown only to
who may write, is in no fact and in no remembered answer. The server outside is asked with
no transaction open; what was done is put on record when it has answered.
"""

import base64
import binascii
import io
from collections.abc import Awaitable
from typing import Any, TypeVar

import segno

from ponte.alertas.handlers import politica
from ponte.canais import avisos, lacunas
from ponte.context import Context, Ligado
from ponte.domain.evento import EventoDeCanal
from ponte.domain.leitura import booleano, texto
from ponte.errors import ConfiguracaoInvalida, ConflitoDeEstado, NaoEncontrado
from ponte.events.canais import InstanciaMudou, QrCodeNovo
from ponte.ports import EstadoInstancia, Instancia, Pairing, Pareamento
from ponte.resilience.classes import Classe, OutsideError
from ponte.store.db import Tx

T = TypeVar("T")
ESTADOS: dict[str, EstadoInstancia] = {
    "open": "aberta", "connecting": "conectando", "close": "fechada", "refused": "recusada",
}  # fmt: skip
CAIDAS = ("fechada", "recusada")
SEM_ENDERECO = "PONTE_ENDERECO_PUBLICO is not set: its events come to nobody until it is"


def door(ctx: Context, canal: str) -> tuple[Ligado, Pairing]:
    """Return what pairs the telephones of a canal.

    Raises:
        ConflitoDeEstado: it is off.
    """
    for ligado in ctx.ligados.values():
        if ligado.pairing is not None and canal in {ligado.connector.name, ligado.connector.canal}:
            return ligado, ligado.pairing
    msg = f"{canal} is off, or what serves it pairs no telephones"
    raise ConflitoDeEstado(msg)


async def ask(nome: str, call: Awaitable[T]) -> T:
    """Await a call to the server in the words of this API.

    Raises:
        NaoEncontrado: there is no such instance.
        ConflitoDeEstado: the server refuses it as things are, or a setting is missing.
        OutsideError: any other failure.
    """
    try:
        return await call
    except OutsideError as error:
        if error.classe is Classe.GONE:
            raise NaoEncontrado("Instancia", nome) from error
        if error.classe is Classe.INVALID_REQUEST:
            raise ConflitoDeEstado(str(error)) from error
        raise
    except ConfiguracaoInvalida as error:
        raise ConflitoDeEstado(str(error)) from error


def webhook_url(ctx: Context, ligado: Ligado) -> str | None:
    """Return where a platform sends its events; None while nobody said how to reach us."""
    publico = ctx.settings.endereco_publico.rstrip("/")
    return f"{publico}/webhooks/{ligado.connector.name}" if publico else None


def view(instancia: Instancia) -> dict[str, Any]:
    """Return an instance as it stands on the wire."""
    return {
        "nome": instancia.nome,
        "estado": instancia.estado,
        "numero": instancia.numero,
        "perfil": instancia.perfil,
        "motivo": instancia.motivo,
    }


def pairing_view(pareamento: Pareamento) -> dict[str, Any]:
    """Return a code as it stands on the wire; its parts are null while there is none."""
    return {
        "instancia": view(pareamento.instancia),
        "codigo": pareamento.codigo,
        "imagem": pareamento.imagem,
        "codigo_pareamento": pareamento.codigo_pareamento,
        "validade_s": pareamento.validade_s,
    }


def picture(pareamento: Pareamento) -> bytes | None:
    """Return the QR code as PNG: the server's own, else drawn here; None while there is none."""
    if pareamento.imagem is not None:
        try:
            return base64.b64decode(pareamento.imagem, validate=True)
        except binascii.Error:
            pass  # drawn from its text instead
    if pareamento.codigo is None:
        return None
    out = io.BytesIO()
    segno.make(pareamento.codigo, micro=False).save(out, kind="png", scale=6)
    return out.getvalue()


def drawing(pareamento: Pareamento) -> str | None:
    """Return the QR code drawn in text, two rows a line, for a terminal."""
    if pareamento.codigo is None:
        return None
    out = io.StringIO()
    segno.make(pareamento.codigo, micro=False, error="l").terminal(out, compact=True)
    return out.getvalue()


async def observe(ctx: Context, tx: Tx, evento: EventoDeCanal) -> bool:
    """Take what a platform tells of an instance itself; False when it tells of a conversation."""
    if evento.account is None:
        return False
    if evento.kind == "qr":
        esgotado = booleano(evento.further.get("limit_reached")) or False
        tx.put(QrCodeNovo(canal=evento.channel, instancia=evento.account, esgotado=esgotado))
        return True
    estado = ESTADOS.get(texto(evento.further.get("state")) or "")
    if evento.kind != "connection" or estado is None:
        return False
    motivo = texto(evento.further.get("reason")) if estado in CAIDAS else None
    instancia = Instancia(evento.account, estado, motivo=motivo)
    await note(ctx, tx, canal=evento.channel, instancia=instancia)
    return True


async def note(ctx: Context, tx: Tx, *, canal: str, instancia: Instancia) -> None:
    """Put on record how an instance is; a change is a fact, and a fall wakes somebody."""
    chave = f"instancia.{canal}.{instancia.nome}"
    row = await tx.fetch_one("SELECT valor FROM meta WHERE chave = ?", (chave,))
    antes = str(row[0]) if row else None
    if antes == instancia.estado:
        return
    await tx.execute(
        "INSERT INTO meta (chave, valor) VALUES (?, ?)"
        " ON CONFLICT (chave) DO UPDATE SET valor = excluded.valor",
        (chave, instancia.estado),
    )
    if instancia.estado == "aberta":
        await lacunas.ask(tx, canal)
    motivo = instancia.motivo or ""
    tx.put(
        InstanciaMudou(
            canal=canal, instancia=instancia.nome, estado=instancia.estado, motivo=motivo
        )
    )
    caiu = avisos.caida(canal, instancia.nome, motivo=motivo)
    fell = instancia.estado in CAIDAS and antes == "aberta"
    if fell or instancia.estado == "aberta":
        await avisos.hold(tx, caiu, politica(ctx), wrong=fell)


async def forget(ctx: Context, tx: Tx, *, canal: str, nome: str) -> None:
    """Forget an instance that was removed; nobody need be woken by its absence."""
    await tx.execute("DELETE FROM meta WHERE chave = ?", (f"instancia.{canal}.{nome}",))
    await avisos.hold(tx, avisos.caida(canal, nome, motivo=""), politica(ctx), wrong=False)
