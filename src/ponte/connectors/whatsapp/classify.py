"""Classify: what an answer of Evolution API means.

Errors are `{"status": n, "error": "…", "response": {"message": …}}` where `message` is
text, a list of texts, a list in a list, or a list of objects. A failure within the server
comes as 400 with a stringified exception, and some calls put theirs inside HTTP 200.
Source: evolution-api, src/exceptions, src/main.ts, src/api/controllers.
"""

import re
from collections.abc import Iterator

from ponte.domain.leitura import Objeto, booleano, objeto
from ponte.resilience.classes import OK, Classe, Verdict, by_status, one_line
from ponte.resilience.exchange import Answer

_STRINGIFIED = re.compile(r"\s*(?:\w*Error\b|\[object |Connection Closed\b)")
_NUMBERS = re.compile(r"\d{8,}")  # telephones do not belong into a log
_DEEPEST = 5  # chosen: a message is nested twice at most


def classify(answer: Answer) -> Verdict:
    """Return the verdict of one answer."""
    corpo = objeto(answer.json())
    if 200 <= answer.status < 300:
        return _accepted(answer, corpo)
    parts = list(_parts(objeto(corpo.get("response")).get("message") or corpo.get("message")))
    words = _words(parts)
    detail = one_line(f"HTTP {answer.status} {words}")
    if answer.status == 400:
        return _refused(parts, detail)
    if answer.status == 403 and corpo:  # the name of an instance is taken; no proxy's page
        return Verdict(Classe.INVALID_REQUEST, detail)
    verdict = by_status(answer.status, retry_after_s=answer.retry_after_s)
    return Verdict(verdict.classe, detail, verdict.retry_after_s)


def classify_logout(answer: Answer) -> Verdict:
    """Return the verdict of a logout: 400 says that the telephone is unpaired already."""
    verdict = classify(answer)
    if answer.status == 400 and "not connected" in verdict.detail:
        return Verdict(Classe.OK, verdict.detail)
    return verdict


def _accepted(answer: Answer, corpo: Objeto) -> Verdict:
    if booleano(corpo.get("error")) is True:
        words = _words(list(_parts(corpo.get("message"))))
        return Verdict(Classe.RETRY, one_line(f"HTTP {answer.status} {words}"))
    if answer.json() is None and answer.body.strip() not in (b"", b"null"):
        # A proxy's page in place of an answer; the message may have gone through before it.
        return Verdict(
            Classe.RETRY, f"HTTP {answer.status} without an answer", unknown_outcome=True
        )
    return OK


def _refused(parts: list[object], detail: str) -> Verdict:
    if any(booleano(objeto(part).get("exists")) is False for part in parts):
        return Verdict(Classe.RECIPIENT_UNREACHABLE, "HTTP 400 not on WhatsApp")
    if any(isinstance(part, str) and _STRINGIFIED.match(part) for part in parts):
        timed_out = "timed out" in detail.lower()
        return Verdict(Classe.RETRY, detail, unknown_outcome=timed_out)
    return Verdict(Classe.INVALID_REQUEST, detail)


def _words(parts: list[object]) -> str:
    return _NUMBERS.sub("…", " ".join(part for part in parts if isinstance(part, str)))


def _parts(valor: object, depth: int = 0) -> Iterator[object]:
    """Yield the texts and objects of a message, however they are nested."""
    if isinstance(valor, list) and depth < _DEEPEST:
        for part in valor:
            yield from _parts(part, depth + 1)
    elif isinstance(valor, str | dict):
        yield valor
