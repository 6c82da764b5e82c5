"""A stand-in that posts to a receiver, and a channel to it, for tests of the channel."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ponte.connectors.whatsapp_cloud.channel import WhatsAppCloudChannel
from ponte.connectors.whatsapp_cloud.parse import parse
from ponte.connectors.whatsapp_cloud.settings import WhatsAppCloudSettings
from ponte.connectors.whatsapp_cloud.webhook import WhatsAppCloudWebhook
from ponte.domain.evento import EventoDeCanal
from ponte.ports import Deps, WebhookRequest
from ponte.settings import connector_values
from ponte.simulators.servidor import Servidor
from ponte.simulators.whatsapp_cloud import SimuladorWhatsAppCloud
from ponte.testing import FrozenClock
from tests.connectors.lent import NOW_MS, lending


@dataclass
class Caso:
    """A stand-in that posts to a receiver, a channel to it, and the clock of both."""

    simulador: SimuladorWhatsAppCloud
    settings: WhatsAppCloudSettings
    deps: Deps
    clock: FrozenClock
    recebidos: list[tuple[dict[str, str], bytes]]
    chegou: asyncio.Event

    def __post_init__(self) -> None:
        self.channel = WhatsAppCloudChannel(self.settings, self.deps)

    def events(self) -> list[EventoDeCanal]:
        """Return the events of every delivery that is verified."""
        webhook = WhatsAppCloudWebhook(self.settings)
        return [
            evento
            for headers, corpo in self.recebidos
            if webhook.verify(WebhookRequest("", headers, {}, corpo), now_ms=0)
            for evento in parse(corpo, self.settings)
        ]

    async def told(self, count: int) -> list[EventoDeCanal]:
        """Wait for so many events."""
        async with asyncio.timeout(20):
            while len(self.events()) < count:
                self.chegou.clear()
                await self.chegou.wait()
        return self.events()


@contextlib.asynccontextmanager
async def opened() -> AsyncIterator[Caso]:
    """Start one."""
    clock = FrozenClock(NOW_MS)
    simulador = SimuladorWhatsAppCloud(now=lambda: clock.ms / 1000)
    settings = WhatsAppCloudSettings.model_validate(
        connector_values("whatsapp_cloud", simulador.env(await simulador.start()))
    )
    recebidos: list[tuple[dict[str, str], bytes]] = []
    chegou = asyncio.Event()

    async def receive(request: Request) -> Response:
        recebidos.append((dict(request.headers), await request.body()))
        chegou.set()
        return JSONResponse({})

    ouvinte = Servidor(Starlette(routes=[Route("/", receive, methods=["POST"])]))
    simulador.webhook_url = await ouvinte.start("127.0.0.1", 0)
    async with lending(now_ms=clock) as lent:
        yield Caso(simulador, settings, lent.deps, clock, recebidos, chegou)
    await simulador.stop()
    await ouvinte.stop()
