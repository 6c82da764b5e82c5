"""Problemas: what a refusal looks like on the wire (RFC 9457, problem+json).

Everything that can go wrong in a request becomes one shape with a stable `code`.
What was not refused on purpose says nothing but its id: a message nobody wrote
for callers may hold anything.
"""

import math
from dataclasses import asdict
from http import HTTPStatus

import orjson
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from ponte.corpo import problems
from ponte.errors import DadosInvalidos, PonteError

MEDIA_TYPE = b"application/problem+json"
TYPE = "urn:ponte:erro:"

_CODES = {
    400: "requisicao_invalida",
    404: "nao_encontrado",
    405: "metodo_nao_permitido",
    413: "corpo_grande",
    415: "tipo_nao_suportado",
}


class ErroInterno(PonteError):
    """Something unexpected happened; the id finds it in the logs."""


class ErroHttp(PonteError):
    """The web framework refused the request."""

    def __init__(self, error: HTTPException) -> None:
        super().__init__(str(error.detail))
        self.status = error.status_code
        self.code = _CODES.get(error.status_code, f"http_{error.status_code}")
        self.headers = {k.lower(): v for k, v in (error.headers or {}).items()}


DELIBERATE = (PonteError, RequestValidationError, HTTPException)


def refusal(error: PonteError | RequestValidationError | HTTPException) -> PonteError:
    """Return the error that Ponte's own words have for it."""
    if isinstance(error, RequestValidationError):
        return DadosInvalidos(*problems(error.errors(), skip=1))
    if isinstance(error, HTTPException):
        return ErroHttp(error)
    return error


def encode(error: PonteError, *, id_: str) -> bytes:
    """Return the body."""
    return orjson.dumps(
        {
            "type": TYPE + error.code,
            "title": _title(error),
            "status": error.status,
            "detail": str(error) or _title(error),
            "code": error.code,
            "errors": [asdict(problem) for problem in error.errors],
            "id": id_,
        }
    )


def _title(error: PonteError) -> str:
    # The class says what happened in its first line; without docstrings (-OO) the status does.
    text = (type(error).__doc__ or "").partition("\n")[0].strip().rstrip(".")
    return HTTPStatus(error.status).phrase if isinstance(error, ErroHttp) or not text else text


def headers(error: PonteError, *, length: int) -> list[tuple[bytes, bytes]]:
    """Return the headers that go with the body."""
    found = [
        (b"content-type", MEDIA_TYPE),
        (b"content-length", str(length).encode()),
        (b"cache-control", b"no-store"),
    ]
    if error.retry_after_s is not None:
        found.append((b"retry-after", str(max(1, math.ceil(error.retry_after_s))).encode()))
    if error.status == HTTPStatus.UNAUTHORIZED:
        found.append((b"www-authenticate", b"Bearer"))
    if isinstance(error, ErroHttp):
        found += [(k.encode(), v.encode("latin-1")) for k, v in error.headers.items()]
    return found
