"""Eventos: the webhook bodies of Rappi that are no orders, as neutral events.

The address names the event, not the body. Every ORDER_EVENT_CANCEL is a
cancellation whatever its reason, because the list of reasons is open. Courier and
customer data of these bodies is left behind on purpose.
Source: dev-portal.rappi.com, "Webhook events".
"""

from collections.abc import Callable

from ponte.connectors.rappi.pedido import FONTE, loja_of
from ponte.domain.leitura import (
    Objeto,
    booleano,
    decimal,
    inteiro,
    lower,
    momento,
    objeto,
    objetos,
    texto,
)
from ponte.domain.origem import EventoNeutro, Loja

CANCELAMENTOS = frozenset({
    "cancel_by_user",
    "canceled_with_charge",
    "cancel_without_charges",
    "cancel_by_support",
    "cancel_by_support_with_charge",
    "cancel_by_application_user",
    "canceled_from_cms",
    "canceled_by_fraud_automation",
    "canceled_store_closed",
    "cancel_by_sk_with_charge",
})  # fmt: skip
ANDAMENTOS = frozenset({
    "taken_visible_order",
    "replace_storekeeper",
    "ready_for_pick_up",
    "domiciliary_in_store",
    "hand_to_domiciliary",
    "arrive",
    "close_order",
})  # fmt: skip


def unreadable(motivo: str) -> EventoNeutro:
    """Return what stands for a document that can't be read; it is kept raw with this reason."""
    return EventoNeutro(FONTE, "unreadable", motivo=motivo)


def cancelled(corpo: Objeto) -> EventoNeutro:
    """ORDER_EVENT_CANCEL: the order is over; it may not even have come yet."""
    return EventoNeutro(
        FONTE,
        "order_cancelled",
        pedido_externo=texto(corpo.get("order_id")),
        loja=_loja(corpo),
        cancela=True,
        motivo=texto(corpo.get("event")),
        em=momento(corpo.get("event_time")),
    )


def order_status(corpo: Objeto) -> EventoNeutro:
    """ORDER_OTHER_EVENT: the order moved on; a cancellation is one under any address."""
    if lower(corpo.get("event")) in CANCELAMENTOS:
        return cancelled(corpo)
    chegada = inteiro(objeto(corpo.get("additional_information")).get("eta_to_store"))
    return EventoNeutro(
        FONTE,
        "order_status",
        pedido_externo=texto(corpo.get("order_id")),
        loja=_loja(corpo),
        status=texto(corpo.get("event")),
        em=momento(corpo.get("event_time")),
        detalhes={} if chegada is None else {"eta_to_store": chegada},
    )


def scheduled_cancelled(corpo: Objeto) -> EventoNeutro:
    """NEW_ORDER_SCHEDULED_CANCELLED: an announced order will not come."""
    detalhe = objeto(corpo.get("order_detail")) or corpo
    return EventoNeutro(
        FONTE,
        "order_scheduled_cancelled",
        pedido_externo=texto(detalhe.get("order_id")),
        loja=loja_of(corpo) if corpo.get("order_detail") else _loja(corpo),
        cancela=True,
        motivo=lower(corpo.get("action")) or "cancelled",
        agendado_para=momento(detalhe.get("place_at")),
    )


def ping(corpo: Objeto) -> EventoNeutro:
    """PING: does this shop take orders? The answer is the webhook's, not the worker's."""
    return EventoNeutro(FONTE, "ping", loja=_loja(corpo))


def store_connectivity(corpo: Objeto) -> EventoNeutro:
    """STORE_CONNECTIVITY: Rappi switched the shop; a sandbox tester words it differently."""
    enabled = corpo.get("enabled")
    return EventoNeutro(
        FONTE,
        "store_connectivity",
        loja=_loja(corpo),
        habilitada=booleano(corpo.get("online") if enabled is None else enabled),
        motivo=texto(corpo.get("message")),
        em=momento(corpo.get("checked_at")),
    )


def menu_approved(corpo: Objeto) -> EventoNeutro:
    """MENU_APPROVED: the menu of the shop is live."""
    return EventoNeutro(
        FONTE, "menu_approved", loja=_loja(corpo), motivo=texto(corpo.get("message"))
    )


def menu_rejected(corpo: Objeto) -> EventoNeutro:
    """MENU_REJECTED: the menu of the shop was refused; Rappi does not say why."""
    return EventoNeutro(
        FONTE, "menu_rejected", loja=_loja(corpo), motivo=texto(corpo.get("message"))
    )


def tracking(corpo: Objeto) -> EventoNeutro:
    """ORDER_RT_TRACKING: where the courier is; the position is personal data and not kept."""
    detalhes = {
        "eta_in_millis": inteiro(corpo.get("eta_in_millis")),
        "eta_type": texto(corpo.get("eta_type")),
    }
    return EventoNeutro(
        FONTE,
        "order_rt_tracking",
        pedido_externo=texto(corpo.get("order_id")),
        loja=_loja(corpo),
        em=momento(corpo.get("created_at")),
        detalhes=detalhes,
    )


def provisioning(corpo: Objeto) -> EventoNeutro:
    """STORE_PROVISIONING_STATUS: which shops of a batch were set up, and why others were not."""
    ok: list[str] = []
    failed: dict[str, list[object]] = {}
    for result in objetos(corpo.get("results")):
        loja = texto(result.get("storeId")) or "?"
        codigo, erro = inteiro(result.get("httpCode")), texto(result.get("errorMessage"))
        if _was_provisioned(result, codigo, erro=erro):
            ok.append(loja)
        else:
            failed[loja] = [codigo, erro]
    return EventoNeutro(
        FONTE,
        "store_provisioning_status",
        em=momento(corpo.get("timestamp")),
        status=texto(corpo.get("operation")),
        detalhes={"ok": ok, "failed": failed},
    )


def _was_provisioned(result: Objeto, codigo: int | None, *, erro: str | None) -> bool:
    if codigo is not None:
        return 200 <= codigo < 300
    return erro is None and lower(result.get("status")) not in {"failed", "error", "rejected"}


def _loja(corpo: Objeto) -> Loja:
    return Loja(
        plataforma_id=texto(corpo.get("store_id")),
        parceiro_id=texto(corpo.get("external_store_id")),
    )


def is_tracking(corpo: Objeto) -> bool:
    """Tell a courier's position by its coordinates."""
    return decimal(corpo.get("lat")) is not None and decimal(corpo.get("lng")) is not None


EVENTOS: dict[str, Callable[[Objeto], EventoNeutro]] = {
    "NEW_ORDER_SCHEDULED_CANCELLED": scheduled_cancelled,
    "ORDER_EVENT_CANCEL": cancelled,
    "ORDER_OTHER_EVENT": order_status,
    "PING": ping,
    "STORE_CONNECTIVITY": store_connectivity,
    "MENU_APPROVED": menu_approved,
    "MENU_REJECTED": menu_rejected,
    "ORDER_RT_TRACKING": tracking,
    "STORE_PROVISIONING_STATUS": provisioning,
}
PEDIDOS = frozenset({"NEW_ORDER", "NEW_ORDER_SCHEDULED", "ORDERS"})
# An event of an order is worth nothing without the order's id.
DO_PEDIDO = frozenset({"NEW_ORDER_SCHEDULED_CANCELLED", "ORDER_EVENT_CANCEL", "ORDER_OTHER_EVENT"})
