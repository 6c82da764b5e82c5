"""Demonstracao: `ponte up --demo`, a shop of its own that never touches a real installation.

Its data lie where any data lie; there the database is marked, and one that is not
marked but holds something is refused. The operator's
connectors stay off: a demonstration must not write to a real chat.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

import httpx2
import structlog

from ponte.acesso import chaves
from ponte.acesso.admin import key_file
from ponte.cli import boasvindas, saida
from ponte.context import Context
from ponte.errors import ConfiguracaoInvalida
from ponte.runtime.server import is_loopback
from ponte.settings import Emitente, Settings
from ponte.simulators.demo import LojaDemo
from ponte.store.db import Tx

log = structlog.get_logger(__name__)
MARCA = "demo"
CHAVE = "demonstração"
ESCOPOS = ("estoque:escrever", "estoque:ler", "pedidos:escrever")

OLHE = """
Demonstração: {rate:g} pedido/s, semente {seed}. Veja:

  loja ao vivo       {url}/
  avisos (Telegram)  {telegram}/_simulador/mensagens
  pedidos            curl -H "Authorization: Bearer {chave}" {url}/pedidos
  linha de comando   {programa} estoque list --baixo
"""


@dataclass
class Demonstracao:
    """One demonstration, for the process that serves."""

    rate: float = 1.0
    seed: int = 42
    _loja: LojaDemo = field(init=False)
    _chave: str = field(default_factory=chaves.new_key, repr=False)

    def __post_init__(self) -> None:
        """Refuse a pace that means nothing."""
        if not 0 < self.rate <= 100:  # chosen: above it the demonstration measures itself
            raise saida.Parada("--rate vai de 0,01 a 100 pedidos por segundo", codigo=saida.USO)
        self._loja = LojaDemo(seed=self.seed, rate_per_s=self.rate)

    def settings(self, settings: Settings) -> Settings:
        """Return the settings of the demonstration."""
        if settings.tls_cert is not None or not is_loopback(settings.host):
            raise saida.Parada(
                "A demonstração só atende esta máquina",
                causa="suas chaves e dados são de exemplo",
                tente="--host 127.0.0.1 e sem PONTE_TLS_CERT",
                codigo=saida.USO,
            )
        return settings.model_copy(update={"emitente": Emitente()})

    @contextlib.asynccontextmanager
    async def outside(self) -> AsyncIterator[Mapping[str, str]]:
        """Run the stand-ins; gives the connectors' settings."""
        try:
            yield await self._loja.start()
        finally:
            await self._loja.stop()

    async def claim(self, ctx: Context) -> None:
        """Mark the database as a demonstration's; refuse a real one.

        Raises:
            ConfiguracaoInvalida: it holds something and is not marked.
        """
        if not await ctx.db.transact(_mark):
            msg = (
                f"PONTE_DATA_DIR: {ctx.settings.data_dir} holds a real installation,"
                " which a demonstration never touches"
            )
            raise ConfiguracaoInvalida(msg)
        # Before anything is served: a server remembers for a moment which keys it does not know.
        await ctx.db.transact(_renew_key, self._chave)

    @contextlib.asynccontextmanager
    async def customers(self, ctx: Context, address: tuple[str, int]) -> AsyncIterator[None]:
        """Let customers come in until the block ends."""
        url = boasvindas.url(ctx.settings, address)
        task = asyncio.create_task(self._trade(url), name="demo")
        saida.talk(
            OLHE.format(
                rate=self.rate,
                seed=self.seed,
                url=url,
                telegram=self._loja.telegram_url,
                programa=saida.programa(),
                chave=f"$(cat {key_file(ctx.settings)})"
                if ctx.settings.api_key is None
                else "$PONTE_API_KEY",
            )
        )
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _trade(self, url: str) -> None:
        try:
            await self._loja.trade(url, self._chave)
        except* (httpx2.HTTPError, OSError, ValueError, KeyError):
            log.exception("demonstration stopped, Ponte goes on")


async def _mark(tx: Tx) -> bool:
    if await tx.fetch_one("SELECT 1 FROM meta WHERE chave = ?", (MARCA,)) is not None:
        return True
    for table in ("produtos", "pedidos"):
        if await tx.fetch_one(f"SELECT 1 FROM {table} LIMIT 1") is not None:  # noqa: S608
            return False
    await tx.execute("INSERT INTO meta VALUES (?, '1')", (MARCA,))
    return True


async def _renew_key(tx: Tx, chave: str) -> None:
    earlier, _ = await chaves.list_all(tx)
    for key in earlier:
        if key.demo and key.revogada_em is None:
            await chaves.revoke(tx, key.id)
    await chaves.create(tx, chave, nome=CHAVE, escopos=ESCOPOS, demo=True)
