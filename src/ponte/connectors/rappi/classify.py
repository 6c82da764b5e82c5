"""Classify: what an answer of Rappi means.

Errors are `{"message": "..."}` with an HTTP status; the message is sometimes JSON
inside a string and is only ever read as text. A client that is not linked to its
application, and a shop that is not this client's, are set-up faults: they stop the
account and call a person, since no repetition mends them.
Source: dev-portal.rappi.com, API reference "Authentication" and "Orders".
"""

from ponte.domain.leitura import loads, objeto, texto
from ponte.resilience.classes import OK, Classe, Verdict, by_status, one_line
from ponte.resilience.http import Answer

_SETUP = ("appclient", "don't belong to", "do not belong to", "invalid token")


def classify(answer: Answer) -> Verdict:
    """Return the verdict of one answer.

    A 404 is an order or shop that Rappi does not know, not a dead destination. HTML
    instead of JSON is a proxy on the way, whatever its status promises.
    """
    if _is_html(answer.body) and answer.status < 400:
        return Verdict(Classe.RETRY, f"HTTP {answer.status} with HTML")
    if 200 <= answer.status < 300:
        return OK
    words = message(answer.body)
    detail = one_line(f"HTTP {answer.status} {words}")
    if 400 <= answer.status < 500 and classify_message(words) is Classe.AUTH:
        return Verdict(Classe.AUTH, detail)
    if answer.status == 404:
        return Verdict(Classe.INVALID_REQUEST, detail)
    verdict = by_status(answer.status, retry_after_s=answer.retry_after_s)
    return Verdict(verdict.classe, detail, verdict.retry_after_s)


def classify_transition(answer: Answer) -> Verdict:
    """Return the verdict of take, reject and ready.

    A 400 says that the order's state forbids the transition: it was taken before or is
    cancelled. That is no error by itself, so it counts as done.
    """
    verdict = classify(answer)
    if answer.status == 400 and verdict.classe is Classe.INVALID_REQUEST:
        return Verdict(Classe.OK, verdict.detail)
    return verdict


def classify_message(mensagem: str) -> Classe:
    """Return the class that the words of an error give, where no status is at hand."""
    small = mensagem.lower()
    return Classe.AUTH if any(x in small for x in _SETUP) else Classe.INVALID_REQUEST


def message(body: bytes) -> str:
    """Return the message of an error body, empty when there is none to read."""
    if _is_html(body):
        return "HTML"
    try:
        return texto(objeto(loads(body)).get("message")) or ""
    except ValueError:
        return ""


def _is_html(body: bytes) -> bool:
    start = body[:200].lstrip().lower()
    return start.startswith((b"<!doctype", b"<html", b"<head", b"<body"))
