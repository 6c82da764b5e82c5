"""Sessões: what TikTok granted to the shop, by name, renewed before it ends.

The row tells what a session is and when it ends; its secrets lie encrypted under its id
and are never shown again. A refresh token may be used up by one use, so that a new one is
kept in hand until it is stored. Cookies serve no official interface: they are a record.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

import orjson
import structlog

from ponte.acesso import auditoria
from ponte.context import Context
from ponte.domain.valores import format_time
from ponte.errors import ArmazenamentoIndisponivel, NaoEncontrado, PonteError
from ponte.ports import Concessao, Renewal, Superficie
from ponte.resilience.classes import Classe, OutsideError
from ponte.store.db import Row, Tx

log = structlog.get_logger(__name__)
RENEW_AT = 0.8  # contract of TikTok: renewed at 80 % of the life
FOREVER_MS = 4_102_444_800_000  # 2100: nobody says when it ends
MAX_RENEWED = 100  # chosen: sessions in a run; what is over it is due at the next
AGAIN_S, AGAIN = 1.0, 50  # chosen: a database that restarts is back within that time
COLUNAS = (
    "nome, id, tipo, superficie, conta, estado, motivo, expira_em, renovar_em, criada_em,"
    " atualizada_em"
)
ATIVA, EXPIRADA, RECUSADA = "ativa", "expirada", "recusada"
Tipo = Literal["oauth", "cookies"]


@dataclass(frozen=True, slots=True)
class Sessao:
    """One session; times in epoch milliseconds, None where nobody knows."""

    nome: str
    id: str
    tipo: Tipo
    superficie: Superficie | None = None
    conta: str | None = None
    estado: str = ATIVA
    motivo: str | None = None
    expira_em: int | None = None
    renovar_em: int | None = None
    criada_em: int = 0
    atualizada_em: int = 0

    @property
    def segredo(self) -> str:
        """The name of its secrets among the encrypted tokens."""
        return f"tiktok:sessao:{self.id}"


def view(sessao: Sessao, *, now_ms: int) -> dict[str, Any]:
    """Return the wire form; no secret is in it."""
    over = sessao.expira_em is not None and sessao.expira_em <= now_ms
    return {
        "nome": sessao.nome,
        "tipo": sessao.tipo,
        "superficie": sessao.superficie,
        "conta": sessao.conta,
        "estado": EXPIRADA if over and sessao.estado == ATIVA else sessao.estado,
        "motivo": sessao.motivo,
        "expira_em": None if sessao.expira_em is None else format_time(sessao.expira_em),
        "criada_em": format_time(sessao.criada_em),
        "atualizada_em": format_time(sessao.atualizada_em),
    }


async def find(tx: Tx, nome: str) -> Sessao | None:
    """Return a session, or None when there is none of that name."""
    row = await tx.fetch_one(f"SELECT {COLUNAS} FROM tiktok_sessoes WHERE nome = ?", (nome,))  # noqa: S608
    return None if row is None else _from_row(row)


async def list_all(
    tx: Tx, *, pular: int, limite: int, depois: str | None
) -> tuple[list[dict[str, Any]], int]:
    """Return a page of sessions by name, and how many there are."""
    total = await tx.fetch_one("SELECT COUNT(*) FROM tiktok_sessoes")
    rows = await tx.fetch(
        f"SELECT {COLUNAS} FROM tiktok_sessoes WHERE nome > ? ORDER BY nome LIMIT ? OFFSET ?",  # noqa: S608
        (depois or "", limite, pular),
    )
    return [view(_from_row(row), now_ms=tx.now_ms) for row in rows], int(total[0]) if total else 0


async def save(tx: Tx, nova: Sessao, *, autor: str) -> Sessao:
    """Store a session; one of the same name gives way to it."""
    sessao = replace(nova, criada_em=tx.now_ms, atualizada_em=tx.now_ms)
    await tx.execute("DELETE FROM tiktok_sessoes WHERE nome = ?", (sessao.nome,))
    await tx.insert_many(
        f"tiktok_sessoes ({COLUNAS})",
        [
            (sessao.nome, sessao.id, sessao.tipo, sessao.superficie, sessao.conta, sessao.estado,
             sessao.motivo, sessao.expira_em, sessao.renovar_em, sessao.criada_em,
             sessao.atualizada_em)
        ],
    )  # fmt: skip
    await auditoria.record(
        tx, autor=autor, acao="tiktok.sessao_guardada", alvo=sessao.nome, dados={"id": sessao.id}
    )
    return sessao


async def remove(tx: Tx, nome: str, *, autor: str) -> None:
    """Forget a session.

    Raises:
        NaoEncontrado: no such session.
    """
    if not await tx.execute("DELETE FROM tiktok_sessoes WHERE nome = ?", (nome,)):
        raise NaoEncontrado("Sessão", nome)
    await auditoria.record(tx, autor=autor, acao="tiktok.sessao_removida", alvo=nome)


async def keep_secret(ctx: Context, sessao: Sessao, segredo: Mapping[str, Any]) -> None:
    """Store the secrets of a session, encrypted."""
    texto = orjson.dumps(dict(segredo)).decode()
    await ctx.tokens.put(sessao.segredo, texto, expira_em_ms=FOREVER_MS)


# ---------------------------------------------------------------- renewing


async def renew_due(ctx: Context) -> None:
    """Renew every session whose time has come; one that fails holds up no other."""
    ligado = ctx.ligados.get("tiktok")
    renewal = None if ligado is None else ligado.renewal
    if renewal is None:
        return
    due: Sequence[Sessao] = await ctx.db.read(_due)
    for sessao in due:
        try:
            await _renew(ctx, renewal, sessao)
        except PonteError as error:
            log.warning("session not renewed, tried again", sessao=sessao.id, erro=str(error))


async def _renew(ctx: Context, renewal: Renewal, sessao: Sessao) -> None:
    stored = await ctx.tokens.get(sessao.segredo)
    segredo = {} if stored is None else orjson.loads(stored[0])
    refresh_token = segredo.get("refresh_token")
    if not refresh_token:
        await ctx.db.transact(_refuse, sessao, "its secrets can't be read")
        return
    try:
        concessao = await renewal.renew(refresh_token, superficie=sessao.superficie or "videos")
    except OutsideError as error:
        if error.classe is Classe.AUTH:
            await ctx.db.transact(_refuse, sessao, error.verdict.detail)
        raise
    tokens = {"access_token": concessao.access_token, "refresh_token": concessao.refresh_token}
    await _stored(ctx, sessao, {**segredo, **tokens})
    if not await ctx.db.transact(_renewed, sessao, concessao):
        await ctx.tokens.delete(sessao.segredo)  # removed or replaced meanwhile


async def _stored(ctx: Context, sessao: Sessao, segredo: Mapping[str, Any]) -> None:
    """Store what was granted, also when the database is away for a moment."""
    for _ in range(AGAIN):
        try:
            await keep_secret(ctx, sessao, segredo)
        except ArmazenamentoIndisponivel:
            await asyncio.sleep(AGAIN_S)
        else:
            return
    await keep_secret(ctx, sessao, segredo)


async def _due(tx: Tx) -> list[Sessao]:
    rows = await tx.fetch(
        f"SELECT {COLUNAS} FROM tiktok_sessoes WHERE renovar_em <= ? AND estado = 'ativa'"  # noqa: S608
        " ORDER BY renovar_em LIMIT ?",
        (tx.now_ms, MAX_RENEWED),
    )
    return [_from_row(row) for row in rows]


async def _renewed(tx: Tx, sessao: Sessao, concessao: Concessao) -> bool:
    expira_em, renovar_em = lifetime(concessao.vale_s, now_ms=tx.now_ms, renews=True)
    changed = await tx.execute(
        "UPDATE tiktok_sessoes SET expira_em = ?, renovar_em = ?, motivo = NULL,"
        " atualizada_em = ? WHERE nome = ? AND id = ?",
        (expira_em, renovar_em, tx.now_ms, sessao.nome, sessao.id),
    )
    return bool(changed)


async def _refuse(tx: Tx, sessao: Sessao, motivo: str) -> None:
    await tx.execute(
        "UPDATE tiktok_sessoes SET estado = ?, motivo = ?, atualizada_em = ?"
        " WHERE nome = ? AND id = ?",
        (RECUSADA, motivo, tx.now_ms, sessao.nome, sessao.id),
    )


def lifetime(vale_s: int | None, *, now_ms: int, renews: bool) -> tuple[int | None, int | None]:
    """Return when a token ends and when it is to be renewed.

    One whose life nobody knows is renewed at once: the answer says it.
    """
    if vale_s is None:
        return None, now_ms if renews else None
    renovar_em = now_ms + int(vale_s * 1000 * RENEW_AT)
    return now_ms + vale_s * 1000, renovar_em if renews else None


def _from_row(row: Row) -> Sessao:
    nome, sessao_id, tipo, superficie, *rest = row
    return Sessao(nome, sessao_id, cast("Tipo", tipo), cast("Superficie | None", superficie), *rest)
