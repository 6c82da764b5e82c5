"""Juiz: what must be true of every message of the month, counted on both sides.

In: what a platform had answered 2xx is in Ponte exactly once. Out: what Ponte answered 202
is at its platform, once; twice only after a call whose answer was lost, and only where the
platform did not tell of the first copy within the time that Ponte waits for it.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ponte.events import FatoGravado
from ponte.events.canais import DisjuntorMudou
from ponte.mensagens.handlers import ECO_S
from ponte.simulators.plataforma import Entrega
from ponte.store.db import Tx
from tests.mes.cidade import Cidade, Praca
from tests.mes.rede import Rede

_PERGUNTA = re.compile(rb"pergunta \d+\.")
_RESPOSTA = re.compile(r"resposta \d+\.")
# What tells which message a call had sent: an echo has its words, a receipt our own id.
_NAMES = re.compile(rb"resposta \d+\.|biz_opaque_callback_data")
_RANK = {"nenhuma": 0, "enviada": 1, "entregue": 2, "lida": 3}
MAX_TOLD = 20  # chosen: of each kind of violation


@dataclass
class Placar:
    """The counts; `violacoes` must stay empty."""

    entradas: Counter[str] = field(default_factory=Counter)
    saidas: Counter[str] = field(default_factory=Counter)
    dobradas: Counter[str] = field(default_factory=Counter)
    disjuntores: Counter[str] = field(default_factory=Counter)
    recibos: int = 0
    sem_aviso: int = 0
    violacoes: list[str] = field(default_factory=list)

    def wrong(self, texto: str) -> None:
        """Note a violation."""
        if len(self.violacoes) < MAX_TOLD:
            self.violacoes.append(texto)


@dataclass
class Juiz:
    """Judges day by day, and keeps no more than is not settled yet."""

    cidade: Cidade
    db: Any
    rede: Rede
    placar: Placar = field(default_factory=Placar)
    _entregue: dict[str, str] = field(default_factory=dict)
    _perguntas: dict[str, str] = field(default_factory=dict)  # delivered, not seen inside
    _ontem: dict[str, str] = field(default_factory=dict)
    _copias: dict[str, list[str]] = field(default_factory=dict)
    _perdidas: dict[str, float] = field(default_factory=dict)  # id -> when its answer was lost
    _avisos: dict[str, float] = field(default_factory=dict)  # id -> when the platform told of it

    @property
    def open_work(self) -> int:
        """How many messages are not settled."""
        return len(self.cidade.aceitas) + len(self._perguntas)

    def heard(self, fatos: Sequence[FatoGravado]) -> None:
        """Count breakers; follow each message's receipts, which never go backwards."""
        for gravado in fatos:
            if gravado.tipo == DisjuntorMudou.tipo:
                mudou: Any = gravado.fato()
                self.placar.disjuntores[f"{mudou.hub} {mudou.estado}"] += 1
            if not gravado.tipo.startswith("mensagem."):
                continue
            fato: Any = gravado.fato()
            if getattr(fato, "direcao", "") != "saida":
                continue
            antes = self._entregue.get(fato.mensagem_id, "nenhuma")
            agora = str(fato.entrega)
            if agora == antes:
                continue
            self.placar.recibos += 1
            if "falhou" not in (agora, antes) and _RANK[agora] < _RANK[antes]:
                self.placar.wrong(f"receipt went back: {fato.mensagem_id} {antes} -> {agora}")
            self._entregue[fato.mensagem_id] = agora

    async def day(self) -> None:
        """Judge what was settled, and forget it."""
        for praca in self.cidade.pracas.values():
            self._gather(praca)
        while self.rede.tarde:
            host, corpo, em_s = self.rede.tarde.popleft()
            self._lost(host.removesuffix(".simulador"), corpo, em_s)
        await self._judge_in()
        await self._judge_out()
        self._forget()

    def finish(self) -> None:
        """Call whatever is not settled at the end a violation."""
        for mensagem_id, (nome, texto) in self.cidade.aceitas.items():
            self.placar.wrong(f"{nome}: {texto} ({mensagem_id}) was accepted and never sent")
        for texto, nome in self._perguntas.items():
            self.placar.wrong(f"{nome}: {texto} was answered 2xx and is not inside")

    # ------------------------------------------------------------ outside

    def _gather(self, praca: Praca) -> None:
        simulador = praca.simulador
        for entrega in simulador.entregas:
            if any(x is not None and 200 <= x < 300 for x in entrega.respostas):
                self._told(praca.nome, entrega)
        for perdida in simulador.perdidas:
            self._lost(praca.nome, perdida.corpo, perdida.em_s)
        for enviada in simulador.mensagens:
            found = _RESPOSTA.search(json.dumps(enviada, default=str))
            alvo = str(enviada.get("message_id") or enviada.get("id"))
            if found:
                self._copias.setdefault(found[0], []).append(f"{praca.nome}:{alvo}")
        for feitos in (simulador.entregas, simulador.perdidas, simulador.mensagens):
            feitos.clear()
        simulador.chamadas.clear()

    def _told(self, nome: str, entrega: Entrega) -> None:
        for achado in _PERGUNTA.findall(entrega.corpo):
            texto = achado.decode()
            if self.cidade.escritas.pop(texto, None) is not None:
                self._perguntas[texto] = nome
        if not _NAMES.search(entrega.corpo):
            return  # a receipt with the platform's id alone can't say which message it means
        for alvo in _scalars(entrega.corpo):
            self._avisos.setdefault(f"{nome}:{alvo}", entrega.em_s)

    def _lost(self, nome: str, corpo: bytes, em_s: float) -> None:
        for alvo in _scalars(corpo):
            self._perdidas[f"{nome}:{alvo}"] = em_s

    # ------------------------------------------------------------ inside

    async def _judge_in(self) -> None:
        textos = list(self._perguntas)
        counts: dict[str, int] = dict(await self.db.read(_count_in, textos)) if textos else {}
        for texto, vezes in counts.items():
            nome = self._perguntas.pop(texto)
            self.placar.entradas[nome] += 1
            if vezes != 1:
                self.placar.wrong(f"{nome}: {texto} is inside {vezes} times")
        # What the platform itself dropped yesterday nobody can know of.
        self.placar.sem_aviso += len(self._ontem.keys() & self.cidade.escritas.keys())
        for texto in self._ontem.keys() & self.cidade.escritas.keys():
            del self.cidade.escritas[texto]
        self._ontem = dict(self.cidade.escritas)

    async def _judge_out(self) -> None:
        rows = await self.db.read(_states, list(self.cidade.aceitas))
        for mensagem_id, status, id_externo in rows:
            if status != "concluida":
                continue
            nome, texto = self.cidade.aceitas.pop(mensagem_id)
            copias = self._copias.pop(texto, [])
            self.placar.saidas[nome] += 1
            if not copias:
                self.placar.wrong(f"{nome}: {texto} is called sent and never came")
            elif f"{nome}:{id_externo}" not in copias:
                self.placar.wrong(f"{nome}: {texto} has the id {id_externo}, which is no copy's")
            if len(copias) > 1:
                self._judge_copies(nome, texto, copias)

    def _judge_copies(self, nome: str, texto: str, copias: list[str]) -> None:
        self.placar.dobradas[nome] += len(copias) - 1
        for first in copias[:-1]:
            lost_s = self._perdidas.get(first)
            told_s = self._avisos.get(first)
            if lost_s is None:
                self.placar.wrong(f"{nome}: {texto} came again although {first} was answered")
            elif (
                self.cidade.pracas[nome].jeito.avisa
                and told_s is not None
                and told_s < lost_s + ECO_S / 2
            ):
                when = f"{lost_s:.0f}, told at {told_s:.0f}"
                self.placar.wrong(f"{nome}: {texto} came again, {first} was lost at {when}")

    def _forget(self) -> None:
        abertas = {c for copias in self._copias.values() for c in copias}
        self._avisos = {k: v for k, v in self._avisos.items() if k in abertas}
        self._perdidas = {k: v for k, v in self._perdidas.items() if k in abertas}
        if len(self._entregue) > 20_000:  # chosen: receipts come within days, not weeks
            for mensagem_id in list(self._entregue)[:-10_000]:
                del self._entregue[mensagem_id]


