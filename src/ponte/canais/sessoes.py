"""Sessões: what TikTok granted to the shop, by name, renewed before it ends.

The row tells what a session is and when it ends; its secrets lie encrypted under its id
and are never shown again. What a refresh token that goes once asks for stands in `guarda`.
Cookies serve no official interface: they are a record.
"""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

import orjson
import structlog

from ponte import guarda
from ponte.acesso import auditoria
from ponte.alertas.handlers import politica
from ponte.canais import avisos
from ponte.context import Context
from ponte.domain.valores import format_time
from ponte.errors import ArmazenamentoIndisponivel, NaoEncontrado, PonteError
from ponte.guarda import Guarda, Guardado
from ponte.ports import Renewal, Superficie
from ponte.resilience.classes import Classe, OutsideError
from ponte.store.db import Row, Tx
from ponte.store.tokens import forget

log = structlog.get_logger(__name__)
MAX_RENEWED = 100  # chosen: sessions in a run; what is over it is due at the next
AGAIN_S, AGAIN = 1.0, 50  # chosen: a database that restarts is back within that time
COLUNAS = (
    "nome, id, tipo, superficie, conta, estado, motivo, expira_em, renovar_em, criada_em,"
    " atualizada_em"
)
ATIVA, EXPIRADA, RECUSADA, REVOGADA = "ativa", "expirada", "recusada", "revogada"
RETIRADA = "a autorização foi retirada pela conta"
SEM_RENOVACAO = "o token não vale mais, e não há com que o renovar"
PERDIDA = "the answer to a renewal was lost: if the next one is refused, grant it anew"
# TikTok's codes for what an account may not do; its tokens are good.
NAO_PODE = frozenset(
    {"scope_not_authorized", "scope_permission_missed", "spam_risk_user_banned_from_posting"}
)
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


async def save(tx: Tx, ctx: Context, nova: Sessao, *, autor: str) -> Sessao:
    """Store a session; one of the same name gives way to it."""
    await _tell(tx, ctx, nova.nome, wrong=False)
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


async def remove(tx: Tx, ctx: Context, nome: str, *, autor: str) -> None:
    """Forget a session.

    Raises:
        NaoEncontrado: no such session.
    """
    if not await tx.execute("DELETE FROM tiktok_sessoes WHERE nome = ?", (nome,)):
        raise NaoEncontrado("Sessão", nome)
    await _tell(tx, ctx, nome, wrong=False)
    await auditoria.record(tx, autor=autor, acao="tiktok.sessao_removida", alvo=nome)


async def keep_secret(ctx: Context, sessao: Sessao, segredo: Mapping[str, Any]) -> None:
    """Store the secrets of a session, encrypted, with what their renewal looks at."""
    kept = {**segredo, "renovar_em": sessao.renovar_em, "expira_em": sessao.expira_em}
    await ctx.tokens.put(
        sessao.segredo, orjson.dumps(kept).decode(), expira_em_ms=guarda.FOREVER_MS
    )


async def revoke(tx: Tx, ctx: Context, conta: str, *, em_ms: int) -> None:
    """Forget the secrets of what an account granted until then, and say so."""
    rows = await tx.fetch(
        f"SELECT {COLUNAS} FROM tiktok_sessoes WHERE conta = ? AND criada_em <= ?"  # noqa: S608
        " AND tipo = 'oauth' AND estado <> ?",
        (conta, em_ms, REVOGADA),
    )
    for sessao in map(_from_row, rows):
        await forget(tx, inicio=sessao.segredo)
        await _end(tx, ctx, sessao, estado=REVOGADA, motivo=RETIRADA)


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


def tokens_of(ctx: Context, renewal: Renewal, sessao: Sessao) -> Guarda:
    """Return the tokens of a session, renewed where they are due."""
    return Guarda(
        sessao.segredo,
        tokens=ctx.tokens,
        now_ms=ctx.now_ms,
        renew=functools.partial(renewal.renew, superficie=sessao.superficie or "videos"),
    )


