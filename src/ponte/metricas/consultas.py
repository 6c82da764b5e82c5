"""Consultas: one list of samples, whoever counted them and wherever they are kept."""

import hashlib
import heapq
from collections.abc import Iterable, Sequence
from typing import Any

from ponte.context import Context
from ponte.domain.metrica import Metrica, TipoMetrica
from ponte.errors import DadosInvalidos, Problema
from ponte.listas import Pagina, cut, next_cursor
from ponte.metricas import janela, service
from ponte.metricas.janela import Janela, Lugar
from ponte.metricas.service import Filtro
from ponte.telemetry import TIPOS, Telemetry

Amostras = tuple[list[Metrica], int]
Folha = tuple[list[Metrica], int, str | None]
# What a cursor begins with: which part of the list its page ended in.
AGORA, GRAVADAS, PROPRIAS = "agora", "gravadas", "proprias"
MAX_INTEIRO = 2**63  # what every engine keeps as a whole number


async def current(ctx: Context, filtro: Filtro, pagina: Pagina) -> Folha:
    """Return where every series stands now: callers' totals, then Ponte's own in this process."""
    em = ctx.now_ms()
    recorded = await ctx.db.read(service.series)
    totals = [Metrica(s.nome, s.tipo, _total(s), s.labels, s.ultimo_em) for s in recorded]
    found = [
        (part, m)
        for part, all_ in enumerate((totals, now(ctx.telemetry, em_ms=em)))
        for m in sorted(all_, key=lambda m: m.nome)
        if filtro.nome in (None, m.nome) and filtro.tipo in (None, m.tipo)
    ]
    begin = pagina.pular + _begin(pagina, found)
    shown = found[begin : begin + pagina.limite + 1]
    itens, proximo = cut(shown, pagina.limite, lambda item: [AGORA, *_key(item)])
    return [m for _part, m in itens], len(found), proximo


def _begin(pagina: Pagina, found: Sequence[tuple[int, Metrica]]) -> int:
    """Return where to go on; series that began meanwhile moved it."""
    match pagina.depois:
        case None:
            return 0
        case [str(begun), int(part), str(nome), str(mark)] if begun == AGORA:
            keys = [_key(item) for item in found]
            if (part, nome, mark) in keys:
                return keys.index((part, nome, mark)) + 1
            # That series ended: on with the next name.
            return sum(key[:2] <= (part, nome) for key in keys)
    raise _wrong_cursor()


def _key(item: tuple[int, Metrica]) -> tuple[int, str, str]:
    part, metrica = item
    # Labels may be long; a cursor is part of an address.
    labels = repr(sorted(metrica.labels.items())).encode()
    return part, metrica.nome, hashlib.blake2b(labels, digest_size=16).hexdigest()


async def page(ctx: Context, filtro: Filtro, pagina: Pagina, *, passo_s: int | None) -> Folha:
    """Return a page of the samples of a time, oldest first, and how many there are in all.

    The first page has the newest ones, those that callers recorded before Ponte's own;
    `proximo` goes on to older ones.

    Args:
        ctx: The inside.
        filtro: Which ones.
        pagina: Where the page before ended.
        passo_s: The grain of Ponte's own numbers: 1, 10 or 60; by default the finest that
            still reaches back to where the time begins.
    """
    posted_after, own_after, passo_s = _place(pagina, passo_s or janela.grain(ctx, filtro))
    wanted = pagina.limite + 1
    total, left = await ctx.db.read(service.counts, filtro, posted_after)
    posted = await ctx.db.read(_posted_page, filtro, posted_after, (pagina.pular, wanted))
    own = Janela(wanted - len(posted), max(0, pagina.pular - left), own_after)
    await janela.fill(own, ctx, filtro, passo_s=passo_s)
    keys = [[GRAVADAS, m.timestamp, id_] for id_, m in posted]
    keys += [[PROPRIAS, passo_s, lugar.em_s, lugar.dados] for _m, lugar in own.achadas]
    found = [m for _id, m in posted] + [m for m, _lugar in own.achadas]
    more = len(found) > pagina.limite
    # Turned first: those of one instant stay in the order in which they came.
    shown = found[: pagina.limite][::-1]
    shown.sort(key=_when)
    return shown, total + own.total, next_cursor(*keys[pagina.limite - 1]) if more else None


async def history(ctx: Context, filtro: Filtro, *, limite: int) -> Amostras:
    """Return the newest samples within a time, oldest first, and how many there are."""
    posted, total = await ctx.db.read(_posted, filtro, limite)
    own = Janela(limite)
    await janela.fill(own, ctx, filtro, passo_s=janela.grain(ctx, filtro))
    mine = [m for m, _lugar in reversed(own.achadas)]
    merged = list(heapq.merge(posted, mine, key=_when))
    return merged[-limite:], total + own.total


def _place(pagina: Pagina, passo_s: int) -> tuple[tuple[int, int] | None, Lugar | None, int]:
    """Return what `proximo` said: after which recorded sample, after which of Ponte's own."""
    match pagina.depois:
        case None:
            return None, None, passo_s
        case [str(part), int(em), int(id_)] if part == GRAVADAS and _fit(em, id_):
            return (em, id_), None, passo_s
        case [str(part), 1 | 10 | 60 as passo, int(em), int(given)] if part == PROPRIAS:
            # Older than the oldest: of what callers recorded nothing is left.
            if _fit(em, given):
                return (-1, -1), Lugar(em, given), passo
    raise _wrong_cursor()


def _fit(*numbers: int) -> bool:
    return all(0 <= n < MAX_INTEIRO for n in numbers)


def _wrong_cursor() -> DadosInvalidos:
    return DadosInvalidos(Problema("cursor", "a value of proximo expected"))


def now(telemetry: Telemetry, *, em_ms: int) -> list[Metrica]:
    """Return every sample of this process's registry."""
    return [
        Metrica(
            sample.name,
            TipoMetrica(TIPOS.get(family.type, "medidor")),
            sample.value,
            sample.labels,
            em_ms,
        )
        for family in telemetry.registry.collect()
        for sample in family.samples
        if not sample.name.endswith("_created")
    ]


def _total(serie: service.SerieGravada) -> float:
    return serie.ultimo if serie.tipo is TipoMetrica.MEDIDOR else serie.soma


async def _posted(tx: Any, filtro: Filtro, limite: int) -> Amostras:
    return await service.samples(tx, filtro, limite=limite)


async def _posted_page(
    tx: Any, filtro: Filtro, depois: tuple[int, int] | None, parte: tuple[int, int]
) -> list[tuple[int, Metrica]]:
    return await service.older(tx, filtro, depois, pular=parte[0], limite=parte[1])


def _when(metrica: Metrica) -> int:
    return metrica.timestamp or 0


def views(found: Iterable[Metrica]) -> list[dict[str, Any]]:
    """Return samples as they stand on the wire."""
    return [service.view(m) for m in found]
