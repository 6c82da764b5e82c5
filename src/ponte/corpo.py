"""Corpo: the body of a request, read as strictly as it will be trusted.

RFC 8259 leaves duplicate keys, huge numbers and lone surrogates to the reader,
and readers disagree, which is how two systems come to see two orders in one
body. Ponte refuses all of them. The one rule: a JSON body enters by `read_json`
and by nothing else, since the web framework's own reader accepts every one.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, TypeVar
from urllib.parse import parse_qsl

import orjson
from pydantic import TypeAdapter, ValidationError

from ponte.errors import DadosInvalidos, JsonInvalido, PonteError, Problema

UPLOADS = "/hub/tiktok/videos"  # the one route whose body is a file, and has no end in time
MAX_DEPTH = 32  # chosen: no order of a platform is half as deep
MAX_PROBLEMS = 100  # chosen: more than a person mends at once, less than hurts to list
_MAX_NAME = 200  # of a name that the caller invented and that we say back
_MAX_INT = 2**63  # what every engine and orjson can keep
_MAX_DIGITS = 20  # of 2**64 - 1
_KEY = re.compile(rb'"\s*:')
_NEVER = 1 << 40  # more keys than any body can hold: forces the exact reading

_WORDS = {
    "missing": "required",
    "extra_forbidden": "unknown field",
    "string_type": "text expected",
    "int_type": "whole number expected",
    "int_parsing": "whole number expected",
    "int_from_float": "whole number expected",
    "float_type": "number expected",
    "float_parsing": "number expected",
    "finite_number": "finite number expected",
    "bool_type": "true or false expected",
    "bool_parsing": "true or false expected",
    "list_type": "list expected",
    "dict_type": "object expected",
    "model_type": "object expected",
    "model_attributes_type": "object expected",
    "none_required": "null expected",
}

T = TypeVar("T")


class TipoNaoSuportado(PonteError):
    """The body says that it is not JSON; it was not read."""

    status = 415
    code = "tipo_nao_suportado"


def read_json(body: bytes, adapter: TypeAdapter[T]) -> T:
    """Read a body as the adapter's type, strictly, refusing fields it doesn't know.

    Raises:
        JsonInvalido: not UTF-8 JSON, duplicate keys, NaN, nested deeper than 32, …
        DadosInvalidos: JSON, but not of this shape; names every wrong field.
    """
    check_json(body)
    try:
        return adapter.validate_json(body, strict=True, extra="forbid")
    except ValidationError as error:
        count = error.error_count()
        if count > MAX_PROBLEMS:
            raise DadosInvalidos(Problema("corpo", f"{count} errors")) from None
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise DadosInvalidos(*problems(found)) from None


def check_json(body: bytes) -> Any:
    """Return the parsed body after every check that needs no model.

    Raises:
        JsonInvalido: any of them failed.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise JsonInvalido(f"Not JSON as RFC 8259 has it: {error.msg[:_MAX_NAME]}") from None
    keys = _count_keys(value, 1) if value.__class__ is dict or value.__class__ is list else 0
    # A key has one colon. More colons than keys stand in strings, or in duplicate keys.
    if (body.count(b":") != keys and len(_KEY.findall(body)) != keys) or b"\\u0000" in body:
        _read_exactly(body)
    return value


def _count_keys(value: Any, depth: int) -> int:
    if depth > MAX_DEPTH:
        raise JsonInvalido(f"Nested deeper than {MAX_DEPTH}")
    if value.__class__ is dict:
        keys = len(value)
        value = value.values()
    else:
        keys = 0
    for inner in value:
        kind = inner.__class__
        if kind is dict or kind is list:
            keys += _count_keys(inner, depth + 1)
        elif kind is float and not -_MAX_INT < inner < _MAX_INT:
            # orjson reads a whole number beyond 64 bits as a float.
            keys += _NEVER
    return keys


def _read_exactly(body: bytes) -> None:
    value = json.loads(
        body, object_pairs_hook=_unique, parse_int=_small_int, parse_constant=_refuse_constant
    )
    if b"\\u0000" in body:
        _refuse_nul(value)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise JsonInvalido(f"Duplicate key {key[:_MAX_NAME]!r}")
        found[key] = value
    return found


def _refuse_nul(value: Any) -> None:
    # No engine of text keeps it: PostgreSQL refuses it, C libraries end there.
    if isinstance(value, str):
        if "\0" in value:
            raise JsonInvalido("The character U+0000 is not allowed")
    elif isinstance(value, dict):
        _refuse_nul([*value.keys(), *value.values()])
    elif isinstance(value, list):
        for inner in value:
            _refuse_nul(inner)


def _small_int(digits: str) -> int:
    if len(digits.lstrip("-")) > _MAX_DIGITS or not -_MAX_INT <= int(digits) < 2 * _MAX_INT:
        raise JsonInvalido("A whole number beyond 64 bits")
    return int(digits)


def _refuse_constant(name: str) -> NoReturn:
    raise JsonInvalido(f"{name} is not JSON")


def is_upload(method: str, path: str, headers: Mapping[bytes, bytes]) -> bool:
    """Tell whether a body is a video, which is written to disk as it comes."""
    return (
        path == UPLOADS
        and method == "POST"
        and headers.get(b"content-type", b"").lower().startswith(b"video/")
    )


def check_query(query: bytes) -> None:
    """Refuse an address that gives one parameter twice: readers disagree on which one counts.

    Raises:
        DadosInvalidos: it does.
    """
    names = [name for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DadosInvalidos(Problema(twice[:_MAX_NAME], "given twice"))


def problems(errors: Sequence[Mapping[str, Any]], *, skip: int = 0) -> list[Problema]:
    """Return pydantic's errors in stable words; `skip` leaves out the head of each place."""
    return [
        Problema(_place(e["loc"][skip:]), _WORDS.get(e["type"], _plain(str(e["msg"]))))
        for e in errors[:MAX_PROBLEMS]
    ]


def _place(loc: Sequence[str | int]) -> str:
    return ".".join(str(part)[:_MAX_NAME] for part in loc) or "corpo"


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
