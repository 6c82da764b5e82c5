"""Classify: what an answer of the receiver means; HTTP alone decides.

2xx is taken, whatever the body says. 410 means: never again. 404 is final for this
post only, since a receiver being deployed gives it too.
Source: https://github.com/standard-webhooks/standard-webhooks, spec, "Deliverability".
"""

from ponte.resilience.classes import Classe, Verdict, by_status
from ponte.resilience.exchange import Answer


def classify(answer: Answer) -> Verdict:
    """Return the verdict of one answer."""
    if answer.status == 404:
        return Verdict(Classe.INVALID_REQUEST, "HTTP 404")
    return by_status(answer.status, retry_after_s=answer.retry_after_s)
