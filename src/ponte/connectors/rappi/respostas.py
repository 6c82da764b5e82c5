"""Respostas: what Rappi answers and what Ponte sends, told apart by their shape.

Only for people who look at a file (`ponte pedidos parse`): the connector itself
knows what it asked. Tokens and secrets in these documents are never shown.
"""

from collections.abc import Callable, Mapping

from ponte.connectors.rappi.classify import classify_message
from ponte.connectors.rappi.pedido import FONTE
from ponte.domain.leitura import Objeto, booleano, inteiro, objetos, texto, textos
from ponte.domain.origem import EventoNeutro, Loja


def token(corpo: Objeto) -> EventoNeutro:
    """Answer of the token endpoint, without the token."""
    detalhes = {
        "token_type": texto(corpo.get("token_type")),
        "expires_in": inteiro(corpo.get("expires_in")),
    }
    return EventoNeutro(FONTE, "token", detalhes=detalhes)


def error(corpo: Objeto) -> EventoNeutro:
    """Error body; without the HTTP status its message alone gives the class."""
    mensagem = texto(corpo.get("message"))
    detalhes = {"message": mensagem, "classe": classify_message(mensagem or "")}
    return EventoNeutro(FONTE, "error", motivo=mensagem, detalhes=detalhes)


def ping_response(corpo: Objeto) -> EventoNeutro:
    """Answer of Ponte to PING; anything but OK means that the shop is unavailable."""
    status = texto(corpo.get("status"))
    return EventoNeutro(
        FONTE,
        "ping_response",
        status=status,
        habilitada=status == "OK",
        motivo=texto(corpo.get("description")),
    )


def reject_request(corpo: Objeto) -> EventoNeutro:
    """Body of a rejection."""
    detalhes = {
        "cancel_type": texto(corpo.get("cancel_type")),
        "items_ids": textos(corpo.get("items_ids")),
        "items_skus": textos(corpo.get("items_skus")),
    }
    return EventoNeutro(FONTE, "reject", motivo=texto(corpo.get("reason")), detalhes=detalhes)


def store(corpo: Objeto) -> EventoNeutro:
    """One shop of `GET /stores-pa`: Rappi's id beside the merchant's."""
    loja = Loja(texto(corpo.get("rappiId")), texto(corpo.get("integrationId")))
    return EventoNeutro(FONTE, "store", loja=loja, detalhes={"name": texto(corpo.get("name"))})


def availability(corpo: Objeto) -> EventoNeutro:
    """One shop of a request that switches items on and off."""
    items = corpo.get("items")
    items = items if isinstance(items, Mapping) else {}
    detalhes = {
        "turn_on": textos(items.get("turn_on")),
        "turn_off": textos(items.get("turn_off")),
    }
    loja = Loja(parceiro_id=texto(corpo.get("store_integration_id")))
    return EventoNeutro(FONTE, "availability", loja=loja, detalhes=detalhes)


def item_status(corpo: Objeto) -> EventoNeutro:
    """One item of `POST /availability/items/status`."""
    estado = texto(corpo.get("stock_out_state"))
    detalhes = {
        "platform_id": texto(corpo.get("item_id")),
        "item_type": texto(corpo.get("item_type")),
        "state": estado,
    }
    return EventoNeutro(
        FONTE, "item_availability", habilitada=estado == "AVAILABLE", detalhes=detalhes
    )


def store_enabled(corpo: Objeto) -> EventoNeutro:
    """One shop of the answer to `PUT /availability/stores/enable`."""
    detalhes = {
        "ok": booleano(corpo.get("operation_result")),
        "state": texto(corpo.get("operation_result_type")),
        "message": texto(corpo.get("operation_result_message")),
    }
    return EventoNeutro(
        FONTE,
        "store_availability",
        loja=Loja(texto(corpo.get("store_id"))),
        habilitada=booleano(corpo.get("is_enabled")),
        motivo=texto(corpo.get("suspended_reason")),
        detalhes=detalhes,
    )


def webhook_registered(corpo: Objeto) -> EventoNeutro:
    """Answer to a webhook registration, without the secret; `signed` says that there is one."""
    lojas = {
        texto(x.get("store_id")) or "?": texto(x.get("state")) for x in objetos(corpo.get("stores"))
    }
    detalhes = {
        "webhook": texto(corpo.get("event")),
        "stores": lojas,
        "signed": texto(corpo.get("secret")) is not None,
    }
    return EventoNeutro(FONTE, "webhook_registered", detalhes=detalhes)


def _has(*nomes: str) -> Callable[[Objeto], bool]:
    return lambda corpo: all(nome in corpo for nome in nomes)


# First match wins: the more telling shapes stand first.
RESPOSTAS: tuple[tuple[Callable[[Objeto], bool], Callable[[Objeto], EventoNeutro]], ...] = (
    (_has("access_token"), token),
    (_has("store_integration_id", "items"), availability),
    (_has("integrationId", "rappiId"), store),
    (_has("item_id", "stock_out_state"), item_status),
    (_has("is_enabled", "store_id"), store_enabled),
    (_has("cancel_type"), reject_request),
    (_has("event", "secret"), webhook_registered),
    (_has("event", "stores"), webhook_registered),
    (_has("status", "description"), ping_response),
)
