"""The watch: which accepted orders were seen as done on a WebSocket, and when.

Latency counts from the moment the order was meant to be sent, so it holds the whole way:
HTTP, commit, queue, worker, commit again, relay, frame.
"""

from bench import ponte
from bench.http_load import HttpPool
from bench.orders import ID_LENGTH, order_id
from bench.reactor import Reactor
from bench.ws_load import WsReader

ACCEPTED = 202
DONE = b'"pedido.concluido"'
PEDIDO = b'"pedido_id":"'
SUBSCRIBE = b'{"acao":"assinar","salas":["pedidos"]}'
# How long a system may take to finish what it accepted, before it counts as lost.
DRAIN_S = 20.0


class Watch:
    """One socket with the key, asking for every fact of the room `pedidos`."""

    def __init__(self, reactor: Reactor, shop: ponte.Installation) -> None:
        self.sent: dict[bytes, float] = {}
        self.done: dict[bytes, float] = {}
        self.facts = 0
        self.resync = 0
        self._reactor = reactor
        self._socket = WsReader(
            reactor,
            shop.address,
            path="/ws?tudo=1",
            on_frame=self._on_frame,
            headers={"Authorization": f"Bearer {ponte.ADMIN_KEY}"},
        )
        self._socket.send(SUBSCRIBE)

    def _on_frame(self, payload: bytes, now: float) -> None:
        self.facts += 1
        if DONE in payload:
            at = payload.find(PEDIDO) + len(PEDIDO)
            self.done.setdefault(payload[at : at + ID_LENGTH], now)
        elif b'"ressincronizar"' in payload:
            self.resync += 1

    def follow(self, pool: HttpPool) -> None:
        """Note every order that `pool` gets a 202 for."""
        pool.listen(self._on_answer)

    def _on_answer(self, _tag: int, status: int, body: bytes, intended: float, _now: float) -> None:
        if status == ACCEPTED:
            self.sent[order_id(body)] = intended

    def drain(self) -> bool:
        """Wait until all that was accepted is done; False when something never was."""
        self._reactor.run(DRAIN_S, until=lambda: len(self.done) >= len(self.sent))
        return self.sent.keys() <= self.done.keys()

    def latencies(self) -> list[float]:
        """Return the seconds from intended send to frame, in the order of sending."""
        by_time = sorted(self.sent.items(), key=lambda item: item[1])
        return [self.done[name] - sent for name, sent in by_time if name in self.done]

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
