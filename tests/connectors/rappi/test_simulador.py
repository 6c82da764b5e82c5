"""Simulador: the stand-in sells like Rappi, signs like Rappi, and fails on demand."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ponte.connectors.rappi.parse import parse, read
from ponte.connectors.rappi.verify import verify
from ponte.domain.origem import PedidoNeutro
from ponte.domain.valores import is_cpf, parse_telefone
from ponte.simulators.comportamento import Defeito
from ponte.simulators.rappi import SEGREDO, SimuladorRappi, parser, serve
from ponte.simulators.rappi_pedidos import PRODUTOS, Gerador
from ponte.simulators.servidor import Servidor
from tests.connectors.rappi.conftest import Mesa

AGORA = datetime(2026, 9, 18, 10, 19, 9)  # noqa: DTZ001 - the time of the shop


@dataclass
class Receptor:
    """Whoever listens at the webhook's address."""

    status: int = 200
    bastam: int = 10
    chegaram: asyncio.Event = field(default_factory=asyncio.Event)
    recebidos: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    async def receive(self, request: Request) -> Response:
        evento = request.path_params["evento"]
        self.recebidos.append((evento, dict(request.headers), await request.body()))
        if self.eventos.count("new_order") == self.bastam:
            self.chegaram.set()
        return JSONResponse({}, self.status)

    @property
    def eventos(self) -> list[str]:
        return [evento for evento, _, _ in self.recebidos]


@pytest.fixture
async def receptor(simulador: SimuladorRappi) -> AsyncIterator[Receptor]:
    receptor = Receptor()
    route = Route("/webhooks/rappi/{evento}", receptor.receive, methods=["POST"])
    servidor = Servidor(Starlette(routes=[route]))
    simulador.webhook_url = await servidor.start("127.0.0.1", 0) + "/webhooks/rappi"
    yield receptor
    await servidor.stop()


def misbehave(simulador: SimuladorRappi, modo: str, **fields: Any) -> None:
    simulador.estado.comportamento.add(Defeito(modo, **fields))


# ---------------------------------------------------------------- the basket


@pytest.mark.parametrize("seed", range(40))
def test_an_invented_order_reads_without_a_warning(seed: int) -> None:
    documento = Gerador(seed=seed).documento("1", loja="9", quando=AGORA)

    (pedido,) = read("new_order", json.dumps(documento))

    assert isinstance(pedido, PedidoNeutro)
    assert pedido.avisos == ()
    assert pedido.itens
    assert {x.sku for x in pedido.itens} <= {x.sku for x in PRODUTOS}
    assert pedido.totais.pedido == pedido.totais.bruto_itens
    assert pedido.loja.plataforma_id == "9"


def test_the_customers_are_believable_and_nobody() -> None:
    gerador = Gerador(seed=3)
    documentos = [gerador.documento(str(i), loja="9", quando=AGORA) for i in range(60)]

    clientes = [x["customer"] for x in documentos if x["customer"]]

    assert 0 < len(clientes) < len(documentos)
    assert all(is_cpf(x["document_number"]) for x in clientes)
    assert all(parse_telefone(x["phone_number"]) == x["phone_number"] for x in clientes)
    assert all(x["email"].endswith("@example.com") for x in clientes)


def test_the_same_seed_invents_the_same_order() -> None:
    one, two = (Gerador(seed=7).documento("1", loja="9", quando=AGORA) for _ in range(2))

    assert one == two


# ---------------------------------------------------------------- deliveries


async def test_an_order_is_posted_signed_to_the_address_of_its_event(
    simulador: SimuladorRappi, receptor: Receptor
) -> None:
    (order_id,) = await simulador.pedir()

    ((evento, headers, body),) = receptor.recebidos
    assert evento == "new_order"
    assert verify(headers, body, [SEGREDO])
    assert parse(evento, json.loads(body))[0].pedido_externo == order_id
    assert simulador.estado.pedidos[order_id].estado == "SENT"


