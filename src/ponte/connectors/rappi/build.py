"""Build: the requests that Ponte sends to Rappi, as data.

Two families of addresses exist and the path decides which; the legacy one is the
default, since the certification asks for it. Naming an item in a rejection switches
it off until Rappi's support switches it on again: name it only when it is gone.
Source: dev-portal.rappi.com, API reference "Authentication", "Orders", "Availability", "Webhooks".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from ponte.errors import ConfiguracaoInvalida, Permanente

LEGACY_PREFIX = "/api/v2/restaurants-integrations-public-api"
NEW_PREFIX = "/restaurants/orders/v1"
TOKEN_PATH = "/restaurants/auth/v1/token/login/integrations"  # noqa: S105 - a path, no secret
MAX_ITEMS = 100  # items of one availability call, on and off together
NEED_ITEMS = frozenset({"ITEM_WRONG_PRICE", "ITEM_NOT_FOUND", "ITEM_OUT_OF_STOCK"})
CANCEL_TYPES_LEGACY = NEED_ITEMS | {
    "ORDER_MISSING_INFORMATION",
    "ORDER_MISSING_ADDRESS_INFORMATION",
    "ORDER_TOTAL_INCORRECT",
}
CANCEL_TYPES_NEW = frozenset({
    "STORE_CLOSED",
    "ITEM_STOCKOUT",
    "POS_OFFLINE",
    "POS_INTERNAL_ERROR",
    "INTEGRATOR_ERROR",
    "DELIVERY_METHOD_NOT_SUPPORTED",
    "ORDER_TOTAL_INCORRECT",
    "ORDER_CHARGES_INCORRECT",
    "ORDER_DISCOUNTS_INCORRECT",
    "OUTSIDE_DELIVERY_AREA",
    "ITEM_PRICE_INCORRECT",
    "ITEM_NOT_FOUND",
    "CUSTOMER_INFO_INCORRECT",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chamada:
    """One request; `nome` is the endpoint without ids, for logs and metrics."""

    nome: str
    metodo: str
    url: str
    json: object = None


@dataclass(frozen=True, slots=True)
class Motivo:
    """Why an order is rejected; skus only for what is really gone."""

    tipo: str
    texto: str
    skus: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Rotas:
    """The addresses of one country and environment; `novas` prefers the new family."""

    legacy: str
    new: str
    novas: bool = False

    def token(self, client_id: str, client_secret: str) -> Chamada:
        corpo = {"client_id": client_id, "client_secret": client_secret}
        return Chamada("token", "POST", self.new + TOKEN_PATH, corpo)

    def take(self, pedido_externo: str, *, loja: str | None, minutos: int | None = None) -> Chamada:
        """Accept an order; Rappi clamps the minutes to what the order allows."""
        if self.novas:
            tempo = "" if minutos is None else f"/cooking_time/{minutos}"
            return Chamada("take", "PUT", f"{self._order(pedido_externo, loja=loja)}{tempo}/take")
        tempo = "" if minutos is None else f"/{minutos}"
        return Chamada("take", "PUT", f"{self._order(pedido_externo, loja=loja)}/take{tempo}")

    def reject(self, pedido_externo: str, *, loja: str | None, motivo: Motivo) -> Chamada:
        """Refuse an order that was sent; many refusals switch the shop off.

        Raises:
            Permanente: the cancel type is not one of this family, or needs its items.
        """
        url = self._order(pedido_externo, loja=loja)
        if self.novas:
            _known(motivo.tipo, CANCEL_TYPES_NEW)
            corpo: dict[str, object] = {"description": motivo.texto, "additional_info": {}}
            return Chamada("reject", "PUT", f"{url}/cancel_type/{motivo.tipo}/reject", corpo)
        _known(motivo.tipo, CANCEL_TYPES_LEGACY)
        if motivo.tipo in NEED_ITEMS and not motivo.skus:
            raise Permanente(f"Rappi wants the items of a rejection {motivo.tipo}")
        corpo = {
            "reason": motivo.texto,
            "cancel_type": motivo.tipo,
            "items_ids": [],
            "items_skus": list(motivo.skus),
        }
        return Chamada("reject", "PUT", f"{url}/reject", corpo)

    def ready(self, pedido_externo: str, *, loja: str | None) -> Chamada:
        """Call the courier; Rappi stops acting on it after three calls."""
        url = self._order(pedido_externo, loja=loja)
        return Chamada("ready", "POST", f"{url}/ready-for-pickup")

    def orders(self, *, loja: str | None = None) -> Chamada:
        """Fetch READY orders. Each is handed out once: store it before anything else."""
        if self.novas:
            onde = "" if loja is None else f"/stores/{_part(loja)}"
            return Chamada("orders", "GET", f"{self.new}{NEW_PREFIX}{onde}/orders")
        consulta = "" if loja is None else f"?storeId={_part(loja)}"
        return Chamada("orders", "GET", f"{self.legacy}{LEGACY_PREFIX}/orders{consulta}")

    def orders_sent(self) -> Chamada:
        """Fetch what was handed out in the last 10 minutes, as often as one likes."""
        prefix = self.new + NEW_PREFIX if self.novas else self.legacy + LEGACY_PREFIX
        return Chamada("orders_sent", "GET", f"{prefix}/orders/status/sent")

    def events(self, pedido_externo: str) -> Chamada:
        """Fetch the history of an order; only the legacy family has it."""
        url = f"{self.legacy}{LEGACY_PREFIX}/orders/{_part(pedido_externo)}/events"
        return Chamada("events", "GET", url)

    def availability(self, loja: str, *, on: Sequence[str], off: Sequence[str]) -> list[Chamada]:
        """Switch items by own SKU, `loja` being the id that the merchant registered.

        Any number of items: at most 100 a call. One that stands in both lists goes off:
        not to sell what is there costs less than to sell what is not.
        """
        desligar = list(dict.fromkeys(off))
        ligar = [x for x in dict.fromkeys(on) if x not in set(desligar)]
        mudancas = [(x, False) for x in desligar] + [(x, True) for x in ligar]
        url = f"{self.legacy}{LEGACY_PREFIX}/availability/stores/items"
        return [
            Chamada("availability", "PUT", url, [_batch(loja, mudancas[i : i + MAX_ITEMS])])
            for i in range(0, len(mudancas), MAX_ITEMS)
        ]

    def register_webhook(self, evento: str, *, url: str, lojas: Sequence[str]) -> Chamada:
        """Register one event for some shops; the answer holds the secret that signs it."""
        corpo = {"event": evento, "data": [{"url": url, "stores": list(lojas)}]}
        return Chamada("webhook", "POST", f"{self.legacy}{LEGACY_PREFIX}/webhook", corpo)

    def register_client_webhook(
        self, client_id: str, *, evento: str, url: str, secret: str
    ) -> Chamada:
        """Register one event for every shop of the client, with our own secret.

        Raises:
            ConfiguracaoInvalida: no secret; Rappi would then deliver without a signature.
        """
        if not secret.strip():
            raise ConfiguracaoInvalida("A Rappi webhook without a secret would not be signed")
        corpo = {"event": evento, "url": url, "secret": secret}
        caminho = f"{LEGACY_PREFIX}/clients/{_part(client_id)}/webhooks"
        return Chamada("client_webhooks", "POST", self.legacy + caminho, corpo)

    def webhooks(self, evento: str | None = None) -> Chamada:
        """List what is registered."""
        resto = "" if evento is None else f"/{_part(evento)}"
        return Chamada("webhook", "GET", f"{self.legacy}{LEGACY_PREFIX}/webhook{resto}")

    def stores(self) -> Chamada:
        """List the shops of the client, Rappi's ids beside the merchant's; changes nothing."""
        return Chamada("stores_pa", "GET", f"{self.legacy}{LEGACY_PREFIX}/stores-pa")

    def _order(self, pedido_externo: str, *, loja: str | None) -> str:
        if not self.novas:
            return f"{self.legacy}{LEGACY_PREFIX}/orders/{_part(pedido_externo)}"
        if loja is None:
            raise Permanente("The new routes of Rappi need the shop of an order")
        return f"{self.new}{NEW_PREFIX}/stores/{_part(loja)}/orders/{_part(pedido_externo)}"


def _batch(loja: str, mudancas: Sequence[tuple[str, bool]]) -> dict[str, object]:
    items = {
        "turn_on": [sku for sku, ligado in mudancas if ligado],
        "turn_off": [sku for sku, ligado in mudancas if not ligado],
    }
    return {"store_integration_id": loja, "items": items}


def _known(tipo: str, tipos: frozenset[str]) -> None:
    if tipo not in tipos:
        raise Permanente(f"Rappi knows no cancel type {tipo} on these routes")


def _part(texto: str) -> str:
    """Escape one part of a path; ids are not always numeric in test environments."""
    return quote(texto, safe="")
