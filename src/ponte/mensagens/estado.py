"""Estado: what each canal did last and how busy it is, written with what made it true.

Health is judged by effect: a canal that answers a probe and brings no message is not
well. The one rule: these rows are only ever moved forward, in the transaction of the
message that they count.
"""

from ponte.store.db import Tx

HORA_MS = 3_600_000
PAUSADO = "pausado por "  # how the reason begins where a person stopped a canal


async def note_received(tx: Tx, canal: str, *, quantas: int = 1) -> None:
    """Count messages that came on a canal; its silence is over."""
    await tx.execute(
        "INSERT INTO canais_estado (canal, ultima_entrada_em) VALUES (?, ?)"
        " ON CONFLICT (canal) DO UPDATE SET ultima_entrada_em = excluded.ultima_entrada_em,"
        " silencioso_desde = NULL",
        (canal, tx.now_ms),
    )
    await _count(tx, canal, entradas=quantas)


async def note_sent(tx: Tx, canal: str) -> None:
    """Count a message that a canal took."""
    await tx.execute(
        "INSERT INTO canais_estado (canal, ultimo_envio_em) VALUES (?, ?)"
        " ON CONFLICT (canal) DO UPDATE SET ultimo_envio_em = excluded.ultimo_envio_em",
        (canal, tx.now_ms),
    )
    await _count(tx, canal, saidas=1)


async def note_failed(tx: Tx, canal: str, *, falha: str) -> None:
    """Record that a canal did not take a message after its tries, and why."""
    await tx.execute(
        "INSERT INTO canais_estado (canal, ultima_falha_em, falha) VALUES (?, ?, ?)"
        " ON CONFLICT (canal) DO UPDATE SET ultima_falha_em = excluded.ultima_falha_em,"
        " falha = excluded.falha",
        (canal, tx.now_ms, falha),
    )


async def stop(tx: Tx, canal: str, *, motivo: str) -> bool:
    """Send nothing more on a canal until somebody resumes it; False when it was stopped before."""
    await tx.execute(
        "INSERT INTO canais_estado (canal) VALUES (?) ON CONFLICT (canal) DO NOTHING", (canal,)
    )
    stopped = await tx.execute(
        "UPDATE canais_estado SET parado_motivo = ?, parado_em = ?"
        " WHERE canal = ? AND parado_motivo IS NULL",
        (motivo, tx.now_ms, canal),
    )
    return bool(stopped)


async def resume(tx: Tx, canal: str) -> bool:
    """Let a canal send again; False when nothing had stopped it."""
    resumed = await tx.execute(
        "UPDATE canais_estado SET parado_motivo = NULL, parado_em = NULL"
        " WHERE canal = ? AND parado_motivo IS NOT NULL",
        (canal,),
    )
    return bool(resumed)


async def stopped(tx: Tx, canal: str) -> str | None:
    """Return why nothing is sent on a canal, or None when it sends."""
    row = await tx.fetch_one("SELECT parado_motivo FROM canais_estado WHERE canal = ?", (canal,))
    return None if row is None or row[0] is None else str(row[0])


async def _count(tx: Tx, canal: str, *, entradas: int = 0, saidas: int = 0) -> None:
    await tx.execute(
        "INSERT INTO canais_trafego (canal, hora, entradas, saidas) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (canal, hora) DO UPDATE SET"
        " entradas = canais_trafego.entradas + excluded.entradas,"
        " saidas = canais_trafego.saidas + excluded.saidas",
        (canal, tx.now_ms // HORA_MS, entradas, saidas),
    )
