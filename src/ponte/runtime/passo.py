"""Passo: a try of a step as a stretch of the trace that its fact belongs to.

Without anybody who collects spans nothing is made here: the fact's own traceparent
is what the step goes on with.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import msgspec

from ponte import rastro
from ponte.context import Context
from ponte.rastro import CAMPOS, ERRO, RASTREADOR, RASTRO, Rastreador, Vao
from ponte.store.outbox import Entrega


class _Ids(msgspec.Struct):
    pedido_id: str | None = None
    numero: int | None = None


_ids = msgspec.json.Decoder(_Ids)


@contextmanager
def trying(ctx: Context, entrega: Entrega) -> Iterator[Entrega]:
    """Run one try where its logs, facts and calls to the outside say whose they are."""
    onde: dict[str, Any] = {
        CAMPOS: fields(entrega),
        RASTREADOR: ctx.rastreador,
    }
    vaos, (entrega,) = begin(ctx.rastreador, [entrega])
    onde[RASTRO] = entrega.fato.traceparent
    try:
        with rastro.within(onde):
            yield entrega
    finally:
        end(vaos, erro=onde.get(ERRO))


def begin(
    rastreador: Rastreador | None, entregas: list[Entrega]
) -> tuple[list[Vao], list[Entrega]]:
    """Begin a span for each; what is returned goes on from it and not from the fact's own."""
    if rastreador is None:
        return [], entregas
    vaos = [
        rastreador.begin(
            entrega.passo,
            {
                "passo": entrega.passo,
                "fila": entrega.fila,
                "fato": entrega.fato.id,
                "tipo": entrega.fato.tipo,
                "tentativa": entrega.tentativas,
            },
            tipo="consumer",
            pai=entrega.fato.traceparent,
        )
        for entrega in entregas
    ]
    return vaos, [
        replace(e, fato=msgspec.structs.replace(e.fato, traceparent=vao.traceparent))
        for e, vao in zip(entregas, vaos, strict=True)
    ]


def end(vaos: Sequence[Vao], *, erro: str | None = None) -> None:
    """End the spans of work that ended together."""
    for vao in vaos:
        vao.end(erro=erro)


def fields(entrega: Entrega) -> dict[str, Any]:
    """Return what every log line about a piece of work tells; no lane, which may be a phone."""
    found: dict[str, Any] = {
        "passo": entrega.passo,
        "fila": entrega.fila,
        "fato": entrega.fato.id,
        "tentativa": entrega.tentativas,
    }
    try:
        ids = _ids.decode(entrega.fato.dados)
    except msgspec.ValidationError:  # fields of those names that mean something else
        return found
    if ids.pedido_id is not None:
        found["pedido_id"] = ids.pedido_id
        if entrega.fato.tipo.startswith("pedido.") and ids.numero is not None:
            found["numero"] = ids.numero
    return found
