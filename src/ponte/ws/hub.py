"""Hub: every socket of this process, and the one door by which facts come in.

A client is either live, then its salas write to it, or it catches up, then one
task replays the window to it until it is level. Going from the one to the other
takes no await, so no frame falls between them and none comes twice.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any

from ponte.errors import PonteError
from ponte.events import FatoGravado
from ponte.telemetry import Telemetry
from ponte.ws.cliente import Chamador, Cliente, Saida
from ponte.ws.corrente import GERAL, Coluna, Corrente, Historico
from ponte.ws.leitura import Leitura
from ponte.ws.retomada import Retomada, resync_frame
from ponte.ws.salas import Salas

ESPERA_S = 0.2  # chosen: between two tries to read what another process committed
FECHA_REINICIO = 1012
FECHA_LENTO = 1013


class Hub:
    """Who listens, and what is told.

    Args:
        epoca: Base of the épocas, the row `epoca` of table meta.
        historico: The facts as the database keeps them.
        telemetry: Counts sockets, frames and drops.
        limite: Sockets that may be open at once.
    """

    def __init__(
        self, epoca: str, historico: Historico, *, telemetry: Telemetry, limite: int = 10_000
    ) -> None:
        self.privada = Corrente("seq", epoca)
        self.publica = Corrente("seq_publico", epoca)
        self.estoque = Corrente("seq_estoque", epoca)
        self.clientes: set[Cliente] = set()
        self.encerrando = False
        self._telemetry = telemetry
        self._limite = limite
        self._salas = Salas(self.privada, self.publica, self.estoque, telemetry=telemetry)
        self._leitura = Leitura(historico, estoque=self.estoque)
        self._retomada = Retomada(
            self._salas, self._leitura, recover=self._recover, drop=self._drop_slow
        )
        self._ouvintes: list[Callable[[Sequence[FatoGravado]], None]] = []
        self._cheios: list[Cliente] = []
        self._consertos: dict[Coluna, asyncio.Task[None]] = {}

    # ------------------------------------------------------------ facts

    def hear(self, ouvinte: Callable[[Sequence[FatoGravado]], None]) -> None:
        """Call `ouvinte` with every fact that is published, its own process's or another's."""
        self._ouvintes.append(ouvinte)

    def publish(self, fatos: Sequence[FatoGravado]) -> None:
        """Tell facts, after their commit and in order. Holes are mended from the database."""
        for ouvinte in self._ouvintes:
            ouvinte(fatos)
        for fato in fatos:
            if fato.seq is None:
                continue
            self._take(self.privada, fato, fato.seq)
            if fato.seq_publico is not None:
                self._take(self.publica, fato, fato.seq_publico)
            if fato.seq_estoque is not None:
                self._take(self.estoque, fato, fato.seq_estoque)

    def _take(self, corrente: Corrente, fato: FatoGravado, seq: int) -> None:
        if not corrente.ativa:
            corrente.skip(seq)
        elif corrente.ultimo is None or seq == corrente.ultimo + 1:
            self._salas.emit(corrente, corrente.append(fato, seq))
            if self._cheios:
                self._set_aside()
        elif seq > corrente.ultimo:
            self._mend_up_to(corrente, seq)

    def _mend_up_to(self, corrente: Corrente, seq: int) -> None:
        """Read what was not told here; the database has it all, since `seq` was committed."""
        corrente.devido = max(corrente.devido, seq)
        if corrente.coluna not in self._consertos:
            self._consertos[corrente.coluna] = asyncio.ensure_future(self._mend(corrente))

    async def _mend(self, corrente: Corrente) -> None:
        try:
            while (corrente.ultimo or 0) < corrente.devido:
                try:
                    await self._recover(corrente, corrente.devido)
                except PonteError:  # the database is away: nothing is told meanwhile, or lost
                    await asyncio.sleep(ESPERA_S)
        finally:
            del self._consertos[corrente.coluna]

    async def _recover(self, corrente: Corrente, ate: int) -> None:
        if not await self._leitura.recover(corrente, ate, take=self._take):
            self._restart(corrente, ate)

    def _restart(self, corrente: Corrente, seq: int) -> None:
        """Give up on a hole that the database can't fill: every client starts from a snapshot."""
        corrente.reset(seq)
        for cliente in [c for c in self.clientes if c.corrente is corrente and c.ao_vivo]:
            self._salas.leave(cliente)
            self._start(cliente, self._retomada.start_over(cliente, motivo="janela"))

    # ------------------------------------------------------------ sockets

    @property
    def lotado(self) -> bool:
        """Tell whether no further socket may open."""
        return self.encerrando or len(self.clientes) >= self._limite

    def connect(self, saida: Saida, *, estoque: bool = False, tudo: bool = False) -> Cliente:
        """Add a socket; it hears nothing until `listen`, `resume` or `snapshot`.

        Args:
            saida: Where its frames leave.
            estoque: Whether it came for stock alone.
            tudo: Whether it wants every frame; granted once it has a key.
        """
        corrente = self.estoque if estoque else self.publica
        corrente.ativa = True
        cliente = Cliente(saida, corrente, tudo_pedido=tudo)
        saida.on_cheio = lambda: self._full(cliente)
        saida.on_fim = lambda: self.disconnect(cliente)
        self.clientes.add(cliente)
        self._telemetry.sockets.set(len(self.clientes))
        return cliente

    def disconnect(self, cliente: Cliente) -> None:
        """Forget a socket; harmless when it is forgotten already."""
        cliente.fechado = True
        self._salas.leave(cliente)
        self._stop(cliente)
        self.clientes.discard(cliente)
        self._telemetry.sockets.set(len(self.clientes))

    def drop(self, cliente: Cliente, codigo: int, *, motivo: str) -> None:
        """Close a socket and forget it."""
        if cliente.fechado:
            return
        if codigo == FECHA_LENTO:
            cliente.write(resync_frame(cliente.corrente, motivo))
        cliente.saida.close(codigo, motivo)
        self._telemetry.dropped.labels(motivo).inc()
        self.disconnect(cliente)

    def shutdown(self) -> None:
        """Tell what waits and close every socket with 1012: the clients come back."""
        self.encerrando = True
        self._salas.flush()
        for cliente in list(self.clientes):
            cliente.saida.close(FECHA_REINICIO, "reinicio")
            self.disconnect(cliente)
        for conserto in self._consertos.values():
            conserto.cancel()

    def send_to(self, nome: str, frame: bytes) -> int:
        """Write a frame to every socket whose key has this name; return how many there were."""
        deles = self.sockets_of(nome)
        for cliente in deles:
            cliente.write(frame)
        return len(deles)

    def sockets_of(self, nome: str) -> list[Cliente]:
        """Return the sockets whose key has this name."""
        return [c for c in self.clientes if c.chamador is not None and c.chamador.nome == nome]

    # ------------------------------------------------------------ what a client asks

    def listen(self, cliente: Cliente) -> None:
        """Let a client hear what comes from now on."""
        self._salas.join(cliente)

    def snapshot(self, cliente: Cliente) -> None:
        """Send the state as it stands, then what comes."""
        self._salas.leave(cliente)
        self._start(cliente, self._retomada.start_over(cliente, motivo=""))

    def resume(self, cliente: Cliente, epoca: str, *, desde: int | None) -> None:
        """Send every frame after `desde`, or `ressincronizar` and a snapshot, then what comes.

        A época of the private corrente waits until the client names its salas.
        """
        self._salas.leave(cliente)
        if desde is None or epoca not in {cliente.corrente.epoca, self.privada.epoca}:
            self._start(cliente, self._retomada.start_over(cliente, motivo="epoca"))
        elif epoca == cliente.corrente.epoca:
            cliente.pisos = dict.fromkeys(cliente.salas, desde)
            self._start(cliente, self._retomada.follow(cliente))
        elif cliente.corrente is self.publica:
            self._stop(cliente)
            cliente.retomada = desde
        else:
            self._start(cliente, self._retomada.start_over(cliente, motivo="epoca"))

    def authenticate(self, cliente: Cliente, chamador: Chamador) -> None:
        """Remember whose socket this is; who asked for every frame gets them from now on."""
        cliente.chamador = chamador
        if cliente.tudo_pedido and not cliente.tudo:
            ao_vivo = self._salas.aside(cliente)
            cliente.tudo = True
            if ao_vivo:
                self._start(cliente, self._retomada.follow(cliente))

    async def subscribe(self, cliente: Cliente, salas: Iterable[str]) -> None:
        """Add private rooms; the first ones take the client from the public corrente."""
        self.privada.ativa = True
        await self._leitura.fill(self.privada)
        if cliente.fechado:
            return
        if cliente.corrente is not self.privada:
            self._to_private(cliente, salas)
        for nome in salas:
            self._salas.add(cliente, nome)

    def _to_private(self, cliente: Cliente, salas: Iterable[str]) -> None:
        self._salas.settle(cliente)
        self._salas.leave(cliente)
        self._stop(cliente)
        cliente.corrente, cliente.salas, cliente.pisos = self.privada, {GERAL}, {}
        if cliente.retomada is None:
            self._salas.join(cliente)
            return
        cliente.salas.update(salas)
        self.resume(cliente, self.privada.epoca, desde=cliente.retomada)

    def unsubscribe(self, cliente: Cliente, salas: Iterable[str]) -> None:
        """Leave private rooms; those that the client is not in are left out."""
        if cliente.corrente.privada:
            for nome in set(salas) - {GERAL}:
                self._salas.remove(cliente, nome)

    # ------------------------------------------------------------ catching up

    def _full(self, cliente: Cliente) -> None:
        # Called from within a write: the set that is being told must not change under it.
        if not self._cheios:
            asyncio.get_running_loop().call_soon(self._set_aside)
        self._cheios.append(cliente)

    def _set_aside(self) -> None:
        cheios, self._cheios = self._cheios, []
        for cliente in cheios:
            if self._salas.aside(cliente):
                self._start(cliente, self._retomada.follow(cliente))

    def _drop_slow(self, cliente: Cliente, motivo: str) -> None:
        self.drop(cliente, FECHA_LENTO, motivo=motivo)

    def _start(self, cliente: Cliente, tarefa: Coroutine[Any, Any, None]) -> None:
        self._stop(cliente)
        cliente.tarefa = asyncio.ensure_future(tarefa)
        cliente.tarefa.add_done_callback(lambda feita: self._ended(cliente, feita))

    def _stop(self, cliente: Cliente) -> None:
        if cliente.tarefa is not None and cliente.tarefa is not asyncio.current_task():
            cliente.tarefa.cancel()

    def _ended(self, cliente: Cliente, feita: asyncio.Task[None]) -> None:
        if cliente.tarefa is feita:
            cliente.tarefa = None
        erro = None if feita.cancelled() else feita.exception()
        if erro is None:
            return
        # A client whose replay broke must not go on as if it had heard everything.
        self.drop(cliente, FECHA_LENTO, motivo="indisponivel")
        if not isinstance(erro, PonteError):
            asyncio.get_running_loop().call_exception_handler(
                {"message": "A replay to a socket failed", "exception": erro, "task": feita}
            )
