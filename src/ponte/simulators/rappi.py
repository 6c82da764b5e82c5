"""Rappi: a local stand-in that sells over Ponte's products and can misbehave on demand.

It posts signed orders (and cancellations, and PING) to `<webhook>/<event>`, serves the
API that Ponte calls back, and takes orders for faults:

    POST /_simulador/comportamento {"modo": "429", "vezes": 2, "onde": "take", "segundos": 1}
    POST /_simulador/pedir {"n": 3}
    POST /_simulador/cancelar {"order_id": "…"}
    GET  /_simulador/estado

Faults of answers: 429, 5xx, html, mute, token; of deliveries: duplicate, delay, reorder,
drop; "normal" forgets all. By hand: `python -m ponte.simulators.rappi --webhook URL
--secret SECRET --rate 0.5`.
"""

import argparse
import asyncio
import contextlib
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ponte.simulators.comportamento import ENTREGAS, Defeito
from ponte.simulators.rappi_api import Estado, PedidoSimulado, build_app
from ponte.simulators.rappi_pedidos import PRODUTOS, Gerador, Produto
from ponte.simulators.servidor import Servidor

ZONA = ZoneInfo("America/Sao_Paulo")
SEGREDO = "ponte-test-secret-rappi"
PING_EVERY_S = 180.0  # Rappi asks each shop every 3 minutes
DELIVERY_TIMEOUT_S = 5.0  # Rappi wants its answer in less than 5 s
CANCEL_SHARE = 0.03  # chosen: about one sale in thirty is taken back
IN_FLIGHT = 50  # chosen: deliveries waiting for an answer at once


