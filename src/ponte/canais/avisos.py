"""Avisos: what people are told of a hub without having asked.

An alert opens with what is wrong and ends by itself with it. Breakers are told of as they
change, the rest is looked for by the clock: silence makes no event.
"""

from dataclasses import replace

from ponte.alertas import service
from ponte.alertas.handlers import politica
from ponte.alertas.service import Disparo, Politica
from ponte.context import Context
from ponte.domain.alerta import Severidade
from ponte.resilience.breaker import BreakerState
from ponte.store.db import Tx

ACABANDO = "chave_acabando"
DISJUNTOR, SILENCIOSO, PARADO = "disjuntor", "canal_silencioso", "canal_parado"
SESSAO = "sessao_perdida"
LENTO, FALHANDO, CAIDA = "hub_lento", "hub_falhando", "instancia_desconectada"


async def tell_breaker(tx: Tx, ctx: Context, *, hub: str, estado: str, motivo: str) -> None:
    """Alert once that a destination is left alone, once that it is tried, and tell the end.

    Tried again and again it changes each half minute, which tells nobody anything new. A
    sink whose own destination is down is not asked to tell of it.
    """
    quem = politica(ctx)
    disparo = _disjuntor(hub, aberto=estado == BreakerState.OPEN, motivo=motivo)
    if estado == BreakerState.CLOSED:
        await _end(tx, disparo, quem)
        return
    fired = await _fired(tx, disparo.impressao)
    if fired == (1 if estado == BreakerState.HALF_OPEN else 0):
        others = tuple(destino for destino in quem.destinos if destino != hub)
        await service.raise_alert(tx, disparo, politica=replace(quem, destinos=others))


async def hold(tx: Tx, disparo: Disparo, quem: Politica, *, wrong: bool) -> None:
    """Have an alert open as long as something is wrong, and told of once."""
    if not wrong:
        await _end(tx, disparo, quem)
    elif not await service.is_open(tx, disparo.impressao):
        await service.raise_alert(tx, disparo, politica=quem)


def silencioso(canal: str, esperadas: float) -> Disparo:
    """Return the firing about a canal that brings nothing at an hour at which it always did."""
    return _critico(
        SILENCIOSO,
        "Canal silencioso",
        f"{canal}: nenhuma mensagem entra, e {esperadas:.0f} eram esperadas desde a última. "
        "O webhook ainda chega? O celular está conectado?",
        canal=canal,
    )


def parado(canal: str, motivo: str) -> Disparo:
    """Return the firing about a canal on which nothing is sent until somebody acts."""
    return _critico(
        PARADO,
        "Canal parado",
        f"{canal}: {motivo}. As mensagens esperam; depois de consertar: "
        f"POST /hub/circuit-breaker/{canal}/reset",
        canal=canal,
    )


def acabando(canal: str, dias: int) -> Disparo:
    """Return the firing about a key that ends soon and could not be renewed."""
    return _critico(
        ACABANDO,
        "Chave de acesso acabando",
        f"{canal}: a chave de acesso não pôde ser renovada e acaba em {max(dias, 0)} dias,"
        " ou antes. Gere outra na plataforma e troque a configuração.",
        canal=canal,
    )


def caida(canal: str, instancia: str, *, motivo: str) -> Disparo:
    """Return the firing about a paired telephone that is connected no more."""
    return _critico(
        CAIDA,
        "Instância desconectada",
        f"{canal}, instância {instancia}: desconectada"
        f"{f' (motivo {motivo})' if motivo else ''}. "
        f"Leia o código de novo: GET /hub/{canal}/instancias/{instancia}/qrcode",
        canal=canal,
        instancia=instancia,
    )


def sessao_perdida(nome: str, motivo: str) -> Disparo:
    """Return the firing about a session that nobody renews any more."""
    return _critico(
        SESSAO,
        "Sessão perdida",
        f"tiktok, sessão {nome}: {motivo}. Autorize de novo e guarde os tokens: "
        "POST /hub/tiktok/sessoes",
        canal="tiktok",
        sessao=nome,
    )


def lento(hub: str, media_s: float) -> Disparo:
    """Return the firing about a destination that takes long to answer."""
    return Disparo(
        nome=LENTO,
        titulo="Destino lento",
        texto=f"{hub} leva {media_s:.1f} s por chamada, na média de 5 minutos.",
        origem="canais",
        labels={"hub": hub},
    )


def falhando(hub: str, taxa: float) -> Disparo:
    """Return the firing about a destination that takes too few of the calls."""
    return _critico(
        FALHANDO,
        "Destino recusa chamadas",
        f"{hub}: só {taxa:.0%} das chamadas deram certo em 5 minutos.",
        hub=hub,
    )


def _critico(nome: str, titulo: str, texto: str, **labels: str) -> Disparo:
    """Return a firing that wakes somebody."""
    return Disparo(
        nome=nome,
        titulo=titulo,
        texto=texto,
        severidade=Severidade.CRITICO,
        origem="canais",
        labels=labels,
    )


def _disjuntor(hub: str, *, aberto: bool, motivo: str) -> Disparo:
    return Disparo(
        nome=DISJUNTOR,
        titulo="Disjuntor aberto" if aberto else "Disjuntor em teste",
        texto=f"{hub}: {motivo}. O que vai para lá espera; volta sozinho quando ele responder.",
        severidade=Severidade.CRITICO if aberto else Severidade.AVISO,
        origem="canais",
        labels={"hub": hub},
    )


async def _end(tx: Tx, disparo: Disparo, quem: Politica) -> None:
    await service.resolve_fingerprint(tx, disparo.impressao, por="ponte", destinos=quem.destinos)


async def _fired(tx: Tx, impressao: str) -> int:
    """Return how often the open alert of a fingerprint fired, 0 where none is open."""
    row = await tx.fetch_one(
        "SELECT contagem FROM alertas WHERE impressao = ? AND resolvido_em IS NULL", (impressao,)
    )
    return 0 if row is None else int(row[0])
