"""Webhooks: one door for every platform. Verify the raw bytes, store, answer, act later.

Nothing is parsed before the answer. What can't be verified is answered 401 and
not stored; what can't be stored is answered 503, so that the platform sends it
again; everything else is answered 2xx at once, whatever is inside.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request

from ponte import rastro
from ponte.context import Context, Ligado
from ponte.deps import context, headers, json_response, public
from ponte.domain.valores import new_id
from ponte.errors import NaoAutenticado, NaoEncontrado
from ponte.events import WebhookRecebido
from ponte.ports import WebhookRequest
from ponte.store.db import Tx

router = APIRouter(tags=["webhooks"])
_UNVERIFIED: dict[int | str, dict[str, Any]] = {
    401: {
        "description": "The signature is missing or wrong; nothing was stored.",
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problema"}}
        },
    }
}


@router.post(
    "/webhooks/{conector}/{evento}",
    dependencies=[public(limited=False)],
    responses=_UNVERIFIED,
)
async def receive(request: Request, conector: str, evento: str) -> Any:
    """Take one delivery of a platform; the address names the event, or carries a secret."""
    ctx = context(request)
    ligado = ctx.ligados.get(conector)
    receiver = ligado.webhook if ligado else None
    if ligado is None or receiver is None:
        raise NaoEncontrado("Webhook", conector)
    corpo = await request.body()
    pedido = WebhookRequest(
        evento=evento,
        headers={
            k.decode("latin-1"): v.decode("latin-1") for k, v in headers(request.scope).items()
        },
        query=dict(request.query_params),
        body=corpo,
    )
    if not receiver.verify(pedido, now_ms=ctx.now_ms()):
        msg = "The signature is missing or wrong"
        raise NaoAutenticado(msg)
    answer = receiver.reply(pedido, aberta=lambda loja: _is_open(ligado, loja))
    if answer.store:
        await ctx.db.batch(store_many, (conector, evento, corpo, rastro.current()))
    return json_response(answer.corpo)


async def store(ctx: Context, conector: str, evento: str, corpo: bytes) -> None:
    """Store a body that did not come by webhook (a reconciliation) for the same handling."""
    await ctx.db.batch(store_many, (conector, evento, corpo, rastro.current()))


async def store_many(
    tx: Tx, deliveries: Sequence[tuple[str, str, bytes, str | None]]
) -> list[bool]:
    """Store raw bodies, each with its traceparent, once each; tell for each whether it was new."""
    out = []
    for conector, evento, corpo, tx.rastro in deliveries:
        webhook_id = new_id()
        new = await tx.insert_many(
            "webhooks (id, conector, evento, chave, corpo, recebido_em, situacao)",
            [(webhook_id, conector, evento, dedupe_key(evento, corpo), corpo, tx.now_ms,
              "recebido")],
            conflict="ON CONFLICT DO NOTHING",
        )  # fmt: skip
        if new:
            tx.put(WebhookRecebido(webhook_id=webhook_id, conector=conector, evento=evento))
        out.append(bool(new))
    return out


def dedupe_key(evento: str, corpo: bytes) -> str:
    """Return what makes two deliveries the same: the event and the body, not the signature."""
    return hashlib.sha256(evento.lower().encode() + b"\n" + corpo).hexdigest()


def _is_open(ligado: Ligado, loja: str) -> bool | None:
    if ligado.orders is None or ligado.orders.filial(loja) is None:
        return None
    return True
