"""Mensagens over HTTP: SPEC §6. `skip` and `limit`, newest first."""

from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from ponte.deps import Ctx, Quem, body, idempotent, json_response, require
from ponte.domain.mensagem import Canal, Mensagem, TipoMensagem
from ponte.errors import SemEscopo
from ponte.listas import PaginacaoSkip, cut, id_after, listing
from ponte.mensagens import consultas, service
from ponte.mensagens.consultas import Filtro
from ponte.mensagens.modelos import Aceita, ListaDeMensagens, MensagemNaLista
from ponte.ports import Channel
from ponte.store.db import Tx
from ponte.store.idempotency import Resposta
from ponte.ws import SALAS

PUBLICAR = "ws:publicar"
router = APIRouter(tags=["mensagens"])
Tipo = Literal[
    "texto", "imagem", "audio", "video", "documento", "localizacao", "resposta_rapida", "evento"
]
NomeDoCanal = Literal["whatsapp", "instagram", "tiktok", "facebook", "x", "telegram", "interno"]
Status = Literal["pendente", "processando", "concluida", "erro"]
Texto = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class MensagemIn(BaseModel):
    """A message to somebody. `conteudo` is text, or an object with the fields of its tipo."""

    model_config = ConfigDict(extra="forbid", strict=True)

    tipo: Tipo
    canal: NomeDoCanal
    destinatario: Annotated[
        Texto,
        Field(description="As the canal names people; interno: a user, or sala:NAME for a room"),
    ]
    conteudo: str | dict[str, Any]
    instancia: Texto | None = None
    pedido_id: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None

    def to_mensagem(self, remetente: str) -> Mensagem:
        """Translate into the noun."""
        return Mensagem(
            tipo=TipoMensagem(self.tipo),
            canal=Canal(self.canal),
            destinatario=self.destinatario,
            conteudo=self.conteudo,
            instancia=self.instancia,
            pedido_id=self.pedido_id,
            remetente=remetente,
        )


async def _filtro(
    tipo: Tipo | None = None,
    status: Status | None = None,
    canal: NomeDoCanal | None = None,
    contato: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
) -> Filtro:
    return Filtro(tipo, status, canal, contato)


@router.post(
    "/messages",
    status_code=202,
    response_model=Aceita,
    dependencies=[require("mensagens:escrever")],
)
async def send(
    request: Request, ctx: Ctx, quem: Quem, corpo: Annotated[MensagemIn, body(MensagemIn)]
) -> Any:
    """Store a message and send it; a canal that is off or can't carry it refuses it first.

    To a room it takes what publishing there on a socket takes: `ws:publicar` and the room's scope.
    """
    nova = corpo.to_mensagem(quem.nome)
    if nova.sala in SALAS:
        for escopo in (PUBLICAR, SALAS[nova.sala]):
            if not quem.may(escopo):
                raise SemEscopo(escopo)
    janela_s = ctx.janela_s(nova.canal, nova.instancia)
    return await idempotent(request, _accept, nova, (ctx.channels(), janela_s))


@router.get("/messages", response_model=ListaDeMensagens, dependencies=[require("mensagens:ler")])
async def list_messages(
    ctx: Ctx, pagina: PaginacaoSkip, filtro: Annotated[Filtro, Depends(_filtro)]
) -> Any:
    """List messages, newest first."""
    antes_de = id_after(pagina)
    read, total = await ctx.db.read(_list, filtro, (pagina.pular, pagina.limite + 1), antes_de)
    itens, proximo = cut(read, pagina.limite, lambda mensagem: [mensagem["id"]])
    return json_response(listing(itens, total=total, proximo=proximo))


@router.get(
    "/messages/{mensagem_id}",
    response_model=MensagemNaLista,
    dependencies=[require("mensagens:ler")],
)
async def get_message(ctx: Ctx, mensagem_id: str) -> Any:
    """Return one message as it stands."""
    return json_response(await ctx.db.read(consultas.shown, mensagem_id))


async def _accept(
    tx: Tx, nova: Mensagem, onde: tuple[dict[str, Channel], float | None]
) -> Resposta:
    canais, janela_s = onde
    mensagem = await service.accept(tx, nova, canais=canais, janela_s=janela_s)
    corpo = {"id": mensagem.id, "status": mensagem.status.value}
    return Resposta(202, orjson.dumps(corpo), f"/messages/{mensagem.id}")


async def _list(
    tx: Tx, filtro: Filtro, pagina: tuple[int, int], antes_de: str | None
) -> tuple[list[dict[str, Any]], int]:
    pular, limite = pagina
    found, total = await consultas.list_messages(
        tx, filtro, pular=pular, limite=limite, antes_de=antes_de
    )
    return await consultas.with_notes(tx, found), total
