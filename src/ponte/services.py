"""Services: messages, metrics, alerts and live sockets for a script, with no server.

A script opens the data that its settings name, as a running Ponte does, and works on the
same rows: whichever of the two is there delivers. Each service can be opened alone, or
all of them at once:

    async with MessageService() as mensagens: ...
    async with Servicos() as ponte: await ponte.mensagens.send(...)

The one rule: what a method returns is on disk. What has to reach somebody outside is
done by a worker, this script's own while the block lasts, unless `worker=False`.
"""

import asyncio
import contextlib
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Mapping,
    MutableMapping,
    Sequence,
)
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Protocol, Self

from ponte.alertas import service as alertas
from ponte.alertas.consultas import Filtro as FiltroDeAlertas
from ponte.alertas.consultas import list_alerts
from ponte.alertas.handlers import politica
from ponte.alertas.service import Disparo, Politica
from ponte.context import Context
from ponte.domain.alerta import Alerta, Severidade
from ponte.domain.mensagem import Canal, Direcao, Entrega, Mensagem, StatusMensagem, TipoMensagem
from ponte.domain.metrica import Metrica, TipoMetrica
from ponte.domain.usuario import Usuario
from ponte.errors import DadosInvalidos, Problema, SemEscopo
from ponte.listas import MAX_LIMITE, Pagina
from ponte.mensagens import carteiro
from ponte.mensagens import consultas as lista_de_mensagens
from ponte.mensagens import service as mensagens
from ponte.mensagens.consultas import Filtro as FiltroDeMensagens
from ponte.metricas import consultas as lista_de_metricas
from ponte.metricas import service as metricas
from ponte.metricas.service import Filtro as FiltroDeMetricas
from ponte.runtime.build import build
from ponte.runtime.supervisor import Supervisor
from ponte.settings import Settings
from ponte.store.db import Tx
from ponte.ws import SALAS, Cliente, SaidaAsgi

__all__ = [
    "AlertService",
    "Alerta",
    "Canal",
    "Direcao",
    "Entrega",
    "Mensagem",
    "MessageService",
    "Metrica",
    "MetricsService",
    "Servicos",
    "Severidade",
    "StatusMensagem",
    "TipoMensagem",
    "TipoMetrica",
    "Usuario",
    "WebSocketService",
]
SCRIPT = "script"  # who did it, where a script does not say
OLHA_S = 0.05  # chosen: how often `wait` looks
MAX_AMOSTRAS = 20_000


@contextlib.asynccontextmanager
async def _opened(settings: Settings | None, *, worker: bool) -> AsyncIterator[Context]:
    built = await build(settings or Settings())
    supervisor = Supervisor(built, ("worker",) if worker else ())
    try:
        await supervisor.start()
        yield built.ctx
    finally:
        await supervisor.close()


class _Servico:
    """What every service shares: it opens a Ponte for the block, or works in one that is open.

    Args:
        ctx: The inside of an open Ponte; None opens one.
        settings: Settings for it; read from the environment and `.env` by default.
        worker: Whether this script also does the work that waits while the block lasts.
    """

    def __init__(
        self, ctx: Context | None = None, *, settings: Settings | None = None, worker: bool = True
    ) -> None:
        self._given = ctx
        self._how = (settings, worker)
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        if self._given is None:
            settings, worker = self._how
            opened = _opened(settings, worker=worker)
            self._given = await self._stack.enter_async_context(opened)
        await self._begin()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()

    @property
    def _ctx(self) -> Context:
        if self._given is None:
            msg = "use `async with`: the service is not open"
            raise RuntimeError(msg)
        return self._given

    async def _begin(self) -> None:
        """Do what a service needs once it is open."""


