"""API of the Rappi stand-in: what Ponte calls, on both families of addresses.

It keeps the rules that hurt: an order is handed out once, a transition that its state
forbids is 400, an availability call holds 100 items, a call without a good token 401.
Source: dev-portal.rappi.com, API reference.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from ponte.simulators.comportamento import RESPOSTAS, Comportamento

LEGACY = "/api/v2/restaurants-integrations-public-api"
NEW = "/restaurants/orders/v1"
SENT_FOR_S = 600  # an order stays in the list of sent ones for 10 minutes
TAKE_WITHIN_S = 360  # the guide's limit; Ponte plans for the FAQ's 240
MAX_ITEMS = 100
NEED_ITEMS = {"ITEM_WRONG_PRICE", "ITEM_NOT_FOUND", "ITEM_OUT_OF_STOCK"}
EVENTOS = {"NEW_ORDER", "NEW_ORDER_SCHEDULED", "NEW_ORDER_SCHEDULED_CANCELLED",
           "ORDER_EVENT_CANCEL", "ORDER_OTHER_EVENT", "PING", "STORE_CONNECTIVITY",
           "MENU_APPROVED", "MENU_REJECTED", "ORDER_RT_TRACKING",
           "STORE_PROVISIONING_STATUS"}  # fmt: skip

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(slots=True)
class PedidoSimulado:
    """An order as Rappi holds it."""

    id: str
    loja: str
    documento: dict[str, Any]
    estado: str = "READY"
    enviado_em: float = 0.0
    eventos: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Estado:
    """All that the stand-in remembers; tests read it."""

    client_id: str
    client_secret: str
    now: Callable[[], float] = time.time
    expires_in: int = 604_798
    pedidos: dict[str, PedidoSimulado] = field(default_factory=dict)
    tokens: dict[str, float] = field(default_factory=dict)
    tokens_pedidos: int = 0
    chamadas: list[tuple[str, str]] = field(default_factory=list)
    ligados: dict[str, set[str]] = field(default_factory=dict)
    desligados: dict[str, set[str]] = field(default_factory=dict)
    webhooks: list[dict[str, Any]] = field(default_factory=list)
    comportamento: Comportamento = field(default_factory=Comportamento)
    acabou: asyncio.Event = field(default_factory=asyncio.Event)
    cabecalhos: dict[str, str] = field(default_factory=dict)

    def send(self, pedido: PedidoSimulado) -> None:
        """Mark an order as handed out."""
        pedido.estado, pedido.enviado_em = "SENT", self.now()

    def happen(self, pedido: PedidoSimulado, evento: str) -> None:
        """Write one line of an order's history."""
        quando = datetime.fromtimestamp(self.now(), UTC).isoformat(timespec="milliseconds")
        pedido.eventos.append({
            "event": evento,
            "event_time": quando.replace("+00:00", "Z"),
            "additional_information": {},
        })  # fmt: skip


def build_app(estado: Estado, *, extra: list[Route]) -> Starlette:
    """Return the app; `extra` are the routes that steer the stand-in itself."""
    api = _Api(estado)
    order = f"{LEGACY}/orders/{{id}}"
    new = f"{NEW}/stores/{{loja}}/orders/{{id}}"
    table: list[tuple[str, str, str, Handler]] = [
        ("orders_sent", "GET", f"{LEGACY}/orders/status/sent", api.orders_sent),
        ("orders_sent", "GET", f"{NEW}/orders/status/sent", api.orders_sent),
        ("orders", "GET", f"{LEGACY}/orders", api.orders),
        ("orders", "GET", f"{NEW}/orders", api.orders),
        ("orders", "GET", f"{NEW}/stores/{{loja}}/orders", api.orders),
        ("take", "PUT", f"{order}/take", api.take),
        ("take", "PUT", f"{order}/take/{{minutos:int}}", api.take),
        ("take", "PUT", f"{new}/take", api.take),
        ("take", "PUT", f"{new}/cooking_time/{{minutos:int}}/take", api.take),
        ("reject", "PUT", f"{order}/reject", api.reject),
        ("reject", "PUT", f"{new}/cancel_type/{{tipo}}/reject", api.reject),
        ("ready", "POST", f"{order}/ready-for-pickup", api.ready),
        ("ready", "POST", f"{new}/ready-for-pickup", api.ready),
        ("events", "GET", f"{order}/events", api.events),
        ("availability", "PUT", f"{LEGACY}/availability/stores/items", api.availability),
        ("webhook", "POST", f"{LEGACY}/webhook", api.register),
        ("client_webhooks", "POST", f"{LEGACY}/clients/{{client}}/webhooks", api.register_client),
        ("stores_pa", "GET", f"{LEGACY}/stores-pa", api.stores),
    ]
    routes = [
        Route(path, api.guarded(name, handler), methods=[method])
        for name, method, path, handler in table
    ]
    token = Route(
        "/restaurants/auth/v1/token/login/integrations",
        api.faulty("token", api.token),
        methods=["POST"],
    )
    return Starlette(routes=[token, *routes, *extra])


