"""Engines: from an address in the settings to the broker that speaks to it.

The scheme names the engine. A driver is imported only when its engine is named, so
an installation without one needs none.
"""

from collections.abc import Iterable
from importlib import import_module
from typing import Any, cast

import structlog

from ponte.brokers.database import DatabaseBroker
from ponte.errors import ArmazenamentoIndisponivel, ConfiguracaoInvalida
from ponte.ports import Ajudante, Broker, Stream
from ponte.settings import Settings
from ponte.telemetry import Telemetry

log = structlog.get_logger(__name__)

# scheme -> the class, and the extra of the package that brings its driver
BROKERS = {
    "amqp": ("ponte.brokers.rabbitmq:RabbitBroker", "rabbitmq"),
    "amqps": ("ponte.brokers.rabbitmq:RabbitBroker", "rabbitmq"),
    "redis": ("ponte.brokers.redis:RedisBroker", "redis"),
    "rediss": ("ponte.brokers.redis:RedisBroker", "redis"),
    "kafka": ("ponte.brokers.kafka:KafkaBroker", "kafka"),
    "kafkas": ("ponte.brokers.kafka:KafkaBroker", "kafka"),
}
STREAMS = {
    "amqp": ("ponte.brokers.rabbitmq_stream:RabbitStream", "rabbitmq"),
    "amqps": ("ponte.brokers.rabbitmq_stream:RabbitStream", "rabbitmq"),
    "redis": ("ponte.brokers.redis:RedisStream", "redis"),
    "rediss": ("ponte.brokers.redis:RedisStream", "redis"),
    "kafka": ("ponte.brokers.kafka:KafkaStream", "kafka"),
    "kafkas": ("ponte.brokers.kafka:KafkaStream", "kafka"),
}

HELPERS = {
    "redis": ("ponte.brokers.ajudante:RedisAjudante", "redis"),
    "rediss": ("ponte.brokers.ajudante:RedisAjudante", "redis"),
}


def open_broker(settings: Settings) -> Broker:
    """Return the broker of PONTE_QUEUE_URL, not connected yet.

    Raises:
        ConfiguracaoInvalida: the address or its scheme is wrong, or the driver is missing.
    """
    url = settings.queue_url.get_secret_value()
    if not url:
        return DatabaseBroker()
    classe, scheme = _named("PONTE_QUEUE_URL", url, BROKERS)
    options = _kafka(settings) if scheme.startswith("kafka") else {}
    if scheme.startswith("amqp"):
        options["queue_type"] = settings.rabbitmq.queue_type
    return cast("Broker", _opened("PONTE_QUEUE_URL", classe, url, options))


def open_stream(settings: Settings) -> Stream | None:
    """Return the stream of PONTE_STREAM_URL, or None where facts stay here.

    Raises:
        ConfiguracaoInvalida: as `open_broker`.
    """
    url = settings.stream_url.get_secret_value()
    if not url:
        return None
    classe, scheme = _named("PONTE_STREAM_URL", url, STREAMS)
    options = _kafka(settings) if scheme.startswith("kafka") else {}
    return cast("Stream", _opened("PONTE_STREAM_URL", classe, url, options))


def open_helper(
    settings: Settings, *, casa: str, processo: str, telemetry: Telemetry
) -> Ajudante | None:
    """Return the helper of PONTE_REDIS_URL, not connected yet, or None where nobody helps.

    Args:
        settings: Ponte's own.
        casa: The installation; several may share one helper.
        processo: This process.
        telemetry: Where it says whether it is there.

    Raises:
        ConfiguracaoInvalida: as `open_broker`.
    """
    url = settings.redis_url.get_secret_value()
    if not url:
        return None
    classe, _scheme = _named("PONTE_REDIS_URL", url, HELPERS)
    options = {"casa": casa, "processo": processo, "telemetry": telemetry}
    return cast("Ajudante", _opened("PONTE_REDIS_URL", classe, url, options))


async def start(broker: Broker, filas: Iterable[str]) -> None:
    """Connect; an engine that is away is no reason not to take orders."""
    try:
        await broker.start(filas)
    except ArmazenamentoIndisponivel as error:
        log.warning("the broker is away, starting without it", motor=broker.name, erro=str(error))


def _kafka(settings: Settings) -> dict[str, Any]:
    from ponte.brokers.kafka_client import Seguranca, Topicos  # noqa: PLC0415 - an extra's driver

    chosen = settings.kafka
    password = chosen.key_password
    return {
        "seguranca": Seguranca(
            sasl_mechanism=chosen.sasl_mechanism, ca_file=chosen.ca_file,
            cert_file=chosen.cert_file, key_file=chosen.key_file,
            key_password=None if password is None else password.get_secret_value(),
        ),
        "topicos": Topicos(chosen.partitions, chosen.replication) if chosen.partitions else None,
    }  # fmt: skip


def _named(setting: str, url: str, known: dict[str, tuple[str, str]]) -> tuple[Any, str]:
    scheme = url.partition("://")[0].lower()
    if scheme not in known:
        msg = f"{setting}: the address must begin with one of {', '.join(known)} and ://"
        raise ConfiguracaoInvalida(msg)
    path, extra = known[scheme]
    module, _, attribute = path.partition(":")
    try:
        return getattr(import_module(module), attribute), scheme
    except ModuleNotFoundError as error:
        msg = f"{setting}: {scheme} needs a driver: pip install 'ponte[{extra}]'"
        raise ConfiguracaoInvalida(msg) from error


def _opened(setting: str, classe: Any, url: str, options: dict[str, Any]) -> Any:
    try:
        return classe(url, **options)
    except ValueError as error:
        # The error may repeat the address, and a password stands in it.
        msg = f"{setting}: not an address"
        raise ConfiguracaoInvalida(msg) from error