class MessageService(_Servico):
    """Messages to people, on any canal whose connector is on."""

    async def send(self, mensagem: Mensagem) -> Mensagem:
        """Store a message and queue it; return it with its id, `processando`.

        Raises:
            CanalDesligado: nothing here sends on its canal.
            DadosInvalidos: the canal can't carry it; `errors` names the field.
        """
        nova = mensagem if mensagem.remetente else replace(mensagem, remetente=SCRIPT)
        janela_s = self._ctx.janela_s(nova.canal, nova.instancia)
        accept = partial(mensagens.accept, canais=self._ctx.channels(), janela_s=janela_s)
        stored: Mensagem = await self._ctx.db.transact(accept, nova)
        return stored

    async def get(self, mensagem_id: str) -> Mensagem:
        """Return a message as it stands.

        Raises:
            NaoEncontrado: no such message.
        """
        found: Mensagem = await self._ctx.db.read(mensagens.get, mensagem_id)
        return found

    async def list(
        self,
        *,
        tipo: TipoMensagem | None = None,
        status: StatusMensagem | None = None,
        canal: Canal | None = None,
        contato: str | None = None,
        skip: int = 0,
        limit: int = 100,
    ) -> list[Mensagem]:
        """Return messages, newest first; up to 500 at once."""
        filtro = FiltroDeMensagens(tipo, status, canal, contato)
        page = _page(skip, limit)
        read = partial(lista_de_mensagens.list_messages, pular=page.pular, limite=page.limite)
        found, _total = await self._ctx.db.read(read, filtro)
        return list(found)

    async def wait(self, mensagem_id: str, *, timeout_s: float = 30) -> Mensagem:
        """Return a message once its canal took it or it was set aside.

        Raises:
            TimeoutError: neither within this time.
        """
        async with asyncio.timeout(timeout_s):
            while True:
                found = await self.get(mensagem_id)
                if found.status in (StatusMensagem.CONCLUIDA, StatusMensagem.ERRO):
                    return found
                await asyncio.sleep(OLHA_S)


class MetricsService(_Servico):
    """Numbers that a script records, and all that were."""

    async def record_metric(self, metrica: Metrica) -> Metrica:
        """Keep one number; return it with its time.

        Raises:
            DadosInvalidos: a field is wrong; `errors` names it.
            MuitasSeries: it would begin one series too many.
        """
        recorded: Metrica = await self._ctx.db.transact(metricas.record, metrica)
        return recorded

    async def get_metrics(
        self,
        nome: str | None = None,
        *,
        tipo: TipoMetrica | None = None,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
    ) -> list[Metrica]:
        """Return recorded samples and Ponte's own numbers of a time, oldest first."""
        filtro = FiltroDeMetricas(nome, tipo, _ms(start_time), _ms(end_time))
        found, _total = await lista_de_metricas.history(self._ctx, filtro, limite=MAX_AMOSTRAS)
        return found


class AlertService(_Servico):
    """What a person should know: recorded always, told at once and not twice."""

    async def create_alert(
        self,
        nome: str,
        titulo: str,
        *,
        texto: str = "",
        severidade: Severidade = Severidade.AVISO,
        labels: Mapping[str, str] | None = None,
        origem: str = SCRIPT,
    ) -> Alerta:
        """Raise an alert; the open one with the same nome, origem and labels counts up instead."""
        if not nome or not titulo:
            raise DadosInvalidos(Problema("titulo" if nome else "nome", "empty"))
        disparo = Disparo(nome, titulo, texto, Severidade(severidade), origem, dict(labels or {}))
        alerta: Alerta = await self._ctx.db.transact(_raise, disparo, politica(self._ctx))
        return alerta

    async def resolve_alert(self, alerta_id: str, *, por: str = SCRIPT) -> Alerta:
        """Close an alert; whoever was told of it is told of its end.

        Raises:
            NaoEncontrado: no such alert.
            ConflitoDeEstado: it was resolved before.
        """
        destinos = tuple(self._ctx.sinks())
        alerta: Alerta = await self._ctx.db.transact(_resolve, alerta_id, por, destinos)
        return alerta

    async def get_alert(self, alerta_id: str) -> Alerta:
        """Return one alert; raises `NaoEncontrado`."""
        alerta: Alerta = await self._ctx.db.read(alertas.get, alerta_id)
        return alerta

    async def get_alerts(
        self,
        *,
        severidade: Severidade | None = None,
        resolvido: bool | None = None,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        limit: int = 100,
    ) -> list[Alerta]:
        """Return alerts, newest first; up to 500 at once."""
        filtro = FiltroDeAlertas(severidade, resolvido, _ms(start_time), _ms(end_time))
        return list(await self._ctx.db.read(_alerts, filtro, _page(0, limit)))


class Soquete(Protocol):
    """What a socket must do to be connected; Starlette's `WebSocket` does."""

    async def send_text(self, data: str) -> None: ...

    async def close(self, code: int = 1000, reason: str | None = None) -> None: ...


@dataclass(slots=True)
class _Aberto:
    cliente: Cliente
    escrita: asyncio.Task[None]


