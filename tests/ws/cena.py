"""A hub over a real database, and outlets that keep what they were given."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from ponte.events import AlertaCriado, EstoqueAlterado, Fato, MensagemPublicada, PedidoRecebido
from ponte.store.db import Commit, Tx
from ponte.store.fatos import HistoricoDoBanco
from ponte.store.migrate import migrate
from ponte.store.sqlite import SqliteDatabase
from ponte.telemetry import Telemetry
from ponte.ws import Cliente, Hub
from ponte.ws.quadros import frames_of, payload_of

AGORA_MS = 1_795_521_600_000
EM = "2026-11-24T12:00:00Z"
ITENS = [{"produto_id": "CAFE", "quantidade": 3}]


class Ouvido:
    """An outlet that decodes each frame; a stalled one is full after `cabe` of them."""

    def __init__(self, *, cabe: int = 256) -> None:
        self.cheio = False
        self.on_cheio: Callable[[], None] = lambda: None
        self.on_fim: Callable[[], None] = lambda: None
        self.quadros: list[dict[str, Any]] = []
        self.bytes_recebidos: list[bytes] = []
        self.fechado: int | None = None
        self._cabe = cabe
        self._esperam = 0
        self._parado = False
        self._livre = asyncio.Event()

    def write(self, frames: bytes) -> None:
        assert self.fechado is None, "a frame after the close frame"
        self.bytes_recebidos.append(frames)
        novos = [orjson.loads(payload_of(frame)) for frame in frames_of(frames)]
        self.quadros += novos
        if self._parado:
            self._esperam += len(novos)
            if self._esperam > self._cabe and not self.cheio:
                self.cheio = True
                self._livre.clear()
                self.on_cheio()

    def writelines(self, frames: Sequence[bytes]) -> None:
        for frame in frames:
            self.write(frame)

    def close(self, codigo: int, motivo: str = "") -> None:  # noqa: ARG002
        self.fechado = codigo
        self.read()

    async def drained(self) -> None:
        if self.cheio:
            await self._livre.wait()

    def stall(self) -> None:
        self._parado = True

    def read(self) -> None:
        self._parado, self._esperam, self.cheio = False, 0, False
        self._livre.set()

    def tipos(self) -> list[str]:
        return [q["tipo"] for q in self.quadros]

    def seqs(self) -> list[int]:
        """Return the seqs of the facts that came, resumos spelled out."""
        return [seq for q in self.quadros for seq in covered(q)]


def covered(quadro: dict[str, Any]) -> list[int]:
    if quadro["tipo"] == "resumo":
        return list(range(quadro["desde"], quadro["seq"] + 1))
    if quadro["tipo"] in {"instantaneo", "ressincronizar"} or "seq" not in quadro:
        return []
    return [quadro["seq"]]


@dataclass
class Chave:
    """Who holds every scope."""

    id: str = "1"
    nome: str = "caixa"

    def may(self, escopo: str) -> bool:
        return bool(escopo)


@dataclass
class Cena:
    """A database whose commits are told to one hub; `restart` makes another hub."""

    db: SqliteDatabase
    epoca: str
    telemetry: Telemetry = field(default_factory=Telemetry)
    hub: Hub = field(init=False)
    mudo: bool = False
    relogio: list[int] = field(default_factory=lambda: [AGORA_MS])

    def __post_init__(self) -> None:
        self.restart()
        self.db.on_commit(self._told)

    def restart(self) -> None:
        self.hub = Hub(
            self.epoca, HistoricoDoBanco(self.db, itens=_itens), telemetry=self.telemetry
        )

    def _told(self, commit: Commit) -> None:
        if not self.mudo:
            self.hub.publish(commit.fatos)

    async def put(self, *fatos: Fato) -> None:
        await self.db.transact(_put, fatos)

    def client(
        self, *, estoque: bool = False, tudo: bool = False, cabe: int = 256
    ) -> tuple[Cliente, Ouvido]:
        ouvido = Ouvido(cabe=cabe)
        return self.hub.connect(ouvido, estoque=estoque, tudo=tudo), ouvido

    def listener(self, *, estoque: bool = False) -> Ouvido:
        cliente, ouvido = self.client(estoque=estoque)
        self.hub.listen(cliente)
        return ouvido

    def resumer(self, epoca: str, desde: int | None, *, cabe: int = 256) -> tuple[Cliente, Ouvido]:
        cliente, ouvido = self.client(cabe=cabe)
        self.hub.resume(cliente, epoca, desde=desde)
        return cliente, ouvido


async def _put(tx: Tx, fatos: Sequence[Fato]) -> None:
    for fato in fatos:
        tx.put(fato)


async def _itens(_tx: Tx) -> list[dict[str, Any]]:
    return ITENS


async def _epoca(tx: Tx) -> str:
    row = await tx.fetch_one("SELECT valor FROM meta WHERE chave = 'epoca'")
    assert row is not None
    return str(row[0])


@contextlib.asynccontextmanager
async def cena_em(pasta: Path) -> AsyncIterator[Cena]:
    path = pasta / "ponte.db"
    migrate(path)
    relogio = [AGORA_MS]
    db = SqliteDatabase(path, rotas=lambda _fato: (), now_ms=lambda: relogio[0])
    cena = Cena(db, await db.read(_epoca), relogio=relogio)
    try:
        yield cena
    finally:
        cena.hub.shutdown()
        await db.close()
        await asyncio.sleep(0)


async def until(check: Callable[[], bool], *, within_s: float = 5.0) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(within_s):
        while not check():  # noqa: ASYNC110 - what is awaited has no event of its own
            await asyncio.sleep(0.005)


def estoque(quantidade: int = 3, produto_id: str = "CAFE") -> EstoqueAlterado:
    return EstoqueAlterado(
        produto_id=produto_id, filial_id="1", nome="Café", preco="10.00", quantidade=quantidade,
        minimo=5, baixo=quantidade < 5, em=EM, antes=10, origem="venda",
    )  # fmt: skip


def pedido(numero: int = 1001) -> PedidoRecebido:
    return PedidoRecebido(
        pedido_id=str(numero), numero=numero, canal="api", filial_id="1", total="10.00", itens=[],
        em=EM,
    )  # fmt: skip


def alerta() -> AlertaCriado:
    return AlertaCriado(
        alerta_id="a", nome="n", severidade="aviso", titulo="t", texto="x", labels={}, contagem=1
    )


def mensagem(sala: str | None = None) -> MensagemPublicada:
    return MensagemPublicada(de="caixa", texto="olá", para_sala=sala)