async def test_an_order_that_nobody_took_in_waits_for_a_pull(
    simulador: SimuladorRappi, receptor: Receptor
) -> None:
    receptor.status = 503

    (order_id,) = await simulador.pedir()

    assert simulador.estado.pedidos[order_id].estado == "READY"


async def test_nobody_listening_does_not_stop_the_sales(simulador: SimuladorRappi) -> None:
    simulador.webhook_url = "http://127.0.0.1:9/webhooks/rappi"

    ids = await simulador.pedir(2)

    assert [simulador.estado.pedidos[x].estado for x in ids] == ["READY", "READY"]
    assert simulador.entregas == [("new_order", None), ("new_order", None)]


async def test_a_cancellation_and_a_ping_are_events_of_their_own(
    simulador: SimuladorRappi, receptor: Receptor
) -> None:
    (order_id,) = await simulador.pedir()

    await simulador.cancelar(order_id)
    await simulador.ping()

    assert receptor.eventos == ["new_order", "order_event_cancel", "ping"]
    assert json.loads(receptor.recebidos[1][2])["order_id"] == order_id
    assert json.loads(receptor.recebidos[2][2]) == {"store_id": 900105814}


async def test_a_duplicate_is_the_same_bytes_twice(
    simulador: SimuladorRappi, receptor: Receptor
) -> None:
    misbehave(simulador, "duplicate")

    await simulador.pedir()

    (_, _, one), (_, _, two) = receptor.recebidos
    assert one == two


async def test_reordered_events_come_the_wrong_way_round(
    simulador: SimuladorRappi, receptor: Receptor
) -> None:
    misbehave(simulador, "reorder", onde="new_order")

    (order_id,) = await simulador.pedir()
    await simulador.cancelar(order_id)

    assert receptor.eventos == ["order_event_cancel", "new_order"]


async def test_a_dropped_order_is_there_for_a_pull(
    simulador: SimuladorRappi, receptor: Receptor
) -> None:
    misbehave(simulador, "drop")

    (order_id,) = await simulador.pedir()

    assert receptor.recebidos == []
    assert simulador.estado.pedidos[order_id].estado == "READY"


async def test_it_sells_at_a_rate_until_it_is_stopped(
    simulador: SimuladorRappi, receptor: Receptor
) -> None:
    selling = asyncio.create_task(simulador.run(200))

    await asyncio.wait_for(receptor.chegaram.wait(), 10)
    selling.cancel()

    with pytest.raises(asyncio.CancelledError):
        await selling
    assert receptor.eventos[0] == "ping"


# ---------------------------------------------------------------- rules of the platform


async def test_an_order_is_handed_out_once_and_listed_for_ten_minutes() -> None:
    agora = [1_790_000_000.0]
    simulador = SimuladorRappi(now=lambda: agora[0])
    order_id = simulador._invent().id
    async with client_of(simulador) as client:
        first, second = await get(client, "orders"), await get(client, "orders")
        listed = await get(client, "orders/status/sent")
        agora[0] += 601
        later = await get(client, "orders/status/sent")
    await simulador.stop()

    assert [x["order_detail"]["order_id"] for x in first] == [order_id]
    assert second == []
    assert listed == first
    assert later == []


def client_of(simulador: SimuladorRappi) -> httpx2.AsyncClient:
    simulador.estado.tokens["t"] = 4e9
    transport = httpx2.ASGITransport(app=simulador._servidor._app)
    headers = {"x-authorization": "Bearer t"}
    return httpx2.AsyncClient(transport=transport, base_url="http://r.test", headers=headers)


PREFIX = "/api/v2/restaurants-integrations-public-api"


async def get(client: httpx2.AsyncClient, path: str) -> Any:
    return (await client.get(f"{PREFIX}/{path}")).json()


async def test_a_forbidden_transition_is_400_and_a_late_take_too(
    simulador: SimuladorRappi,
) -> None:
    taken, late = simulador._invent(), simulador._invent()
    simulador.estado.send(taken)
    late.estado, late.enviado_em = "SENT", 0.0
    take = f"{PREFIX}/orders/{{}}/take/20"

    async with client_of(simulador) as client:
        statuses = [
            (await client.put(take.format(x))).status_code for x in (taken.id, taken.id, late.id, 0)
        ]

    assert statuses == [200, 400, 400, 404]
    assert late.estado == "TIMEOUT"


