"""Leitura: take what is there out of a document that may hold anything.

Real payloads carry numbers as text, text as numbers, null where an object is
promised and enums nobody announced. Each reader returns None (or nothing) for
what it can't read and never raises: one odd field must not cost a sale.
"""

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any

from ponte.domain.origem import Momento

Objeto = Mapping[str, object]

_PLAIN = re.compile(r"\A[+-]?\d{1,18}(\.\d{1,18})?\Z", re.ASCII)
_COMMA = re.compile(r"\A[+-]?\d{1,18},\d{1,2}\Z", re.ASCII)  # "10,50", as Brazilians write
_EPOCH = re.compile(r"\A\d{9,14}\Z", re.ASCII)
_DAY_FIRST = re.compile(r"\A(\d{2})/(\d{2})/(\d{4})[ T](\d{2}:\d{2}:\d{2})\Z", re.ASCII)
_SEPARATOR = re.compile(r"[\s,]*")
_EPOCH_START = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECONDS_FROM = 10**11  # contract: a larger epoch is milliseconds, a smaller one seconds
_LAST_MS = 253_402_300_799_999  # the end of the calendar, 9999-12-31: later is no instant
_MAX_DIGITS = 18  # chosen: no shop sells for 10^18; a bigger number is a broken field
_FORM_DEPTH = 16  # chosen: a form is a page of fields; what lies deeper is left out
_INT_DIGITS = 64  # chosen: longer than any id, short of Python's own limit of 4,300 digits


def loads(texto: str | bytes) -> object:
    """Decode JSON with exact numbers: integers as int, decimals as Decimal with their zeros.

    Raises:
        ValueError: not JSON, not UTF-8, or nested deeper than Python reads.
    """
    if isinstance(texto, str):
        texto = texto.removeprefix("\ufeff")  # files saved on Windows begin with it
    try:
        documento: object = json.loads(
            texto, parse_float=_decimal, parse_int=_integer, parse_constant=_nothing
        )
    except RecursionError as error:
        msg = "nested too deep"
        raise ValueError(msg) from error
    return documento


def split(texto: str | bytes) -> list[bytes]:
    """Return each element of a JSON list as the very bytes it was sent with.

    Raises:
        ValueError: not JSON, or no list.
    """
    if not isinstance(loads(texto), list):
        msg = "a list was expected"
        raise ValueError(msg)  # noqa: TRY004 - a wrong document, not a wrong argument
    escrito = texto if isinstance(texto, str) else texto.decode()
    decoder, partes = json.JSONDecoder(parse_int=_integer), []
    onde = _SEPARATOR.match(escrito, escrito.index("[") + 1)
    while onde is not None and escrito[onde.end()] != "]":
        _, fim = decoder.raw_decode(escrito, onde.end())
        partes.append(escrito[onde.end() : fim].encode())
        onde = _SEPARATOR.match(escrito, fim)
    return partes


def _decimal(texto: str) -> Decimal | None:
    try:
        return Decimal(texto)
    except InvalidOperation:  # an exponent beyond what Decimal holds
        return None


def _integer(texto: str) -> int | None:
    return int(texto) if len(texto) <= _INT_DIGITS else None


def _nothing(_constante: str) -> None:
    """NaN and Infinity are no JSON and no amounts."""


def objeto(valor: object) -> Objeto:
    """Return the object, or an empty one."""
    return valor if isinstance(valor, Mapping) else {}


def lista(valor: object) -> list[object]:
    """Return the list, or an empty one."""
    return valor if isinstance(valor, list) else []


def objetos(valor: object) -> list[Objeto]:
    """Return the objects of a list; what is no object is left out."""
    return [x for x in lista(valor) if isinstance(x, Mapping)]


def texto(valor: object) -> str | None:
    """Return text or a number as text (ids are text), trimmed; None when blank or neither."""
    if isinstance(valor, str):
        return clean(valor).strip() or None
    if isinstance(valor, bool) or not isinstance(valor, int | float | Decimal):
        return None
    numero = decimal(valor)
    if numero is None:
        long_id = isinstance(valor, int) and valor.bit_length() < 4 * _INT_DIGITS
        return str(valor) if long_id else None
    inteiro = numero == numero.to_integral_value()
    return str(int(numero)) if inteiro else format(numero, "f")


def clean(valor: str) -> str:
    """Drop what UTF-8 and PostgreSQL can't hold: lone surrogates and NUL."""
    return valor.encode("utf-8", "replace").decode().replace("\x00", "")


def textos(valor: object) -> list[str]:
    """Return the readable texts of a list."""
    return [x for x in map(texto, lista(valor)) if x is not None]


