"""Sonda: each hub that is on is asked how it is once a minute, and what it said is kept.

Nobody who looks at the health makes a call: a page that is open on ten screens would
else cost ten calls a second. Asking holds no transaction.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Any

from pydantic import SecretStr

from ponte.alertas.handlers import politica
from ponte.canais import avisos, consultas, hubs, lacunas, saude
from ponte.canais.saude import Fatos, Saude
from ponte.context import Context, Ligado
from ponte.errors import ConflitoDeEstado, PonteError
from ponte.events.canais import CanalMudou
from ponte.logs import mask
from ponte.mensagens import estado
from ponte.store.db import Tx

TIMEOUT_S = 15.0  # chosen: a call is given up after ten seconds, its turn awaited for two
DIA_MS = 86_400_000
MAX_ERRO = 200  # chosen: a reason is a line
GUARDA_H = (saude.SEMANAS + 2) * saude.SEMANA_H  # what `expected` looks at, and a week more


async def probe_hubs(ctx: Context) -> None:
    """Ask every hub that is on and can be asked, all at once; then judge each."""
    on = [hub for hub in hubs.CONHECIDOS if hubs.serving(ctx, hub)]
    for hub in on:
        await ctx.db.transact(resume_changed, hub, _ajustes(hubs.serving(ctx, hub)))
    await asyncio.gather(*(_probe(ctx, hub) for hub in on))
    for hub, fatos in (await consultas.facts(ctx, on)).items():
        await ctx.db.transact(_judge, ctx, hub, fatos)
    await ctx.db.transact(_forget)


async def probe_hub(ctx: Context, hub: str) -> None:
    """Ask one hub now.

    Raises:
        ConflitoDeEstado: it is off, or can't be asked.
    """
    if all(ligado.probe is None for ligado in hubs.serving(ctx, hub)):
        msg = f"{hub} is off, or can't be asked how it is"
        raise ConflitoDeEstado(msg)
    await _probe(ctx, hub)


async def _judge(tx: Tx, ctx: Context, hub: str, fatos: Fatos) -> None:
    """Write down what a hub is now, and have people told of what they must mend."""
    quem = politica(ctx)
    silent = fatos.esperadas >= saude.ESPERADAS_DEMAIS
    await _mark_silence(tx, hub, silent=silent)
    await avisos.hold(tx, avisos.silencioso(hub, fatos.esperadas), quem, wrong=silent)
    parado = avisos.parado(hub, fatos.parado or "")
    await avisos.hold(tx, parado, quem, wrong=fatos.parado is not None)
    await _tell_change(tx, hub, saude.judge(fatos))


def _ajustes(ligados: Sequence[Ligado]) -> str:
    """Return what tells a change of settings, secrets included, and shows none of them."""
    values = [{nome: _plain(valor) for nome, valor in ligado.settings} for ligado in ligados]
    return hashlib.sha256(repr(values).encode()).hexdigest()[:16]


def _plain(valor: Any) -> Any:
    if isinstance(valor, tuple | list):
        return [_plain(parte) for parte in valor]
    return valor.get_secret_value() if isinstance(valor, SecretStr) else valor


async def resume_changed(tx: Tx, hub: str, ajustes: str) -> None:
    """Send again on a hub that a refused key stopped, now that its settings are others."""
    parado, antes = await estado.stopped(tx, hub), await _meta(tx, f"canal.ajustes.{hub}")
    if antes == ajustes:
        return
    await _put_meta(tx, f"canal.ajustes.{hub}", ajustes)
    if parado is not None and antes is not None and not parado.startswith(estado.PAUSADO):
        await estado.resume(tx, hub)


async def _meta(tx: Tx, chave: str) -> str | None:
    row = await tx.fetch_one("SELECT valor FROM meta WHERE chave = ?", (chave,))
    return str(row[0]) if row else None


async def _put_meta(tx: Tx, chave: str, valor: str) -> None:
    await tx.execute(
        "INSERT INTO meta (chave, valor) VALUES (?, ?)"
        " ON CONFLICT (chave) DO UPDATE SET valor = excluded.valor",
        (chave, valor),
    )


async def _tell_change(tx: Tx, hub: str, agora: Saude) -> None:
    chave = f"canal.estado.{hub}"
    antes = await _meta(tx, chave) or "disabled"
    if antes == agora.status:
        return
    await _put_meta(tx, chave, agora.status)
    if agora.status == "healthy":
        await lacunas.ask(tx, hub)
    tx.put(CanalMudou(canal=hub, estado=agora.status, antes=antes, motivo=agora.motivo))


async def _probe(ctx: Context, hub: str) -> None:
    asked = [ligado for ligado in hubs.serving(ctx, hub) if ligado.probe is not None]
    if not asked:
        return
    answers = [await _ask(ligado) for ligado in asked]
    erros = [erro for erro, _ in answers if erro is not None]
    fim_ms = min((fim_ms for _, fim_ms in answers if fim_ms is not None), default=None)
    await ctx.db.transact(_store, hub, "; ".join(erros) or None)
    if not erros:  # a probe that failed tells nothing of keys
        await ctx.db.transact(_warn, ctx, hub, fim_ms)


async def _ask(ligado: Ligado) -> tuple[str | None, int | None]:
    """Return what is wrong with a connector, and when a key of it ends; None when it is well."""
    if ligado.probe is None:
        return None, None
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return None, await ligado.probe()
    except PonteError as error:
        return mask(str(error))[:MAX_ERRO], None
    except TimeoutError:
        return f"{ligado.connector.name}: no answer in {TIMEOUT_S:.0f} s", None


async def _warn(tx: Tx, ctx: Context, hub: str, fim_ms: int | None) -> None:
    """Have people told of a key that ends, as long as it does."""
    dias = 0 if fim_ms is None else (fim_ms - tx.now_ms) // DIA_MS
    disparo = avisos.acabando(hub, dias)
    await avisos.hold(tx, disparo, politica(ctx), wrong=fim_ms is not None)


async def _store(tx: Tx, hub: str, erro: str | None) -> None:
    await tx.execute(
        "INSERT INTO canais_estado (canal, sondado_em, sonda_ok, sonda_erro) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (canal) DO UPDATE SET sondado_em = excluded.sondado_em,"
        " sonda_ok = excluded.sonda_ok, sonda_erro = excluded.sonda_erro",
        (hub, tx.now_ms, int(erro is None), erro),
    )


async def _mark_silence(tx: Tx, hub: str, *, silent: bool) -> None:
    if silent:
        await tx.execute(
            "UPDATE canais_estado SET silencioso_desde = ?"
            " WHERE canal = ? AND silencioso_desde IS NULL",
            (tx.now_ms, hub),
        )
    else:
        await tx.execute(
            "UPDATE canais_estado SET silencioso_desde = NULL"
            " WHERE canal = ? AND silencioso_desde IS NOT NULL",
            (hub,),
        )


async def _forget(tx: Tx) -> None:
    await tx.execute(
        "DELETE FROM canais_trafego WHERE hora < ?",
        (tx.now_ms // (saude.HORA_S * 1000) - GUARDA_H,),
    )
