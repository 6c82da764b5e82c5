"""Sink: one alerta goes to each service by its own Apprise URL.

Apprise tells only whether a service took it, so a refusal counts as temporary. Which
services took a notice is remembered for its next tries, or one that is down would
make the others repeat themselves. The library makes its calls in threads of its own.
"""

import importlib
import logging
from collections import OrderedDict
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from ponte.domain.alerta import Alerta, Severidade
from ponte.domain.notificacao import cut, describe
from ponte.errors import ConfiguracaoInvalida
from ponte.ports import Deps
from ponte.resilience.classes import OK, Classe, Verdict

TIMEOUT_S = 20.0  # chosen: Apprise allows 4 s to connect and 4 s to read, a few services in turn
REMEMBERED = 1000  # chosen: notices being tried at once, far more than the queue holds in hand
MAX_TEXT = 4000  # chosen: Apprise cuts further where a service takes less
TIPOS = {
    Severidade.INFO: "info",
    Severidade.AVISO: "warning",
    Severidade.CRITICO: "failure",
}


class AppriseSettings(BaseModel):
    """Read from PONTE_APPRISE__*; off while `urls` is missing. Each URL is a secret."""

    model_config = ConfigDict(hide_input_in_errors=True)  # the input may be the secret

    urls: SecretStr | None = Field(
        None, description="Apprise URLs, separated by commas or blanks; needs the extra apprise"
    )


class AppriseSink:
    """Deliver alertas to the services of the settings.

    Raises:
        ConfiguracaoInvalida: The library is missing, or a URL names no service it knows.
    """

    def __init__(self, settings: AppriseSettings, deps: Deps) -> None:
        self._http = deps.http("apprise")
        self._services = _services(settings.urls.get_secret_value() if settings.urls else "")
        self._taken: OrderedDict[str, set[int]] = OrderedDict()

    async def deliver(self, alerta: Alerta, *, fim: bool = False) -> None:
        """Notify each service that has not taken this notice yet.

        Raises:
            OutsideError: At least one did not take it.
        """

        async def notify() -> Verdict:
            return await self._notify(alerta, fim=fim)

        await self._http.guard(notify, operation="notify")

    async def _notify(self, alerta: Alerta, *, fim: bool) -> Verdict:
        taken = self._remember(f"{alerta.id}.{alerta.contagem}.{fim}")
        notificacao = describe(alerta, fim=fim)
        message = {
            "title": notificacao.manchete,
            "body": cut(f"{notificacao.texto}\n\n{notificacao.rodape}".strip(), MAX_TEXT),
            "notify_type": "success" if fim else TIPOS[alerta.severidade],
            "body_format": "text",
        }
        for i, service in enumerate(self._services):
            if i not in taken and await service.async_notify(timeout=TIMEOUT_S, **message):
                taken.add(i)
        missing = len(self._services) - len(taken)
        return Verdict(Classe.RETRY, f"{missing} services did not take it") if missing else OK

    def _remember(self, key: str) -> set[int]:
        taken = self._taken.setdefault(key, set())
        self._taken.move_to_end(key)
        if len(self._taken) > REMEMBERED:
            self._taken.popitem(last=False)
        return taken


def _services(urls: str) -> list[Any]:
    """Return one notifier for each URL; the library is loaded only here."""
    try:
        apprise = importlib.import_module("apprise")
        parse = importlib.import_module("apprise.utils.parse")
    except ModuleNotFoundError:
        raise ConfiguracaoInvalida(
            "PONTE_APPRISE__URLS needs: pip install 'ponte[apprise]'"
        ) from None
    # Both write URLs into their messages; what fails is told by the sink itself.
    for name in ("apprise", "urllib3"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    services = []
    for number, url in enumerate(parse.parse_urls(urls), start=1):
        service = apprise.Apprise()
        if not service.add(url):
            raise ConfiguracaoInvalida(
                f"PONTE_APPRISE__URLS: number {number} names no known service"
            )
        services.append(service)
    return services
