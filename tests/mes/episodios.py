"""Episodios: what happens to one platform at a time, and what Ponte must do of it.

A rate limit and a closed window open no breaker; an outage opens it, and its end closes it;
a refused key stops the canal and tells people, and sending goes on once it is mended.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ponte.canais import hubs, sonda
from ponte.canais.avisos import PARADO
from ponte.context import Context
from ponte.mensagens import estado
from ponte.resilience.breaker import BreakerState
from ponte.resilience.http import Http
from ponte.simulators.caos import Caos
from ponte.store.db import Tx
from tests.mes.cidade import Cidade, Praca
from tests.mes.juiz import Placar

SEMPRE = 10**9
MENSAGENS = 6  # a breaker opens at five failures in a row
PACIENCIA_S = 600  # chosen: the longest wait of a step is 300 s, with its jitter 360


@dataclass
class Palco:
    """Where episodes play; `disjuntores` counts every change of every breaker by its way."""

    ctx: Context
    cidade: Cidade
    placar: Placar
    calm: Callable[[Praca], None]
    feitos: Counter[str] = field(default_factory=Counter)
    _abertos: int = 0

    @contextmanager
    def alone(self, praca: Praca, episodio: str) -> Iterator[None]:
        """Give a platform to an episode; afterwards it misbehaves again as it did."""
        praca.quieta = True
        praca.calm(Caos())
        self._abertos = self._openings(praca)
        try:
            yield
        finally:
            self.calm(praca)
            praca.quieta = False
            self.feitos[episodio] += 1

    def opened(self, praca: Praca) -> bool:
        """Tell whether a breaker of this platform opened in this episode."""
        return self._openings(praca) > self._abertos

    def _openings(self, praca: Praca) -> int:
        changes = self.placar.disjuntores
        return sum(changes[key] for key in changes if _is_own(key, praca) and "open" in key.split())

    async def send(self, praca: Praca, vezes: int = MENSAGENS) -> list[str]:
        """Let people write, and the clerk answer each; return the messages' ids."""
        before = set(self.cidade.aceitas)
        for pessoa in praca.pessoas[:vezes]:
            await self.cidade.write(praca, pessoa)
        await asyncio.sleep(2)
        for pessoa in praca.pessoas[:vezes]:
            await self.cidade.answer(praca, pessoa)
        return [x for x in self.cidade.aceitas if x not in before]

    async def sent(self, ids: list[str], within_s: float = PACIENCIA_S) -> bool:
        """Wait until all are sent; False when that takes too long."""
        for _ in range(int(within_s / 5)):
            if await self.ctx.db.read(_all_sent, ids):
                return True
            await asyncio.sleep(5)
        return False

    def expect(self, praca: Praca, texto: str, *, true: bool) -> None:
        """Note a violation unless it is so."""
        if not true:
            self.placar.wrong(f"{praca.nome}: {texto}")


Episodio = Callable[[Palco, Praca], Awaitable[None]]


async def limite(palco: Palco, praca: Praca) -> None:
    """The platform takes nothing for a while, since it is asked too much."""
    with palco.alone(praca, "limite"):
        praca.simulador.misbehave("429", SEMPRE, onde=praca.jeito.onde, segundos=5)
        ids = await palco.send(praca)
        await asyncio.sleep(30)
        praca.calm(Caos())
        palco.expect(praca, "not sent after its rate limit", true=await palco.sent(ids))
        palco.expect(praca, "a rate limit opened a breaker", true=not palco.opened(praca))


async def queda(palco: Palco, praca: Praca) -> None:
    """The platform is down, then back."""
    with palco.alone(praca, "queda"):
        praca.simulador.misbehave("5xx", SEMPRE, onde=praca.jeito.onde)
        ids = await palco.send(praca)
        await asyncio.sleep(40)
        palco.expect(praca, "an outage opened no breaker", true=palco.opened(praca))
        praca.calm(Caos())
        palco.expect(praca, "not sent after its outage", true=await palco.sent(ids))
        closed = all(http.breaker.state is BreakerState.CLOSED for http in _https(palco, praca))
        palco.expect(praca, "the breaker stayed open after an outage", true=closed)


