"""Build: from settings to a Context. The one place that names brokers and connectors.

Nothing connects at import; nothing here knows a feature. What is switched off is
not even imported.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from pydantic import ValidationError

from ponte.connectors import CONNECTORS
from ponte.context import Context, Ligado
from ponte.errors import ConfiguracaoInvalida
from ponte.estoque import service as estoque
from ponte.flow import ESPELHO, filas, roteiro
from ponte.notas.emissor import EmissorLocal
from ponte.ports import Broker, Connector, Deps, Stream
from ponte.rastro import Rastreador
from ponte.resilience import destino
from ponte.resilience.disjuntores import HttpPartilhado
from ponte.resilience.http import Http
from ponte.resilience.numeros import HubNumbers
from ponte.runtime import banco, engines
from ponte.runtime.ajuda import Ajuda
from ponte.runtime.coletor import open_rastreador
from ponte.runtime.instances import Instance
from ponte.runtime.responder import Responder, load_responder
from ponte.settings import Settings, connector_values, environment, validated
from ponte.store.db import Database, Tx
from ponte.store.fatos import HistoricoDoBanco
from ponte.store.tokens import EncryptedTokens, load_key
from ponte.telemetry import Telemetry
from ponte.ws import Hub

MASTER_KEY_FILE = "chave.mestra"


@dataclass(frozen=True)
class Built:
    """A Context and what must be closed after it."""

    ctx: Context
    instance: Instance
    https: Mapping[str, Http]
    deps: Deps
    stream: Stream | None = None
    ajuda: Ajuda | None = None

    async def close(self) -> None:
        """Close in the reverse order of opening."""
        await self.ctx.broker.close()
        if self.ajuda is not None:
            await self.ajuda.ajudante.close()
        if self.stream is not None:
            await self.stream.close()
        for http in self.https.values():
            await http.aclose()
        await self.ctx.db.close()
        if self.ctx.rastreador is not None:
            await asyncio.to_thread(self.ctx.rastreador.close)
        self.instance.close()


class _Meter:
    """Counts outside calls in Ponte's own registry."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self.hubs = HubNumbers(telemetry.registry)

    def record_request(self, hub: str, method: str) -> None:
        self.hubs.record_request(hub, method)

    def record_success(self, hub: str, method: str, *, latency_ms: float) -> None:
        self.hubs.record_success(hub, method, latency_ms=latency_ms)
        self._telemetry.outside.labels(hub, "ok").inc()
        self._telemetry.outside_seconds.labels(hub).observe(latency_ms / 1000)

    def record_failure(self, hub: str, method: str, error: str) -> None:
        self.hubs.record_failure(hub, method, error)
        self._telemetry.outside.labels(hub, error).inc()


async def build(
    settings: Settings,
    *,
    env: Mapping[str, str] | None = None,
    broker: Broker | None = None,
    now_ms: Callable[[], int] | None = None,
    rastreador: Rastreador | None = None,
) -> Built:
    """Open everything that the settings name.

    Args:
        settings: Ponte's own settings.
        env: Where connectors find theirs; the process environment and `.env` by default.
        broker: Another broker than the settings name, in tests.
        now_ms: Another clock, in tests.
        rastreador: Another collector of spans than the settings name, in tests.

    Raises:
        ConfiguracaoInvalida: a setting is missing or wrong, by name.
    """
    clock = now_ms or _now_ms
    env = environment() if env is None else env
    responder = load_responder(settings.bot)
    chosen = broker or engines.open_broker(settings)
    stream = engines.open_stream(settings)
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    db, instance = await banco.open_database(
        settings, rotas=roteiro(settings, sem=_unwanted(env)), now_ms=clock
    )
    async with contextlib.AsyncExitStack() as opened:
        opened.push_async_callback(db.close)
        opened.callback(instance.close)
        aberto = _Aberto(db, instance, chosen, stream, responder)
        built = await _assemble(settings, aberto, env=env, now_ms=clock, rastreador=rastreador)
        opened.pop_all()  # whole: whoever got it closes it
    try:
        await engines.start(built.ctx.broker, filas(built.ctx.destinos_de_filas()))
    except ConfiguracaoInvalida:
        await built.close()
        raise
    return built


@dataclass(frozen=True)
class _Aberto:
    db: Database
    instance: Instance
    broker: Broker
    stream: Stream | None
    responder: Responder | None


