"""Classify: what an answer of the Bot API means.

A failure is `{"ok": false, "error_code": n, "description": "…", "parameters": {…}}`
with the same HTTP status. Descriptions are not promised, so they are matched loosely.
Source: https://core.telegram.org/bots/api#making-requests and #responseparameters.
"""

from typing import Any

from ponte.domain.leitura import inteiro
from ponte.resilience.classes import OK, Classe, Verdict, by_status, one_line, seconds
from ponte.resilience.exchange import Answer

_UNREACHABLE = ("chat not found", "peer_id_invalid")
# What was asked for is so already.
_DONE = ("message is not modified", "message to delete not found")
_OLD_QUERY = "query is too old"  # "… and response timeout expired or query ID is invalid"


def classify(answer: Answer) -> Verdict:
    """Return the verdict of one answer."""
    corpo = _body(answer)
    if 200 <= answer.status < 300 and corpo.get("ok") is True:
        return OK
    if 200 <= answer.status < 300 and "ok" not in corpo:
        # A proxy's page in place of an answer; the message may have gone through before it.
        return Verdict(Classe.RETRY, "2xx without an answer", unknown_outcome=True)
    code = _code(answer, corpo)
    detail = one_line(f"HTTP {code} {corpo.get('description', '')}")
    if code == 429:
        asked_s = seconds(_parameters(corpo).get("retry_after"))
        wait_s = answer.retry_after_s if asked_s is None else asked_s
        return Verdict(Classe.RATE_LIMITED, detail, wait_s)
    return Verdict(_classe(code, detail.lower(), moved=moved_to(answer) is not None), detail)


def _classe(code: int, words: str, *, moved: bool) -> Classe:
    if code in (401, 404):
        return Classe.AUTH
    if code == 403 or (code == 400 and any(x in words for x in _UNREACHABLE)):
        return Classe.RECIPIENT_UNREACHABLE
    if code == 400 and any(x in words for x in _DONE):
        return Classe.OK
    if moved or code < 300:
        return Classe.RETRY
    return by_status(code).classe


def classify_first(answer: Answer) -> Verdict:
    """Return the verdict of a first try: what the sink mends at once counts as ok."""
    if moved_to(answer) is not None or refuses_markup(answer):
        return OK
    return classify(answer)


def classify_unless_moved(answer: Answer) -> Verdict:
    """Return the verdict of a message to people: only a group that moved is mended at once."""
    return OK if moved_to(answer) is not None else classify(answer)


def classify_heard(answer: Answer) -> Verdict:
    """Return the verdict of answering a pressed button: one answered before needs none."""
    if answer.status == 400 and _OLD_QUERY in str(_body(answer).get("description", "")).lower():
        return OK
    return classify(answer)


def moved_to(answer: Answer) -> str | None:
    """Return the new chat id of a group that became a supergroup."""
    chat_id = inteiro(_parameters(_body(answer)).get("migrate_to_chat_id"))
    return None if chat_id is None else str(chat_id)


def refuses_markup(answer: Answer) -> bool:
    """Tell whether the text was refused for its markup alone."""
    return "can't parse entities" in str(_body(answer).get("description", ""))


def _body(answer: Answer) -> dict[str, Any]:
    corpo = answer.json()
    return corpo if isinstance(corpo, dict) else {}


def _parameters(corpo: dict[str, Any]) -> dict[str, Any]:
    parameters = corpo.get("parameters")
    return parameters if isinstance(parameters, dict) else {}


def _code(answer: Answer, corpo: dict[str, Any]) -> int:
    code = inteiro(corpo.get("error_code")) if 200 <= answer.status < 300 else None
    return answer.status if code is None else code
