"""Avisos: the customer is told how their order ended, where the shop chose a canal for it.

Only who is known there is told: somebody whose telephone is one of a conversation's
addresses, or anybody with a telephone where the shop says so. The one rule: a notice
never harms its order. What can't be sent is left out, with its reason in the log.
"""

import structlog

from ponte.context import Context
from ponte.domain.mensagem import Canal, Mensagem, TipoMensagem
from ponte.domain.pedido import StatusPedido
from ponte.domain.valores import reais
from ponte.errors import PonteError
from ponte.events import AvisoPedido, FatoGravado
from ponte.mensagens import conversas
from ponte.mensagens import service as mensagens
from ponte.pedidos import consultas
from ponte.store.db import Tx

log = structlog.get_logger(__name__)
REMETENTE = "avisos"
PALAVRAS = frozenset({"nome", "numero", "total"})


async def notify(ctx: Context, tx: Tx, fato: FatoGravado) -> None:
    """Queue the notice of one order; runs twice without harm, as the inbox says."""
    pedido_aviso = fato.fato()
    ajustes = ctx.settings.avisos
    if not isinstance(pedido_aviso, AvisoPedido) or not ajustes.canal:
        return
    pedido = await consultas.get_order(tx, pedido_aviso.pedido_id)
    telefone = (pedido["cliente"]["telefone"] or "").removeprefix("+")
    contato = await _contact(ctx, tx, telefone) if telefone else None
    if contato is None:
        return
    try:
        await _queue(ctx, tx, pedido_aviso, pedido=pedido, contato=contato)
    except PonteError as error:
        log.warning("customer not told", pedido_id=pedido_aviso.pedido_id, erro=str(error))


async def _contact(ctx: Context, tx: Tx, telefone: str) -> str | None:
    ajustes = ctx.settings.avisos
    conversa_id = await conversas.known(tx, ajustes.canal, (telefone,))
    conversa = None if conversa_id is None else await conversas.find(tx, conversa_id)
    if conversa is not None:
        return conversa.contato
    return None if ajustes.so_conhecidos else telefone


async def _queue(
    ctx: Context, tx: Tx, aviso: AvisoPedido, *, pedido: dict[str, object], contato: str
) -> None:
    ajustes = ctx.settings.avisos
    concluido = aviso.status == StatusPedido.CONCLUIDO
    instancia = ajustes.instancia or None
    modelo = ajustes.modelo_concluido if concluido else ajustes.modelo_sem_estoque
    palavras = words(pedido)
    nova = Mensagem(
        tipo=TipoMensagem.EVENTO if modelo else TipoMensagem.TEXTO,
        canal=Canal(ajustes.canal),
        destinatario=contato,
        conteudo={"modelo": modelo, "idioma": ajustes.modelo_idioma,
                  "parametros": list(palavras.values())}
        if modelo
        else (ajustes.concluido if concluido else ajustes.sem_estoque).format(**palavras),
        instancia=instancia,
        remetente=REMETENTE,
        pedido_id=aviso.pedido_id,
    )  # fmt: skip
    await mensagens.accept(
        tx, nova, canais=ctx.channels(), janela_s=ctx.janela_s(ajustes.canal, instancia)
    )


def words(pedido: dict[str, object]) -> dict[str, str]:
    """Return what a notice may say of an order, in the order of a template's parameters."""
    cliente = pedido["cliente"]
    nome = cliente.get("nome") if isinstance(cliente, dict) else None
    return {
        "nome": str(nome or "cliente").split()[0],
        "numero": str(pedido["numero"]),
        "total": reais(str(pedido["total"])),
    }