def lower(valor: object) -> str | None:
    """Return text in small letters: the platform's own enums come in any letter case."""
    encontrado = texto(valor)
    return encontrado.lower() if encontrado else None


def decimal(valor: object) -> Decimal | None:
    """Return a number, or a number as text, with the decimals it was sent with."""
    if isinstance(valor, bool):
        return None
    if isinstance(valor, float):
        valor = repr(valor)
    if isinstance(valor, str):
        return _decimal_text(valor.strip())
    if isinstance(valor, int) and valor.bit_length() > 4 * _MAX_DIGITS:
        return None
    if not isinstance(valor, int | Decimal):
        return None
    numero = Decimal(valor)
    exponent = numero.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -_MAX_DIGITS or numero.adjusted() > _MAX_DIGITS:
        return None
    return numero


def _decimal_text(valor: str) -> Decimal | None:
    if _PLAIN.match(valor):
        return Decimal(valor)
    return Decimal(valor.replace(",", ".")) if _COMMA.match(valor) else None


def inteiro(valor: object) -> int | None:
    """Return a whole number."""
    numero = decimal(valor)
    return int(numero) if numero is not None and numero == numero.to_integral_value() else None


def booleano(valor: object) -> bool | None:
    """Return a truth value, also as text or 0/1; None when it is neither."""
    if isinstance(valor, bool):
        return valor
    return {"true": True, "false": False, "1": True, "0": False}.get(lower(valor) or "")


def momento(valor: object) -> Momento | None:
    """Return a time: ISO 8601 with or without zone, dd/MM/yyyy, epoch seconds or milliseconds."""
    escrito = texto(valor)
    if escrito is None:
        return None
    if _EPOCH.match(escrito):
        numero = int(escrito)
        ms = numero if numero > MILLISECONDS_FROM else numero * 1000
        return Momento(_EPOCH_START + timedelta(milliseconds=ms))
    dia = _DAY_FIRST.match(escrito)
    if dia:
        escrito = f"{dia[3]}-{dia[2]}-{dia[1]}T{dia[4]}"
    return _iso(escrito)


def in_zone(quando: Momento | None, zona: tzinfo) -> Momento | None:
    """Return the instant in UTC, a time without a zone being the shop's."""
    if quando is None or quando.com_zona:
        return quando
    try:
        return Momento(quando.valor.replace(tzinfo=zona).astimezone(UTC))
    except (ValueError, OverflowError):  # at the edge of the calendar
        return None


def _iso(escrito: str) -> Momento | None:
    try:
        quando = datetime.fromisoformat(escrito)
        return Momento(quando.astimezone(UTC) if quando.tzinfo else quando)
    except (ValueError, OverflowError):  # no date, or one at the edge of the calendar
        return None


def epoch_ms(valor: object) -> int | None:
    """Return an instant in epoch milliseconds, from seconds, milliseconds, their text or a date.

    A 64-bit number that was split in two (`{"low": …, "high": …}`) is put together again.
    Source: the messaging contracts; below 10^11 a number means seconds.
    """
    if isinstance(valor, Mapping):
        low, high = inteiro(valor.get("low")), inteiro(valor.get("high", 0))
        if low is None or high is None:
            return None
        valor = (high << 32) + (low & 0xFFFFFFFF)
    numero = decimal(valor)
    if numero is None:
        quando = momento(valor)
        return int(quando.valor.timestamp() * 1000) if quando and quando.com_zona else None
    ms = int(numero if numero >= MILLISECONDS_FROM else numero * 1000)
    return ms if 0 <= ms <= _LAST_MS else None


def form_of(valor: object) -> dict[str, Any] | None:
    """Return the answers of a form, an object or JSON in a text; None where they are neither.

    What neither JSON nor a database can hold is left out, and what lies too deep.
    """
    found = valor
    if isinstance(valor, str):
        try:
            found = loads(valor)
        except ValueError:
            return None
    return _plain(found, _FORM_DEPTH) if isinstance(found, Mapping) else None


def _plain(valor: object, depth: int) -> Any:
    if isinstance(valor, str):
        return clean(valor)
    if valor is None or isinstance(valor, bool):
        return valor
    if depth and isinstance(valor, Mapping):
        return {clean(str(key)): _plain(inner, depth - 1) for key, inner in valor.items()}
    if depth and isinstance(valor, list):
        return [_plain(inner, depth - 1) for inner in valor]
    if isinstance(valor, int):
        return valor if valor.bit_length() < 64 else texto(valor)
    found = float(valor) if isinstance(valor, float | Decimal) else math.nan
    return found if math.isfinite(found) else None
