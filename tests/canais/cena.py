"""Cena: a Ponte between the stand-ins of WhatsApp and Chatwoot, each telling the other's way."""

import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx2

from ponte.context import Context
from ponte.events import FatoGravado
from ponte.flow import STEPS, Step
from ponte.settings import BotSettings
from ponte.simulators.chatwoot import SimuladorChatwoot
from ponte.simulators.whatsapp_cloud import SimuladorWhatsAppCloud
from ponte.store.db import Tx
from ponte.store.outbox import gravado
from ponte.testing import Embedded, FrozenClock, embedded
from tests.espera import until

ANA = "5511999990001"
BOT = BotSettings(enabled=True, horario="das 8h às 18h")
NO_BOT = BotSettings()
POR_MAO = ("receber_entrada", "enviar_mensagem", "espelhar")


@dataclass
class Cena:
    """One shop; `feitos` counts the facts that were handled by hand."""

    ponte: Embedded
    chatwoot: SimuladorChatwoot
    whatsapp: SimuladorWhatsAppCloud
    feitos: int = 0
    passos: set[tuple[str, str]] = field(default_factory=set)

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

    async def late(self, before: str, status: str) -> None:
        """Tell of a change of the conversation after its time."""
        change = {"status": {"previous_value": before, "current_value": status}}
        shown = self.chatwoot.mundo.shown(self.chatwoot.mundo.talk(self.conversa))
        body = {**shown, "status": status, "changed_attributes": [change]}
        await self.chatwoot._tell("conversation_status_changed", body, onde="late")

    # ------------------------------------------------------------ by hand

    async def work(self) -> None:
        """Handle each fact that is new, in order; what fails is raised, and stays to be done."""
        while self.feitos < len(facts := await self._facts()):
            fato = facts[self.feitos]
            for step in STEPS.values():
                if step.name in POR_MAO and type(fato.fato()) in step.on:
                    await self._do(step, fato)
            self.feitos += 1

    async def _do(self, step: Step, fato: FatoGravado) -> None:
        if (step.name, fato.id) in self.passos or step.fila_of(fato.fato()) is None:
            return
        db = self.ponte.ctx.db
        if step.kind == "outside":
            effect = await step.handler(self.ponte.ctx, fato)
            if effect is not None:
                await db.transact(effect)
        else:
            await db.transact(partial(_apply, step, self.ponte.ctx, fato))
        self.passos.add((step.name, fato.id))

    async def _facts(self) -> list[FatoGravado]:
        async def read(tx: Tx) -> list[FatoGravado]:
            rows = await tx.fetch("SELECT pos, id, tipo, lane, em, dados FROM fatos ORDER BY pos")
            return [gravado(row) for row in rows]

        found: list[FatoGravado] = await self.ponte.ctx.db.read(read)
        return found


async def _apply(step: Step, ctx: Context, fato: FatoGravado, tx: Tx) -> None:
    await step.handler(ctx, tx, fato)


@contextlib.asynccontextmanager
async def scene(
    data_dir: Path,
    *,
    env: Mapping[str, str] | None = None,
    papeis: tuple[str, ...] = ("worker",),
    bot: BotSettings = BOT,
    clock: FrozenClock | None = None,
) -> AsyncIterator[Cena]:
    """Run a shop."""
    now = time.time if clock is None else lambda: clock.ms / 1000
    chatwoot, whatsapp = SimuladorChatwoot(now=now), SimuladorWhatsAppCloud(now=now)
    standins: dict[str, SimuladorChatwoot | SimuladorWhatsAppCloud] = {
        "chatwoot": chatwoot,
        "whatsapp_cloud": whatsapp,
    }
    values = dict(env or {})
    for nome, standin in standins.items():
        values |= standin.env(f"http://{nome}.test")
    async with embedded(data_dir, env=values, papeis=papeis, bot=bot, clock=clock) as ponte:
        for nome, standin in standins.items():
            # No sockets: each is called as the app that it is.
            ponte.ctx.destinos[nome]._transport = httpx2.ASGITransport(app=standin.app)
            standin._client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=ponte.app))
            standin.aim(f"http://ponte.test/webhooks/{nome}")
        whatsapp.url = "http://whatsapp_cloud.test"  # where it says that its media lie
        yield Cena(ponte, chatwoot, whatsapp)
        for standin in standins.values():
            await standin.stop()
