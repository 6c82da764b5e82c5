"""Instancias over HTTP: SPEC §7. Telephones of WhatsApp: made, paired, watched, removed."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, SecretStr, StringConstraints

from ponte.acesso import auditoria
from ponte.acesso.chaves import Chamador
from ponte.canais import instancias
from ponte.canais.espelho import livro
from ponte.canais.modelos import (
    ChatwootDaInstancia,
    InstanciaDoCanal,
    InstanciaFeita,
    ListaDeInstancias,
    PareamentoDaInstancia,
)
from ponte.context import Context
from ponte.deps import Ctx, Quem, body, idempotency_key, json_response, require, respond
from ponte.errors import NaoEncontrado
from ponte.listas import listing
from ponte.store.db import Tx
from ponte.store.idempotency import Resposta, find, remember

router = APIRouter(tags=["canais"])
CANAL = "whatsapp"
LER, ESCREVER = "canais:ler", "canais:escrever"
_PROBLEMA = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problema"}}}
_FORA: dict[int | str, dict[str, Any]] = {
    409: {"description": "The canal is off, or the server refuses this now", "content": _PROBLEMA},
    502: {"description": "The server outside did not take the call", "content": _PROBLEMA},
}
Nome = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Numero = Annotated[str, StringConstraints(pattern=r"^[0-9]{8,15}$")]
SEM_GUARDAR = {"cache-control": "no-store"}  # a code opens the account to whoever reads it


class InstanciaIn(BaseModel):
    """A telephone to pair. `numero`, digits with country code, asks for a code to type too."""

    model_config = ConfigDict(extra="forbid", strict=True)

    nome: Nome
    numero: Numero | None = None


class ChatwootIn(BaseModel):
    """Settings of the server's own Chatwoot mirror, in its own words."""

    model_config = ConfigDict(extra="forbid", strict=True)

    enabled: bool
    accountId: Annotated[str, StringConstraints(max_length=50)] = ""  # noqa: N815 - as on the wire
    token: Annotated[SecretStr, StringConstraints(max_length=200)] | None = None
    url: Annotated[str, StringConstraints(max_length=300)] = ""
    signMsg: bool = False  # noqa: N815
    reopenConversation: bool = True  # noqa: N815
    conversationPending: bool = False  # noqa: N815

    def ajustes(self) -> dict[str, Any]:
        """Return what the server takes."""
        token = "" if self.token is None else self.token.get_secret_value()
        return self.model_dump() | {"token": token}


@router.get(
    "/hub/whatsapp/instancias",
    response_model=ListaDeInstancias,
    responses=_FORA,
    dependencies=[require(LER)],
)
async def list_instances(ctx: Ctx) -> Any:
    """List the instances that the server has."""
    ligado, door = instancias.door(ctx, CANAL)
    itens = [instancias.view(i) for i in await instancias.ask("", door.instances())]
    page = listing(itens, total=len(itens), proximo=None)
    return json_response(page | {"aviso_de_licenca": ligado.connector.licence_notice})


@router.post(
    "/hub/whatsapp/instancias",
    status_code=201,
    response_model=InstanciaFeita,
    responses=_FORA,
    dependencies=[require(ESCREVER)],
)
async def create(
    request: Request, ctx: Ctx, quem: Quem, corpo: Annotated[InstanciaIn, body(InstanciaIn)]
) -> Any:
    """Make an instance whose events come here, and begin to pair it; `qrcode` has its code."""

    async def work() -> dict[str, Any]:
        ligado, door = instancias.door(ctx, CANAL)
        webhook = instancias.webhook_url(ctx, ligado)
        call = door.create(corpo.nome, numero=corpo.numero, webhook=webhook)
        made = await instancias.ask(corpo.nome, call)
        return {
            "instancia": instancias.view(made.instancia),
            "qrcode": f"/hub/{CANAL}/instancias/{corpo.nome}/qrcode",
            "aviso": instancias.SEM_ENDERECO if webhook is None else None,
        }

    return await _once(request, work, _Feito(ctx, quem, "instancia.criada", corpo.nome), status=201)


@router.get(
    "/hub/whatsapp/instancias/{nome}/qrcode",
    response_model=PareamentoDaInstancia,
    responses=_FORA | {200: {"content": {"image/png": {}, "text/plain": {}}}},
    dependencies=[require(ESCREVER)],
)
async def qrcode(
    request: Request, ctx: Ctx, nome: Nome, numero: Annotated[Numero | None, Query()] = None
) -> Any:
    """Return a fresh code: JSON, a picture (`image/png`) or drawn in text (`text/plain`)."""
    _ligado, door = instancias.door(ctx, CANAL)
    found = await instancias.ask(nome, door.pair(nome, numero=numero))
    kind = _wanted(request.headers.get("accept", ""))
    if kind == "json":
        answer = json_response(instancias.pairing_view(found))
        answer.headers.update(SEM_GUARDAR)
        return answer
    drawn = instancias.picture(found) if kind == "png" else instancias.drawing(found)
    if drawn is None:
        raise NaoEncontrado("Código de", nome)
    return Response(drawn, 200, SEM_GUARDAR, "image/png" if kind == "png" else "text/plain")


