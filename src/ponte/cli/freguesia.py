"""Freguesia: `ponte demo`, invented customers for a Ponte that runs already.

They order over the API with the operator's key, like any program outside. A shop
that has products of its own is asked for first: what is sold there is really sold.
With `--caos` some of them misbehave as real callers do, and each answer is judged:
one that breaks a promise is a finding. The platforms of a `ponte up --demo` on the same
data misbehave meanwhile as well. With a platform's name its stand-in alone is served.
"""

import asyncio
import contextlib
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import orjson
import typer

from ponte.cli import saida
from ponte.cli.caos import CALMO, escolha
from ponte.cli.execucao import run
from ponte.cli.grupo import alone, help_of

if TYPE_CHECKING:
    from ponte.cli.acesso import Acesso

demo = alone()
MAX_RATE = 100.0  # chosen: above it the demonstration measures itself
CAOS = 0.25  # chosen: one customer in four misbehaves
TELL_S = 10.0  # CONSOLE §6: a line every 10 s
IN_FLIGHT = 50  # chosen: customers waiting for an answer at once


@demo.command(
    **help_of(
        "Manda fregueses inventados a um Ponte que roda, até Ctrl-C.",
        "ponte demo",
        "ponte demo --rate 5 --seed 7 --limite 100",
        "ponte demo --caos --nivel forte",
        "ponte demo whatsapp --webhook http://127.0.0.1:8000/webhooks/whatsapp",
    )
)
def _demo(
    simulador: Annotated[
        str,
        typer.Argument(
            metavar="PLATAFORMA", help="Em vez disso, roda o simulador desta: whatsapp, …"
        ),
    ] = "",
    *,
    rate: Annotated[float, typer.Option(help="Pedidos por segundo.")] = 2.0,
    seed: Annotated[int, typer.Option(help="A mesma semente compra o mesmo.")] = 42,
    caos: Annotated[
        bool, typer.Option("--caos", help="Alguns repetem, erram ou desligam no meio.")
    ] = False,
    limite: Annotated[int | None, typer.Option(min=1, help="Fregueses; sem isso, sem fim.")] = None,
) -> None:
    if simulador:
        from ponte.cli.simulador import serve_alone  # noqa: PLC0415

        raise typer.Exit(serve_alone(simulador))
    if caos:
        escolha.check()
    if not 0 < rate <= MAX_RATE:
        saida.stop("--rate vai de 0,01 a 100 pedidos por segundo", codigo=saida.USO)

    async def work(acesso: "Acesso") -> None:
        await _open_shop(acesso, seed)
        freguesia = Freguesia(acesso, seed, caos=caos)
        async with _platforms(seed if caos else None):
            await freguesia.come(rate, limite)
        saida.data(freguesia.view(), freguesia.text())
        if freguesia.contas["inesperados"]:
            raise typer.Exit(saida.RESSALVAS)
        if freguesia.ended_by is not None:
            raise typer.Exit(128 + freguesia.ended_by)

    run(work, local=False)


@contextlib.asynccontextmanager
async def _platforms(seed: int | None) -> AsyncIterator[None]:
    """Let the platforms of a demonstration here misbehave until the block ends."""
    from ponte.cli import ajustes, demonstracao  # noqa: PLC0415
    from ponte.simulators.demo_canais import stir  # noqa: PLC0415

    urls = {} if seed is None else demonstracao.running(ajustes.read().data_dir)
    urls = {nome: url for nome, url in urls.items() if nome in (escolha.canais or urls)}
    if seed is None or not urls:
        yield
        return
    reached = await stir(urls, escolha.nivel, seed=seed)
    saida.talk(f"Plataformas que falham: {', '.join(reached) or 'nenhuma'}")
    try:
        yield
    finally:
        await stir(urls, CALMO, seed=seed)


async def _open_shop(acesso: "Acesso", seed: int) -> None:
    """Put the sample products on the shelf, unless they are there.

    Raises:
        Parada: the shop sells other things and nobody said yes.
    """
    from ponte.simulators.demo import opening, produtos  # noqa: PLC0415

    nossos = {p.produto_id for p in produtos()}
    itens, total = await acesso.every("/estoque", limite=10_000)
    seus = {item["produto_id"] for item in itens}
    if nossos <= seus:
        return
    if total:
        saida.confirm(f"Este Ponte já tem {len(seus)} produtos. Pôr os de exemplo e vendê-los?")
    feito = await acesso.upload("/estoque/importar", opening(seed))
    saida.talk(f"Loja de exemplo: {feito['linhas']} linhas de estoque.")