def _scalars(corpo: bytes) -> Iterator[str]:
    """Yield every id-like value of a JSON body, those of JSON within its texts too."""
    stack: list[Any] = [_loaded(corpo)]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            stack += value.values()
        elif isinstance(value, list):
            stack += value
        elif isinstance(value, str) and value.startswith("{"):
            stack.append(_loaded(value.encode()))
        elif isinstance(value, str | int):
            yield str(value)


def _loaded(corpo: bytes) -> Any:
    try:
        return json.loads(corpo)
    except ValueError:
        return None


async def _count_in(tx: Tx, textos: list[str]) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for start in range(0, len(textos), 400):
        part = [json.dumps(texto) for texto in textos[start : start + 400]]
        marks = ", ".join("?" for _ in part)
        rows = await tx.fetch(
            "SELECT conteudo, COUNT(*) FROM mensagens WHERE direcao = 'entrada'"  # noqa: S608
            f" AND conteudo IN ({marks}) AND id >= ? GROUP BY conteudo",
            (*part, _id_at(tx.now_ms - 3 * 86_400_000)),
        )
        found += [(json.loads(row[0]), row[1]) for row in rows]
    return found


def _id_at(ms: int) -> str:
    """Return what every id of that instant or later sorts after."""
    return f"{ms >> 16:08x}-{ms & 0xFFFF:04x}"


async def _states(tx: Tx, ids: list[str]) -> list[tuple[str, str, str | None]]:
    found: list[tuple[str, str, str | None]] = []
    for start in range(0, len(ids), 400):
        part = ids[start : start + 400]
        marks = ", ".join("?" for _ in part)
        rows = await tx.fetch(
            f"SELECT id, status, id_externo FROM mensagens WHERE id IN ({marks})",  # noqa: S608
            part,
        )
        found += [(row[0], row[1], row[2]) for row in rows]
    return found
