"""Silences over HTTP: SPEC §6. Who hides what, why and until when; each is audited.

Stands before the routes of alertas, whose `/alerts/{alerta_id}` would take the word
`silences` for an id.
"""

from typing import Annotated, Any, Self

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from ponte.alertas import retorno, silencios
from ponte.alertas.handlers import politica
from ponte.alertas.modelos import ListaDeSilencios, SilencioNaLista
from ponte.alertas.service import Politica
from ponte.alertas.silencios import Silencio
from ponte.deps import Ctx, Quem, body, idempotent, json_response, require
from ponte.domain.valores import parse_time
from ponte.errors import DadosInvalidos, Problema
from ponte.listas import Pagina, PaginacaoSkip, cut, id_after, listing
from ponte.store.db import Tx
from ponte.store.idempotency import Resposta

router = APIRouter(tags=["alertas"])
MAX_MS = 366 * 24 * 3_600_000  # chosen: a silence that nobody renews within a year is forgotten
Texto = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Rotulo = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class SilencioIn(BaseModel):
    """What to hide: alerts of this `nome`, with all of these `labels`, or both."""

    model_config = ConfigDict(extra="forbid", strict=True)

    autor: Texto | None = Field(None, description="Who decided it; the name of the key by default")
    motivo: Texto
    ate: Annotated[str, Field(max_length=40, description="RFC 3339, up to a year from now")]
    nome: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None
    labels: Annotated[dict[Rotulo, Annotated[str, Field(max_length=200)]], Field(max_length=20)] = (
        Field(default_factory=dict)
    )

    @model_validator(mode="after")
    def _narrowed(self) -> Self:
        # An empty matcher would hide everything, which nobody means.
        if self.nome is None and not self.labels:
            msg = "nome or labels expected"
            raise ValueError(msg)
        return self


@router.get(
    "/alerts/silences", response_model=ListaDeSilencios, dependencies=[require("alertas:ler")]
)
async def list_silences(ctx: Ctx, pagina: PaginacaoSkip, *, ativo: bool | None = None) -> Any:
    """List silences, newest first; `ativo=true` those in force."""
    read, total = await ctx.db.read(_list, ativo, pagina)
    itens, proximo = cut(read, pagina.limite, lambda silencio: [silencio["id"]])
    return json_response(listing(itens, total=total, proximo=proximo))


@router.post(
    "/alerts/silences",
    status_code=201,
    response_model=SilencioNaLista,
    dependencies=[require("alertas:escrever")],
)
async def create_silence(
    request: Request, quem: Quem, corpo: Annotated[SilencioIn, body(SilencioIn)]
) -> Any:
    """Hide the notices of some alerts for a while; the alerts are recorded all the same."""
    novo = Silencio(
        autor=corpo.autor or quem.nome,
        motivo=corpo.motivo,
        ate=_instant(corpo.ate),
        nome=corpo.nome,
        labels=corpo.labels,
    )
    return await idempotent(request, _create, novo, quem.id)


@router.delete(
    "/alerts/silences/{silencio_id}",
    status_code=204,
    dependencies=[require("alertas:escrever")],
)
async def end_silence(ctx: Ctx, quem: Quem, silencio_id: str) -> Response:
    """End a silence now; what it hid and is still open is told at once."""
    await ctx.db.transact(_end, silencio_id, (quem.nome, quem.id), politica(ctx))
    return Response(status_code=204)


def _instant(texto: str) -> int:
    try:
        return parse_time(texto)
    except (ValueError, OverflowError):
        raise DadosInvalidos(Problema("ate", "RFC 3339 expected")) from None


async def _list(tx: Tx, ativo: bool | None, pagina: Pagina) -> tuple[list[dict[str, Any]], int]:
    return await silencios.list_all(
        tx, ativo=ativo, pular=pagina.pular, limite=pagina.limite + 1, antes_de=id_after(pagina)
    )


async def _create(tx: Tx, novo: Silencio, quem_id: str) -> Resposta:
    # Here, since a repeat under the same key gets its answer also when the end is past.
    if novo.ate <= tx.now_ms:
        raise DadosInvalidos(Problema("ate", "already over"))
    if novo.ate > tx.now_ms + MAX_MS:
        raise DadosInvalidos(Problema("ate", "more than a year from now"))
    silencio = await silencios.create(tx, novo, quem_id=quem_id)
    return Resposta(201, orjson.dumps(silencios.view(silencio, now_ms=tx.now_ms)))


async def _end(tx: Tx, silencio_id: str, quem: tuple[str, str], quem_avisar: Politica) -> None:
    nome, quem_id = quem
    await silencios.end(tx, silencio_id, por=nome, quem_id=quem_id)
    await retorno.tell_unhidden(tx, quem_avisar)
