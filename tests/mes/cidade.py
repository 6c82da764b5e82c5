"""Cidade: people who write to a shop on every platform, and the clerk who answers them.

Each word is unique, so the judge can count: `pergunta 17` goes in, `resposta 17` goes out.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2

from ponte.simulators import canais
from ponte.simulators.caos import Caos

PESSOAS = 40  # chosen: people of one platform
LE = 0.5  # chosen: half of the answers are read
JANELA_S = 15  # chosen: all of an hour's people come within so many seconds
WHATSAPP, NUMERO_ID = "loja-centro", "100000000000001"


@dataclass(frozen=True)
class Jeito:
    """What tells one platform from another here.

    `avisa`: it tells of each sent message (an echo, a receipt with our own id), so that a
    call whose answer was lost is known to have had its effect. `onde` names the call that
    sends, `ler` lets a person read, `esquecer` closes the platform's window for a person.
    """

    onde: str
    avisa: bool
    canal: str
    instancia: str | None = None
    ler: Callable[[Any, str, str], Awaitable[None]] | None = None
    esquecer: Callable[[Any, str], object] | None = None
    destino: Callable[[Any, str], str] = lambda _simulador, pessoa: pessoa


JEITOS = {
    "whatsapp": Jeito("sendText", avisa=True, canal="whatsapp", instancia=WHATSAPP,
                      ler=lambda s, pessoa, alvo: s.receipt(alvo, "READ", de=pessoa)),
    "whatsapp_cloud": Jeito("send", avisa=True, canal="whatsapp", instancia=NUMERO_ID,
                            ler=lambda s, _pessoa, alvo: s.read(alvo),
                            esquecer=lambda s, pessoa: s._wrote_ms.pop(pessoa, None)),
    "telegram": Jeito("sendMessage", avisa=False, canal="telegram"),
    "tiktok": Jeito("send", avisa=True, canal="tiktok",
                    ler=lambda s, pessoa, _alvo: s.read(pessoa),
                    destino=lambda s, pessoa: s.conversa_de(pessoa)),
    "instagram": Jeito("send", avisa=True, canal="instagram",
                       ler=lambda s, pessoa, alvo: s.read(pessoa, alvo),
                       esquecer=lambda s, pessoa: s._wrote_s.pop(pessoa, None)),
    "facebook": Jeito("send", avisa=True, canal="facebook",
                      ler=lambda s, pessoa, alvo: s.read(pessoa, alvo),
                      esquecer=lambda s, pessoa: s._wrote_s.pop(pessoa, None)),
}  # fmt: skip


@dataclass
class Praca:
    """One platform, its stand-in and its people; `quieta` while an episode has it."""

    nome: str
    simulador: Any
    jeito: Jeito
    pessoas: list[str]
    quieta: bool = False

    def calm(self, caos: Caos) -> None:
        """Set how it misbehaves, and forget what was ordered."""
        self.simulador.misbehave("normal")
        self.simulador.caos = caos


@dataclass
class Cidade:
    """Who writes what to whom; `escritas` and `aceitas` are the judge's to empty.

    Args:
        pracas: Every platform.
        http: Ponte's API.
        sorte: Dice of one seed.
    """

    pracas: dict[str, Praca]
    http: httpx2.AsyncClient
    sorte: random.Random
    escritas: dict[str, str] = field(default_factory=dict)
    aceitas: dict[str, tuple[str, str]] = field(default_factory=dict)
    recusadas: int = 0
    _n: int = 0

    async def hour(self, conversas: int) -> None:
        """Let so many people come, each be answered, and everything come to rest."""
        livres = [praca for praca in self.pracas.values() if not praca.quieta]
        await asyncio.gather(
            *(
                self._talk(self.sorte.choice(livres), self.sorte.randrange(JANELA_S))
                for _ in range(conversas if livres else 0)
            )
        )
        for praca in self.pracas.values():
            await praca.simulador.release()

    async def _talk(self, praca: Praca, at_s: int) -> None:
        await asyncio.sleep(at_s)
        pessoa = self.sorte.choice(praca.pessoas)
        await self.write(praca, pessoa)
        await asyncio.sleep(2)
        texto = await self.answer(praca, pessoa)
        if texto is None or praca.jeito.ler is None or self.sorte.random() >= LE:
            return
        await asyncio.sleep(2)
        for enviada in reversed(praca.simulador.mensagens):
            if f"{texto}'" in str(enviada):
                alvo = str(enviada.get("message_id") or enviada.get("id"))
                await praca.jeito.ler(praca.simulador, pessoa, alvo)
                return

    async def write(self, praca: Praca, pessoa: str) -> None:
        """Let one person write."""
        self._n += 1
        texto = f"pergunta {self._n}."
        self.escritas[texto] = praca.nome
        await praca.simulador.write(pessoa, texto)

    async def answer(self, praca: Praca, pessoa: str) -> str | None:
        """Let the clerk answer; None where Ponte knows that the window is closed."""
        self._n += 1
        texto = f"resposta {self._n}."
        jeito = praca.jeito
        corpo = {
            "tipo": "texto",
            "canal": jeito.canal,
            "instancia": jeito.instancia,
            "destinatario": jeito.destino(praca.simulador, pessoa),
            "conteudo": texto,
        }
        answer = await self.http.post("/messages", json=corpo)
        if answer.status_code == 202:
            self.aceitas[answer.json()["id"]] = (praca.nome, texto)
            return texto
        if answer.status_code == 422 and answer.json().get("code") == "janela_fechada":
            self.recusadas += 1
            return None
        msg = f"{praca.nome}: {answer.status_code} {answer.text}"
        raise AssertionError(msg)


def open_city(nomes: list[str], http: httpx2.AsyncClient, *, seed: int) -> Cidade:
    """Return a city with these platforms, none of which is reachable yet."""
    pracas = {
        nome: Praca(
            nome,
            canais.make(nome),
            JEITOS[nome],
            [canais.SIMULADORES[nome].pessoa(1000 * i + n) for n in range(PESSOAS)],
        )
        for i, nome in enumerate(nomes)
    }
    return Cidade(pracas, http, random.Random(seed))  # noqa: S311 - repeatable, not secret