class Freguesia:
    """Customers of one seed; `contas` counts how their visits ended."""

    def __init__(self, acesso: "Acesso", seed: int, *, caos: bool) -> None:
        from ponte.simulators.demo import FILIAIS, produtos  # noqa: PLC0415

        self.contas: Counter[str] = Counter()
        self.ended_by: signal.Signals | None = None
        self._acesso = acesso
        self._sorte = random.Random(f"freguesia:{seed}")  # noqa: S311 - repeatable, not secret
        self._caos = caos
        self._skus = [p.produto_id for p in produtos()]
        self._filiais = FILIAIS

    async def come(self, rate: float, limite: int | None) -> None:
        """Let them come until `limite` of them, Ctrl-C or SIGTERM; who is inside is served."""
        end = asyncio.Event()
        loop = asyncio.get_running_loop()

        def leave(number: signal.Signals) -> None:
            self.ended_by = number
            end.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, leave, number)
        teller = asyncio.create_task(self._tell())
        inside: set[asyncio.Task[None]] = set()
        came = 0
        try:
            while not end.is_set() and came != limite:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(end.wait(), self._sorte.expovariate(rate))
                    break
                while len(inside) >= IN_FLIGHT:
                    await asyncio.wait(inside, return_when=asyncio.FIRST_COMPLETED)
                    inside = {task for task in inside if not task.done()}
                came += 1
                inside.add(asyncio.create_task(self._visit(self._next())))
                inside = {task for task in inside if not task.done()}
            await asyncio.gather(*inside)
        finally:
            teller.cancel()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)

    def view(self) -> dict[str, int]:
        """Return the counts for JSON."""
        nomes = ("aceitos", "repetidos", "recusados", "desligados", "sem_resposta", "inesperados")
        return {nome: self.contas[nome] for nome in nomes}

    def text(self) -> str:
        """Return them for people."""
        return ", ".join(f"{n} {nome.replace('_', ' ')}" for nome, n in self.view().items())

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(TELL_S)
            saida.talk(self.text())

    def _next(self) -> Callable[[], Awaitable[None]]:
        """Invent the next customer whole, before anything is awaited: the seed decides."""
        corpo = self._basket()
        if not self._caos or self._sorte.random() >= CAOS:
            return lambda: self._buy(corpo)
        return self._sorte.choice(
            (
                lambda: self._buy_twice(corpo),
                lambda: self._refused(corpo | {"itens": [_item("NAO-EXISTE", 1)]}, 422),
                lambda: self._refused(corpo | {"cliente": {"documento": "00000000001"}}, 422),
                lambda: self._refused(corpo | {"surpresa": 1}, 422),
                lambda: self._buy(corpo | {"itens": [_item(self._skus[0], 9999)]}),
                lambda: self._hang_up(corpo),
            )
        )

    def _basket(self) -> dict[str, Any]:
        from ponte.simulators.rappi_pedidos import NOMES, SOBRENOMES, cpf  # noqa: PLC0415

        sorte = self._sorte
        nome = f"{sorte.choice(NOMES)} {sorte.choice(SOBRENOMES)}"
        skus = sorted(set(sorte.choices(self._skus, k=3)))
        return {
            "filial_id": sorte.choice(self._filiais),
            "cliente": {"nome": nome, "documento": cpf(sorte)},
            "itens": [_item(sku, sorte.choice((1, 1, 2))) for sku in skus],
        }

    # ------------------------------------------------------------ visits

    async def _visit(self, visit: Callable[[], Awaitable[None]]) -> None:
        try:
            await visit()
        except saida.Parada as parada:
            if parada.codigo == saida.NEGADO:
                raise
            self.contas["sem_resposta"] += 1
            saida.talk(f"Sem resposta: {saida.said(parada.causa or parada.frase)}")

    async def _buy(self, corpo: dict[str, Any]) -> None:
        await self._acesso.post("/pedido", corpo)
        self.contas["aceitos"] += 1

    async def _buy_twice(self, corpo: dict[str, Any]) -> None:
        chave = str(uuid4())
        first = await self._acesso.post("/pedido", corpo, chave=chave)
        again = await self._acesso.post("/pedido", corpo, chave=chave)
        self.contas["aceitos"] += 1
        if first["id"] == again["id"]:
            self.contas["repetidos"] += 1
        else:
            self._unexpected(f"a repetição de {first['id']} virou outro pedido, {again['id']}")

    async def _refused(self, corpo: dict[str, Any], status: int) -> None:
        resposta = await self._acesso.send("POST", "/pedido", json=corpo)
        if resposta.status_code == status:
            self.contas["recusados"] += 1
        else:
            self._unexpected(f"HTTP {resposta.status_code} em vez de {status}")

    async def _hang_up(self, corpo: dict[str, Any]) -> None:
        from ponte.cli.acesso import unreachable  # noqa: PLC0415

        url = self._acesso.http.base_url
        if url.scheme != "http":
            await self._buy(corpo)
            return
        body = orjson.dumps(corpo)
        head = (
            f"POST /pedido HTTP/1.1\r\nHost: {url.netloc.decode()}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        try:
            _, writer = await asyncio.open_connection(url.host, url.port or 80)
            writer.write(head.encode() + body[: len(body) // 2])
            await writer.drain()
            writer.close()
        except OSError as error:
            raise unreachable(str(url), error) from error
        self.contas["desligados"] += 1

    def _unexpected(self, texto: str) -> None:
        self.contas["inesperados"] += 1
        saida.talk(f"INESPERADO: {texto}")


def _item(produto_id: str, quantidade: int) -> dict[str, Any]:
    return {"produto_id": produto_id, "quantidade": quantidade}