@contextlib.asynccontextmanager
async def watched(ctx: Context, sessao: Sessao) -> AsyncIterator[None]:
    """Mark a session as refused once a use of its tokens is, and let the error go on."""
    try:
        yield
    except OutsideError as error:
        detail = error.verdict.detail
        if error.classe is Classe.AUTH and detail.rpartition(" ")[2] not in NAO_PODE:
            motivo = SEM_RENOVACAO if error.verdict == guarda.NONE else detail
            await ctx.db.transact(_refuse, ctx, sessao, motivo)
        raise


async def _renew(ctx: Context, renewal: Renewal, sessao: Sessao) -> None:
    own = tokens_of(ctx, renewal, sessao)
    async with watched(ctx, sessao):
        await _stored(own)
    if own.guardado is None or not await ctx.db.transact(_renewed, sessao, own.guardado):
        await ctx.tokens.delete(sessao.segredo)  # removed, replaced or revoked meanwhile


async def _stored(own: Guarda) -> None:
    """Have a token renewed, and stored also when the database is away for a moment."""
    for _ in range(AGAIN):
        try:
            await own.get()
        except ArmazenamentoIndisponivel:
            await asyncio.sleep(AGAIN_S)
        else:
            return
    await own.get()


async def _due(tx: Tx) -> list[Sessao]:
    rows = await tx.fetch(
        f"SELECT {COLUNAS} FROM tiktok_sessoes WHERE renovar_em <= ? AND estado = 'ativa'"  # noqa: S608
        " ORDER BY renovar_em LIMIT ?",
        (tx.now_ms, MAX_RENEWED),
    )
    return [_from_row(row) for row in rows]


async def _renewed(tx: Tx, sessao: Sessao, own: Guardado) -> bool:
    lost = own.pedido_em is not None
    changed = await tx.execute(
        "UPDATE tiktok_sessoes SET expira_em = ?, renovar_em = ?, motivo = ?,"
        " atualizada_em = ? WHERE nome = ? AND id = ? AND estado = 'ativa'",
        (
            own.expira_em if own.expira_em < guarda.FOREVER_MS else None,
            own.expira_em if lost else own.renovar_em,
            PERDIDA if lost else None,
            tx.now_ms,
            sessao.nome,
            sessao.id,
        ),
    )
    return bool(changed)


async def _refuse(tx: Tx, ctx: Context, sessao: Sessao, motivo: str) -> None:
    await _end(tx, ctx, sessao, estado=RECUSADA, motivo=motivo)


async def _end(tx: Tx, ctx: Context, sessao: Sessao, *, estado: str, motivo: str) -> None:
    """Leave a session alone that nobody renews any more, and have somebody told.

    What the account took back stays so, whatever is refused because of it.
    """
    changed = await tx.execute(
        "UPDATE tiktok_sessoes SET estado = ?, motivo = ?, atualizada_em = ?"
        " WHERE nome = ? AND id = ? AND estado <> ?",
        (estado, motivo, tx.now_ms, sessao.nome, sessao.id, REVOGADA),
    )
    if changed:
        await _tell(tx, ctx, sessao.nome, motivo=motivo, wrong=True)


async def _tell(tx: Tx, ctx: Context, nome: str, *, motivo: str = "", wrong: bool) -> None:
    await avisos.hold(tx, avisos.sessao_perdida(nome, motivo), politica(ctx), wrong=wrong)


def lifetime(vale_s: int | None, *, now_ms: int, renews: bool) -> tuple[int | None, int | None]:
    """Return when a token ends and when it is to be renewed.

    One whose life nobody knows is renewed at once: the answer says it.
    """
    if vale_s is None:
        return None, now_ms if renews else None
    renovar_em = guarda.renewal_due(vale_s, now_ms=now_ms)
    return now_ms + vale_s * 1000, renovar_em if renews else None


def _from_row(row: Row) -> Sessao:
    nome, sessao_id, tipo, superficie, *rest = row
    return Sessao(nome, sessao_id, cast("Tipo", tipo), cast("Superficie | None", superficie), *rest)
