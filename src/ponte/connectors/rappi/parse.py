"""Parse: a document of Rappi as neutral documents, whatever it turns out to be.

With its event (the last part of the webhook's address) a body is read as that
event. Without one, as for a file that somebody looks at, the shape decides. Never
raises: what can't be read becomes an event "unreadable" with the reason.
"""

from collections.abc import Mapping

from ponte.connectors.rappi import eventos, respostas
from ponte.connectors.rappi.pedido import FONTE, parse_pedido
from ponte.connectors.rappi.view import view
from ponte.domain.leitura import (
    Objeto,
    booleano,
    inteiro,
    lista,
    loads,
    lower,
    objeto,
    texto,
)
from ponte.domain.origem import DocumentoNeutro, EventoNeutro, Loja, PedidoNeutro


def parse(evento: str | None, documento: object) -> list[DocumentoNeutro]:
    """Return the neutral documents of a decoded body.

    Args:
        evento: Name of the event in any letter case, or None to judge by the shape.
        documento: The body as `leitura.loads` decodes it; a list gives one each.
    """
    nome = event_name(evento)
    partes = documento if isinstance(documento, list) else _unwrap(documento)
    unicos: dict[tuple[str, ...], DocumentoNeutro] = {}
    for posicao, parte in enumerate(partes):
        lido = _one(nome, parte)
        unicos.setdefault(_key(lido, posicao), lido)
    return list(unicos.values())


def read(evento: str | None, corpo: str | bytes) -> list[DocumentoNeutro]:
    """Return the neutral documents of a raw body."""
    try:
        documento = loads(corpo)
    except ValueError as error:
        return [eventos.unreadable(f"not JSON: {error}"[:200])]
    return parse(evento, documento)


def parse_file(conteudo: str, evento: str | None = None) -> object:
    """Return the neutral view of a file: an object, or a list where the file holds several."""
    visoes = [view(x) for x in read(evento, conteudo)]
    several = conteudo.lstrip("\ufeff \t\r\n").startswith("[") or len(visoes) != 1
    return visoes if several else visoes[0]


def event_name(evento: str | None) -> str | None:
    """Return the event as Rappi writes it: "order-event-cancel" is ORDER_EVENT_CANCEL."""
    limpo = (evento or "").strip().upper().replace("-", "_")
    return limpo or None


def _unwrap(documento: object) -> list[object]:
    """Look inside the two envelopes that hold several documents."""
    corpo = objeto(documento)
    if "deliveries" in corpo:
        return lista(corpo["deliveries"])
    results = corpo.get("results")
    if isinstance(results, list) and any("is_enabled" in objeto(x) for x in results):
        return results
    return [documento]


def _key(lido: DocumentoNeutro, posicao: int) -> tuple[str, ...]:
    """One order (and one cancellation) once; everything else as often as it stands there."""
    if isinstance(lido, PedidoNeutro):
        return ("agendado" if lido.agendado else "pedido", lido.pedido_externo)
    if lido.cancela and lido.pedido_externo:
        return (lido.evento, lido.pedido_externo)
    return ("", str(posicao))


def _one(nome: str | None, parte: object) -> DocumentoNeutro:
    if not isinstance(parte, Mapping):
        return eventos.unreadable("an object was expected")
    if nome is None:
        return _by_shape(parte)
    if nome in eventos.PEDIDOS:
        return _order(parte, announced=nome == "NEW_ORDER_SCHEDULED")
    reader = eventos.EVENTOS.get(nome)
    if reader is None:
        return EventoNeutro(FONTE, "unknown", status=nome)
    lido = reader(parte)
    if nome in eventos.DO_PEDIDO and lido.pedido_externo is None:
        return eventos.unreadable("order_id missing")
    return lido


def _order(corpo: Objeto, *, announced: bool) -> DocumentoNeutro:
    """Read an order; `action` inside the body weighs more than the address it came to."""
    if not isinstance(corpo.get("order_detail"), Mapping):
        return eventos.unreadable("order_detail missing")
    action = lower(corpo.get("action"))
    if action in {"cancelled", "canceled"}:
        lido: DocumentoNeutro = eventos.scheduled_cancelled(corpo)
        return lido if lido.pedido_externo else eventos.unreadable("order_id missing")
    pedido = parse_pedido(corpo, agendado=announced or action == "scheduled")
    return pedido or eventos.unreadable("order_id missing")


def _by_shape(corpo: Objeto) -> DocumentoNeutro:
    if "order_detail" in corpo:
        return _order(corpo, announced=False)
    for matches, read in respostas.RESPOSTAS:
        if matches(corpo):
            return read(corpo)
    if "batchId" in corpo or "results" in corpo:
        return eventos.provisioning(corpo)
    if eventos.is_tracking(corpo):
        return eventos.tracking(corpo)
    if "event" in corpo:
        return _order_event(corpo)
    return _of_a_shop(corpo)


def _order_event(corpo: Objeto) -> DocumentoNeutro:
    """Judge by name, then by what only the other kind of event carries."""
    nome = lower(corpo.get("event")) or ""
    if "order_id" not in corpo and "event_time" not in corpo:
        return EventoNeutro(FONTE, "unknown", status=texto(corpo.get("event")))
    moves_on = "event_time" in corpo or "additional_information" in corpo
    if nome in eventos.ANDAMENTOS or (moves_on and nome not in eventos.CANCELAMENTOS):
        return eventos.order_status(corpo)
    return eventos.cancelled(corpo)


def _of_a_shop(corpo: Objeto) -> DocumentoNeutro:
    if {"external_store_id", "enabled", "online"} & corpo.keys():
        return eventos.store_connectivity(corpo)
    if "store_id" in corpo and "message" in corpo:
        rejected = "reject" in (lower(corpo.get("message")) or "")
        return eventos.menu_rejected(corpo) if rejected else eventos.menu_approved(corpo)
    if "store_id" in corpo:  # PING sends the shop as an integer, MENU_REJECTED as text
        is_number = inteiro(corpo["store_id"]) is not None and not isinstance(
            corpo["store_id"], str
        )
        return eventos.ping(corpo) if is_number else eventos.menu_rejected(corpo)
    if "message" in corpo:
        return respostas.error(corpo)
    if corpo and all(isinstance(x, bool) for x in corpo.values()):
        estados = {str(loja): booleano(x) for loja, x in corpo.items()}
        return EventoNeutro(FONTE, "store_availability", loja=Loja(), detalhes={"enabled": estados})
    return EventoNeutro(FONTE, "unknown")