async def _assemble(
    settings: Settings,
    aberto: _Aberto,
    *,
    env: Mapping[str, str],
    now_ms: Callable[[], int],
    rastreador: Rastreador | None,
) -> Built:
    db, instance = aberto.db, aberto.instance
    issuer = EmissorLocal(settings.emitente, zona=settings.tz)
    telemetry = Telemetry()
    tokens = EncryptedTokens(db, _master_key(settings))
    epoca = await db.read(_epoca)
    ajudante = engines.open_helper(settings, casa=epoca, processo=instance.id, telemetry=telemetry)
    ajuda = None if ajudante is None else Ajuda.of(ajudante, processo=instance.id)
    https: dict[str, Http] = {}
    http = _http_factory(https, _Meter(telemetry), ajuda)
    redes = destino.networks(settings.redes_permitidas)
    deps = Deps(http=http, tokens=tokens, now_ms=now_ms, redes=redes)
    ligados = _switch_on(env, deps)
    hub = Hub(
        epoca,
        HistoricoDoBanco(db, itens=estoque.snapshot),
        telemetry=telemetry,
        limite=settings.limites.websockets,
    )
    ctx = Context(
        settings=settings,
        db=db,
        broker=aberto.broker,
        hub=hub,
        issuer=issuer,
        tokens=tokens,
        telemetry=telemetry,
        ligados=ligados,
        instancia=instance.id,
        now_ms=now_ms,
        conhecidos=frozenset(connector_names()),
        rastreador=rastreador or open_rastreador(settings, env, instancia=instance.id),
        ajudante=ajudante,
        cotas=None if ajuda is None else ajuda.cotas,
        destinos=https,
        responder=aberto.responder,
    )
    return Built(ctx, instance, https, deps, aberto.stream, ajuda)


def _unwanted(env: Mapping[str, str]) -> frozenset[str]:
    """Return the steps that no fact need wait for, by the connectors that are set up."""
    named = (name for name in connector_names() if connector_values(name, env))
    mirrored = any(load_connector(name).helpdesk is not None for name in named)
    return frozenset() if mirrored else frozenset({ESPELHO})


def load_connector(name: str) -> Connector:
    """Import one connector of the register, or of another package.

    Raises:
        ConfiguracaoInvalida: there is none of that name.
    """
    path = CONNECTORS.get(name)
    if path is None:
        for entry in entry_points(group="ponte.connectors", name=name):
            return _checked(entry.load(), name)
        msg = f"There is no connector {name}"
        raise ConfiguracaoInvalida(msg)
    module, _, attribute = path.partition(":")
    return _checked(getattr(import_module(module), attribute), name)


def connector_names() -> list[str]:
    """Return every connector that can be switched on."""
    return [*CONNECTORS, *(e.name for e in entry_points(group="ponte.connectors"))]


def _checked(found: Any, name: str) -> Connector:
    if not isinstance(found, Connector) or found.name != name:
        msg = f"{name} is not a connector of that name"
        raise ConfiguracaoInvalida(msg)
    return found


def _switch_on(env: Mapping[str, str], deps: Deps) -> dict[str, Ligado]:
    ligados = {}
    for name in connector_names():
        values = connector_values(name, env)
        if not values and name != "log":
            continue
        connector = load_connector(name)
        settings = _connector_settings(connector, values)
        if not connector.is_on(settings):
            continue
        carries = connector.messages_on(settings)
        ligados[name] = Ligado(
            connector,
            settings,
            orders=connector.orders(settings, deps) if connector.orders else None,
            alerts=connector.alerts(settings, deps)
            if connector.alerts and connector.alerts_on(settings)
            else None,
            webhook=connector.webhook(settings) if connector.webhook else None,
            channel=connector.channel(settings, deps) if connector.channel and carries else None,
            renewal=connector.renewal(settings, deps) if connector.renewal else None,
            videos=connector.videos(settings, deps) if connector.videos else None,
            probe=partial(connector.probe, settings, deps) if connector.probe and carries else None,
            pairing=connector.pairing(settings, deps) if connector.pairing else None,
            reception=connector.reception(settings, deps) if connector.reception else None,
            helpdesk=connector.helpdesk(settings, deps) if connector.helpdesk else None,
        )
    return ligados


def _connector_settings(connector: Connector, values: Mapping[str, str]) -> Any:
    try:
        return validated(connector.settings, values)
    except ValidationError as error:
        problems = "; ".join(
            f"PONTE_{connector.name.upper()}__{'__'.join(map(str, e['loc'])).upper()}: {e['msg']}"
            for e in error.errors(include_input=False, include_url=False)
        )
        raise ConfiguracaoInvalida(problems) from error


def _http_factory(
    https: dict[str, Http], meter: _Meter, ajuda: Ajuda | None
) -> Callable[[str], Http]:
    def opened(name: str) -> Http:
        if ajuda is None:
            return Http(name, meter=meter)
        return HttpPartilhado(name, cotas=ajuda.cotas, disjuntores=ajuda.disjuntores, meter=meter)

    def http(name: str) -> Http:
        if name not in https:
            https[name] = opened(name)
            meter.hubs.watch(name, https[name].breakers)
        return https[name]

    return http


def _master_key(settings: Settings) -> bytes:
    if settings.master_key is None:
        return load_key(settings.data_dir / MASTER_KEY_FILE)
    try:
        key = bytes.fromhex(settings.master_key.get_secret_value())
    except ValueError:
        key = b""
    if len(key) != 32:
        msg = "PONTE_MASTER_KEY must be 64 hexadecimal digits"
        raise ConfiguracaoInvalida(msg)
    return key


async def _epoca(tx: Tx) -> str:
    row = await tx.fetch_one("SELECT valor FROM meta WHERE chave = 'epoca'")
    return str(row[0]) if row else ""


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
