"""Alertas: tell people from a script, at once, and not again while nothing new happened.

As the server does, in memory: the same alert (name, origin, labels) is not told again
within its window, and one name can't flood anybody. A notice that nobody took does not
count as told. Names come from code and are few; what varies belongs in labels.
"""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal, Protocol, Self

import structlog

from ponte.domain.alerta import Alerta, Severidade, fingerprint
from ponte.domain.valores import new_id
from ponte.errors import ConfiguracaoInvalida, DadosInvalidos, PonteError, Problema
from ponte.integrations.conectores import Lender, Needs, load, missing, settings_of
from ponte.ports import AlertSink
from ponte.resilience.limiter import SlidingWindowRateLimiter
from ponte.resilience.retry import retry_with_backoff
from ponte.settings import AlertasSettings

log = structlog.get_logger(__name__)

RULES = AlertasSettings()  # the server's own numbers
HISTORY = 1_000  # chosen: what a person may want to look back on
MOST_OPEN = 10_000  # chosen: alerts remembered, the oldest go first
RETRIES = 2  # chosen: whoever raised the alert waits for it

Outcome = Literal["sent", "repeated", "limited", "failed"]


class AlertTarget(Protocol):
    """Somebody to tell; one's own class will do."""

    name: str

    async def deliver(self, alerta: Alerta, *, fim: bool = False) -> None:
        """Deliver a notice, or its end; raises a `PonteError` when it was not taken."""

    async def close(self) -> None:
        """Close what is open."""


class AlertChannel:
    """A connector's way to tell people. What may pass is tried again, a little.

    Args:
        settings: The connector's settings by lower-case name, over PONTE_<NAME>__*.
    """

    name: str
    needs: ClassVar[Needs] = ()

    def __init__(self, **settings: Any) -> None:
        self._given = {nome: valor for nome, valor in settings.items() if valor is not None}
        self._lender = Lender()
        self._sink: AlertSink | None = None

    async def deliver(self, alerta: Alerta, *, fim: bool = False) -> None:
        """Deliver one notice, or its end.

        Raises:
            ConfiguracaoInvalida: a setting is missing or wrong.
            OutsideError: it was not taken.
            Adiado: the platform is to be left alone for a while.
        """
        sink = self._opened()
        await retry_with_backoff(lambda: sink.deliver(alerta, fim=fim), RETRIES)

    async def close(self) -> None:
        """Close the connections; the next notice opens new ones."""
        await self._lender.aclose()

    def _opened(self) -> AlertSink:
        if self._sink is None:
            connector = load(self.name)
            settings = settings_of(connector, self._given)
            names = missing(self.name, settings, self.needs)
            if names or connector.alerts is None:
                raise ConfiguracaoInvalida(f"{connector.title} needs {', '.join(names)}")
            self._sink = connector.alerts(settings, self._lender.deps())
        return self._sink


class SlackAlertChannel(AlertChannel):
    """A channel of Slack, by an incoming webhook; PONTE_SLACK__WEBHOOK_URL by default."""

    name = "slack"
    needs = (("webhook_url",),)

    def __init__(self, webhook_url: str | None = None) -> None:
        super().__init__(webhook_url=webhook_url)


class DiscordAlertChannel(AlertChannel):
    """A channel of Discord, by a webhook; PONTE_DISCORD__WEBHOOK_URL by default."""

    name = "discord"
    needs = (("webhook_url",),)

    def __init__(self, webhook_url: str | None = None) -> None:
        super().__init__(webhook_url=webhook_url)


class WebhookAlertChannel(AlertChannel):
    """Any address, by signed JSON; PONTE_WEBHOOK__URL and __SECRET by default."""

    name = "webhook"
    needs = (("url",),)

    def __init__(self, url: str | None = None, secret: str | None = None) -> None:
        super().__init__(url=url, secret=secret)


