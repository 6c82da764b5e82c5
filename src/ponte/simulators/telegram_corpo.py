"""Telegram's calls as they come: JSON, a form, a form with files, or a query."""

import email.parser
import json
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

Values = dict[str, Any]


def parameters(request: Request, body: bytes) -> tuple[Values, dict[str, bytes]]:
    """Return the fields of a call, in whichever form they came, and the files with them."""
    values: Values = dict(request.query_params)
    kind = request.headers.get("content-type", "")
    if kind.startswith("multipart/form-data"):
        fields, files = _form(kind, body)
        return values | fields, files
    try:
        parsed = json.loads(body)
    except ValueError:  # a form, or nothing
        return values | dict(parse_qsl(body.decode("utf-8", "replace"))), {}
    return values | (parsed if isinstance(parsed, dict) else {}), {}


def _form(kind: str, body: bytes) -> tuple[Values, dict[str, bytes]]:
    whole = email.parser.BytesParser().parsebytes(
        b"Content-Type: %b\r\n\r\n" % kind.encode() + body
    )
    fields: Values = {}
    files: dict[str, bytes] = {}
    for part in whole.walk():
        name = str(part.get_param("name", "", "content-disposition"))
        content = part.get_payload(decode=True)
        if not name or not isinstance(content, bytes):
            continue
        if part.get_filename() is None:
            fields[name] = content.decode("utf-8", "replace")
        else:
            files[name] = content
    return fields, files
