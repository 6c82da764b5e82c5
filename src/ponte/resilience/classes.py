"""Classes: the few ways in which a call to the outside ends, whoever was called.

A connector's pure `classify(answer)` names the class and nothing more; this module
says what a class means for the breaker and for trying again. Some platforms put
errors inside HTTP 200, so the status alone never decides.
"""

from dataclasses import dataclass
from enum import StrEnum

from ponte.errors import PonteError

LONGEST_WAIT_S = 86_400.0  # chosen: a wrong Retry-After must not park a queue for years
DETAIL_LENGTH = 300  # chosen: a detail is one line of somebody else's words


class Classe(StrEnum):
    """How a call ended; the value is the label in metrics and on the wire."""

    OK = "ok"
    RETRY = "retry"
    RATE_LIMITED = "rate_limited"
    AUTH = "auth"
    WINDOW_CLOSED = "window_closed"
    RECIPIENT_UNREACHABLE = "recipient_unreachable"
    INVALID_REQUEST = "invalid_request"
    GONE = "gone"

    @property
    def temporary(self) -> bool:
        """Whether the same call may succeed later with nothing changed on our side."""
        return self in (Classe.RETRY, Classe.RATE_LIMITED)

    @property
    def breaker_failure(self) -> bool | None:
        """What it says about the other side: True down, False alive, None nothing.

        Only `retry` means that it is down. A rate limit is neither: calling on would
        be wrong, calling it down would be too.
        """
        if self is Classe.RATE_LIMITED:
            return None
        return self is Classe.RETRY


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer means.

    Args:
        classe: The class.
        detail: The platform's own code or words, without secrets and personal data.
        retry_after_s: Seconds to leave the destination alone; also with `ok`, where a
            platform says that the next call would be one too many.
        reset_epoch_s: The same as an instant, for platforms that name one.
        unknown_outcome: The call may have had its effect although it looks failed.
    """

    classe: Classe
    detail: str = ""
    retry_after_s: float | None = None
    reset_epoch_s: float | None = None
    unknown_outcome: bool = False


OK = Verdict(Classe.OK)


class OutsideError(PonteError):
    """A call to the outside was not accepted.

    With `unknown_outcome` the other side may have acted all the same: none of the
    messaging platforms offers an idempotency key.
    """

    status = 502

    def __init__(
        self, destino: str, *, verdict: Verdict, retry_after_s: float | None = None
    ) -> None:
        super().__init__(f"{destino}: {verdict.classe} {verdict.detail}".rstrip())
        self.destino = destino
        self.verdict = verdict
        self.code = f"destino_{verdict.classe}"
        self.retry = verdict.classe.temporary
        self.retry_after_s = verdict.retry_after_s if retry_after_s is None else retry_after_s

    @property
    def classe(self) -> Classe:
        """The class of the verdict."""
        return self.verdict.classe

    @property
    def temporary(self) -> bool:
        """Whether trying again can help."""
        return self.verdict.classe.temporary

    @property
    def unknown_outcome(self) -> bool:
        """Whether the call may have had its effect."""
        return self.verdict.unknown_outcome

    @property
    def breaker_failure(self) -> bool | None:
        """What the breaker makes of it."""
        return self.verdict.classe.breaker_failure


def by_status(status: int, *, retry_after_s: float | None = None) -> Verdict:
    """Return the verdict that HTTP alone gives, for what a platform's own rules leave open.

    4xx is final except 408, 425 and 429. A redirect is not followed, so it counts as a
    wrong address of ours.
    """
    detail = f"HTTP {status}"
    if 200 <= status < 300:
        return OK
    if status == 429:
        return Verdict(Classe.RATE_LIMITED, detail, retry_after_s)
    if status in (408, 425) or status >= 500 or status < 200:
        return Verdict(Classe.RETRY, detail, retry_after_s)
    if status in (401, 403):
        return Verdict(Classe.AUTH, detail)
    if status in (404, 410):
        return Verdict(Classe.GONE, detail)
    return Verdict(Classe.INVALID_REQUEST, detail)


def seconds(value: object) -> float | None:
    """Read a wait in seconds from a header or a JSON field; None when it is no such thing."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        wait_s = float(value)
    except (ValueError, OverflowError):
        return None
    return min(wait_s, LONGEST_WAIT_S) if wait_s >= 0 else None  # False for NaN too


def one_line(text: str) -> str:
    """Cut somebody else's words to one printable line for `Verdict.detail`."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:DETAIL_LENGTH]
