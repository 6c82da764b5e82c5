"""Classify: what an answer of the Send API to Facebook Messenger means.

Source: https://developers.facebook.com/docs/messenger-platform/error-codes
"""

from ponte.connectors.meta.classify import SEND_API, classify_graph
from ponte.resilience.classes import Verdict
from ponte.resilience.exchange import Answer


def classify(answer: Answer) -> Verdict:
    """Return the verdict of one answer."""
    return classify_graph(answer, SEND_API)
