"""Hub: one messaging platform for a script, guarded by a limiter, a breaker and retries.

Derived from the connector's manifest alone, so that a hub and the server say the same to a
platform. The one rule: what the platform would refuse is refused before anything is sent.
"""

import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeVar

from pydantic import BaseModel

from ponte.domain.evento import EventoDeCanal
from ponte.domain.mensagem import Canal, Conteudo, Mensagem, TipoMensagem, wrong_fields
from ponte.domain.valores import new_id
from ponte.errors import Adiado, ConfiguracaoInvalida, DadosInvalidos, PonteError, Problema
from ponte.integrations.conectores import Lender, Needs, load, missing, settings_of
from ponte.integrations.metrics import HubMetricsRegistry, get_metrics_registry, with_metrics
from ponte.ports import Channel, Connector, Deps
from ponte.resilience.breaker import CircuitBreaker, CircuitBreakerOpen
from ponte.resilience.limiter import SlidingWindowRateLimiter
from ponte.resilience.mixin import HubResilienceMixin

MAX_TURN_S = 60.0  # chosen: as the longest wait between two tries
KINDS = {
    "image": TipoMensagem.IMAGEM,
    "audio": TipoMensagem.AUDIO,
    "video": TipoMensagem.VIDEO,
    "document": TipoMensagem.DOCUMENTO,
}

T = TypeVar("T")


class SemSuporte(PonteError):
    """The platform has no such thing here; nothing was sent."""

    status = 422
    code = "sem_suporte"


@dataclass(frozen=True, slots=True)
class _Account:
    """A connector with the settings of one account."""

    connector: Connector
    settings: BaseModel
    deps: Deps
    channel: Channel | None


