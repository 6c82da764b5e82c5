"""Consultas: what the database and this process know of a hub, as facts with their ages."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ponte.canais import hubs, lacunas, numeros, saude
from ponte.canais.lacunas import Lacuna
from ponte.canais.saude import Fatos, Recuperacao
from ponte.context import Context
from ponte.store.db import Tx

_COLUNAS = (
    "canal, ultima_entrada_em, ultimo_envio_em, ultima_falha_em, falha, sondado_em, sonda_ok,"
    " sonda_erro, silencioso_desde, parado_motivo"
)


async def facts(ctx: Context, nomes: Sequence[str]) -> dict[str, Fatos]:
    """Return the facts of some hubs as they stand now."""
    rows, trafego = await ctx.db.read(_stored, ctx.now_ms() // 1000)
    past = await ctx.db.read(lacunas.known)
    found = {
        hub: _facts(ctx, hub, row=rows.get(hub), trafego=trafego.get(hub, {})) for hub in nomes
    }
    return {hub: replace(f, recuperacao=_past(ctx, hub, past)) for hub, f in found.items()}


def _past(ctx: Context, hub: str, known: Mapping[str, Lacuna]) -> Recuperacao:
    readers = [c for c in hubs.serving(ctx, hub) if lacunas.history(c) is not None]
    if not readers:
        return Recuperacao()
    lacuna = known.get(readers[0].connector.name)
    if lacuna is None:
        return Recuperacao(existe=True)
    puxada_em = lacuna.puxada_em
    return Recuperacao(
        existe=True,
        idade_s=None if puxada_em is None else max(0.0, (ctx.now_ms() - puxada_em) / 1000),
        novas=lacuna.novas,
        pedida=lacuna.pedida_em is not None,
        erro=lacuna.erro,
    )


def view(fatos: Fatos) -> dict[str, Any]:
    """Return a hub as it stands on the wire: the verdict, and each fact with its age."""
    verdict = saude.judge(fatos)
    return {
        "status": verdict.status,
        "motivo": verdict.motivo,
        "ultima_entrada_s": _age(fatos.entrada_s),
        "ultimo_envio_s": _age(fatos.envio_s),
        "ultima_falha_s": _age(fatos.falha_s),
        "falha": fatos.falha,
        "sonda": {
            "existe": fatos.tem_sonda,
            "idade_s": _age(fatos.sonda_s),
            "ok": None if fatos.sonda_s is None else fatos.sonda_erro is None,
            "erro": fatos.sonda_erro,
        },
        "recuperacao": {
            "existe": fatos.recuperacao.existe,
            "idade_s": _age(fatos.recuperacao.idade_s),
            "novas": fatos.recuperacao.novas,
            "pedida": fatos.recuperacao.pedida,
            "erro": fatos.recuperacao.erro,
        },
        "esperadas_desde_a_ultima": round(fatos.esperadas, 1),
        "parado": fatos.parado,
        "disjuntores": {nome: estado.value for nome, estado in fatos.disjuntores.items()},
    }


def _age(age_s: float | None) -> float | None:
    return None if age_s is None else round(age_s, 1)


def _facts(ctx: Context, hub: str, *, row: Any, trafego: Mapping[int, float]) -> Fatos:
    ligados = hubs.serving(ctx, hub)
    if not ligados:
        return Fatos(ligado=False)
    every = hubs.every(hubs.destinations(ctx, hub))
    disjuntores = {http.name: numeros.state_of(ctx, http) for http in every}
    tem_sonda = any(ligado.probe is not None for ligado in ligados)
    if row is None:
        return Fatos(ligado=True, tem_sonda=tem_sonda, disjuntores=disjuntores)
    now_ms = ctx.now_ms()

    def age_s(em: int | None) -> float | None:
        return None if em is None else max(0.0, (now_ms - em) / 1000)

    return Fatos(
        ligado=True,
        tem_sonda=tem_sonda,
        parado=row[9],
        entrada_s=age_s(row[1]),
        envio_s=age_s(row[2]),
        falha_s=age_s(row[3]),
        falha=row[4],
        sonda_s=age_s(row[5]),
        sonda_erro=None if row[6] else row[7],
        # Where nobody ever wrote there is no silence.
        esperadas=0.0
        if row[1] is None
        else saude.expected(trafego, desde_s=row[1] / 1000, ate_s=now_ms / 1000),
        disjuntores=disjuntores,
    )


async def _stored(tx: Tx, now_s: int) -> tuple[dict[str, Any], dict[str, dict[int, float]]]:
    rows = await tx.fetch(f"SELECT {_COLUNAS} FROM canais_estado")  # noqa: S608
    # A week back for the silence, four more for what is usual.
    oldest = now_s // saude.HORA_S - (saude.SEMANAS + 1) * saude.SEMANA_H
    counts = await tx.fetch(
        "SELECT canal, hora, entradas FROM canais_trafego WHERE hora >= ? AND entradas > 0",
        (oldest,),
    )
    trafego: dict[str, dict[int, float]] = {}
    for canal, hora, entradas in counts:
        trafego.setdefault(canal, {})[hora] = entradas
    return {row[0]: row for row in rows}, trafego
