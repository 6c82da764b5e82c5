"""Classify: what an answer of Chatwoot's application API means.

Source: chatwoot/chatwoot, app/controllers/concerns/request_exception_handler.rb and
config/initializers/rack_attack.rb.
"""

from collections.abc import Mapping

from ponte.domain.leitura import lower, objeto, texto, textos
from ponte.resilience.classes import OK, Classe, Verdict, by_status, one_line
from ponte.resilience.exchange import Answer

_TAKEN = "has already been taken"


def classify(answer: Answer) -> Verdict:
    """Return the verdict of one answer."""
    if 200 <= answer.status < 300:
        if answer.body.strip() and answer.json() is None:
            # A proxy's page in place of an answer; the message may have gone through before it.
            return Verdict(Classe.RETRY, "2xx without an answer", unknown_outcome=True)
        return OK
    verdict = by_status(answer.status, retry_after_s=answer.retry_after_s)
    detail = one_line(f"HTTP {answer.status} {_words(answer)}")
    return Verdict(verdict.classe, detail, verdict.retry_after_s)


def is_taken(answer: Answer) -> bool:
    """Tell whether a contact was refused because there is one already."""
    return answer.status == 422 and _TAKEN in _words(answer).lower()


def refuses_phone(answer: Answer) -> bool:
    """Tell whether a contact was refused for the form of its phone alone."""
    corpo = objeto(answer.json())
    fields = textos(corpo.get("attributes"))
    about = "phone_number" in fields or "phone number" in (lower(corpo.get("message")) or "")
    return answer.status == 422 and about and not is_taken(answer)


def classify_contact(answer: Answer) -> Verdict:
    """Return the verdict of making a contact; what is mended at once counts as ok."""
    return OK if is_taken(answer) or refuses_phone(answer) else classify(answer)


def classify_gone(answer: Answer) -> Verdict:
    """Return the verdict of changing a message: one that is gone there needs no change."""
    verdict = classify(answer)
    return OK if verdict.classe is Classe.GONE else verdict


def classify_report(answer: Answer) -> Verdict:
    """Return the verdict of telling how far a message came.

    A 403 is no refused token here: inboxes of other kinds than API take no such report.
    """
    return OK if answer.status == 403 else classify_gone(answer)


def _words(answer: Answer) -> str:
    """Return what it says was wrong, in whichever of its forms."""
    corpo = answer.json()
    if not isinstance(corpo, Mapping):
        return ""
    return " ".join(
        found
        for found in (
            texto(corpo.get("error")), texto(corpo.get("message")), *textos(corpo.get("errors")),
        )
        if found
    )  # fmt: skip
