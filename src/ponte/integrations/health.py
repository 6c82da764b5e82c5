"""Health: how each hub of a script is, judged by what it sent and by asking the platform.

A probe is asked for at most once in a while, and its answer shown with its age: to look
often must not become load, and an old answer must not pass for a new one.
"""

import asyncio
import functools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from ponte.errors import Adiado, ConfiguracaoInvalida, NaoEncontrado
from ponte.integrations.hub import Hub
from ponte.integrations.hubs import (
    get_facebook_hub,
    get_instagram_hub,
    get_telegram_hub,
    get_tiktok_hub,
    get_whatsapp_hub,
    get_x_hub,
)
from ponte.resilience.breaker import BreakerState
from ponte.resilience.classes import Classe, OutsideError

Status = Literal["healthy", "degraded", "unhealthy", "disabled"]

PROBE_EVERY_S = 60.0  # chosen: as often as the server asks
HUBS: Mapping[str, Callable[[], Hub]] = {
    "whatsapp": get_whatsapp_hub,
    "instagram": get_instagram_hub,
    "facebook": get_facebook_hub,
    "tiktok": get_tiktok_hub,
    "telegram": get_telegram_hub,
    "x": get_x_hub,
}
# What a probe's class means; any other says that calls would fail too.
_PASSING = {Classe.RATE_LIMITED}
_WORST: Sequence[Status] = ("unhealthy", "degraded", "healthy")


@dataclass(frozen=True, slots=True)
class HubHealth:
    """How one hub is.

    Args:
        name: The hub.
        status: `disabled` while a setting is missing.
        detail: Why it is not healthy, in a line; empty when it is.
        breaker: closed, open or half_open.
        failures: Failures in a row.
        last_success_age_s: Seconds since a call was accepted; None while none was.
        probe: ok, or the class of the platform's refusal; None when it was not asked.
        probe_age_s: How old that answer is.
    """

    name: str
    status: Status
    detail: str = ""
    breaker: str = BreakerState.CLOSED.value
    failures: int = 0
    last_success_age_s: float | None = None
    probe: str | None = None
    probe_age_s: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON would have it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Probed:
    """What a platform answered, when, and under which change of the hub's settings."""

    at: float
    changes: int
    classe: Classe
    detail: str = ""


class HubHealthChecker:
    """Tells how hubs are.

    Args:
        hubs: Those of `get_overall_status`; the process's own by default.
        probe_every_s: How old a platform's answer may be before it is asked again.
    """

    def __init__(
        self, hubs: Sequence[Hub] | None = None, *, probe_every_s: float = PROBE_EVERY_S
    ) -> None:
        self._hubs = hubs
        self._probe_every_s = probe_every_s
        self._probed: dict[int, tuple[Hub, _Probed]] = {}  # with the hub, so that its id is its own

    async def check_hub_health(self, hub: Hub | str) -> HubHealth:
        """Tell how a hub is; a name stands for the process's own.

        Raises:
            NaoEncontrado: no hub has this name.
        """
        return await self._check(self._named(hub) if isinstance(hub, str) else hub)

    async def get_overall_status(self) -> dict[str, Any]:
        """Return the worst status of those that are set up, and each hub under its name."""
        hubs = [get() for get in HUBS.values()] if self._hubs is None else self._hubs
        found = await asyncio.gather(*(self._check(hub) for hub in hubs))
        stands = {health.status for health in found}
        status = next((x for x in _WORST if x in stands), "disabled")
        return {"status": status, "hubs": {health.name: health.as_dict() for health in found}}

    def _named(self, name: str) -> Hub:
        for hub in self._hubs or ():
            if hub.name == name:
                return hub
        if self._hubs is None and name in HUBS:
            return HUBS[name]()
        raise NaoEncontrado("hub", name)

    async def _check(self, hub: Hub) -> HubHealth:
        try:
            missing = hub.missing_settings()
        except ConfiguracaoInvalida as error:
            return HubHealth(hub.name, "unhealthy", str(error))
        if missing:
            return HubHealth(hub.name, "disabled", f"not set: {', '.join(missing)}")
        probed = await self._ask(hub)
        view = hub.breaker.view()
        status, detail = _judge(view.state, view.failures, probed)
        return HubHealth(
            hub.name,
            status,
            detail,
            breaker=view.state.value,
            failures=view.failures,
            last_success_age_s=hub.last_success_age_s,
            probe=None if probed is None else probed.classe.value,
            probe_age_s=None if probed is None else time.monotonic() - probed.at,
        )

    async def _ask(self, hub: Hub) -> _Probed | None:
        """Return the platform's answer, asked for now where the last one is too old."""
        last = self._last(hub)
        if last is not None and time.monotonic() - last.at < self._probe_every_s:
            return last
        changes = hub.changes
        try:
            if not await hub.probe():
                return None
            fresh = _Probed(time.monotonic(), changes, Classe.OK)
        except OutsideError as error:
            fresh = _Probed(time.monotonic(), changes, error.classe, error.verdict.detail)
        except Adiado:
            return last  # our own limiter says to wait; the age tells how old this one is
        self._probed[id(hub)] = (hub, fresh)
        return fresh

    def _last(self, hub: Hub) -> _Probed | None:
        _, probed = self._probed.get(id(hub), (hub, None))
        return probed if probed is not None and probed.changes == hub.changes else None


def _judge(state: BreakerState, failures: int, probed: _Probed | None) -> tuple[Status, str]:
    if state is BreakerState.OPEN:
        return "unhealthy", "breaker open"
    if probed is not None and probed.classe not in {Classe.OK, *_PASSING}:
        return "unhealthy", f"probe: {probed.classe} {probed.detail}".rstrip()
    if probed is not None and probed.classe in _PASSING:
        return "degraded", f"probe: {probed.classe}"
    if state is BreakerState.HALF_OPEN:
        return "degraded", "breaker half open"
    if failures:
        return "degraded", f"{failures} failed in a row"
    return "healthy", ""


@functools.cache
def get_health_checker() -> HubHealthChecker:
    """Return the one of this process."""
    return HubHealthChecker()
