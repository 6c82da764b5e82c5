"""Recepcao: a stored body of a messaging platform becomes messages, receipts and states.

The body was verified, stored and answered before. Each event in it is acted on once,
whatever its duplicates and order. The one rule: what a platform sends is never refused
here; a body that nobody can read is set aside whole, and what is unknown is ignored.
"""

from collections.abc import Awaitable, Callable

from ponte.canais import autorizacoes, instancias, videos
from ponte.canais.espelho import volta
from ponte.context import Context, Ligado
from ponte.domain.evento import EventoDeCanal
from ponte.domain.leitura import loads
from ponte.errors import Adiado, Permanente
from ponte.events import FatoGravado, WebhookRecebido
from ponte.mensagens import recebidas
from ponte.mensagens.traducao import canal_of
from ponte.store.db import Tx

PROCESSADO, IGNORADO, FALHOU = "processado", "ignorado", "falhou"
ESPERA_S = 10.0  # chosen: how often to look whether a connector was switched on again

# Takes an event that is not of a conversation; True when it meant something here.
Observador = Callable[[Context, Tx, EventoDeCanal], Awaitable[bool]]


async def handle_webhook(ctx: Context, tx: Tx, fato: FatoGravado) -> None:
    """Act on one stored body.

    Raises:
        Adiado: its connector is off in this process; another may have it on, or it comes back.
        Permanente: it is not JSON, or nothing here could read it; it is set aside whole.
    """
    recebido = fato.fato()
    if not isinstance(recebido, WebhookRecebido):
        return
    row = await tx.fetch_one("SELECT corpo FROM webhooks WHERE id = ?", (recebido.webhook_id,))
    if row is None:
        msg = f"Webhook {recebido.webhook_id}: the body is not there"
        raise Permanente(msg)
    ligado = _on(ctx, recebido.conector)
    done = [await act(ctx, tx, ligado, evento) for evento in read(ligado, row[0])]
    await tx.execute(
        "UPDATE webhooks SET situacao = ?, motivo = NULL WHERE id = ?",
        (PROCESSADO if any(done) else IGNORADO, recebido.webhook_id),
    )


def read(ligado: Ligado, corpo: bytes) -> list[EventoDeCanal]:
    """Return the events of a body.

    Raises:
        Permanente: it is not JSON.
    """
    parse = ligado.connector.parse
    try:
        loads(corpo)
    except ValueError as error:
        msg = f"{ligado.connector.name}: the body is not JSON: {error}"
        raise Permanente(msg) from error
    return [] if parse is None else list(parse(corpo, ligado.settings))


async def act(
    ctx: Context, tx: Tx, ligado: Ligado, evento: EventoDeCanal, *, historia: bool = False
) -> bool:
    """Act on one event; True when it meant something here."""
    for observe in OBSERVADORES:
        if await observe(ctx, tx, evento):
            return True
    await recebidas.receive(tx, evento, conector=ligado.connector.name, historia=historia)
    return evento.kind in recebidas.ACTED_ON and canal_of(evento) is not None


def _on(ctx: Context, conector: str) -> Ligado:
    ligado = ctx.ligados.get(conector)
    if ligado is not None and ligado.connector.parse is not None:
        return ligado
    if conector in ctx.conhecidos and ligado is None:
        msg = f"The connector {conector} is off; what it sent waits"
        raise Adiado(msg, retry_after_s=ESPERA_S)
    msg = f"This version takes no messages from {conector}"
    raise Permanente(msg)


OBSERVADORES: tuple[Observador, ...] = (
    instancias.observe,
    volta.observe,
    autorizacoes.observe,
    videos.observe,
)
