"""Mensagens, handled by the worker: what takes a message to its canal.

An internal one needs no canal: its fact reaches every process with sockets, and the one
that has the addressee's hands it over. All others call the outside with no transaction
open, and are written down when it has answered.
"""

from collections.abc import Awaitable, Callable

import structlog

from ponte.context import Context
from ponte.domain.mensagem import Canal, Mensagem, StatusMensagem, TipoMensagem
from ponte.errors import Adiado
from ponte.events import FatoGravado, MensagemAceita, MensagemRecebida
from ponte.mensagens import estado, externas, service
from ponte.ports import Channel
from ponte.resilience.classes import Classe, OutsideError
from ponte.store.db import Tx

log = structlog.get_logger(__name__)
Effect = Callable[[Tx], Awaitable[None]]
ESPERA_S = 10.0  # chosen: how often to look whether a canal was switched on again
ECO_S = 15.0  # chosen: an echo comes within seconds, and a customer waits
TOQUE_MS = 60_000  # chosen: after a minute nobody looks at the button any more
LIMITADA_MS = 24 * 3_600_000  # chosen: what could not be said for a day is said no more


def canal_of(aceita: MensagemAceita) -> str | None:
    """Return the queue's name of an accepted message; None for an internal one."""
    return None if aceita.canal == Canal.INTERNO else aceita.canal


def is_press(recebida: MensagemRecebida) -> bool:
    """Tell whether a customer pressed a button that waits until somebody says it was heard."""
    pressed = recebida.tipo_mensagem == TipoMensagem.RESPOSTA_RAPIDA
    return pressed and recebida.canal == Canal.TELEGRAM


async def acknowledge(ctx: Context, fato: FatoGravado) -> None:
    """Tell the platform that a pressed button was heard, so that it waits no more.

    A courtesy: what could not be said within a minute is said no more, and is no failure.
    """
    recebida = fato.fato()
    if not isinstance(recebida, MensagemRecebida) or ctx.now_ms() - fato.em_ms > TOQUE_MS:
        return
    ligado = ctx.ligados.get(recebida.conector)
    tell = getattr(None if ligado is None else ligado.channel, "acknowledge", None)
    chave = await ctx.db.read(externas.key_of, recebida.mensagem_id)
    if tell is None or chave is None:
        return
    try:
        await tell(chave)
    except OutsideError as error:
        if error.retry:
            raise
        log.info("press not acknowledged", canal=recebida.canal, erro=str(error))


async def pass_on(_ctx: Context, tx: Tx, fato: FatoGravado) -> None:
    """Hand an internal message to the sockets: by a fact to a room, by its own row to a user."""
    aceita = fato.fato()
    if not isinstance(aceita, MensagemAceita) or aceita.canal != Canal.INTERNO:
        return
    mensagem = await service.find(tx, aceita.mensagem_id)
    if mensagem is None or mensagem.status is StatusMensagem.CONCLUIDA:
        return
    if mensagem.sala is not None:
        await service.publish(tx, mensagem.texto, de=mensagem.remetente, sala=mensagem.sala)
    await service.conclude(tx, mensagem, id_externo=None)


async def send(ctx: Context, fato: FatoGravado) -> Effect | None:
    """Send one message on its canal; what it answered is written with the step's end."""
    aceita = fato.fato()
    if not isinstance(aceita, MensagemAceita):
        return None
    mensagem = await ctx.db.read(service.find, aceita.mensagem_id)
    if mensagem is None or mensagem.status is StatusMensagem.CONCLUIDA:
        return None  # erased meanwhile, or sent by the try before
    channel = ctx.channel(mensagem.canal, mensagem.instancia)
    if channel is None:
        msg = f"The canal {mensagem.canal} is off; its message waits"
        raise Adiado(msg, retry_after_s=ESPERA_S)
    parado = await ctx.db.read(estado.stopped, mensagem.canal)
    if parado is not None:
        msg = f"The canal {mensagem.canal} is stopped ({parado}); its message waits"
        raise Adiado(msg, retry_after_s=ESPERA_S)
    try:
        id_externo = await _sent(channel, mensagem, now_ms=ctx.now_ms())
    except OutsideError as error:
        if error.classe is not Classe.AUTH:
            raise
        # Each further message would be refused as well: the canal stops until a person mends it.
        await ctx.db.transact(_stop, mensagem.canal, str(error))
        raise Adiado(str(error), retry_after_s=ESPERA_S) from error
    return lambda tx: service.conclude(tx, mensagem, id_externo=id_externo)


async def _stop(tx: Tx, canal: str, motivo: str) -> None:
    await estado.stop(tx, canal, motivo=motivo)


async def _sent(channel: Channel, mensagem: Mensagem, *, now_ms: int) -> str | None:
    """Make one try.

    A platform that is too busy is no failure: the message waits as long as it may. After
    a call that may have had its effect there is time for its echo to come.

    Raises:
        OutsideError: it was not taken, or nobody knows.
        Adiado: the platform asks to wait.
    """
    try:
        return await channel.send(mensagem)
    except OutsideError as error:
        waited_ms = now_ms - mensagem.criada_em
        if error.classe is Classe.RATE_LIMITED and waited_ms < LIMITADA_MS:
            wait_s = error.retry_after_s or ESPERA_S
            raise Adiado(str(error), retry_after_s=wait_s) from error
        if error.unknown_outcome:
            wait_s = max(error.retry_after_s or 0.0, ECO_S)
            raise OutsideError(
                error.destino, verdict=error.verdict, retry_after_s=wait_s
            ) from error
        raise


async def give_up(_ctx: Context, tx: Tx, fato: FatoGravado, erro: str) -> None:
    """Record on the message that it was set aside."""
    aceita = fato.fato()
    if isinstance(aceita, MensagemAceita):
        await service.fail(tx, aceita.mensagem_id, erro=erro)
        await estado.note_failed(tx, aceita.canal, falha=erro)
