"""Classify: what an answer of TikTok means, whichever of its interfaces gave it.

Several failures come with HTTP 200, so the body decides: `error.code` of the Content
Posting API ("ok" when it went well), `code` of the Business API (0 then), and `error` as
a word from the token endpoint.
Source: https://developers.tiktok.com/doc/tiktok-api-v2-error-handling and
https://business-api.tiktok.com/portal/docs?id=1737172488964097
"""

from datetime import timedelta
from email.utils import parsedate_to_datetime

from ponte.domain.leitura import Objeto, inteiro, lower, objeto
from ponte.resilience.classes import OK, Classe, Verdict, by_status, one_line
from ponte.resilience.exchange import Answer

# Until the next day; looked at again a few times a day where the answer has no date.
AGAIN_S = 6 * 3600.0
DAILY = frozenset({"spam_risk_too_many_posts", "spam_risk_too_many_pending_share",
                   "reached_active_user_cap"})  # fmt: skip
_RETRY = frozenset({"internal_error", "server_error", "temporarily_unavailable"})
_AUTH = frozenset({"access_token_invalid", "scope_not_authorized", "scope_permission_missed",
                   "spam_risk_user_banned_from_posting"})  # fmt: skip
_BUSINESS_AUTH = frozenset({40001, 40102, 40103, 40104, 40105})
_BUSINESS_SLOW = 40100


def classify(answer: Answer) -> Verdict:
    """Return the verdict of one answer."""
    corpo = objeto(answer.json())
    error = corpo.get("error")
    if isinstance(error, str):
        return _token_refused(answer, error)
    found = code(answer)
    if found is None:
        return _without_code(answer, corpo)
    detail = one_line(f"HTTP {answer.status} {found}")
    if isinstance(found, int):
        return _judged(_business_class(answer.status, found), detail, answer)
    if found in DAILY and answer.status < 500:
        return Verdict(Classe.RATE_LIMITED, detail, _until_tomorrow_s(answer))
    return _judged(_posting_class(answer.status, found), detail, answer)


def code(answer: Answer) -> int | str | None:
    """Return TikTok's own code: a number of the Business API, a word of the others."""
    corpo = objeto(answer.json())
    error = corpo.get("error")
    if isinstance(error, str):
        return error
    found = objeto(error).get("code", corpo.get("code"))
    number = inteiro(found)
    return lower(found) if number is None else number


def classify_first(answer: Answer) -> Verdict:
    """Return the verdict of a first try: a token that is refused is renewed and tried again."""
    return OK if refuses_token(answer) else classify(answer)


def refuses_token(answer: Answer) -> bool:
    """Tell whether only the token is at fault, so that a fresh one may do."""
    return code(answer) in (_BUSINESS_AUTH - {40001}) | {"access_token_invalid"}


def _judged(classe: Classe, detail: str, answer: Answer) -> Verdict:
    if classe is Classe.OK:
        return OK
    return Verdict(classe, detail, answer.retry_after_s if classe.temporary else None)


def _business_class(status: int, number: int) -> Classe:
    if status >= 500 or 50_000 <= number <= 59_999:
        return Classe.RETRY
    if status == 429 or number == _BUSINESS_SLOW:
        return Classe.RATE_LIMITED
    if number in _BUSINESS_AUTH:
        return Classe.AUTH
    if number == 0:
        return Classe.OK if status < 300 else by_status(status).classe
    return Classe.INVALID_REQUEST


def _posting_class(status: int, word: str) -> Classe:
    if status >= 500 or word in _RETRY:
        return Classe.RETRY
    if status == 429 or word == "rate_limit_exceeded":
        return Classe.RATE_LIMITED
    if word in _AUTH or status == 401:
        return Classe.AUTH
    if word == "ok":
        return Classe.OK if status < 300 else by_status(status).classe
    return Classe.INVALID_REQUEST


def _token_refused(answer: Answer, word: str) -> Verdict:
    """Judge what the token endpoint says: without a token nothing else goes."""
    detail = one_line(f"HTTP {answer.status} {word}")
    if answer.status >= 500 or word in _RETRY:
        return Verdict(Classe.RETRY, detail, answer.retry_after_s)
    if answer.status == 429 or word == "rate_limit_exceeded":
        return Verdict(Classe.RATE_LIMITED, detail, answer.retry_after_s)
    return Verdict(Classe.AUTH, detail)


def _without_code(answer: Answer, corpo: Objeto) -> Verdict:
    if 200 <= answer.status < 300:
        if corpo.get("access_token"):
            return OK
        # A proxy's page in place of an answer; the call may have gone through before it.
        return Verdict(Classe.RETRY, "2xx without an answer", unknown_outcome=True)
    verdict = by_status(answer.status, retry_after_s=answer.retry_after_s)
    if answer.status == 404:
        return Verdict(Classe.INVALID_REQUEST, verdict.detail)
    return verdict


def _until_tomorrow_s(answer: Answer) -> float:
    """Return the seconds to the next day of UTC, by the answer's own date."""
    try:
        now = parsedate_to_datetime(answer.headers.get("date", ""))
        midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return (midnight - now).total_seconds()
    except (ValueError, TypeError, OverflowError):  # no date, or one that no calendar has
        return AGAIN_S