class WebSocketService(_Servico):
    """Live sockets of this process, and what is said to all sockets of every process."""

    _abertos: dict[int, _Aberto]

    async def connect(
        self, soquete: Soquete, usuario: Usuario | None = None, *, salas: Collection[str] = ()
    ) -> None:
        """Let a socket hear what happens: the public facts, or with a usuario these rooms.

        Raises:
            DadosInvalidos: no such room.
            SemEscopo: the usuario may not hear it.
        """
        for sala in salas:
            if sala not in SALAS:
                raise DadosInvalidos(Problema("salas", f"no room {sala}"))
            if usuario is None or not usuario.may(SALAS[sala]):
                raise SemEscopo(SALAS[sala])
        saida = SaidaAsgi(_speaking(soquete))
        cliente = self._ctx.hub.connect(saida)
        escrita = asyncio.create_task(self._write(soquete, saida))
        # Whatever a socket of the caller's raises, it only says that nobody is there.
        escrita.add_done_callback(lambda task: task.cancelled() or task.exception())
        self._abertos[id(soquete)] = _Aberto(cliente, escrita)
        self._ctx.hub.listen(cliente)
        if usuario is not None:
            self._ctx.hub.authenticate(cliente, usuario)
            if salas:
                await self._ctx.hub.subscribe(cliente, salas)
            await carteiro.greet(self._ctx, cliente)

    async def disconnect(self, soquete: Soquete) -> None:
        """Forget a socket; harmless when it is forgotten already."""
        self._forget(id(soquete))

    async def broadcast(self, texto: str, *, sala: str | None = None, de: str = SCRIPT) -> None:
        """Say something to everybody on /ws, or to one private room.

        Raises:
            DadosInvalidos: no words, too many, or no such room.
        """
        await self._ctx.db.transact(partial(mensagens.publish, de=de, sala=sala), texto)

    async def send_personal_message(
        self, texto: str, usuario: Usuario | str, *, de: str = SCRIPT
    ) -> Mensagem:
        """Say something to one user's sockets, in whichever process; kept until one takes it."""
        nome = usuario if isinstance(usuario, str) else usuario.nome
        nova = Mensagem(TipoMensagem.TEXTO, Canal.INTERNO, nome, texto, remetente=de)
        said: Mensagem = await self._ctx.db.transact(mensagens.say, nova)
        return said

    async def _begin(self) -> None:
        self._abertos = {}
        self._stack.callback(self._forget_all)

    def _forget_all(self) -> None:
        for key in tuple(self._abertos):
            self._forget(key)

    def _forget(self, key: int) -> None:
        aberto = self._abertos.pop(key, None)
        if aberto is not None:
            self._ctx.hub.disconnect(aberto.cliente)
            aberto.escrita.cancel()

    async def _write(self, soquete: Soquete, saida: SaidaAsgi) -> None:
        try:
            await saida.run()
        finally:  # closed, or the other side is gone
            saida.gone()
            self._abertos.pop(id(soquete), None)


class Servicos(_Servico):
    """All four over one open Ponte."""

    async def _begin(self) -> None:
        self.mensagens = MessageService(self._ctx)
        self.metricas = MetricsService(self._ctx)
        self.alertas = AlertService(self._ctx)
        self.soquetes = await self._stack.enter_async_context(WebSocketService(self._ctx))


def _ms(quando: datetime | None) -> int | None:
    """Return epoch ms; a time without a zone is refused, since an instant must be certain."""
    if quando is None:
        return None
    if quando.tzinfo is None:
        raise DadosInvalidos(Problema("start_time", "a time with its zone expected"))
    return int(quando.timestamp() * 1000)


def _page(skip: int, limit: int) -> Pagina:
    if skip < 0 or not 1 <= limit <= MAX_LIMITE:
        raise DadosInvalidos(Problema("limit", f"1 to {MAX_LIMITE} expected, skip 0 or more"))
    return Pagina(skip, limit)


def _speaking(soquete: Soquete) -> Callable[[MutableMapping[str, Any]], Awaitable[None]]:
    """Return ASGI's `send` over a socket."""

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "websocket.send":
            await soquete.send_text(message["text"])
        else:
            await soquete.close(message["code"], message.get("reason"))

    return send


async def _raise(tx: Tx, disparo: Disparo, quem_avisar: Politica) -> Alerta:
    return await alertas.get(tx, await alertas.raise_alert(tx, disparo, politica=quem_avisar))


async def _resolve(tx: Tx, alerta_id: str, por: str, destinos: Sequence[str]) -> Alerta:
    await alertas.resolve(tx, alerta_id, por=por, destinos=destinos)
    return await alertas.get(tx, alerta_id)


async def _alerts(tx: Tx, filtro: FiltroDeAlertas, pagina: Pagina) -> list[Alerta]:
    found, _total, _proximo = await list_alerts(tx, filtro, pagina)
    return [await alertas.get(tx, a["id"]) for a in found]
