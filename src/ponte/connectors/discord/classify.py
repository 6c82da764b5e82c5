"""Classify: what an answer of a Discord webhook means.

Errors are `{"code": n, "message": "…"}`; at the edge they may be HTML or empty.
10,000 answers 401, 403 or 429 in ten minutes ban the address, so a dead webhook is
given up at once and the bucket that Discord announces is obeyed before it is empty.
Source: https://discord.com/developers/docs/topics/rate-limits
"""

from typing import Any

from ponte.resilience.classes import Classe, Verdict, by_status, one_line, seconds
from ponte.resilience.exchange import Answer

_THREAD_OR_MESSAGE = (10003, 10008)


def classify(answer: Answer) -> Verdict:
    """Return the verdict of one answer."""
    corpo = _body(answer)
    if answer.status == 204 or (answer.status == 200 and "id" in corpo):
        return Verdict(Classe.OK, retry_after_s=_pause_s(answer))
    if 200 <= answer.status < 300:
        # A proxy's page in place of the message; it may have been saved before it.
        return Verdict(
            Classe.RETRY, f"HTTP {answer.status} without an answer", unknown_outcome=True
        )
    code = corpo.get("code", "")
    detail = one_line(f"HTTP {answer.status} {code} {corpo.get('message', '')}")
    if answer.status == 429:
        return Verdict(Classe.RATE_LIMITED, detail, _wait_s(answer, corpo))
    if answer.status == 404 and code in _THREAD_OR_MESSAGE:
        return Verdict(Classe.INVALID_REQUEST, detail)
    if answer.status in (401, 404):
        return Verdict(Classe.GONE, detail)
    verdict = by_status(answer.status, retry_after_s=answer.retry_after_s)
    return Verdict(verdict.classe, detail, verdict.retry_after_s)


def _wait_s(answer: Answer, corpo: dict[str, Any]) -> float | None:
    asked = (
        seconds(corpo.get("retry_after")),
        answer.retry_after_s,
        seconds(answer.headers.get("x-ratelimit-reset-after")),
    )
    return next((wait_s for wait_s in asked if wait_s is not None), None)


def _pause_s(answer: Answer) -> float | None:
    """Return how long to pause after a success that emptied the bucket."""
    if answer.headers.get("x-ratelimit-remaining") != "0":
        return None
    return seconds(answer.headers.get("x-ratelimit-reset-after"))


def _body(answer: Answer) -> dict[str, Any]:
    corpo = answer.json()
    return corpo if isinstance(corpo, dict) else {}
