"""Demo: a neighbourhood supermarket with three filiais that sells while you look.

Customers buy on Rappi (signed webhooks to Ponte's own door) and over the API, people
write on every platform that has a stand-in, a storekeeper counts what runs low, and a
Telegram keeps what it was told. Everything goes through the doors that the real ones
use; nothing here touches the database.
The same seed invents the same customers, baskets and pauses.
"""

import asyncio
import contextlib
import csv
import io
import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from importlib import resources
from typing import Any

import httpx2

from ponte.simulators.demo_canais import TALK_EVERY_S, CanaisDemo
from ponte.simulators.rappi import CANCEL_SHARE, PING_EVERY_S, SimuladorRappi
from ponte.simulators.rappi_pedidos import NOMES, SOBRENOMES, Produto, cpf

FILIAIS = ("1", "2", "3")
LOJAS = {"900105814": "1", "900105815": "2", "900105816": "3"}  # Rappi's shop -> filial
GIRO = {"a": 4, "b": 2, "c": 1}  # chosen: a staple sells four times as often as a jar of atum
MINIMO = {"a": 10, "b": 5, "c": 5}
NEARLY_LOW = 12  # chosen: products a filial that a sale or two bring below minimo
API_SHARE = 0.2  # chosen: one customer in five orders on the shop's own site
COUNT_EVERY_S = 12.0  # chosen: at one order a second it restocks about what is sold
COUNTED_AT_ONCE = 2
REMEMBERED = 2000  # chosen: orders the stand-in keeps; a demonstration may run for days
IN_FLIGHT = 50  # chosen: customers waiting for an answer at once


@dataclass(frozen=True, slots=True)
class ProdutoDemo:
    """One product of the shop; `giro` says how often it sells, a to c."""

    produto_id: str
    nome: str
    preco: str
    ean: str
    categoria: str
    giro: str


def produtos() -> list[ProdutoDemo]:
    """Return what the shop sells."""
    texto = (resources.files("ponte.simulators") / "demo_produtos.csv").read_text("utf-8")
    return [ProdutoDemo(**linha) for linha in csv.DictReader(io.StringIO(texto))]


def opening(seed: int) -> bytes:
    """Return the opening stock of every filial, as the CSV that Ponte imports."""
    sorte = random.Random(seed)  # noqa: S311 - the same seed must open the same shop
    saida = io.StringIO()
    writer = csv.writer(saida)
    writer.writerow(
        ["produto_id", "nome", "preco", "quantidade", "minimo", "filial_id", "ean", "categoria"]
    )
    for filial in FILIAIS:
        perto = {p.produto_id for p in sorte.sample(produtos(), NEARLY_LOW)}
        for p in produtos():
            minimo = MINIMO[p.giro]
            acima = sorte.randint(0, 2) if p.produto_id in perto else sorte.randint(10, 60)
            writer.writerow(
                [p.produto_id, p.nome, p.preco, minimo + acima, minimo, filial, p.ean, p.categoria]
            )
    return saida.getvalue().encode()