class Hub(HubResilienceMixin):
    """What every hub shares. Its settings are read when it is first used.

    Args:
        registry: Who counts its calls; the one of the process by default.
        circuit_breaker_threshold: Failures in a row that open the breaker.
        retry_max_attempts: Tries altogether; only what may pass is tried again.
        settings: The connector's settings by lower-case name, over PONTE_<NAME>__*.
    """

    name: ClassVar[str]
    needs: ClassVar[Needs]

    def __init__(
        self,
        *,
        registry: HubMetricsRegistry | None = None,
        circuit_breaker_threshold: int = 5,
        retry_max_attempts: int = 3,
        **settings: Any,
    ) -> None:
        self._setup_resilience(
            circuit_breaker_threshold=circuit_breaker_threshold,
            retry_max_attempts=retry_max_attempts,
        )
        self._breaker = CircuitBreaker(circuit_breaker_threshold, name=self.name)
        self._registry = get_metrics_registry() if registry is None else registry
        self._registry.watch(self.name, lambda: (self._breaker,))
        self._lender = Lender(sys.maxsize)  # the hub's own breaker decides, for all destinations
        self._given = settings
        self._opened: _Account | None = None
        self.changes = 0  # of its settings: what was learnt before the last says nothing now
        self._succeeded: float | None = None

    # ------------------------------------------------------------ its state

    @property
    def breaker(self) -> CircuitBreaker:
        """The breaker of every call."""
        return self._breaker

    @property
    def last_success_age_s(self) -> float | None:
        """Seconds since a call was accepted; None while none was."""
        return None if self._succeeded is None else time.monotonic() - self._succeeded

    def configure(self, **settings: Any) -> None:
        """Change settings, by lower-case name; those not named stay as they are.

        Raises:
            ConfiguracaoInvalida: one is unknown or wrong; nothing was changed.
        """
        given = {**self._given, **settings}
        opened = self._open(given)
        self._given, self._opened = given, opened
        self.changes += 1

    def missing_settings(self) -> list[str]:
        """Return the variables that must be set before anything can be sent."""
        return missing(self.name, self._account().settings, self.needs)

    async def probe(self) -> bool:
        """Ask the platform whether it would take a call; False when there is nothing to ask.

        Raises:
            OutsideError: it would not.
        """
        account = self._ready()
        if account.connector.probe is None:
            return False
        await account.connector.probe(account.settings, account.deps)
        return True

    async def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        await self._lender.aclose()

    async def __aenter__(self) -> Self:
        """Return the hub itself."""
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Close the connections."""
        await self.close()

    # ------------------------------------------------------------ what came in

    def parse(self, body: bytes | str | dict[str, Any]) -> Sequence[EventoDeCanal]:
        """Return what a webhook's body tells, nothing for what it can't read; never raises."""
        account = self._account()
        if account.connector.parse is None:
            return []
        raw = json.dumps(body) if isinstance(body, dict) else body
        return account.connector.parse(
            raw.encode("utf-8", "replace") if isinstance(raw, str) else raw, account.settings
        )

    # ------------------------------------------------------------ what goes out

    async def _send(
        self, tipo: TipoMensagem, to: str, *, conteudo: Conteudo, instancia: str | None = None
    ) -> str | None:
        account = self._ready()
        channel = account.channel
        if channel is None:
            raise SemSuporte(f"{account.connector.title} takes no messages here")
        canal = Canal(account.connector.canal or account.connector.name)
        mensagem = Mensagem(tipo, canal, to, conteudo, instancia=instancia, id=new_id())
        wrong = [Problema(campo, why) for campo, why in wrong_fields(tipo, conteudo)]
        if wrong:
            raise DadosInvalidos(*wrong)
        channel.check(mensagem)
        return await self._guarded(lambda: channel.send(mensagem), "send_message")

    async def _send_media(
        self, to: str, url: str, *, kind: str, about: dict[str, str | None], instancia: str | None
    ) -> str | None:
        tipo = KINDS.get(kind)
        if tipo is None:
            raise DadosInvalidos(Problema("kind", f"one of {', '.join(KINDS)}"))
        conteudo = {"url": url} | {k: v for k, v in about.items() if v is not None}
        return await self._send(tipo, to, conteudo=conteudo, instancia=instancia)

    async def _send_options(
        self, to: str, text: str, *, options: Sequence[str], instancia: str | None = None
    ) -> str | None:
        conteudo = {"texto": text, "opcoes": list(options)}
        return await self._send(
            TipoMensagem.RESPOSTA_RAPIDA, to, conteudo=conteudo, instancia=instancia
        )

    async def _show_typing(self, to: str, *, instancia: str | None = None) -> None:
        account = self._ready()
        show = getattr(account.channel, "show_typing", None)
        if show is None:
            raise SemSuporte(f"{account.connector.title} shows no typing here")
        await self._guarded(lambda: show(to, instancia=instancia), "show_typing")

    async def _guarded(self, func: Callable[[], Awaitable[T]], method: str) -> T:
        @with_metrics(self.name, method, registry=self._registry)
        async def whole() -> T:
            return await self._execute_with_resilience(lambda: self._in_turn(func), method)

        result = await whole()
        self._succeeded = time.monotonic()
        return result

    async def _in_turn(self, func: Callable[[], Awaitable[T]]) -> T:
        """Make one try; to wait for our own turn is none."""
        until = time.monotonic() + MAX_TURN_S
        while True:
            try:
                return await func()
            except CircuitBreakerOpen:
                raise
            except Adiado as adiado:
                wait_s = adiado.retry_after_s or 0.0
                if time.monotonic() + wait_s > until:
                    raise
            await self._sleep(wait_s)

    # ------------------------------------------------------------ the account

    def _ready(self) -> _Account:
        account = self._account()
        names = missing(self.name, account.settings, self.needs)
        if names:
            raise ConfiguracaoInvalida(f"{account.connector.title} needs {', '.join(names)}")
        return account

    def _account(self) -> _Account:
        if self._opened is None:
            self._opened = self._open(self._given)
        return self._opened

    def _open(self, given: dict[str, Any]) -> _Account:
        connector = load(self.name)
        settings = settings_of(connector, given)
        deps = self._lender.deps()
        limites = connector.limites
        if limites is not None and limites.mensagens is not None:
            self._limiter = SlidingWindowRateLimiter(limites.mensagens, limites.por_s)
        channel = None if connector.channel is None else connector.channel(settings, deps)
        return _Account(connector, settings, deps, channel)
