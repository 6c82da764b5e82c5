"""Flow: the whole system on one page. Which fact goes to which handler, through which queue.

Read a row as: when `on` is committed, `handler` runs off queue `fila`, tried by
`schedule`. A handler of kind `many` gets all that waits in one transaction, `one`
a transaction a fact, and `outside` none at all: it talks to the world, and
returns what is to be written once the world has answered.

A fact with a room and no row here is only shown. A queue a destination, so that a
dead one holds up no other. The step owns the tries and nobody else does.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from ponte.alertas import fins
from ponte.alertas import handlers as alertas
from ponte.canais import publicacao, recepcao
from ponte.canais.espelho import ida as espelho
from ponte.chatbot import proprio
from ponte.chatbot.responder import responder
from ponte.context import Context
from ponte.estoque import handlers as estoque
from ponte.events import (
    AvisoPedido,
    ConversaMudou,
    DisponibilidadePedida,
    EntregaPedida,
    EstoqueBaixou,
    EstoqueEsgotou,
    EstoqueNormalizou,
    EstoqueVoltou,
    FalhaCriada,
    FalhaDescartada,
    FalhaReprocessada,
    Fato,
    FatoGravado,
    LinhaSemProduto,
    MensagemAceita,
    MensagemAnotada,
    MensagemEcoada,
    MensagemEntregue,
    MensagemEnviada,
    MensagemLida,
    MensagemNaoEntregue,
    MensagemRecebida,
    PedidoCancelado,
    PedidoRecebido,
    PedidoReprocessado,
    PedidoSemEstoque,
    VideoPedido,
    WebhookRecebido,
)
from ponte.mensagens import handlers as mensagens
from ponte.pedidos import avisos, origem
from ponte.pedidos import handlers as pedidos
from ponte.resilience.retry import Schedule
from ponte.settings import Settings
from ponte.store.db import Rota, Tx

Kind = Literal["many", "one", "outside"]
GiveUp = Callable[[Context, Tx, FatoGravado, str], Awaitable[None]]

# Promise P7: five tries. Chosen: long enough to outlive a restart of whatever is down.
INSIDE = Schedule(delays_s=(0.1, 1, 5, 30))
# An outside call: about ten minutes in all.
OUTSIDE = Schedule(delays_s=(2, 10, 60, 300))
# SPEC §7: Telegram is tried three times.
TRES = Schedule(delays_s=(1, 5))
# A marketplace gives four minutes to take an order; the deadline ends the tries.
ACEITE = Schedule(delays_s=(1, 2, 5, 10, 20, 30, 30, 30, 30, 30, 30))
# Chosen: a customer waits; after the third a person answers.
RESPONDER = Schedule(delays_s=(2, 8))
ESPELHO = "espelhar"  # wanted only where there is a help desk


def _for_a_bot(recebida: MensagemRecebida) -> bool:
    return not (recebida.grupo or recebida.em_espera)


@dataclass(frozen=True, slots=True)
class Step:
    """One row. `fila` may name the destination, taken from the fact; `when` leaves facts out.

    `ligado` tells whether an installation wants it at all: where not, no fact costs it a row.
    """

    name: str
    on: tuple[type[Fato], ...]
    fila: str
    handler: Callable[..., Awaitable[Any]]
    kind: Kind = "one"
    schedule: Schedule = INSIDE
    destino: Callable[[Any], str | None] | None = None
    give_up: GiveUp | None = None
    concurrency: int = 8
    when: Callable[[Any], bool] | None = None
    ligado: Callable[[Settings], bool] | None = None

    def fila_of(self, fato: Fato) -> str | None:
        """Return the queue for this fact, or None when the step is not for it."""
        if self.when is not None and not self.when(fato):
            return None
        if self.destino is None:
            return self.fila
        destino = self.destino(fato)
        return None if destino is None else f"{self.fila}.{destino}"

    def schedule_for(self, fila: str) -> Schedule:
        """Return the schedule of one of its queues."""
        return TRES if fila == "alertas.telegram" else self.schedule


FLOW: tuple[Step, ...] = (
    Step("receber_webhook", (WebhookRecebido,), "webhooks", origem.handle_webhook,
         give_up=origem.give_up, when=lambda f: f.porta != "canal"),
    Step("receber_entrada", (WebhookRecebido,), "entradas", recepcao.handle_webhook,
         destino=lambda f: f.conector if f.porta == "canal" else None, give_up=origem.give_up),
    Step("atender", (PedidoRecebido, PedidoReprocessado), "pedidos", pedidos.fulfil, "many",
         give_up=pedidos.give_up),
    Step("aceitar", (PedidoRecebido,), "aceite", pedidos.take, "outside", ACEITE,
         destino=lambda f: f.canal if f.prazo_aceite_ms is not None else None),
    Step("avisar_cliente", (AvisoPedido,), "avisos", avisos.notify),
    Step("avisar_estoque", (EstoqueBaixou,), "alertas", alertas.raise_estoque_baixo),
    Step("acalmar_estoque", (EstoqueNormalizou,), "alertas", alertas.resolve_estoque_baixo),
    Step("avisar_sem_estoque", (PedidoSemEstoque,), "alertas", alertas.raise_sem_estoque),
    Step("avisar_linha", (LinhaSemProduto,), "alertas", alertas.raise_linha_sem_produto),
    Step("avisar_falha", (FalhaCriada,), "alertas", alertas.raise_falha),
    Step("acalmar_sem_estoque", (PedidoCancelado, PedidoReprocessado), "alertas",
         fins.end_sem_estoque),
    Step("acalmar_falha", (FalhaReprocessada, FalhaDescartada), "alertas", fins.end_falha),
    Step("entregar_alerta", (EntregaPedida,), "alertas", alertas.deliver, "outside", OUTSIDE,
         destino=lambda f: f.destino, give_up=alertas.give_up),
    Step("marcar_disponibilidade", (EstoqueEsgotou, EstoqueVoltou), "disponibilidade",
         estoque.mark_availability),
    Step("publicar_disponibilidade", (DisponibilidadePedida,), "disponibilidade",
         estoque.push_availability, "outside", OUTSIDE, destino=lambda f: f.conector),
    Step("enviar_mensagem", (MensagemAceita,), "mensagens", mensagens.send, "outside", OUTSIDE,
         destino=mensagens.canal_of, give_up=mensagens.give_up),
    Step("publicar_video", (VideoPedido,), "videos", publicacao.publish, "outside",
         publicacao.TENTATIVAS, give_up=publicacao.give_up, concurrency=2),
    Step("passar_mensagem", (MensagemAceita,), "internas", mensagens.pass_on),
    Step("confirmar_toque", (MensagemRecebida,), "toques", mensagens.acknowledge, "outside",
         OUTSIDE, when=mensagens.is_press),
    Step("responder_cliente", (MensagemRecebida,), "bot", responder,
         when=_for_a_bot, ligado=lambda s: s.bot.enabled and not s.bot.responder),
    Step("consultar_responder", (MensagemRecebida,), "responder", proprio.consult, "outside",
         RESPONDER, give_up=proprio.give_up, when=_for_a_bot,
         ligado=lambda s: s.bot.enabled and bool(s.bot.responder)),
    Step(ESPELHO, (MensagemRecebida, MensagemEcoada, MensagemEnviada, MensagemEntregue,
                   MensagemLida, MensagemNaoEntregue, MensagemAnotada, ConversaMudou),
         "espelho", espelho.mirror, "outside", OUTSIDE, when=espelho.concerns),
)  # fmt: skip

STEPS: dict[str, Step] = {step.name: step for step in FLOW}
# For each fact its steps, each with its one queue, or None where the fact names it.
_PorFato = dict[type[Fato], list[tuple[Step, Rota | None]]]
_BY_FACT: _PorFato = {}
for _step in FLOW:
    for _fato in _step.on:
        _BY_FACT.setdefault(_fato, []).append(
            (_step, Rota(_step.name, _step.fila) if (_step.destino or _step.when) is None else None)
        )
_ROTAS: dict[str, dict[str, Rota]] = {step.name: {} for step in FLOW}


def roteiro(settings: Settings, *, sem: Collection[str] = ()) -> Callable[[Fato], Sequence[Rota]]:
    """Return what tells where a fact must be handled; the store writes a queue row for each.

    `sem` are steps whose destination is not set up.
    """
    wanted = {
        fato: [
            (step, rota)
            for step, rota in rows
            if step.name not in sem and (step.ligado is None or step.ligado(settings))
        ]
        for fato, rows in _BY_FACT.items()
    }
    return partial(_rotas, wanted)


def _rotas(by_fact: _PorFato, fato: Fato) -> Sequence[Rota]:
    found = []
    for step, fixed in by_fact.get(type(fato), ()):
        if fixed is not None:
            found.append(fixed)
        elif (fila := step.fila_of(fato)) is not None:
            found.append(_rota(step, fila))
    return found


def _rota(step: Step, fila: str) -> Rota:
    # A step has as many queues as there are connectors: few, and known to the code.
    known = _ROTAS[step.name]
    found = known.get(fila)
    if found is None:
        found = known[fila] = Rota(step.name, fila)
    return found


def filas(ligados: Iterable[str]) -> dict[str, Kind]:
    """Return every queue with its kind, given the names of what is on: connectors and canais."""
    names = tuple(ligados)
    found: dict[str, Kind] = {}
    for step in FLOW:
        if step.destino is None:
            found[step.fila] = step.kind
        else:
            found.update({f"{step.fila}.{name}": step.kind for name in names})
    return found
