"""Demonstracao: `ponte up --demo`, a shop of its own that never touches a real installation.

Its data lie where any data lie; there the database is marked, and one that is not
marked but holds something is refused. The operator's
connectors stay off: a demonstration must not write to a real chat. Where its stand-ins
listen is left beside the data, so that `ponte demo --caos` finds them.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import orjson
import structlog

from ponte.acesso import chaves
from ponte.acesso.admin import key_file
from ponte.cli import boasvindas, saida
from ponte.context import Context
from ponte.errors import ConfiguracaoInvalida
from ponte.runtime.server import is_loopback
from ponte.settings import AvisosSettings, BotSettings, Emitente, Settings
from ponte.simulators.demo import LojaDemo
from ponte.simulators.demo_canais import AVISOS, HORARIO
from ponte.store.db import Tx

log = structlog.get_logger(__name__)
MARCA = "demo"
CHAVE = "demonstração"
ESCOPOS = ("estoque:escrever", "estoque:ler", "pedidos:escrever")
SIMULADORES = "simuladores.json"  # where the stand-ins of a running demonstration listen

OLHE = """
Demonstração: {rate:g} pedido/s, semente {seed}. Veja:

  loja ao vivo       {url}/
  canais             curl {url}/hub/health -H "Authorization: Bearer {chave}"
  pedidos            curl {url}/pedidos -H "Authorization: Bearer {chave}"
  linha de comando   {programa} estoque list --baixo

O que cada plataforma de mentira recebeu:

{simuladores}
"""


@dataclass
class Demonstracao:
    """One demonstration, for the process that serves."""

    rate: float = 1.0
    seed: int = 42
    nivel: str = "calmo"
    disturbed: Sequence[str] = ()
    _loja: LojaDemo = field(init=False)
    _chave: str = field(default_factory=chaves.new_key, repr=False)

    def __post_init__(self) -> None:
        """Refuse a pace that means nothing."""
        if not 0 < self.rate <= 100:  # chosen: above it the demonstration measures itself
            raise saida.Parada("--rate vai de 0,01 a 100 pedidos por segundo", codigo=saida.USO)
        try:
            self._loja = LojaDemo(
                seed=self.seed, rate_per_s=self.rate, nivel=self.nivel, disturbed=self.disturbed
            )
        except ValueError as error:
            raise saida.Parada(
                "A demonstração não sabe fazer isso", causa=str(error), codigo=saida.USO
            ) from error

    def settings(self, settings: Settings) -> Settings:
        """Return the settings of the demonstration."""
        if settings.tls_cert is not None or not is_loopback(settings.host):
            raise saida.Parada(
                "A demonstração só atende esta máquina",
                causa="suas chaves e dados são de exemplo",
                tente="--host 127.0.0.1 e sem PONTE_TLS_CERT",
                codigo=saida.USO,
            )
        return settings.model_copy(
            update={
                "emitente": Emitente(),
                "bot": BotSettings(enabled=True, horario=HORARIO),
                "avisos": AvisosSettings(canal=AVISOS, so_conhecidos=False),
            }
        )

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
        onde = ctx.settings.data_dir / SIMULADORES
        onde.write_bytes(orjson.dumps(self._loja.canais.urls))
        task = asyncio.create_task(self._trade(url), name="demo")
        saida.talk(
            OLHE.format(
                rate=self.rate,
                seed=self.seed,
                url=url,
                simuladores="\n".join(
                    f"  {nome:<18} {where}/_simulador/mensagens"
                    for nome, where in self._loja.canais.urls.items()
                ),
                programa=saida.programa(),
                chave=f"$(cat {key_file(ctx.settings)})"
                if ctx.settings.api_key is None
                else "$PONTE_API_KEY",
            )
        )
        try:
            yield
        finally:
            onde.unlink(missing_ok=True)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _trade(self, url: str) -> None:
        try:
            await self._loja.trade(url, self._chave)
        except* (httpx2.HTTPError, OSError, ValueError, KeyError):
            log.exception("demonstration stopped, Ponte goes on")


def running(data_dir: Path) -> dict[str, str]:
    """Return where the stand-ins of a demonstration on these data listen; none where none runs."""
    try:
        found = orjson.loads((data_dir / SIMULADORES).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


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
