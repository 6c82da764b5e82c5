"""Classify: what an answer of Meta's Graph API means, for every platform that stands on it.

A refusal is `{"error": {"message", "type", "code", "error_subcode", "is_transient"}}`, with
HTTP 4xx or 5xx and now and then with 200, so the error is looked for first and its code
decides. Each platform has codes of its own: its table is `COMMON | table(...)`.
Source: https://developers.facebook.com/docs/graph-api/guides/error-handling and
https://developers.facebook.com/docs/graph-api/overview/rate-limiting (usage headers).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ponte.domain.leitura import booleano, inteiro, loads, objeto, objetos, texto
from ponte.resilience.classes import OK, Classe, Verdict, by_status, one_line, seconds
from ponte.resilience.exchange import Answer

# (code, subcode); None stands for any. What names both goes before what names one.
Tabela = dict[tuple[int | None, int | None], Classe]

SLOW_DOWN_AT = 80  # contract: usage headers are percentages, slow down above 80
SLOW_DOWN_S = 1.0  # chosen: a worker waits so long in place; calls come no more than one a second
_BUSY = "x-business-use-case-usage"
_APP = "x-app-usage"
_SHARES = ("call_count", "total_time", "total_cputime", "acc_id_util_pct")
# A message of Meta's may repeat the token that it refuses, or the number written to.
_SECRET = re.compile(r"[A-Za-z0-9_\-]{20,}|\+?\d{8,}")


def table(
    codes: Mapping[Classe, Iterable[int]],
    pairs: Mapping[Classe, Iterable[tuple[int | None, int]]] | None = None,
) -> Tabela:
    """Return a table: the codes of each class, and the (code, subcode) pairs of each.

    A pair whose code is None stands for that subcode under any code.
    """
    out: Tabela = {(code, None): classe for classe, of_it in codes.items() for code in of_it}
    for classe, of_pairs in (pairs or {}).items():
        out |= dict.fromkeys(of_pairs, classe)
    return out


# Documented: error handling page (all of Graph) and rate limiting page (80000 to 80014).
COMMON: Tabela = table({
    Classe.AUTH: (0, 3, 10, 102, 190, 368, *range(200, 300)),
    Classe.RATE_LIMITED: (4, 17, 32, 613, *range(80000, 80015)),
    Classe.RETRY: (1, 2),
    Classe.INVALID_REQUEST: (100,),
})  # fmt: skip
# Documented: error codes of the Send API, the same for Instagram and Messenger.
# https://developers.facebook.com/docs/messenger-platform/error-codes
SEND_API: Tabela = COMMON | table(
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


@dataclass(frozen=True, slots=True)
class GraphError:
    """The error in an answer; its numbers None where it has none."""

    code: int | None
    subcode: int | None
    transient: bool
    mensagem: str


def graph_error(answer: Answer) -> GraphError | None:
    """Return the error that an answer holds, whatever its status; None when it holds none."""
    error = objeto(answer.json()).get("error")
    if error is None:
        return None
    found = objeto(error)
    return GraphError(
        code=inteiro(found.get("code")),
        subcode=inteiro(found.get("error_subcode")),
        transient=booleano(found.get("is_transient")) is True,
        mensagem=texto(found.get("message")) or texto(error) or "",
    )


def classify_graph(answer: Answer, tabela: Tabela, *, code_first: bool = False) -> Verdict:
    """Return the verdict of one answer by a platform's table.

    With `code_first` a code that the table knows decides, whatever `is_transient` says.

    A 2xx that holds no object is a proxy's page: the message may have gone through before it.
    """
    error = graph_error(answer)
    if error is not None:
        return _refused(answer, error, tabela, code_first=code_first)
    if not 200 <= answer.status < 300:
        return by_status(answer.status, retry_after_s=answer.retry_after_s)
    corpo = answer.json()
    if not isinstance(corpo, dict):
        return Verdict(Classe.RETRY, "2xx without an answer", unknown_outcome=True)
    if corpo.get("success") is False:
        return Verdict(Classe.RETRY, "2xx without success")
    return Verdict(Classe.OK, retry_after_s=SLOW_DOWN_S) if is_busy(answer) else OK


def class_of(code: int | None, subcode: int | None, tabela: Tabela) -> Classe | None:
    """Return what a table says of an error; None when it does not know it."""
    for key in ((code, subcode), (None, subcode), (code, None)):
        if key != (None, None) and key in tabela:
            return tabela[key]
    return None


def regain_s(answer: Answer) -> float | None:
    """Return the seconds until Meta lets this account call again, where it says so."""
    minutes = [
        wait
        for usage in _usages(answer, _BUSY)
        if (wait := inteiro(usage.get("estimated_time_to_regain_access"))) is not None and wait > 0
    ]
    return seconds(max(minutes) * 60) if minutes else answer.retry_after_s


def is_busy(answer: Answer) -> bool:
    """Tell whether the usage headers say that the account nears its limit."""
    return any(
        (share := inteiro(usage.get(name))) is not None and share > SLOW_DOWN_AT
        for usage in (*_usages(answer, _APP), *_usages(answer, _BUSY))
        for name in _SHARES
    )


def _refused(answer: Answer, error: GraphError, tabela: Tabela, *, code_first: bool) -> Verdict:
    known = class_of(error.code, error.subcode, tabela)
    classe = known or _by_status(answer)
    decided = known is not None and code_first
    if error.transient and not decided and classe is not Classe.RATE_LIMITED:
        classe = Classe.RETRY
    wait_s = regain_s(answer) if classe.temporary else None
    return Verdict(classe, _detail(answer, error), wait_s)


def _by_status(answer: Answer) -> Classe:
    """Return the class of an error that no table knows; a shop is not gone for an odd 404."""
    classe = by_status(answer.status).classe
    return Classe.INVALID_REQUEST if classe in (Classe.OK, Classe.GONE) else classe


def _detail(answer: Answer, error: GraphError) -> str:
    code = "" if error.code is None else f" code {error.code}"
    subcode = "" if error.subcode is None else f"/{error.subcode}"
    return one_line(f"HTTP {answer.status}{code}{subcode} {_SECRET.sub('…', error.mensagem)}")


def _usages(answer: Answer, header: str) -> list[Mapping[str, Any]]:
    """Return the usage objects of a header: one, or a list for each account."""
    try:
        found = loads(answer.headers.get(header, ""))
    except ValueError:
        return []
    por_conta = objeto(found)
    return [por_conta, *(usage for lista in por_conta.values() for usage in objetos(lista))]
