"""Cena: a Ponte between the stand-ins of WhatsApp and Chatwoot, each telling the other's way."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ponte.canais.espelho import ida
from ponte.events import FatoGravado
from ponte.settings import BotSettings
from ponte.simulators.chatwoot import SimuladorChatwoot
from ponte.simulators.servidor import Servidor
from ponte.simulators.whatsapp_cloud import SimuladorWhatsAppCloud
from ponte.store.db import Tx
from ponte.store.outbox import gravado
from ponte.testing import Embedded, embedded
from tests.espera import until

ANA = "5511999990001"
BOT = BotSettings(enabled=True, horario="das 8h às 18h")
NO_BOT = BotSettings()


@dataclass
class Cena:
    """One shop; `feitos` counts the facts that were mirrored by hand."""

    ponte: Embedded
    chatwoot: SimuladorChatwoot
    whatsapp: SimuladorWhatsAppCloud
    feitos: int = field(default=0)

    # ------------------------------------------------------------ people

    async def write(self, texto: str, numero: str = ANA) -> str:
        """Let a customer write; return the platform's id."""
        return await self.whatsapp.write(numero, texto)

    def said(self) -> list[str]:
        """Return the words that customers got, oldest first."""
        return [m["text"]["body"] for m in self.whatsapp.mensagens if m["type"] == "text"]

    async def customer_got(self, texto: str) -> None:
        """Wait until a customer has it."""

        async def got() -> bool:
            return texto in self.said()

        await until(got)

    # ------------------------------------------------------------ the help desk

    @property
    def conversa(self) -> int:
        """The one conversation there."""
        [only] = self.chatwoot.mundo.conversas
        return only

    def shown(self) -> list[tuple[str, str]]:
        """Return what stands in all conversations there: who to whom, and the words."""
        talks = self.chatwoot.mundo.conversas.values()
        sides = {0: "incoming", 1: "outgoing"}
        return [
            (sides.get(m["message_type"], "other"), m["content"])
            for talk in talks
            for m in talk["messages"]
        ]

    def copy(self, texto: str) -> dict[str, Any]:
        """Return the one message there with these words."""
        talks = self.chatwoot.mundo.conversas.values()
        [found] = [m for t in talks for m in t["messages"] if m["content"] == texto]
        return dict(found)

    async def shows(self, *expected: tuple[str, str]) -> None:
        """Wait until these, and no others, stand there in this order."""

        async def whole() -> bool:
            return self.shown() == list(expected)

        with contextlib.suppress(AssertionError):
            await until(whole, seconds=20)
        assert self.shown() == list(expected)

    async def stands(self, **campos: Any) -> None:
        """Wait until the conversation there has these values."""

        async def so() -> bool:
            talks = list(self.chatwoot.mundo.conversas.values())
            return bool(talks) and all(talks[-1][k] == v for k, v in campos.items())

        await until(so)

    async def idle(self) -> None:
        """Wait until nothing is left to do."""

        async def waiting(tx: Tx) -> int:
            row = await tx.fetch_one("SELECT COUNT(*) FROM fila")
            return int(row[0]) if row else 0

        async def done() -> bool:
            return not await self.ponte.ctx.db.read(waiting)

        await until(done)

    async def atendimento(self) -> str:
        """Return who answers the customer."""

        async def find(tx: Tx) -> str:
            row = await tx.fetch_one("SELECT atendimento FROM conversas")
            return str(row[0]) if row else ""

        found: str = await self.ponte.ctx.db.read(find)
        return found

    # ------------------------------------------------------------ by hand

    async def mirror(self) -> None:
        """Mirror each fact that is new; what fails is raised, and stays to be done."""
        while self.feitos < len(facts := await self._facts()):
            await ida.mirror(self.ponte.ctx, facts[self.feitos])
            self.feitos += 1

    async def _facts(self) -> list[FatoGravado]:
        async def read(tx: Tx) -> list[FatoGravado]:
            rows = await tx.fetch("SELECT pos, id, tipo, lane, em, dados FROM fatos ORDER BY pos")
            return [gravado(row) for row in rows]

        found: list[FatoGravado] = await self.ponte.ctx.db.read(read)
        return found


@contextlib.asynccontextmanager
async def scene(
    data_dir: Path,
    *,
    env: Mapping[str, str] | None = None,
    papeis: tuple[str, ...] = ("worker",),
    bot: BotSettings = BOT,
) -> AsyncIterator[Cena]:
    """Run a shop."""
    chatwoot, whatsapp = SimuladorChatwoot(), SimuladorWhatsAppCloud()
    urls = await chatwoot.start(), await whatsapp.start()
    values = chatwoot.env(urls[0]) | whatsapp.env(urls[1]) | dict(env or {})
    async with embedded(data_dir, env=values, papeis=papeis, bot=bot) as ponte:

        async def pass_on(request: Request) -> Response:
            answer = await ponte.http.post(
                request.url.path,
                content=await request.body(),
                headers={k: v for k, v in request.headers.items() if k != "host"},
            )
            return Response(answer.content, answer.status_code)

        porta = Servidor(Starlette(routes=[Route("/{p:path}", pass_on, methods=["POST"])]))
        url = await porta.start("127.0.0.1", 0)
        chatwoot.aim(f"{url}/webhooks/chatwoot")
        whatsapp.aim(f"{url}/webhooks/whatsapp_cloud")
        try:
            yield Cena(ponte, chatwoot, whatsapp)
        finally:
            await porta.stop()
            await chatwoot.stop()
            await whatsapp.stop()
