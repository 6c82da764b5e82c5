"""Classify: what an answer of the X API means.

Errors are problems (`title`, `detail`, `type`); an answer with `data` was accepted, even
where `errors` beside it tell of parts that are missing. A 403 may be the person, who takes
no messages, or the app, which may not write at all.
Source: https://docs.x.com/x-api/fundamentals/response-codes-and-errors
"""

from ponte.domain.leitura import Objeto, inteiro, lower, objeto, objetos, texto
from ponte.resilience.classes import OK, Classe, Verdict, by_status, one_line
from ponte.resilience.exchange import Answer

_APP = ("client-forbidden", "unsupported-authentication")  # the end of `type`
_APP_WORDS = ("app permission", "oauth", "access level", "project", "suspended")
_WINDOW = "x-rate-limit-reset"
_DAYS = ("x-user-limit-24hour", "x-app-limit-24hour")


def classify(answer: Answer) -> Verdict:
    """Return the verdict of one answer."""
    corpo = objeto(answer.json())
    detail = one_line(f"HTTP {answer.status} {_words(corpo)}")
    if 200 <= answer.status < 300:
        return _accepted(answer, corpo, detail)
    if answer.status == 429:
        return Verdict(Classe.RATE_LIMITED, detail, answer.retry_after_s, _reset(answer))
    if answer.status == 403:
        return Verdict(_forbidden(corpo), detail)
    if answer.status == 404:
        about_user = "user" in (lower(corpo.get("detail")) or "")
        return Verdict(Classe.RECIPIENT_UNREACHABLE if about_user else Classe.GONE, detail)
    verdict = by_status(answer.status, retry_after_s=answer.retry_after_s)
    return Verdict(verdict.classe, detail, verdict.retry_after_s)


def _accepted(answer: Answer, corpo: Objeto, detail: str) -> Verdict:
    if answer.status == 204 or corpo.get("data") is not None or "meta" in corpo:
        return OK
    if objetos(corpo.get("errors")):
        return Verdict(Classe.INVALID_REQUEST, detail)
    # A proxy's page in place of an answer; the call may have gone through before it.
    return Verdict(Classe.RETRY, "2xx without an answer", unknown_outcome=True)


def _forbidden(corpo: Objeto) -> Classe:
    words = _words(corpo).lower()
    kind = lower(corpo.get("type")) or ""
    if kind.endswith(_APP) or any(word in words for word in _APP_WORDS):
        return Classe.AUTH
    if "duplicate" in words:
        return Classe.INVALID_REQUEST
    return Classe.RECIPIENT_UNREACHABLE


def _reset(answer: Answer) -> float | None:
    """Return when the next call may be made: the day's end where the day is used up."""
    for day in _DAYS:
        if answer.headers.get(f"{day}-remaining", "").strip() == "0":
            reset = inteiro(answer.headers.get(f"{day}-reset"))
            if reset is not None:
                return float(reset)
    reset = inteiro(answer.headers.get(_WINDOW))
    return None if reset is None else float(reset)


def _words(corpo: Objeto) -> str:
    parts = [corpo, *objetos(corpo.get("errors"))]
    found = (texto(p.get("detail")) or texto(p.get("message")) or texto(p.get("title"))
             for p in parts)  # fmt: skip
    return " ".join(word for word in found if word)
