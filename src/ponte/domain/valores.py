"""Valores: ids, money, times, CPF/CNPJ and phones as Ponte keeps them.

Money is integer centavos inside and decimal text on the wire; never a float.
Sources: contracts of Receita Federal (IN 2.229/2024, alphanumeric CNPJ), RFC
9562 (UUIDv7), RFC 3339.
"""

import os
import random
import re
import threading
import time
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from operator import mul

MAX_CENTAVOS = 10**13  # chosen: NUMERIC(15,2), the widest money column of the ERP
_PUNCTUATION = re.compile(r"[.\-/\s]")
PRECO = re.compile(r"\A\d{1,11}(\.\d{1,2})?\Z", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CPF_LENGTH = 11
_CPF_FIRST = bytes(range(10, 1, -1))
_CPF_SECOND = bytes(range(11, 1, -1))
_CPF_FIRST_ZEROS = 48 * sum(_CPF_FIRST)  # what nine "0" would add
_CPF_SECOND_ZEROS = 48 * sum(_CPF_SECOND)
_CNPJ_LENGTH = 14
_WEIGHTS = bytes(2 + i % 8 for i in reversed(range(64)))  # 2…9 repeated from the right
_EMAIL = re.compile(r"\A[^@\s]{1,64}@[^@\s]{1,190}\.[^@\s.]{2,}\Z")
_CNPJ = re.compile(r"\A[0-9A-Z]{12}[0-9]{2}\Z")

_random = random.Random(os.urandom(32))  # noqa: S311 - ids are no secrets
# Area codes, mobiles with their ninth digit and fixed lines, as libphonenumber has them for
# Brazil: nearly every phone here, without the cost of asking the library.
_BRASIL = re.compile(
    r"\A\+55(?:[14689][1-9]|2[12478]|3[1-578]|5[13-5]|7[134579])(?:9\d{8}|[2-5]\d{7})\Z", re.ASCII
)
_uuid_lock = threading.Lock()
_uuid_last = 0


def new_id() -> str:
    """Return a UUIDv7 that sorts after every earlier one of this process.

    The 12 bits after the millisecond count up within it (RFC 9562 §6.2, method 1),
    so rows written by one process land at the right edge of their index. An id is
    no secret: its random part comes from a generator that the system seeded.
    """
    global _uuid_last  # noqa: PLW0603 - the monotonic counter is the point
    with _uuid_lock:
        stamp = time.time_ns() // 1_000_000 << 12
        _uuid_last = stamp = max(stamp, _uuid_last + 1)
    bits = _random.getrandbits(62)
    # One old-style format of five numbers: half the time of an f-string's slices.
    return "%08x-%04x-7%03x-%04x-%012x" % (  # noqa: UP031
        stamp >> 28,
        stamp >> 12 & 0xFFFF,
        stamp & 0xFFF,
        0x8000 | bits >> 48,
        bits & 0xFFFF_FFFF_FFFF,
    )


def parse_centavos(texto: str) -> int:
    """Read decimal text with at most two places ("51.80") as centavos.

    Raises:
        ValueError: not a plain non-negative decimal, or more than two places.
    """
    if not PRECO.match(texto):
        msg = "decimal text with at most two places expected, like 51.80"
        raise ValueError(msg)
    inteiro, _, fracao = texto.partition(".")
    return int(inteiro) * 100 + int(fracao.ljust(2, "0"))


def format_centavos(centavos: int) -> str:
    """Write centavos as the decimal text of the wire: 5180 -> "51.80"."""
    sinal = "-" if centavos < 0 else ""
    inteiro, fracao = divmod(abs(centavos), 100)
    return f"{sinal}{inteiro}.{fracao:02d}"


def reais(valor: str) -> str:
    """Return a decimal string as people in Brazil write money: "1234.5" is "R$ 1.234,50"."""
    return "R$ " + f"{Decimal(valor):,.2f}".translate(str.maketrans(",.", ".,"))


def centavos_from_decimal(valor: Decimal) -> int:
    """Round a platform's amount to centavos, half up.

    Raises:
        ValueError: NaN, infinite or over `MAX_CENTAVOS`.
    """
    try:
        centavos = int((valor * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    except (InvalidOperation, OverflowError) as error:
        msg = "amount out of range"
        raise ValueError(msg) from error
    if abs(centavos) > MAX_CENTAVOS:
        msg = "amount out of range"
        raise ValueError(msg)
    return centavos


def format_time(ms: int) -> str:
    """Write epoch milliseconds as RFC 3339 UTC: "2026-11-24T23:33:20.123Z"."""
    segundos, resto = divmod(ms, 1000)
    return f"{_second(segundos)}.{resto:03d}Z"


@lru_cache(maxsize=64)  # most times that are written lie in the second that is running
def _second(segundos: int) -> str:
    t = time.gmtime(segundos)
    return (
        f"{t.tm_year:04d}-{t.tm_mon:02d}-{t.tm_mday:02d}"
        f"T{t.tm_hour:02d}:{t.tm_min:02d}:{t.tm_sec:02d}"
    )


def parse_time(texto: str) -> int:
    """Read an RFC 3339 time with an offset as epoch milliseconds.

    Raises:
        ValueError: not RFC 3339, or without an offset (an instant must be certain).
    """
    instante = datetime.fromisoformat(texto)
    if instante.tzinfo is None:
        msg = "time without an offset"
        raise ValueError(msg)
    # Exact, where a float is off by one; out of the years 1 to 9999 in UTC is an OverflowError.
    return (instante.astimezone(UTC) - _EPOCH) // timedelta(milliseconds=1)


def is_cpf(digitos: str) -> bool:
    """Tell whether 11 digits carry the two check digits of a CPF; all equal is invalid."""
    if len(digitos) != _CPF_LENGTH or not (digitos.isascii() and digitos.isdigit()):
        return False
    if digitos == digitos[0] * _CPF_LENGTH:
        return False
    codes = digitos.encode("ascii")
    first: int = (sum(map(mul, codes, _CPF_FIRST)) - _CPF_FIRST_ZEROS) * 10 % 11 % 10
    second: int = (sum(map(mul, codes, _CPF_SECOND)) - _CPF_SECOND_ZEROS) * 10 % 11 % 10
    return bool(codes[9] == 48 + first and codes[10] == 48 + second)


def mod11(caracteres: str) -> int:
    """Return the check digit of CNPJ and nota key: weights 2…9 from the right, code point - 48."""
    codes = caracteres.encode("ascii")
    weights = _WEIGHTS[-len(codes) :]
    resto = (sum(map(mul, codes, weights)) - 48 * sum(weights)) % 11
    return 0 if resto < 2 else 11 - resto


def is_cnpj(texto: str) -> bool:
    """Tell whether 14 characters are a CNPJ; letters are valid since July 2026."""
    if not _CNPJ.match(texto) or texto == "0" * _CNPJ_LENGTH:
        return False
    return texto[12] == str(mod11(texto[:12])) and texto[13] == str(mod11(texto[:13]))


def parse_documento(texto: str) -> str:
    """Return a CPF or CNPJ without punctuation, in capitals.

    Raises:
        ValueError: neither a valid CPF nor a valid CNPJ.
    """
    limpo = texto if texto.isalnum() else _PUNCTUATION.sub("", texto)
    limpo = limpo.upper()
    if is_cpf(limpo) or is_cnpj(limpo):
        return limpo
    msg = "neither a valid CPF nor a valid CNPJ"
    raise ValueError(msg)


def parse_telefone(texto: str) -> str:
    """Return a phone as E.164; a Brazilian mobile without its ninth digit gains it.

    Raises:
        ValueError: not a valid number.
    """
    e164 = texto if _BRASIL.match(texto) else _with_country(texto)
    if _BRASIL.match(e164):
        return e164

    import phonenumbers  # noqa: PLC0415 - 60 ms of metadata, paid by the first foreign phone

    try:
        numero = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException as error:
        msg = "not a phone number"
        raise ValueError(msg) from error
    if not phonenumbers.is_valid_number(numero):
        msg = "not a valid phone number"
        raise ValueError(msg)
    return phonenumbers.format_number(numero, phonenumbers.PhoneNumberFormat.E164)


def parse_email(texto: str) -> str:
    """Return an e-mail address as it stands.

    Raises:
        ValueError: not of the form of one.
    """
    if not _EMAIL.match(texto):
        msg = "not an e-mail address"
        raise ValueError(msg)
    return texto


def _with_country(texto: str) -> str:
    digitos = re.sub(r"[^\d+]", "", texto.split("@", maxsplit=1)[0].split(":", maxsplit=1)[0])
    plus = digitos.startswith("+")
    digitos = digitos.replace("+", "")
    if not plus and digitos.startswith("0") and not digitos.startswith("0800"):
        digitos = digitos[1:]
    if not plus and (len(digitos) in {10, 11} or digitos.startswith("0800")):
        digitos = "55" + digitos
    if digitos.startswith("55") and len(digitos) == 12 and digitos[4] in "6789":
        digitos = digitos[:4] + "9" + digitos[4:]
    return "+" + digitos
