"""Conversa: one open socket, from its first frame to its close code.

It only ever waits for its own client or its own question. A key is asked for
again while the socket is open, so that a revoked one closes it in time.
"""

import asyncio
from functools import partial
from typing import Any

from starlette.websockets import WebSocket

from ponte.acesso.portaria import presented
from ponte.aovivo.acoes import (
    ACAO,
    Acao,
    Assinar,
    Autenticar,
    CancelarAssinatura,
    Consultar,
    Enviar,
    Publicar,
    Retomar,
)
from ponte.corpo import read_json
from ponte.deps import address, context, headers, portaria
from ponte.domain.mensagem import Canal, Mensagem, TipoMensagem
from ponte.errors import (
    ArmazenamentoIndisponivel,
    DadosInvalidos,
    JsonInvalido,
    MuitasRequisicoes,
    NaoAutenticado,
    PonteError,
    Problema,
    SemEscopo,
)
from ponte.estoque import service as estoque
from ponte.mensagens import carteiro
from ponte.mensagens import service as mensagens
from ponte.resilience.limiter import TokenBucketRateLimiter
from ponte.ws import SALAS, Chamador, Cliente
from ponte.ws.quadros import json_frame

PUBLICAR = "ws:publicar"
CONFERE_S = 2.0  # chosen: with the age of what the keys know, a revoked key is out within 5 s
MALFORMADAS = 10  # frames that can't be read before the socket is closed
RITMO, RAJADA = 100.0, 200  # chosen: frames a second from one client; faster ones wait
MAX_DIGITOS = 18  # of a seq; more does not fit 64 bits

FECHA_POLITICA = 1008
FECHA_SEM_CHAVE = 4401
FECHA_SEM_ESCOPO = 4403


