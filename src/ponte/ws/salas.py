"""Salas: every room of the three correntes, and who is live in them."""

from ponte.telemetry import Telemetry
from ponte.ws.cliente import Cliente
from ponte.ws.corrente import GERAL, PUBLICA, SALAS, Corrente
from ponte.ws.quadros import Quadro
from ponte.ws.sala import Sala


class Salas:
    """A client is in the rooms it named; only while it is live do they write to it."""

    def __init__(self, *correntes: Corrente, telemetry: Telemetry) -> None:
        self._salas = {
            (corrente.coluna, nome): Sala(corrente, nome, telemetry=telemetry)
            for corrente in correntes
            for nome in ((GERAL, *SALAS) if corrente.privada else (PUBLICA,))
        }

    def emit(self, corrente: Corrente, quadro: Quadro) -> None:
        """Tell a fact to the room it belongs to."""
        self._salas[corrente.coluna, quadro.sala].emit(quadro)

    def of(self, cliente: Cliente) -> list[Sala]:
        """Return the rooms of a client."""
        return [self._salas[cliente.corrente.coluna, nome] for nome in cliente.salas]

    def join(self, cliente: Cliente) -> None:
        """Make a client live."""
        for sala in self.of(cliente):
            sala.join(cliente)
        cliente.ao_vivo = True

    def settle(self, cliente: Cliente) -> None:
        """Tell a live client what its rooms still have for it, before it leaves them."""
        if cliente.ao_vivo:
            for sala in self.of(cliente):
                sala.settle(cliente)

    def flush(self) -> None:
        """Tell everybody what waits anywhere, now."""
        for sala in self._salas.values():
            sala.flush()

    def leave(self, cliente: Cliente) -> None:
        """Make a client not live; what its rooms still had to tell it is lost to it."""
        if cliente.ao_vivo:
            cliente.ao_vivo = False
            for sala in self.of(cliente):
                sala.leave(cliente)

    def aside(self, cliente: Cliente) -> bool:
        """Make a client not live, remembering what it has of each room; False when it was not."""
        if not cliente.ao_vivo:
            return False
        cliente.pisos = {sala.nome: sala.nivel(cliente) for sala in self.of(cliente)}
        self.leave(cliente)
        return True

    def add(self, cliente: Cliente, nome: str) -> None:
        """Put a client into one more room, from now on."""
        if nome in cliente.salas:
            return
        cliente.salas.add(nome)
        sala = self._salas[cliente.corrente.coluna, nome]
        if cliente.ao_vivo:
            sala.join(cliente)
        else:
            cliente.pisos[nome] = sala.corrente.ultimo or 0

    def remove(self, cliente: Cliente, nome: str) -> None:
        """Take a client out of one room; harmless when it is not in it."""
        if nome in cliente.salas:
            cliente.salas.discard(nome)
            cliente.pisos.pop(nome, None)
            sala = self._salas[cliente.corrente.coluna, nome]
            sala.settle(cliente)
            sala.leave(cliente)