class _Api:
    def __init__(self, estado: Estado) -> None:
        self._estado = estado

    # ------------------------------------------------------------ guards

    def guarded(self, nome: str, handler: Handler) -> Handler:
        """Ask for a good token before the handler, after the faults."""

        async def answer(request: Request) -> Response:
            given = request.headers.get("x-authorization", "").replace(":", " ").split()
            if len(given) != 2 or given[0].lower() != "bearer" or not self._is_good(given[1]):
                return _message(401, "Invalid token")
            return await handler(request)

        return self.faulty(nome, answer)

    def faulty(self, nome: str, handler: Handler) -> Handler:
        """Let the ordered faults hit this endpoint before anything else happens."""

        async def answer(request: Request) -> Response:
            self._estado.chamadas.append((nome, request.url.path))
            defeito = self._estado.comportamento.use(RESPOSTAS, nome)
            modo = defeito.modo if defeito else ""
            if defeito and modo == "429":
                return _message(429, "Too many requests", espera_s=defeito.segundos)
            if modo == "5xx":
                return _message(503, "upstream unavailable")
            if modo == "html":
                return HTMLResponse("<!DOCTYPE html><html><body>Bad gateway</body></html>")
            if modo == "mute":
                await self._estado.acabou.wait()
            if modo == "token":
                self._estado.tokens.clear()
            resposta = await handler(request)
            resposta.headers.update(self._estado.cabecalhos)
            return resposta

        return answer

    def _is_good(self, token: str) -> bool:
        return self._estado.tokens.get(token, 0.0) > self._estado.now()

    async def token(self, request: Request) -> Response:
        corpo = await _object(request)
        if corpo.get("client_id") != self._estado.client_id:
            client = corpo.get("client_id")
            return _message(404, f"Not found appClient of client id {client}")
        if corpo.get("client_secret") != self._estado.client_secret:
            return _message(401, "Invalid credentials")
        self._estado.tokens_pedidos += 1
        token, expires_in = secrets.token_hex(16), self._estado.expires_in
        self._estado.tokens[token] = self._estado.now() + expires_in
        resposta = {"access_token": token, "token_type": "Bearer", "expires_in": expires_in}
        return JSONResponse(resposta)

    # ------------------------------------------------------------ orders

    async def orders(self, request: Request) -> Response:
        loja = request.path_params.get("loja") or request.query_params.get("storeId")
        prontos = [
            x
            for x in self._estado.pedidos.values()
            if x.estado == "READY" and loja in {None, x.loja}
        ]
        for pedido in prontos:
            self._estado.send(pedido)
        return JSONResponse([x.documento for x in prontos])

    async def orders_sent(self, _request: Request) -> Response:
        since = self._estado.now() - SENT_FOR_S
        enviados = [
            x.documento
            for x in self._estado.pedidos.values()
            if x.estado == "SENT" and x.enviado_em >= since
        ]
        return JSONResponse(enviados)

    async def take(self, request: Request) -> Response:
        late = self._estado.now() - TAKE_WITHIN_S
        pedido = self._pedido(request)
        if pedido and pedido.estado == "SENT" and pedido.enviado_em < late:
            pedido.estado = "TIMEOUT"
        return self._move(pedido, {"SENT"}, para="TAKEN", evento="taken_visible_order")

    async def reject(self, request: Request) -> Response:
        corpo = await _object(request)
        tipo = request.path_params.get("tipo") or corpo.get("cancel_type")
        skus = corpo.get("items_skus") or corpo.get("items_ids")
        if not tipo or ("tipo" not in request.path_params and tipo in NEED_ITEMS and not skus):
            return _message(400, f"Invalid rejection {tipo}")
        moved = self._move(
            self._pedido(request), {"SENT"}, para="REJECTED", evento="canceled_store_closed"
        )
        if "tipo" in request.path_params and moved.status_code == 200:
            moved.status_code = 202
        return moved

    async def ready(self, request: Request) -> Response:
        estados = {"TAKEN", "READY_FOR_PICKUP"}
        return self._move(
            self._pedido(request), estados, para="READY_FOR_PICKUP", evento="ready_for_pick_up"
        )

    async def events(self, request: Request) -> Response:
        pedido = self._pedido(request)
        return JSONResponse(pedido.eventos) if pedido else _message(404, "Order not found")

    def _pedido(self, request: Request) -> PedidoSimulado | None:
        return self._estado.pedidos.get(request.path_params["id"])

    def _move(
        self, pedido: PedidoSimulado | None, de: set[str], *, para: str, evento: str
    ) -> Response:
        if pedido is None:
            return _message(404, "Order not found")
        if pedido.estado not in de:
            return _message(400, f"Invalid transition from {pedido.estado} to {para}")
        pedido.estado = para
        self._estado.happen(pedido, evento)
        return JSONResponse({})

    # ------------------------------------------------------------ shops

    async def availability(self, request: Request) -> Response:
        corpo = await request.json()
        lojas = corpo if isinstance(corpo, list) else []
        total = sum(len(x["items"].get(k, [])) for x in lojas for k in ("turn_on", "turn_off"))
        if not 0 < total <= MAX_ITEMS:
            return _message(400, f"{total} items in one call")
        for entry in lojas:
            loja = str(entry["store_integration_id"])
            on, off = (
                set(entry["items"].get("turn_on", [])),
                set(entry["items"].get("turn_off", [])),
            )
            ligados = self._estado.ligados.setdefault(loja, set())
            desligados = self._estado.desligados.setdefault(loja, set())
            self._estado.ligados[loja] = (ligados | on) - off
            self._estado.desligados[loja] = (desligados | off) - on
        return JSONResponse({})

    async def stores(self, _request: Request) -> Response:
        lojas = sorted({x.loja for x in self._estado.pedidos.values()})
        return JSONResponse(
            [{"integrationId": x, "rappiId": x, "name": "Mercado Exemplo"} for x in lojas]
        )

    async def register(self, request: Request) -> Response:
        corpo = await _object(request)
        if corpo.get("event") not in EVENTOS:
            return _message(406, "Unknown event")
        lojas = [
            {"url": x["url"], "store_id": loja, "state": "ENABLE"}
            for x in corpo.get("data", [])
            for loja in x.get("stores", [])
        ]
        self._estado.webhooks.append(corpo)
        resposta = {"event": corpo["event"], "stores": lojas, "secret": secrets.token_hex(16)}
        return JSONResponse(resposta)

    async def register_client(self, request: Request) -> Response:
        corpo = await _object(request)
        if corpo.get("event") not in EVENTOS:
            return _message(406, "Unknown event")
        self._estado.webhooks.append(corpo)
        return JSONResponse({"event": corpo["event"], "url": corpo.get("url")})


async def _object(request: Request) -> dict[str, Any]:
    if not await request.body():
        return {}
    corpo = await request.json()
    return corpo if isinstance(corpo, dict) else {}


def _message(status: int, texto: str, *, espera_s: float | None = None) -> Response:
    headers = {} if espera_s is None else {"Retry-After": f"{espera_s:.0f}"}
    return JSONResponse({"message": texto}, status, headers=headers)
