"""Formulario: a file that the house has, from a `data:` address into the parts of a form.

Source: RFC 2397 and RFC 7578.
"""

import base64
import binascii
import json
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

_DATA = re.compile(r"data:([\w.+-]+/[\w.+-]+)?(?:;[^,;]*)*;base64,", re.IGNORECASE)
_UNSAFE = re.compile(r'[\x00-\x1f\x7f"\\/]')
OCTETS = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Arquivo:
    """A file to upload."""

    nome: str
    mime: str
    corpo: bytes = field(repr=False)


def is_inline(url: str) -> bool:
    """Tell whether an address is the bytes themselves."""
    return url[:5].lower() == "data:"


def inline(url: str, *, nome: str = "") -> Arquivo | None:
    """Return the file that a `data:` address holds in base64; None when it holds none."""
    head = _DATA.match(url)
    if head is None:
        return None
    try:
        corpo = base64.b64decode(url[head.end() :], validate=True)
    except (binascii.Error, ValueError):  # not base64, or not even ASCII
        return None
    return Arquivo(_UNSAFE.sub("_", nome) or "arquivo", head[1] or OCTETS, corpo) if corpo else None


def multipart(
    campos: Mapping[str, Any], arquivos: Iterable[tuple[str, Arquivo]]
) -> tuple[bytes, dict[str, str]]:
    """Return the body of a form and its headers; what is no text goes as JSON.

    A field may have several files. A quote or a line break in a file's name is percent-encoded
    as browsers do.
    """
    boundary = uuid.uuid4().hex
    parts = []
    for nome, valor in campos.items():
        text = valor if isinstance(valor, str) else json.dumps(valor, ensure_ascii=False)
        parts.append(_part(boundary, f'name="{nome}"', text.encode("utf-8", "replace")))
    for nome, arquivo in arquivos:
        about = f'name="{nome}"; filename="{_quoted(arquivo.nome)}"'
        head = f"{about}\r\nContent-Type: {_quoted(arquivo.mime)}"
        parts.append(_part(boundary, head, arquivo.corpo))
    body = b"".join(parts) + f"--{boundary}--\r\n".encode()
    return body, {"Content-Type": f"multipart/form-data; boundary={boundary}"}


def _quoted(texto: str) -> str:
    return texto.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")


def _part(boundary: str, head: str, corpo: bytes) -> bytes:
    start = f"--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n"
    return start.encode("utf-8", "replace") + corpo + b"\r\n"