@router.get(
    "/hub/whatsapp/instancias/{nome}/estado",
    response_model=InstanciaDoCanal,
    responses=_FORA,
    dependencies=[require(LER)],
)
async def state(ctx: Ctx, nome: Nome) -> Any:
    """Ask the server how an instance is, and put it on record."""
    _ligado, door = instancias.door(ctx, CANAL)
    found = await instancias.ask(nome, door.state(nome))
    await ctx.db.transact(_note, ctx, found)
    return json_response(instancias.view(found))


@router.post(
    "/hub/whatsapp/instancias/{nome}/desconectar",
    response_model=InstanciaDoCanal,
    responses=_FORA,
    dependencies=[require(ESCREVER)],
)
async def logout(request: Request, ctx: Ctx, quem: Quem, nome: Nome) -> Any:
    """Unpair a telephone; its instance stays."""

    async def work() -> dict[str, Any]:
        _ligado, door = instancias.door(ctx, CANAL)
        await instancias.ask(nome, door.logout(nome))
        return instancias.view(await instancias.ask(nome, door.state(nome)))

    return await _once(request, work, _Feito(ctx, quem, "instancia.desconectada", nome))


@router.delete(
    "/hub/whatsapp/instancias/{nome}",
    status_code=204,
    response_model=None,
    responses=_FORA,
    dependencies=[require(ESCREVER)],
)
async def delete(ctx: Ctx, quem: Quem, nome: Nome) -> Any:
    """Remove an instance."""
    _ligado, door = instancias.door(ctx, CANAL)
    await instancias.ask(nome, door.delete(nome))
    await ctx.db.transact(_removed, ctx, quem, nome)
    return Response(status_code=204)


@router.post(
    "/hub/whatsapp/instancias/{nome}/chatwoot",
    response_model=ChatwootDaInstancia,
    responses=_FORA,
    dependencies=[require(ESCREVER)],
)
async def chatwoot(
    request: Request,
    ctx: Ctx,
    quem: Quem,
    nome: Nome,
    corpo: Annotated[ChatwootIn, body(ChatwootIn)],
) -> Any:
    """Have the server mirror an instance to Chatwoot by itself; Ponte then leaves it alone."""

    async def work() -> dict[str, Any]:
        _ligado, door = instancias.door(ctx, CANAL)
        # Known before it begins: a message shown nowhere for a moment is better than twice.
        if corpo.enabled:
            await ctx.db.transact(_left, nome, True)
        stored = await instancias.ask(nome, door.set_chatwoot(nome, corpo.ajustes()))
        if not corpo.enabled:
            await ctx.db.transact(_left, nome, False)
        return {"nome": nome, "enabled": corpo.enabled, "webhook_url": stored.get("webhook_url")}

    return await _once(request, work, _Feito(ctx, quem, "instancia.chatwoot", nome))


class _Feito:
    """A deed to put on record: who did what to which instance."""

    def __init__(self, ctx: Context, quem: Chamador, acao: str, nome: str) -> None:
        self.ctx, self.quem, self.acao, self.nome = ctx, quem, acao, nome

    async def record(self, tx: Tx) -> None:
        await auditoria.record(tx, autor=self.quem.nome, acao=self.acao, alvo=self.nome)


async def _once(
    request: Request,
    work: Callable[[], Awaitable[dict[str, Any]]],
    feito: _Feito,
    *,
    status: int = 200,
) -> Response:
    """Do something outside once for each Idempotency-Key, with no transaction open meanwhile.

    Should the process end between the deed and its record, the same key does it again: the
    server then says what is so already.
    """
    pedido = idempotency_key(request, await request.body())
    before = None if pedido is None else await feito.ctx.db.read(find, pedido)
    if before is not None:
        return respond(before)
    resposta = Resposta(status, orjson.dumps(await work()))

    async def done(tx: Tx) -> None:
        await feito.record(tx)
        if pedido is not None:
            await remember(tx, [(pedido, resposta)])

    await feito.ctx.db.transact(done)
    return respond(resposta)


async def _note(tx: Tx, ctx: Context, found: Any) -> None:
    await instancias.note(ctx, tx, canal=CANAL, instancia=found)


async def _left(tx: Tx, nome: str, alheio: bool) -> None:
    await livro.leave(tx, CANAL, nome, alheio=alheio)


async def _removed(tx: Tx, ctx: Context, quem: Chamador, nome: str) -> None:
    await instancias.forget(ctx, tx, canal=CANAL, nome=nome)
    await livro.leave(tx, CANAL, nome, alheio=False)
    await auditoria.record(tx, autor=quem.nome, acao="instancia.removida", alvo=nome)


def _wanted(accept: str) -> Literal["json", "png", "text"]:
    kinds = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    for kind in kinds:
        if kind == "image/png":
            return "png"
        if kind == "text/plain":
            return "text"
        if kind == "application/json":
            return "json"
    return "json"
