"""Balcao: a marketplace's side of the counter, which signs what it sends to Ponte."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ponte.simulators.rappi import SimuladorRappi
from ponte.simulators.rappi_pedidos import Gerador
from ponte.testing import Embedded
from tests.espera import settled, until

LOJA = "900105814"
AGORA = datetime(2026, 11, 24, 9, tzinfo=ZoneInfo("America/Sao_Paulo"))


@dataclass
class Balcao:
    """A Ponte and the marketplace that signs what it sends."""

    ponte: Embedded
    rappi: SimuladorRappi

    async def send(self, evento: str, documento: Any, *, signed: bool = True) -> int:
        """Deliver a document, or the very bytes of one, and return the status."""
        body = documento if isinstance(documento, bytes) else json.dumps(documento).encode()
        headers = self.rappi._signed(body) if signed else {}
        answer = await self.ponte.http.post(
            f"/webhooks/rappi/{evento}", content=body, headers=headers
        )
        return int(answer.status_code)

    async def order(self, externo: str) -> Any:
        """Return the order of that external id once it is settled."""

        async def found() -> Any:
            return (await self.ponte.get("/pedidos", busca=externo))["itens"]

        [pedido] = await until(found)
        return await settled(self.ponte, pedido["id"])

    async def takes(self) -> int:
        """Return how often an order was accepted on the marketplace."""
        return sum(nome == "take" for nome, _ in self.rappi.estado.chamadas)


def document(externo: str, *items: dict[str, Any], loja: str = LOJA) -> dict[str, Any]:
    """Return an order of two coffees for each of `items`, changed as it says."""
    documento = Gerador(seed=2).documento(externo, loja=loja, quando=AGORA)
    base = documento["order_detail"]["items"][0]
    lines = [{**base, "sku": "CAFE-500G", "quantity": 2, "price": 18.9, **x} for x in items]
    documento["order_detail"]["items"] = lines
    documento["order_detail"]["totals"]["total_order"] = 37.8
    return documento
