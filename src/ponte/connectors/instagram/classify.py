"""Classify: what an answer of the Send API to Instagram means.

Source: https://developers.facebook.com/docs/messenger-platform/error-codes
"""

from ponte.connectors.meta.classify import COMMON, classify_graph, table
from ponte.resilience.classes import Classe, Verdict
from ponte.resilience.exchange import Answer

_TABELA = COMMON | table(
    {
        Classe.RETRY: (1200,),
        Classe.RECIPIENT_UNREACHABLE: (551,),
        Classe.INVALID_REQUEST: (36000,),
    },
    {
        Classe.WINDOW_CLOSED: ((10, 2018065), (None, 2018278), (10, 2534022)),
        Classe.RECIPIENT_UNREACHABLE: ((100, 2018001), (10, 2018108)),
        Classe.AUTH: ((None, 2018027), (None, 2018028)),
    },
)


def classify(answer: Answer) -> Verdict:
    """Return the verdict of one answer."""
    return classify_graph(answer, _TABELA)
