"""Origem: a stored webhook body becomes a pedido, a cancellation, or nothing.

The body was verified, stored and answered before; here it is parsed by its
connector and acted on once. A marketplace sale is a fact: it is kept even with
lines that this shop does not know, and the platform's total wins.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal

from ponte.context import Context
from ponte.domain.origem import ClienteNeutro, DocumentoNeutro, Linha, PedidoNeutro
from ponte.domain.pedido import MAX_QUANTIDADE, Cliente, NovoItem, NovoPedido
from ponte.domain.valores import centavos_from_decimal, parse_documento, parse_telefone
from ponte.errors import Adiado, Permanente
from ponte.events import FatoGravado, WebhookRecebido
from ponte.pedidos import service
from ponte.ports import OrderSource
from ponte.store.db import Tx

FILIAL_PADRAO = "1"
PROCESSADO, IGNORADO, FALHOU = "processado", "ignorado", "falhou"
ESPERA_S = 10  # chosen: a marketplace gives four minutes, and looking costs a claim a body


async def handle_webhook(ctx: Context, tx: Tx, fato: FatoGravado) -> None:
    """Act on one stored body.

    Raises:
        Adiado: its connector is off in this process; another may have it on, or it comes back.
        Permanente: it can't be parsed, or nothing here could; it is set aside whole.
    """
    recebido = fato.fato()
    if not isinstance(recebido, WebhookRecebido):
        return
    row = await tx.fetch_one(
        "SELECT evento, corpo, recebido_em FROM webhooks WHERE id = ?", (recebido.webhook_id,)
    )
    if row is None:
        msg = f"Webhook {recebido.webhook_id}: the body is not there"
        raise Permanente(msg)
    source = _source(ctx, recebido.conector)
    documentos = source.parse(row[0], row[1])
    done = [await _act(tx, source, recebido.conector, d, row[2]) for d in documentos]
    await tx.execute(
        "UPDATE webhooks SET situacao = ?, motivo = NULL WHERE id = ?",
        (PROCESSADO if any(done) else IGNORADO, recebido.webhook_id),
    )


async def give_up(_ctx: Context, tx: Tx, fato: FatoGravado, erro: str) -> None:
    """Say on the stored body that its work was set aside, and why; a replay takes it back."""
    recebido = fato.fato()
    if isinstance(recebido, WebhookRecebido):
        await tx.execute(
            "UPDATE webhooks SET situacao = ?, motivo = ? WHERE id = ?",
            (FALHOU, erro, recebido.webhook_id),
        )


def _source(ctx: Context, conector: str) -> OrderSource:
    source = ctx.source(conector)
    if source is not None:
        return source
    if conector in ctx.conhecidos and conector not in ctx.ligados:
        msg = f"The connector {conector} is off; what it sent waits"
        raise Adiado(msg, retry_after_s=ESPERA_S)
    msg = f"This version takes no orders from {conector}"
    raise Permanente(msg)


async def _act(
    tx: Tx, source: OrderSource, canal: str, documento: DocumentoNeutro, recebido_em: int
) -> bool:
    if isinstance(documento, PedidoNeutro):
        if documento.agendado:
            return False  # an announcement without prices; the order itself follows
        await service.accept(tx, to_novo(documento, source, canal=canal, recebido_em=recebido_em))
        return True
    if documento.cancela and documento.pedido_externo is not None:
        return await service.cancel_external(
            tx,
            canal,
            pedido_externo=documento.pedido_externo,
            motivo=documento.motivo or documento.evento,
        )
    return False


def to_novo(
    neutro: PedidoNeutro, source: OrderSource, *, canal: str, recebido_em: int
) -> NovoPedido:
    """Translate the neutral view of a marketplace's order into an order to accept."""
    avisos = list(neutro.avisos)
    loja = neutro.loja.parceiro_id or neutro.loja.plataforma_id
    filial = source.filial(neutro.loja.plataforma_id) or source.filial(neutro.loja.parceiro_id)
    if filial is None:
        avisos.append(f"loja {loja} is not mapped to a filial; filial {FILIAL_PADRAO} used")
    itens = _itens(list(neutro.linhas()), avisos)
    if not itens:
        msg = f"Pedido {neutro.pedido_externo} of {canal} has no line that can be sold"
        raise Permanente(msg)
    total = None if neutro.totais.pedido is None else _centavos(neutro.totais.pedido)
    prazo = neutro.prazo_aceite_s
    return NovoPedido(
        itens=tuple(itens),
        canal=canal,
        pedido_externo=neutro.pedido_externo,
        filial_id=filial or FILIAL_PADRAO,
        cliente=_cliente(neutro.cliente),
        marketplace=True,
        total_centavos=total,
        loja_externa=loja,
        prazo_aceite_ms=None if prazo is None else recebido_em + prazo * 1000,
        avisos=tuple(avisos),
    )


def _itens(linhas: Sequence[Linha], avisos: list[str]) -> list[NovoItem]:
    itens: list[NovoItem] = []
    parent: int | None = None
    for linha in linhas:
        quantidade = _quantidade(linha, avisos)
        if quantidade == 0:
            continue
        preco = None if linha.preco_unitario is None else _centavos(linha.preco_unitario)
        itens.append(
            NovoItem(
                sku=linha.sku,
                quantidade=quantidade,
                preco_centavos=preco,
                nome=linha.nome,
                opcao_de=parent if linha.opcao else None,
            )
        )
        if not linha.opcao:
            parent = len(itens)
    return itens


def _quantidade(linha: Linha, avisos: list[str]) -> int:
    inteira = int(linha.quantidade.to_integral_value(rounding="ROUND_CEILING"))
    if inteira != linha.quantidade:
        avisos.append(f"{linha.nome}: quantity {linha.quantidade} counted as {inteira}")
    if inteira <= 0 or inteira > MAX_QUANTIDADE:
        avisos.append(f"{linha.nome}: quantity {linha.quantidade} is out of range, line left out")
        return 0
    return inteira


def _centavos(valor: Decimal) -> int:
    try:
        return centavos_from_decimal(valor)
    except ValueError as error:
        msg = f"amount {valor} out of range"
        raise Permanente(msg) from error


def _cliente(neutro: ClienteNeutro | None) -> Cliente:
    if neutro is None:
        return Cliente()
    return Cliente(
        nome=neutro.nome,
        documento=_normal(neutro.documento, parse_documento),
        telefone=_normal(neutro.telefone, parse_telefone),
        email=neutro.email,
    )


def _normal(texto: str | None, parse: Callable[[str], str]) -> str | None:
    """Normalise what can be; a marketplace's odd value is kept as it came."""
    if texto is None:
        return None
    try:
        return parse(texto)
    except ValueError:
        return texto[:60]
