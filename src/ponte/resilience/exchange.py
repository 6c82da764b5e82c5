"""Exchange: what goes out and what comes back, as connectors build and read it.

Neither shows its secrets: a URL, a header and a body stay out of every repr.
"""

import json as jsonlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

from ponte.resilience.classes import Verdict, seconds

TIMEOUT_S = 10.0  # chosen: slower than any platform's own p99, shorter than a lease


@dataclass(frozen=True, slots=True)
class Request:
    """One call as a connector builds it; what may hold a secret stays out of its repr.

    Args:
        method: HTTP method.
        url: Full URL.
        json: Body as JSON; None sends `content` instead.
        content: Body as bytes.
        headers: Further headers.
        timeout_s: Seconds for the whole exchange, connecting included.
        operation: What it is for in metrics ("send_message"); the method when empty.
        reply_bytes: The largest reply that is read; None is the cap of every call.
        held_s: Seconds that the other side is asked to hold its answer back: no latency of its.
        paced: Whether it takes a turn of the destination's limit; a mere question may not.
    """

    method: str
    url: str = field(repr=False)
    json: Any = field(default=None, repr=False)
    content: bytes | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout_s: float = TIMEOUT_S
    operation: str = ""
    reply_bytes: int | None = None
    paced: bool = True
    held_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `headers` lower-cased, `body` unpacked."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    elapsed_ms: float = 0.0

    def json(self) -> Any:
        """Return the parsed body, or None when it is not JSON: a proxy's page, a cut body."""
        try:
            return jsonlib.loads(self.body, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError
            return None

    @property
    def text(self) -> str:
        """The body as text, unreadable bytes replaced."""
        return self.body.decode("utf-8", "replace")

    @property
    def retry_after_s(self) -> float | None:
        """Seconds that Retry-After asks for; its date form is read against the answer's Date."""
        value = self.headers.get("retry-after", "")
        wait_s = seconds(value)
        if wait_s is not None or not value:
            return wait_s
        try:
            until = parsedate_to_datetime(value)
            return seconds(
                (until - parsedate_to_datetime(self.headers.get("date", ""))).total_seconds()
            )
        except (ValueError, TypeError):  # no date, or one without a zone
            return None


Classify = Callable[[Answer], Verdict]


def _refuse_constant(name: str) -> None:
    raise ValueError(name)
