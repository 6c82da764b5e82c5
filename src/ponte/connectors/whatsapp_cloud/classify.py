"""Classify: what an answer of the WhatsApp Cloud API means, and the errors of a receipt.

The code decides, not the status and not the words.
Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
"""

from ponte.connectors.meta.classify import COMMON, Tabela, classify_graph, table
from ponte.resilience.classes import Classe, Verdict
from ponte.resilience.exchange import Answer

PAIR_RATE = 131056  # too many messages from this number to that one

TABELA: Tabela = COMMON | table({
    Classe.AUTH: (131005, 131031, 131042),
    Classe.RATE_LIMITED: (80007, 130429, 131048, PAIR_RATE, 131057, 133016),
    Classe.WINDOW_CLOSED: (131047,),
    # 131049 and 130472: held back by Meta to keep people from too much marketing.
    Classe.RECIPIENT_UNREACHABLE: (131021, 131026, 131030, 131045, 131049, 130472),
    Classe.RETRY: (131000, 131016, 131053, 133004, 135000),
    Classe.INVALID_REQUEST: (33, 131008, 131009, 131051, 131052, *range(132000, 132017)),
})  # fmt: skip


def classify(answer: Answer) -> Verdict:
    """Return the verdict of one answer."""
    return classify_graph(answer, TABELA, code_first=True)
