"""Coletor: who collects spans, as the settings name it, or nobody.

The SDK is imported only where a collector is named.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import cast

from ponte.errors import ConfiguracaoInvalida
from ponte.rastro import Rastreador
from ponte.settings import Settings

TRACES = "/v1/traces"  # of OTLP over HTTP, below a collector's address


def open_rastreador(
    settings: Settings, env: Mapping[str, str], *, instancia: str
) -> Rastreador | None:
    """Return what sends spans to the collector of PONTE_OTEL__ENDPOINT, or of OTEL_*.

    Raises:
        ConfiguracaoInvalida: one is named and the SDK is not installed.
    """
    endpoint = endpoint_of(settings, env)
    if endpoint is None:
        return None
    try:
        otel = import_module("ponte.runtime.otel")
    except ModuleNotFoundError as error:
        msg = "PONTE_OTEL__ENDPOINT needs the SDK of OpenTelemetry: pip install 'ponte[otel]'"
        raise ConfiguracaoInvalida(msg) from error
    own = settings.otel.headers.get_secret_value()
    found = otel.rastreador(
        endpoint,
        headers=own or env.get("OTEL_EXPORTER_OTLP_HEADERS", ""),
        servico=settings.otel.servico or env.get("OTEL_SERVICE_NAME") or "ponte",
        instancia=instancia,
    )
    return cast("Rastreador", found)


def endpoint_of(settings: Settings, env: Mapping[str, str]) -> str | None:
    """Return where spans are sent, path included, or None when nobody wants them.

    Raises:
        ConfiguracaoInvalida: it is no HTTP address.
    """
    if env.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    base = settings.otel.endpoint or env.get("OTEL_EXPORTER_OTLP_ENDPOINT", "")
    whole = "" if settings.otel.endpoint else env.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "")
    endpoint = whole or (base.rstrip("/").removesuffix(TRACES) + TRACES if base else "")
    if endpoint and not endpoint.startswith(("http://", "https://")):
        msg = "PONTE_OTEL__ENDPOINT: the address must begin with http:// or https://"
        raise ConfiguracaoInvalida(msg)
    return endpoint or None
