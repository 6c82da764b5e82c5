"""Webhook: what Rappi's deliveries are checked by and answered with.

PING comes every three minutes for each shop, and anything but "OK" takes the shop
off the application. So it tells about the shop, never about the server; it is
answered at once and not stored, since there is nothing to do later.
"""

from collections.abc import Callable

from ponte.connectors.rappi.parse import event_name
from ponte.connectors.rappi.settings import RappiSettings
from ponte.connectors.rappi.verify import verify
from ponte.domain.leitura import loads, objeto, texto
from ponte.ports import Pedido2xx, WebhookRequest


class RappiWebhook:
    """Verify and answer one delivery; pure."""

    def __init__(self, settings: RappiSettings) -> None:
        self._settings = settings
        self._secrets = [x.get_secret_value() for x in settings.webhook_secrets]

    def verify(self, request: WebhookRequest, *, now_ms: int) -> bool:
        return verify(
            request.headers,
            request.body,
            self._secrets,
            now_ms=now_ms,
            max_skew_s=self._settings.max_skew_s,
        )

    def reply(self, request: WebhookRequest, *, aberta: Callable[[str], bool | None]) -> Pedido2xx:
        if event_name(request.evento) != "PING":
            return Pedido2xx()
        loja = self._settings.loja(_store_id(request.body))
        if loja is None:
            return _ping("UNKNOWN", "Loja desconhecida")
        estado = aberta(loja.plataforma_id)
        if estado is None:
            return _ping("UNKNOWN", "Loja desconhecida")
        return _ping("OK", "Loja aberta") if estado else _ping("CLOSED", "Loja fechada")


def _store_id(body: bytes) -> str | None:
    try:
        return texto(objeto(loads(body)).get("store_id"))
    except ValueError:
        return None


def _ping(status: str, descricao: str) -> Pedido2xx:
    return Pedido2xx({"status": status, "description": descricao}, store=False)
