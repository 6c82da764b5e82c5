"""Classify: what an answer of the X API means.

Errors are problems (`title`, `detail`, `type`); an answer with `data` was accepted, even
where `errors` beside it tell of parts that are missing. A 403 may be the person, who takes
no messages, or the app, which may not write at all.
Source: https://docs.x.com/x-api/fundamentals/response-codes-and-errors
"""

from dataclasses import replace

from ponte.domain.leitura import Objeto, inteiro, lower, objeto, objetos, texto
from ponte.guarda import GATEWAY, judge
from ponte.resilience.classes import OK, Classe, Verdict, by_status, one_line
from ponte.resilience.exchange import Answer, Classify

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
        about_user = "user" in _words(corpo).lower() or any(
            lower(error.get("resource_type")) == "user" for error in _problems(corpo)
        )
        return Verdict(Classe.RECIPIENT_UNREACHABLE if about_user else Classe.GONE, detail)
    verdict = by_status(answer.status, retry_after_s=answer.retry_after_s)
    lost = answer.status in GATEWAY
    return Verdict(verdict.classe, detail, verdict.retry_after_s, unknown_outcome=lost)


def classify_sent(answer: Answer) -> Verdict:
    """Return the verdict of a sending: without the id of an event it is none."""
    verdict = classify(answer)
    if verdict.classe is not Classe.OK or texto(objeto(_data(answer)).get("dm_event_id")):
        return verdict
    return Verdict(Classe.RETRY, "2xx without an event id", unknown_outcome=True)


def classify_bare(answer: Answer) -> Verdict:
    """Return the verdict of a call whose answer says nothing more than that it was taken."""
    return classify(answer) if answer.status >= 300 else OK


def unless_refused(then: Classify) -> Classify:
    """Return the verdict of a first try: a token that is refused is renewed and tried again."""
    return lambda answer: OK if answer.status == 401 else then(answer)


def classify_grant(answer: Answer) -> Verdict:
    """Return the verdict of the token endpoint, where every refusal is one of the grant."""
    corpo = objeto(answer.json())
    verdict = classify(answer)
    if 200 <= answer.status < 300:
        verdict = OK
    elif not verdict.classe.temporary:
        words = texto(corpo.get("error_description")) or texto(corpo.get("error")) or ""
        verdict = Verdict(Classe.AUTH, one_line(f"HTTP {answer.status} {words}"))
    return judge(answer, verdict, token=texto(corpo.get("access_token")))


def _data(answer: Answer) -> object:
    return objeto(answer.json()).get("data")


def _accepted(answer: Answer, corpo: Objeto, detail: str) -> Verdict:
    if answer.status == 204 or corpo.get("data") is not None or "meta" in corpo:
        # Where nothing is left of a window the next call would be one too many.
        used_up = any(_is_used_up(answer, window) for window in ("x-rate-limit", *_DAYS))
        return replace(OK, reset_epoch_s=_reset(answer)) if used_up else OK
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
        if _is_used_up(answer, day):
            reset = inteiro(answer.headers.get(f"{day}-reset"))
            if reset is not None:
                return float(reset)
    reset = inteiro(answer.headers.get(_WINDOW))
    return None if reset is None else float(reset)


def _is_used_up(answer: Answer, window: str) -> bool:
    return answer.headers.get(f"{window}-remaining", "").strip() == "0"


def _problems(corpo: Objeto) -> list[Objeto]:
    return [corpo, *objetos(corpo.get("errors"))]


def _words(corpo: Objeto) -> str:
    found = (texto(p.get("detail")) or texto(p.get("message")) or texto(p.get("title"))
             for p in _problems(corpo))  # fmt: skip
    return " ".join(word for word in found if word)