async def test_a_rejection_of_items_must_name_them(simulador: SimuladorRappi) -> None:
    pedido = simulador._invent()
    simulador.estado.send(pedido)
    url, corpo = f"{PREFIX}/orders/{pedido.id}/reject", {"cancel_type": "ITEM_NOT_FOUND"}

    async with client_of(simulador) as client:
        without = await client.put(url, json=corpo)
        named = await client.put(url, json={**corpo, "items_skus": ["A"]})

    assert (without.status_code, named.status_code) == (400, 200)
    assert pedido.estado == "REJECTED"


async def test_an_availability_call_over_a_hundred_items_is_refused(
    simulador: SimuladorRappi,
) -> None:
    entry = {"store_integration_id": "9", "items": {"turn_off": [str(i) for i in range(101)]}}

    async with client_of(simulador) as client:
        answer = await client.put(f"{PREFIX}/availability/stores/items", json=[entry])

    assert answer.status_code == 400


async def test_a_webhook_is_registered_and_an_unknown_event_is_406(
    simulador: SimuladorRappi,
) -> None:
    corpo = {"event": "PING", "data": [{"url": "https://x.test", "stores": ["9"]}]}

    async with client_of(simulador) as client:
        good = await client.post(f"{PREFIX}/webhook", json=corpo)
        bad = await client.post(f"{PREFIX}/webhook", json={**corpo, "event": "NOPE"})

    assert good.json()["stores"][0]["state"] == "ENABLE"
    assert good.json()["secret"]
    assert bad.status_code == 406


async def test_it_runs_by_hand_until_it_is_interrupted(
    receptor: Receptor, simulador: SimuladorRappi, capsys: pytest.CaptureFixture[str]
) -> None:
    receptor.bastam = 2
    args = parser().parse_args(
        ["--webhook", simulador.webhook_url, "--rate", "100", "--port", "0", "--store", "77"]
    )

    by_hand = asyncio.create_task(serve(args))
    await asyncio.wait_for(receptor.chegaram.wait(), 10)
    by_hand.cancel()

    with pytest.raises(asyncio.CancelledError):
        await by_hand
    assert "Simulador Rappi em http://127.0.0.1:" in capsys.readouterr().out
    assert json.loads(receptor.recebidos[0][2]) == {"store_id": 77}


async def test_its_settings_make_a_source_call_it(
    simulador: SimuladorRappi, mesa: Mesa, receptor: Receptor
) -> None:
    env = simulador.env(mesa.url)
    (order_id,) = await simulador.pedir()
    given = {key.removeprefix("PONTE_RAPPI__").lower(): value for key, value in env.items()}

    await mesa.source(**given).take(order_id, loja=simulador.loja)

    assert simulador.estado.pedidos[order_id].estado == "TAKEN"
    assert mesa.source(**given).lojas() == {simulador.loja: "1"}
    assert verify(*receptor.recebidos[0][1:], [given["webhook_secrets"]])


async def test_it_is_steered_over_http(simulador: SimuladorRappi, receptor: Receptor) -> None:
    async with client_of(simulador) as client:
        sold = (await client.post("/_simulador/pedir", json={"n": 2})).json()["order_ids"]
        await client.post("/_simulador/cancelar", json={"order_id": sold[0]})
        fault = await client.post("/_simulador/comportamento", json={"modo": "5xx", "vezes": 2})
        wrong = await client.post("/_simulador/comportamento", json={"modo": "sing"})
        estado = (await client.get("/_simulador/estado")).json()

    assert fault.json() == {"defeitos": 1}
    assert wrong.status_code == 400
    assert estado["pedidos"] == {sold[0]: "CANCELLED", sold[1]: "SENT"}
    assert receptor.eventos == ["new_order", "new_order", "order_event_cancel"]
