"""Demo, canais: the platforms of the demonstration, and people who write to the shop on them.

They ask what people ask: how an order is, what something costs, for a person. The first
platform's people are those who order with their telephone, so they get notices there.
"""

import asyncio
import contextlib
import random
from collections.abc import Collection, Mapping
from typing import Final

import httpx2

from ponte.simulators import canais
from ponte.simulators.caos import Caos, of_level

PESSOAS = 30  # chosen: people of one platform
TALK_EVERY_S = 6.0  # chosen: at one order a second the screen can still be read
PAUSE_S = (3.0, 12.0)  # chosen: between two words of one person
AVISOS: Final = "whatsapp"  # where notices of orders go
HORARIO = "de segunda a sábado das 8h às 20h"
ASSUNTOS = (
    ("Oi", "1"),
    ("Bom dia! Qual a situação do meu pedido?",),
    ("Quanto custa o café?", "E o arroz?"),
    ("Tem leite integral?", "obrigado"),
    ("Que horas vocês fecham?",),
    ("quero falar com uma pessoa",),
)


class CanaisDemo:
    """Every stand-in that the demonstration runs.

    Args:
        seed: The same seed lets the same people say the same.
        nivel: How badly the platforms behave, a name of `caos.NIVEIS`.
        disturbed: Which of them; empty means all.
    """

    def __init__(self, *, seed: int, nivel: str = "calmo", disturbed: Collection[str] = ()) -> None:
        names = [nome for nome, registro in canais.SIMULADORES.items() if registro.demo]
        unknown = set(disturbed) - set(names)
        if unknown:
            msg = f"no such platform: {', '.join(sorted(unknown))}; {', '.join(names)}"
            raise ValueError(msg)
        chaos = {
            nome: of_level(nivel, semente=seed + i)
            if nome in (disturbed or names)
            else Caos(seed=seed + i)
            for i, nome in enumerate(names)
        }
        self.simuladores = {nome: canais.make(nome, caos=chaos[nome]) for nome in names}
        self.urls: dict[str, str] = {}
        self._sorte = random.Random(f"canais:{seed}")  # noqa: S311 - repeatable, not secret

    async def start(self) -> dict[str, str]:
        """Start them on free ports; return the settings that make Ponte use them."""
        env: dict[str, str] = {}
        for nome, simulador in self.simuladores.items():
            self.urls[nome] = await simulador.start()
            env |= simulador.env(self.urls[nome])
        # What is told by webhook need not be asked for.
        return env | {"PONTE_TELEGRAM__POLLING": "false"}

    async def stop(self) -> None:
        """Close them."""
        await asyncio.gather(*(simulador.stop() for simulador in self.simuladores.values()))

    def numero(self) -> str:
        """Return the telephone of somebody who may write, or have written, on WhatsApp."""
        return self._pessoa(AVISOS)

    async def talk(self, url: str, *, every_s: float = TALK_EVERY_S) -> None:
        """Let people write to a Ponte at this address until cancelled."""
        for nome, simulador in self.simuladores.items():
            simulador.aim(f"{url}/webhooks/{nome}")
        async with asyncio.TaskGroup() as group:
            while True:
                await asyncio.sleep(self._sorte.expovariate(1 / every_s))
                nome = self._sorte.choice(tuple(self.simuladores))
                words = self._sorte.choice(ASSUNTOS)
                group.create_task(self._conversation(nome, self._pessoa(nome), words))

    async def _conversation(self, nome: str, pessoa: str, words: tuple[str, ...]) -> None:
        for texto in words:
            await self.simuladores[nome].write(pessoa, texto)
            await asyncio.sleep(self._sorte.uniform(*PAUSE_S))

    def _pessoa(self, nome: str) -> str:
        return canais.SIMULADORES[nome].pessoa(self._sorte.randrange(PESSOAS))


async def stir(urls: Mapping[str, str], nivel: str, *, seed: int) -> list[str]:
    """Let running stand-ins misbehave at a level; return the names of those that are there."""
    reached = []
    async with httpx2.AsyncClient(trust_env=False, timeout=5.0) as http:
        for i, (nome, url) in enumerate(urls.items()):
            with contextlib.suppress(httpx2.TransportError):
                order = {"nivel": nivel, "semente": seed + i}
                answer = await http.put(f"{url}/_simulador/caos", json=order)
                if answer.is_success:
                    reached.append(nome)
    return reached