class LojaDemo:
    """The shop's outside: its marketplace, the platforms people write on, its customers.

    Args:
        seed: The same seed invents the same.
        rate_per_s: Orders a second.
        nivel: How badly the platforms behave.
        disturbed: Which of them; empty means all.
    """

    def __init__(
        self,
        *,
        seed: int = 42,
        rate_per_s: float = 1.0,
        nivel: str = "calmo",
        disturbed: Collection[str] = (),
    ) -> None:
        self.rate_per_s = rate_per_s
        self.seed = seed
        self.canais = CanaisDemo(seed=seed, nivel=nivel, disturbed=disturbed)
        self.rappi = SimuladorRappi(produtos=_menu(), loja=next(iter(LOJAS)), seed=seed)
        self.sorte = random.Random(f"loja:{seed}")  # noqa: S311 - repeatable, not secret

    async def start(self) -> dict[str, str]:
        """Start the stand-ins on free ports; return the settings that make Ponte use them."""
        canais = await self.canais.start()
        env = self.rappi.env(await self.rappi.start())
        env["PONTE_RAPPI__STORES"] = ",".join(f"{loja}={f}" for loja, f in LOJAS.items())
        # The terminal tells of alertas already.
        return env | canais | {"PONTE_LOG__ENABLED": "false"}

    async def stop(self) -> None:
        """Close the stand-ins."""
        await self.rappi.stop()
        await self.canais.stop()

    async def trade(self, url: str, chave: str) -> None:
        """Open the shop over its API, then sell and count until cancelled."""
        headers = {"Authorization": f"Bearer {chave}"}
        async with httpx2.AsyncClient(base_url=url, headers=headers, trust_env=False) as http:
            await self._open(http)
            self.rappi.webhook_url = f"{url}/webhooks/rappi"
            async with asyncio.TaskGroup() as group:
                group.create_task(self._sell(http), name="demo-customers")
                group.create_task(self._count(http), name="demo-storekeeper")
                group.create_task(self._ping(), name="demo-ping")
                talk = self.canais.talk(url, every_s=TALK_EVERY_S / self.rate_per_s)
                group.create_task(talk, name="demo-talk")

    async def _open(self, http: httpx2.AsyncClient) -> None:
        known = await http.get("/estoque", params={"limite": 1})
        known.raise_for_status()
        if known.json()["total"] == 0:
            answer = await http.post(
                "/estoque/importar",
                content=opening(self.seed),
                headers={"Content-Type": "text/csv", "Idempotency-Key": f"demo-{self.seed}"},
            )
            answer.raise_for_status()

    # ------------------------------------------------------------ customers

    async def _sell(self, http: httpx2.AsyncClient) -> None:
        running: set[asyncio.Task[None]] = set()
        try:
            while True:
                await asyncio.sleep(self.sorte.expovariate(self.rate_per_s))
                running = {task for task in running if not task.done()}
                if len(running) < IN_FLIGHT:
                    running.add(asyncio.create_task(self._customer(http)))
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _customer(self, http: httpx2.AsyncClient) -> None:
        if self.sorte.random() < API_SHARE:
            await self._buy_here(http)
        else:
            await self._buy_on_rappi()

    async def _buy_on_rappi(self) -> None:
        # Read when the order is invented, which happens before anything is awaited.
        self.rappi.loja = self.sorte.choice(tuple(LOJAS))
        (order_id,) = await self.rappi.pedir()
        if self.sorte.random() < CANCEL_SHARE:
            await asyncio.sleep(self.sorte.uniform(1, 5))
            await self.rappi.cancelar(order_id)
        _forget(self.rappi)

    async def _buy_here(self, http: httpx2.AsyncClient) -> None:
        menu = self.rappi.gerador.produtos
        itens = [
            {"produto_id": p.sku, "quantidade": self.sorte.choice((1, 1, 2))}
            for p in {p.sku: p for p in self.sorte.choices(menu, k=3)}.values()
        ]
        nome = f"{self.sorte.choice(NOMES)} {self.sorte.choice(SOBRENOMES)}"
        corpo = {
            "filial_id": self.sorte.choice(FILIAIS),
            "cliente": {"nome": nome, "documento": cpf(self.sorte), **self._telefone()},
            "itens": itens,
        }
        with contextlib.suppress(httpx2.TransportError):  # Ponte is ending
            await http.post("/pedido", json=corpo)

    def _telefone(self) -> dict[str, str]:
        """Return a telephone, of as many a second as one of WhatsApp can tell of their orders."""
        if self.sorte.random() * self.rate_per_s >= 1:
            return {}
        return {"telefone": f"+{self.canais.numero()}"}

    async def _ping(self) -> None:
        while True:
            for loja in LOJAS:
                await self.rappi.ping(loja)
            await asyncio.sleep(PING_EVERY_S)

    # ------------------------------------------------------------ the storekeeper

    async def _count(self, http: httpx2.AsyncClient) -> None:
        while True:
            await asyncio.sleep(COUNT_EVERY_S / self.rate_per_s)
            with contextlib.suppress(httpx2.TransportError):
                await self._count_some(http)

    async def _count_some(self, http: httpx2.AsyncClient) -> None:
        answer = await http.get("/estoque", params={"baixo": "true", "limite": 500})
        if answer.status_code != httpx2.codes.OK:
            return
        # What a visitor added is the visitor's to count.
        seus = {p.produto_id for p in produtos()}
        baixos = sorted(
            (item for item in answer.json()["itens"] if item["produto_id"] in seus),
            key=lambda item: item["atualizado_em"],
        )
        for item in baixos[:COUNTED_AT_ONCE]:
            await http.put(f"/estoque/{item['produto_id']}", json=self._counted(item))

    def _counted(self, item: dict[str, Any]) -> dict[str, Any]:
        return {
            "filial_id": item["filial_id"],
            "quantidade": item["minimo"] * 2 + self.sorte.randint(5, 20),
            "motivo": "contagem depois da reposição",
            "medido_em": datetime.now(UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z"),
        }


def _menu() -> Sequence[Produto]:
    return [
        Produto(p.produto_id, p.nome, Decimal(p.preco))
        for p in produtos()
        for _ in range(GIRO[p.giro])
    ]


def _forget(rappi: SimuladorRappi) -> None:
    pedidos = rappi.estado.pedidos
    while len(pedidos) > REMEMBERED:
        del pedidos[next(iter(pedidos))]
    for lista in (rappi.entregas, rappi.estado.chamadas):
        del lista[: max(0, len(lista) - REMEMBERED)]