class Conversa:
    """What one client says, and what it is told in return."""

    def __init__(self, websocket: WebSocket, cliente: Cliente, *, so_estoque: bool) -> None:
        self._ws = websocket
        self._cliente = cliente
        self._so_estoque = so_estoque
        self._ctx = context(websocket)
        self._portaria = portaria(websocket)
        self._endereco = address(websocket.scope)
        self._chave: str | None = None
        self._conferida = 0.0
        self._malformadas = 0
        self._ritmo = TokenBucketRateLimiter(RITMO, RAJADA)

    async def run(self) -> None:
        """Converse until the socket is closed."""
        chave = presented(headers(self._ws.scope))
        if chave is not None:
            await self._guarded(None, self._authenticate(chave))
        if not self._cliente.fechado:
            self._begin()
        while not self._cliente.fechado:
            texto = await self._next()
            if texto is not None:
                await self._answer(texto)

    def _begin(self) -> None:
        hub, query = self._ctx.hub, self._ws.query_params
        if "epoca" in query or "desde" in query:
            desde = query.get("desde", "")
            valido = desde.isascii() and desde.isdigit() and len(desde) <= MAX_DIGITOS
            hub.resume(self._cliente, query.get("epoca", ""), desde=int(desde) if valido else None)
        elif self._so_estoque:
            hub.snapshot(self._cliente)
        else:
            hub.listen(self._cliente)

    async def _next(self) -> str | None:
        """Return what the client said, None when it was nothing or the socket is closed."""
        try:
            async with asyncio.timeout(None if self._chave is None else CONFERE_S):
                mensagem = await self._ws.receive()
        except TimeoutError:
            await self._check_key()
            return None
        if mensagem["type"] == "websocket.disconnect":
            self._cliente.fechado = True
            return None
        if not self._ritmo.try_acquire():
            self._ctx.telemetry.limited.labels("ws").inc()
            await self._ritmo.acquire()
        await self._check_key()
        return str(mensagem.get("text") or "")

    async def _answer(self, texto: str) -> None:
        try:
            acao = read_json(texto.encode("utf-8", "surrogatepass"), ACAO)
        except (JsonInvalido, DadosInvalidos) as erro:
            self._malformadas += 1
            self._refuse(None, erro)
            if self._malformadas >= MALFORMADAS:
                self._close(FECHA_POLITICA, "quadros_invalidos")
            return
        await self._guarded(acao.ref, self._do(acao))

    async def _guarded(self, ref: str | None, resposta: Any) -> None:
        try:
            await resposta
        except (NaoAutenticado, MuitasRequisicoes) as erro:
            self._refuse(ref, erro)
            self._close(FECHA_SEM_CHAVE, "sem_chave")
        except SemEscopo as erro:
            self._refuse(ref, erro)
            self._close(FECHA_SEM_ESCOPO, "sem_escopo")
        except PonteError as erro:
            self._refuse(ref, erro)

    # ------------------------------------------------------------ actions

    async def _do(self, acao: Acao) -> None:
        hub, cliente = self._ctx.hub, self._cliente
        match acao:
            case Consultar():
                await self._consult(acao)
            case Autenticar():
                await self._authenticate(acao.chave)
                self._reply(acao.ref, {"nome": self._chamador().nome})
            case Retomar():
                hub.resume(cliente, acao.epoca, desde=acao.desde)
            case _ if self._so_estoque and acao.acao != "ping":
                raise DadosInvalidos(Problema("acao", f"{acao.acao} is for /ws"))
            case Assinar():
                await self._subscribe(acao)
            case CancelarAssinatura():
                hub.unsubscribe(cliente, acao.salas)
                self._reply(acao.ref, self._position())
            case Publicar():
                await self._publish(acao)
            case Enviar():
                await self._send(acao)
            case _:
                self._write({"tipo": "pong", "ref": acao.ref})

    async def _consult(self, acao: Consultar) -> None:
        item = await self._ctx.db.read(estoque.get_item, acao.produto_id, acao.filial_id)
        self._write({"tipo": "resposta", "ref": acao.ref, "dados": item})

    async def _authenticate(self, chave: str) -> None:
        chamador = await self._portaria.identify(chave, endereco=self._endereco)
        self._chave, self._conferida = chave, asyncio.get_running_loop().time()
        if not self._cliente.fechado:
            self._ctx.hub.authenticate(self._cliente, chamador)
            await carteiro.greet(self._ctx, self._cliente)

    async def _subscribe(self, acao: Assinar) -> None:
        chamador = self._chamador()
        for nome in acao.salas:
            _need(chamador, SALAS[nome])
        await self._ctx.hub.subscribe(self._cliente, acao.salas)
        self._reply(acao.ref, self._position())

    async def _publish(self, acao: Publicar) -> None:
        chamador = self._chamador()
        _need(chamador, PUBLICAR)
        if acao.sala is not None:
            _need(chamador, SALAS[acao.sala])
        publish = partial(mensagens.publish, de=chamador.nome, sala=acao.sala)
        await self._ctx.db.transact(publish, acao.texto)
        self._reply(acao.ref, {})

    async def _send(self, acao: Enviar) -> None:
        chamador = self._chamador()
        _need(chamador, PUBLICAR)
        nova = Mensagem(
            TipoMensagem.TEXTO, Canal.INTERNO, acao.para, acao.texto, remetente=chamador.nome
        )
        mensagem = await self._ctx.db.transact(mensagens.say, nova)
        # Those of other processes get it too; who is nowhere, at the next login.
        entregues = len(self._ctx.hub.sockets_of(acao.para))
        dados = {"id": mensagem.id, "entregues": entregues}
        self._write({"tipo": "resposta", "ref": acao.ref, "dados": dados})

    def _position(self) -> dict[str, Any]:
        """Return where this client stands, for a resume before its first frame."""
        corrente = self._cliente.corrente
        salas = [nome for nome in SALAS if nome in self._cliente.salas]
        return {"salas": salas, "epoca": corrente.epoca, "seq": corrente.ultimo}

    def _chamador(self) -> Chamador:
        if self._cliente.chamador is None:
            raise NaoAutenticado("A key is needed")
        return self._cliente.chamador

    async def _check_key(self) -> None:
        agora = asyncio.get_running_loop().time()
        if self._chave is None or agora - self._conferida < CONFERE_S:
            return
        try:
            valida = await self._portaria.chaves.find(self._chave)
        except ArmazenamentoIndisponivel:
            return  # nobody can have revoked it meanwhile; the next look tells
        self._conferida = agora
        if valida is None:
            self._close(FECHA_SEM_CHAVE, "revogada")

    # ------------------------------------------------------------ answers

    def _reply(self, ref: str | None, dados: dict[str, Any]) -> None:
        """Answer who gave a `ref`; others asked for no answer and get none."""
        if ref is not None:
            self._write({"tipo": "resposta", "ref": ref, "dados": dados})

    def _refuse(self, ref: str | None, erro: PonteError) -> None:
        problemas = [{"campo": p.campo, "mensagem": p.mensagem} for p in erro.errors]
        dados = {"code": erro.code, "detail": str(erro), "errors": problemas}
        self._write({"tipo": "erro", "ref": ref, "dados": dados})

    def _write(self, documento: dict[str, Any]) -> None:
        if not self._cliente.fechado:
            self._cliente.write(json_frame(documento))

    def _close(self, codigo: int, motivo: str) -> None:
        self._ctx.hub.drop(self._cliente, codigo, motivo=motivo)


def _need(chamador: Chamador, escopo: str) -> None:
    if not chamador.may(escopo):
        raise SemEscopo(escopo)
