"""Webhooks: one door for every platform. Verify the raw bytes, store, answer, act later.

Nothing is parsed before the answer. What can't be verified is answered 401 and
not stored; what can't be stored is answered 503, so that the platform sends it
again; everything else is answered 2xx at once, whatever is inside.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from ponte import rastro
from ponte.context import Context, Ligado
from ponte.deps import context, headers, json_response, public
from ponte.domain.valores import new_id
from ponte.errors import NaoAutenticado, NaoEncontrado, ProvaRecusada
from ponte.events import WebhookRecebido
from ponte.ports import WebhookRequest
from ponte.store.db import Tx

router = APIRouter(tags=["webhooks"])
PEDIDOS, CANAL = "pedidos", "canal"  # the doors: marketplaces, and people's messages


class Entregue(NamedTuple):
    """One body to store, with the trace it came in and the door it is for."""

    conector: str
    evento: str
    corpo: bytes
    rastro: str | None
    porta: str = PEDIDOS


def _refused(status: int, why: str) -> dict[int | str, dict[str, Any]]:
    problema = {"schema": {"$ref": "#/components/schemas/Problema"}}
    return {status: {"description": why, "content": {"application/problem+json": problema}}}


_UNVERIFIED = _refused(401, "The signature is missing or wrong; nothing was stored.")
_UNPROVEN = _refused(403, "The word that was chosen for the proof is missing or wrong.")


@router.post(
    "/webhooks/{conector}/{evento}",
    dependencies=[public(limited=False, keyed=False)],
    responses=_UNVERIFIED,
)
async def receive(request: Request, conector: str, evento: str) -> Any:
    """Take one delivery of a platform; the address names the event, or carries a secret."""
    return await _take(request, conector, evento)


@router.post(
    "/webhooks/{conector}", dependencies=[public(limited=False, keyed=False)], responses=_UNVERIFIED
)
async def receive_signed(request: Request, conector: str) -> Any:
    """Take one delivery of a platform that signs what it sends."""
    return await _take(request, conector, "")


@router.get("/webhooks/{conector}", dependencies=[public()], responses=_UNPROVEN)
async def prove(request: Request, conector: str) -> Any:
    """Prove to a platform that this is whom it looks for: Meta's challenge, X's CRC."""
    ctx = context(request)
    ligado = ctx.ligados.get(conector)
    challenge = getattr(ligado.webhook if ligado else None, "challenge", None)
    if challenge is None:
        raise NaoEncontrado("Webhook", conector)
    proof = challenge(_raw(request, "", b""), now_ms=ctx.now_ms())
    if proof is None:
        msg = "The token is missing or wrong"
        raise ProvaRecusada(msg)
    return PlainTextResponse(proof) if isinstance(proof, str) else json_response(proof)


async def _take(request: Request, conector: str, evento: str) -> Any:
    ctx = context(request)
    ligado = ctx.ligados.get(conector)
    receiver = ligado.webhook if ligado else None
    if ligado is None or receiver is None:
        raise NaoEncontrado("Webhook", conector)
    corpo = await request.body()
    pedido = _raw(request, evento, corpo)
    if not receiver.verify(pedido, now_ms=ctx.now_ms()):
        msg = "The signature is missing or wrong"
        raise NaoAutenticado(msg)
    answer = receiver.reply(pedido, aberta=lambda loja: _is_open(ligado, loja))
    if answer.store:
        # Where people's messages come, the end of the address is a secret or says nothing new.
        name = "" if ligado.connector.parse is not None else evento
        porta = CANAL if ligado.connector.parse is not None else PEDIDOS
        entrega = Entregue(conector, name, corpo, rastro.current(), porta)
        await ctx.db.batch(store_many, entrega)
    return json_response(answer.corpo)


def _raw(request: Request, evento: str, corpo: bytes) -> WebhookRequest:
    return WebhookRequest(
        evento=evento,
        headers={
            k.decode("latin-1"): v.decode("latin-1") for k, v in headers(request.scope).items()
        },
        query=dict(request.query_params),
        body=corpo,
    )


async def store(ctx: Context, conector: str, evento: str, corpo: bytes) -> None:
    """Store a body that did not come by webhook (a reconciliation) for the same handling."""
    await ctx.db.batch(store_many, Entregue(conector, evento, corpo, rastro.current()))


async def store_many(tx: Tx, deliveries: Sequence[Entregue]) -> list[bool]:
    """Store raw bodies, each with its traceparent, once each; tell for each whether it was new."""
    out = []
    for conector, evento, corpo, tx.rastro, porta in deliveries:
        webhook_id = new_id()
        new = await tx.insert_many(
            "webhooks (id, conector, evento, chave, corpo, recebido_em, situacao)",
            [(webhook_id, conector, evento, dedupe_key(evento, corpo), corpo, tx.now_ms,
              "recebido")],
            conflict="ON CONFLICT DO NOTHING",
        )  # fmt: skip
        if new:
            tx.put(
                WebhookRecebido(
                    webhook_id=webhook_id, conector=conector, evento=evento, porta=porta
                )
            )
        out.append(bool(new))
    return out


def dedupe_key(evento: str, corpo: bytes) -> str:
    """Return what makes two deliveries the same: the event and the body, not the signature."""
    return hashlib.sha256(evento.lower().encode() + b"\n" + corpo).hexdigest()


def _is_open(ligado: Ligado, loja: str) -> bool | None:
    if ligado.orders is None or ligado.orders.filial(loja) is None:
        return None
    return True