class LogAlertChannel(AlertChannel):
    """The log, at the level of the alert's severity."""

    name = "log"


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """What became of one firing: who took it, and why others did not."""

    alerta: Alerta
    outcome: Outcome
    delivered: tuple[str, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Open:
    """An alert that is not over; `told_at` None while nobody took it."""

    alerta: Alerta
    told_at: float | None = None


class AlertManager:
    """Raise alerts and tell them to every channel.

    Args:
        channels: Who is told.
        repeat_s: How long the same alert is not told again.
        max_per_name: How many notices one name may send within `window_s`.
        window_s: The seconds of that.
        history: How many firings are kept.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        channels: Sequence[AlertTarget] = (),
        *,
        repeat_s: float = RULES.repetir_s,
        max_per_name: int = RULES.limite_por_nome,
        window_s: float = RULES.janela_do_limite_s,
        history: int = HISTORY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.channels = list(channels)
        self._repeat_s = repeat_s
        self._clock = clock
        self._limit = max_per_name, window_s
        self._limiters: dict[str, SlidingWindowRateLimiter] = {}
        self._open: OrderedDict[str, _Open] = OrderedDict()
        self._history: deque[AlertRecord] = deque(maxlen=history)

    @property
    def history(self) -> list[AlertRecord]:
        """Every firing that is kept, the newest last."""
        return list(self._history)

    async def send_alert(
        self,
        name: str,
        title: str,
        *,
        text: str = "",
        severity: Severidade | str = Severidade.AVISO,
        labels: Mapping[str, str] | None = None,
        origin: str = "script",
    ) -> AlertRecord:
        """Raise an alert and tell it, unless it was told just now.

        Args:
            name: What kind of alert, as `estoque_baixo`.
            title: One line.
            text: The rest.
            severity: info, aviso or critico.
            labels: What it is about; with name and origin they make it the same alert.
            origin: Who says so.

        Raises:
            DadosInvalidos: no such severity.
        """
        grau = _severity(severity)
        aberto = self._count(name, origin, labels or {})
        aberto.alerta = replace(aberto.alerta, severidade=grau, titulo=title, texto=text)
        record = await self._tell(aberto)
        self._history.append(record)
        return record

    async def resolve_alert(
        self, name: str, *, labels: Mapping[str, str] | None = None, origin: str = "script"
    ) -> AlertRecord | None:
        """End an alert, and say so where it was told; None when it was not open."""
        aberto = self._open.pop(fingerprint(name, origin, labels or {}), None)
        if aberto is None or aberto.told_at is None:
            return None
        alerta = replace(aberto.alerta, resolvido=True, resolvido_em=_now_ms())
        delivered, failed = await self._deliver(alerta, fim=True)
        outcome: Outcome = "failed" if failed and not delivered else "sent"
        record = AlertRecord(alerta, outcome, delivered, failed)
        self._history.append(record)
        return record

    async def close(self) -> None:
        """Close every channel."""
        for channel in self.channels:
            await channel.close()

    async def __aenter__(self) -> Self:
        """Return the manager itself."""
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Close every channel."""
        await self.close()

    # ------------------------------------------------------------ inside

    def _count(self, name: str, origin: str, labels: Mapping[str, str]) -> _Open:
        """Return the open alert of this fingerprint, counted up, or a new one."""
        key, now_ms = fingerprint(name, origin, labels), _now_ms()
        aberto = self._open.get(key)
        if aberto is not None:
            vezes = aberto.alerta.contagem + 1
            aberto.alerta = replace(aberto.alerta, contagem=vezes, ultimo_em=now_ms)
            self._open.move_to_end(key)
            return aberto
        alerta = Alerta(
            new_id(), name, Severidade.AVISO, "", "", origin, dict(labels), key,
            criado_em=now_ms, ultimo_em=now_ms,
        )  # fmt: skip
        aberto = self._open[key] = _Open(alerta)
        if len(self._open) > MOST_OPEN:
            self._open.popitem(last=False)
        return aberto

    async def _tell(self, aberto: _Open) -> AlertRecord:
        alerta, before, now = aberto.alerta, aberto.told_at, self._clock()
        if before is not None and now - before < self._repeat_s:
            return AlertRecord(alerta, "repeated")
        if not self._limiter(alerta.nome).try_acquire():
            return AlertRecord(alerta, "limited")
        aberto.told_at = now  # before the call, so that a firing meanwhile is not told as well
        try:
            delivered, failed = await self._deliver(alerta)
        except BaseException:  # cancelled, or a channel's own defect: nobody may know of it
            aberto.told_at = before
            raise
        if failed and not delivered:
            aberto.told_at = before
            return AlertRecord(alerta, "failed", failed=failed)
        return AlertRecord(alerta, "sent", delivered, failed)

    def _limiter(self, name: str) -> SlidingWindowRateLimiter:
        return self._limiters.setdefault(
            name, SlidingWindowRateLimiter(*self._limit, clock=self._clock)
        )

    async def _deliver(
        self, alerta: Alerta, *, fim: bool = False
    ) -> tuple[tuple[str, ...], dict[str, str]]:
        """Tell every channel at once; one that fails holds up no other."""
        channels = list(self.channels)
        errors = await asyncio.gather(*(_one(x, alerta, fim=fim) for x in channels))
        found = list(zip(channels, errors, strict=True))
        delivered = tuple(x.name for x, error in found if error is None)
        return delivered, {x.name: error for x, error in found if error is not None}


async def _one(channel: AlertTarget, alerta: Alerta, *, fim: bool) -> str | None:
    """Tell one channel; return why it was not taken."""
    try:
        await channel.deliver(alerta, fim=fim)
    except PonteError as error:
        log.warning("alerta not delivered", canal=channel.name, nome=alerta.nome, erro=error.code)
        return str(error)
    return None


def _severity(valor: Severidade | str) -> Severidade:
    try:
        return Severidade(valor)
    except ValueError:
        raise DadosInvalidos(Problema("severity", f"one of {', '.join(Severidade)}")) from None


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