async def chave(palco: Palco, praca: Praca) -> None:
    """The platform takes the key no more, until somebody mends it."""
    canal = praca.jeito.canal
    with palco.alone(praca, "chave"):
        praca.simulador.misbehave("token", SEMPRE, onde=praca.jeito.onde)
        ids = await palco.send(praca, 3)
        await asyncio.sleep(30)
        await sonda.probe_hubs(palco.ctx)
        stopped = await palco.ctx.db.read(estado.stopped, canal)
        palco.expect(praca, "a refused key did not stop it", true=stopped is not None)
        told = await palco.ctx.db.read(_open_alerts, canal)
        palco.expect(praca, "nobody was told of a refused key", true=told == 1)
        palco.expect(praca, "a refused key opened a breaker", true=not palco.opened(praca))
        praca.calm(Caos())
        answer = await palco.cidade.http.post(f"/hub/circuit-breaker/{canal}/reset")
        palco.expect(praca, f"reset answered {answer.status_code}", true=answer.is_success)
        palco.expect(praca, "not sent after its key was mended", true=await palco.sent(ids))
        await sonda.probe_hubs(palco.ctx)
        told = await palco.ctx.db.read(_open_alerts, canal)
        palco.expect(praca, "the alert outlived the mended key", true=told == 0)


async def janela(palco: Palco, praca: Praca) -> None:
    """The platform's window closes before Ponte's, and opens when the person writes again."""
    esquecer = praca.jeito.esquecer
    if esquecer is None:
        return
    with palco.alone(praca, "janela"):
        pessoa = praca.pessoas[-1]
        await palco.cidade.write(praca, pessoa)
        await asyncio.sleep(2)
        esquecer(praca.simulador, pessoa)
        before = set(palco.cidade.aceitas)
        await palco.cidade.answer(praca, pessoa)
        ids = [x for x in palco.cidade.aceitas if x not in before]
        await asyncio.sleep(10)
        aside = await palco.ctx.db.read(_set_aside, ids)
        palco.expect(praca, "a closed window was not set aside with a reason", true=aside == 1)
        palco.expect(praca, "a closed window opened a breaker", true=not palco.opened(praca))
        await palco.cidade.write(praca, pessoa)
        await replay(palco)
        palco.expect(praca, "not sent once the window was open", true=await palco.sent(ids))


async def replay(palco: Palco) -> None:
    """Put what was set aside back to work, as a person would who has mended its cause."""
    http = palco.cidade.http
    for falha in (await http.get("/falhas", params={"limite": 200})).json()["itens"]:
        if falha["situacao"] == "aberta":
            answer = await http.post(f"/falhas/{falha['id']}/reprocessar")
            answer.raise_for_status()


EPISODIOS: dict[int, Episodio] = {3: limite, 9: queda, 15: chave, 21: janela}  # by the hour


def _is_own(nome: str, praca: Praca) -> bool:
    """Tell whether a destination, or a part of one, carries this platform's messages."""
    whole = nome.split(maxsplit=1)[0].partition(":")[0]
    return whole in {praca.nome, f"{praca.nome}_mensagens"}


def _https(palco: Palco, praca: Praca) -> list[Http]:
    own = [http for nome, http in palco.ctx.destinos.items() if _is_own(nome, praca)]
    return hubs.every(own)


async def _all_sent(tx: Tx, ids: list[str]) -> bool:
    marks = ", ".join("?" for _ in ids) or "''"
    row = await tx.fetch_one(
        f"SELECT COUNT(*) FROM mensagens WHERE id IN ({marks}) AND status = 'concluida'",  # noqa: S608
        ids,
    )
    return row is not None and row[0] == len(ids)


async def _set_aside(tx: Tx, ids: list[str]) -> int:
    marks = ", ".join("?" for _ in ids) or "''"
    row = await tx.fetch_one(
        f"SELECT COUNT(*) FROM mensagens WHERE id IN ({marks}) AND status = 'erro'"  # noqa: S608
        " AND erro IS NOT NULL",
        ids,
    )
    return 0 if row is None else int(row[0])


async def _open_alerts(tx: Tx, canal: str) -> int:
    row = await tx.fetch_one(
        "SELECT COUNT(*) FROM alertas WHERE nome = ? AND resolvido_em IS NULL AND labels LIKE ?",
        (PARADO, f'%"{canal}"%'),
    )
    return 0 if row is None else int(row[0])
