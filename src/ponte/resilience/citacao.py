"""Citação: what the outside quotes of the secrets in a request is taken out of its answer.

A platform that refuses a key may write the key into its answer, whose words become an error, a
log line, a row. There it may be cut in its middle, and no shape tells it. So it is taken by its
value, in the body itself. The one rule: a word that is no secret stays, for answers are read; so
does a secret that is a whole value of an answer that was accepted. There it is granted once more,
as a refresh token that did not change, and is quoted to nobody.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from ponte.resilience.exchange import Request

OCULTO = b"[redacted]"
MIN = 8  # chosen: shorter ones would take whole words with them
MIN_NO_CAMINHO = 16  # chosen: what opens a door by standing in a path is longer, no name is
MAX_LIDO = 64 * 1024  # chosen: no error is longer, and media are not searched
RECUSADO = 400
_SECRETO = re.compile(
    r"(?:^|[_.-])(?:authorization|api[_-]?key|tokens?|secrets?|key|password|signature|code|jwt)"
    r"(?:$|[_.-])",
    re.IGNORECASE,
)


def without(body: bytes, request: Request, *, status: int) -> bytes:
    """Return an answer's body without the secrets of its request."""
    if not body or len(body) > MAX_LIDO:
        return body
    found = {*_in_headers(request.headers), *_in_body(request)}
    refused = status >= RECUSADO
    if refused:  # what was done names its paths, and is read
        found |= {*_in_url(request.url)}
    # The longest first: one may hold another.
    for segredo in sorted((s for s in found if len(s) >= MIN), key=len, reverse=True):
        valor = segredo.encode()
        if valor in body:
            body = body.replace(valor, OCULTO) if refused else _within_words(body, valor)
    return body


def _within_words(body: bytes, valor: bytes) -> bytes:
    """Take a secret out of a sentence; alone between quotes it is granted, in a longer word new.

    An escaped quote belongs to a sentence.
    """
    plain = re.escape(valor)
    quoted = rb'(?<!["\w-])%b(?![\w-])|(?<![\w-])%b(?!["\w-])' % (plain, plain)
    return re.sub(quoted, OCULTO, body)


def _in_headers(headers: Mapping[str, str]) -> Iterator[str]:
    for nome, valor in headers.items():
        if _SECRETO.search(nome):
            yield valor
            yield valor.rpartition(" ")[2]  # without its scheme, as Bearer


def _in_url(url: str) -> Iterator[str]:
    parts = urlsplit(url)
    for piece in parts.path.split("/"):
        if len(piece) >= MIN_NO_CAMINHO and not piece.isdecimal():
            yield from {piece, unquote(piece)}
            yield piece.rpartition(":")[2]
    yield from (valor for nome, valor in parse_qsl(parts.query) if _SECRETO.search(nome))


def _in_body(request: Request) -> Iterator[str]:
    if isinstance(request.json, dict):
        yield from _in_json(request.json)
    elif request.content is not None and len(request.content) <= MAX_LIDO:
        pairs = parse_qsl(request.content.decode("latin-1"))
        yield from (valor for nome, valor in pairs if _SECRETO.search(nome))


def _in_json(found: Mapping[str, Any]) -> Iterator[str]:
    for nome, valor in found.items():
        if isinstance(valor, dict):
            yield from _in_json(valor)
        elif isinstance(valor, str) and _SECRETO.search(nome):
            yield valor