class SimuladorRappi:
    """One Rappi with one shop, seen from Ponte.

    Args:
        webhook_url: Where events are posted, without the event's name at its end.
        segredo: Signs the deliveries.
        produtos: What is sold.
        loja: Rappi's id of the shop.
        seed: The same seed invents the same orders.
        now: Epoch seconds.
    """

    def __init__(
        self,
        webhook_url: str = "",
        *,
        segredo: str = SEGREDO,
        produtos: Sequence[Produto] = PRODUTOS,
        loja: str = "900105814",
        seed: int = 1,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.webhook_url = webhook_url.rstrip("/")
        self.loja = loja
        self.estado = Estado("ponte-simulador", "segredo-do-simulador", now=now)
        self.gerador = Gerador(produtos, seed=seed)
        self.entregas: list[tuple[str, int | None]] = []
        self._segredo = segredo
        # Rises with the clock, so that a new demonstration does not repeat yesterday's orders.
        self._next_id = int(now() * 10)
        self._held: list[tuple[str, bytes]] = []
        self._client: httpx2.AsyncClient | None = None
        self._servidor = Servidor(build_app(self.estado, extra=self._steering()))

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Serve the API and return its base URL, good for both families of routes."""
        return await self._servidor.start(host, port)

    def env(self, url: str, *, filial_id: str = "1") -> dict[str, str]:
        """Return the settings that make Ponte take this stand-in, served at `url`, for Rappi."""
        return {
            "PONTE_RAPPI__BASE_URL": url,
            "PONTE_RAPPI__BASE_URL_NEW": url,
            "PONTE_RAPPI__CLIENT_ID": self.estado.client_id,
            "PONTE_RAPPI__CLIENT_SECRET": self.estado.client_secret,
            "PONTE_RAPPI__WEBHOOK_SECRETS": self._segredo,
            "PONTE_RAPPI__STORES": f"{self.loja}={filial_id}",
        }

    async def stop(self) -> None:
        self.estado.acabou.set()
        await self._servidor.stop()
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    # ------------------------------------------------------------ what customers do

    async def pedir(self, n: int = 1) -> list[str]:
        """Buy n baskets and post each as NEW_ORDER; return the order ids."""
        pedidos = [self._invent() for _ in range(n)]
        for pedido in pedidos:
            await self._announce(pedido)
        return [pedido.id for pedido in pedidos]

    async def cancelar(self, order_id: str, *, motivo: str = "cancel_by_user") -> None:
        """Cancel an order and post ORDER_EVENT_CANCEL."""
        pedido = self.estado.pedidos[order_id]
        pedido.estado = "CANCELLED"
        self.estado.happen(pedido, motivo)
        await self.post("order_event_cancel", {
            "event": motivo, "order_id": pedido.id, "store_id": pedido.loja,
        })  # fmt: skip

    async def ping(self, loja: str | None = None) -> int | None:
        """Ask whether a shop is open, the platform's way; return the HTTP status."""
        store_id = loja or self.loja
        return await self.post("ping", {"store_id": int(store_id)})

    async def run(self, rate_per_s: float, *, ping_every_s: float = PING_EVERY_S) -> None:
        """Buy at a mean rate, at random moments, until cancelled."""
        sorte = self.gerador.sorte
        next_ping = self.estado.now()
        running: set[asyncio.Task[None]] = set()
        try:
            while True:
                if self.estado.now() >= next_ping:
                    next_ping = self.estado.now() + ping_every_s
                    await self.ping()
                running = {x for x in running if not x.done()}
                if len(running) < IN_FLIGHT:
                    running.add(asyncio.create_task(self._one_customer()))
                await asyncio.sleep(sorte.expovariate(rate_per_s))
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _one_customer(self) -> None:
        (order_id,) = await self.pedir()
        if self.gerador.sorte.random() < CANCEL_SHARE:
            await self.cancelar(order_id)

    def _invent(self) -> PedidoSimulado:
        self._next_id += 1
        order_id, quando = str(self._next_id), datetime.fromtimestamp(self.estado.now(), ZONA)
        documento = self.gerador.documento(order_id, loja=self.loja, quando=quando)
        pedido = PedidoSimulado(order_id, self.loja, documento)
        self.estado.pedidos[order_id] = pedido
        return pedido

    async def _announce(self, pedido: PedidoSimulado) -> None:
        """Post a new order; it counts as handed out when the other side says 2xx."""
        self.estado.send(pedido)  # before the post: the other side may take it at once
        status = await self.post("new_order", pedido.documento)
        if pedido.estado == "SENT" and (status is None or status >= 300):
            pedido.estado = "READY"

    # ------------------------------------------------------------ deliveries

    async def post(self, evento: str, documento: object) -> int | None:
        """Sign and post one event; return the status, None when it did not arrive."""
        body = json.dumps(documento, ensure_ascii=False).encode()
        defeito = self.estado.comportamento.use(ENTREGAS, evento)
        modo = defeito.modo if defeito else ""
        if modo == "drop":
            return None
        if modo == "reorder":
            self._held.append((evento, body))
            return 200
        if defeito and modo == "delay":
            await asyncio.sleep(defeito.segundos)
        if modo == "duplicate":
            await self._post(evento, body)
        status = await self._post(evento, body)
        held, self._held = self._held, []
        for late in held:
            await self._post(*late)
        return status

    async def _post(self, evento: str, body: bytes) -> int | None:
        status = None
        try:
            resposta = await self._http().post(
                f"{self.webhook_url}/{evento}", content=body, headers=self._signed(body)
            )
            status = resposta.status_code
        except httpx2.TransportError:  # nobody there, or too slow: Rappi goes on selling
            pass
        self.entregas.append((evento, status))
        return status

    def _signed(self, body: bytes) -> dict[str, str]:
        timestamp = str(int(self.estado.now() * 1000))
        digest = hmac.new(self._segredo.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
        return {
            "content-type": "application/json",
            "rappi-signature": f"t={timestamp},sign={digest.hexdigest()}",
        }

    def _http(self) -> httpx2.AsyncClient:
        if self._client is None:
            self._client = httpx2.AsyncClient(trust_env=False, timeout=DELIVERY_TIMEOUT_S)
        return self._client

    # ------------------------------------------------------------ steering

    def _steering(self) -> list[Route]:
        return [
            Route("/_simulador/comportamento", self._misbehave, methods=["POST"]),
            Route("/_simulador/pedir", self._pedir, methods=["POST"]),
            Route("/_simulador/cancelar", self._cancelar, methods=["POST"]),
            Route("/_simulador/estado", self._estado, methods=["GET"]),
        ]

    async def _misbehave(self, request: Request) -> Response:
        corpo: dict[str, Any] = await request.json()
        try:
            self.estado.comportamento.add(Defeito(**corpo))
        except (TypeError, ValueError) as error:
            return JSONResponse({"message": str(error)}, 400)
        return JSONResponse({"defeitos": len(self.estado.comportamento.defeitos)})

    async def _pedir(self, request: Request) -> Response:
        corpo = await request.json() if await request.body() else {}
        return JSONResponse({"order_ids": await self.pedir(int(corpo.get("n", 1)))})

    async def _cancelar(self, request: Request) -> Response:
        order_id = str((await request.json()).get("order_id"))
        if order_id not in self.estado.pedidos:
            return JSONResponse({"message": "Order not found"}, 404)
        await self.cancelar(order_id)
        return JSONResponse({})

    async def _estado(self, _request: Request) -> Response:
        estado = self.estado
        return JSONResponse({
            "pedidos": {x.id: x.estado for x in estado.pedidos.values()},
            "entregas": len(self.entregas),
            "tokens_pedidos": estado.tokens_pedidos,
            "desligados": {loja: sorted(x) for loja, x in estado.desligados.items()},
            "ligados": {loja: sorted(x) for loja, x in estado.ligados.items()},
        })  # fmt: skip


async def serve(args: argparse.Namespace) -> None:
    """Serve and sell until interrupted."""
    simulador = SimuladorRappi(args.webhook, segredo=args.secret, loja=args.store, seed=args.seed)
    url = await simulador.start(args.host, args.port)
    print(f"Simulador Rappi em {url}, vendendo para {args.webhook}")  # noqa: T201 - its terminal
    try:
        await simulador.run(args.rate)
    finally:
        await simulador.stop()


def parser() -> argparse.ArgumentParser:
    """Return what can be chosen by hand."""
    options = argparse.ArgumentParser(prog="ponte.simulators.rappi", description="Rappi stand-in")
    options.add_argument("--webhook", required=True, help="http://…/webhooks/rappi")
    options.add_argument("--secret", default=SEGREDO, help="signs the deliveries")
    options.add_argument("--rate", type=float, default=0.5, help="orders a second")
    options.add_argument("--store", default="900105814", help="Rappi's id of the shop")
    options.add_argument("--seed", type=int, default=1, help="the same one sells the same")
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=9_110)
    return options


def main() -> None:
    """Run the stand-in by hand."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(parser().parse_args()))


if __name__ == "__main__":
    main()
