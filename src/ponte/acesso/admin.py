"""Admin: the first key, without which nobody could make a second.

The operator gives it as PONTE_API_KEY, or it is generated on the first start into
a file that only the owner of the process reads. The database holds its hash like
any other's, so it can be listed and revoked.
"""

import os
import tempfile
from pathlib import Path

from ponte.acesso import auditoria, chaves
from ponte.acesso.escopos import ADMIN
from ponte.context import Context
from ponte.settings import MIN_KEY, Settings
from ponte.store.db import Tx

ARQUIVO = "admin.key"
NOME = "admin.key"


def key_file(settings: Settings) -> Path:
    """Return where a generated admin key lies."""
    return settings.data_dir / ARQUIVO


async def ensure_admin(ctx: Context) -> str | None:
    """Make sure that somebody can administer; call it once when a process starts.

    Returns:
        The key, when this call generated it, for the operator to see once.
    """
    if ctx.settings.api_key is not None:
        return None
    path = key_file(ctx.settings)
    if await ctx.db.read(_has_admin):
        await _adopt_restored(ctx, path)
        return None
    chave, fresh = _read_or_write(path)
    if not await ctx.db.transact(_adopt, chave):
        path.unlink()  # what lay there was revoked
        chave, fresh = _read_or_write(path)
        await ctx.db.transact(_adopt, chave)
    return chave if fresh else None


async def _has_admin(tx: Tx) -> bool:
    return await tx.fetch_one(
        "SELECT 1 FROM chaves WHERE ' ' || escopos || ' ' LIKE ? AND revogada_em IS NULL"
        " AND demo = 0 AND (expira_em IS NULL OR expira_em > ?)",
        (f"% {ADMIN} %", tx.now_ms),
    ) is not None  # fmt: skip


async def _adopt_restored(ctx: Context, path: Path) -> None:
    # A restored copy of another installation has never heard of the key that lies here.
    chave = _read(path)
    if len(chave) >= MIN_KEY and not await ctx.db.read(_knows, chave):
        await ctx.db.transact(_adopt, chave)


def _read(path: Path) -> str:
    return path.read_text().strip() if path.exists() else ""


async def _knows(tx: Tx, chave: str) -> bool:
    # One that was revoked is known and stays revoked.
    sql = "SELECT 1 FROM chaves WHERE hash = ?"
    return await tx.fetch_one(sql, (chaves.digest(chave).hex(),)) is not None


async def _adopt(tx: Tx, chave: str) -> bool:
    nova = await chaves.create(tx, chave, nome=NOME, escopos=(ADMIN,))
    await auditoria.record(tx, autor="ponte", acao="chave.criada", alvo=nova.id)
    return await _has_admin(tx)


def _read_or_write(path: Path) -> tuple[str, bool]:
    # Written aside and linked, so that of two processes that start at once one
    # wins and the other reads a whole file.
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{ARQUIVO}.")
    chave = chaves.new_key()
    with os.fdopen(handle, "w") as file:  # mkstemp made it 0600
        file.write(chave + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(name, path)
    except FileExistsError:
        return path.read_text().strip(), False
    finally:
        Path(name).unlink()
    return chave, True
