"""Logs: one line for each thing that happened, on stderr, with nothing in it to steal.

Every line of every logger, ours or a library's, leaves through `_emit`, masked:
secrets by the name of their field and by their shape, CPF, phone and e-mail by
shape. A masked line still tells two people apart, never who they are. The one
rule: a new handler gets `MaskFilter`, or it becomes the hole.
"""

import logging
import re
import sys
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Literal

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from ponte import rastro

REDACTED = "[redacted]"
# They say each full URL at INFO, and Telegram's token stands in the URL.
CHATTY = ("httpx2", "httpcore2", "httpx", "httpcore")
# A lost engine is said once, by who lost it, and not with a traceback for each task.
DRIVERS = ("aio_pika", "aiormq", "aiokafka", "opentelemetry")

_SECRET_FIELD = re.compile(
    r"(?:^|_)(?:tokens?|secrets?|segredos?|senha|password|passwd|authorization|cookie|apikey"
    r"|key|credential|credencial|webhook_url)(?:$|_)",
    re.IGNORECASE,
)
_SECRET = re.compile(
    r"(?P<scheme>\b(?:Bearer|Basic)\s+)[\w.~+/=:-]{8,}"
    r"|(?P<bot>\bbot|\b)\d{6,12}:[\w-]{30,}"
    r"|(?P<pk>\bpk_)[\w-]{16,}"
    r"|(?P<slack>hooks\.slack\.com/)[^\s\"'\\]+"
    r"|(?P<discord>discord(?:app)?\.com/api/webhooks/)[^\s\"'\\]+"
    r"|(?P<hook>/webhooks/[\w-]+/)[\w-]{16,}"
    r"|(?P<user>://)[^\s/@\"'\\]+@"
    r"|(?P<named>\b(?:access_token|refresh_token|token|apikey|api_key|secret|segredo|senha"
    r"|password|client_secret|signature)\\*[\"']?\s*[=:]\s*\\*[\"']?)[^\s&,;\"'\\})]{4,}"
    r"|\bxox[abprs]-[\w-]{8,}"
    r"|\bEAA[A-Za-z0-9]{16,}",
    re.IGNORECASE,
)
# Looked for first: the alternation above costs ten times as much as a line without any.
_SECRET_HINTS = (
    "bearer", "basic ", "bot", ":aa", "pk_", "slack.com", "webhooks/", "://", "token", "apikey",
    "api_key", "secret", "segredo", "senha", "password", "signature", "xox", "eaa",
)  # fmt: skip
_EMAIL = re.compile(r"([\w.+-])[\w.+-]*@([\w-]+(?:\.[\w-]+)+)")
_DIGITS_HINT = re.compile(r"[0-9](?:[0-9]{9}|[0-9]{2}\.)")
_DIGITS = re.compile(
    r"(?<![\w.+/-])(?:\+\d{10,15}|\d{11}|55\d{10,11}|\d{3}\.\d{3}\.\d{3}-\d{2})(?![\w-])"
)
# A phone as people write it: area in brackets, or apart, or behind +55; halves apart. Two
# groups of four with blanks alone are as well a list of orders, so they need +55 or brackets.
_MOVEL, _FIXO = r"9[ .-]?\d{4}", r"[2-5]\d{3}"
_PHONE = re.compile(
    r"(?<![\w.+/-])(?:\+?55[ .-]?)?(?:"
    rf"\(0?[1-9]\d\)[ .-]?(?:{_MOVEL}|{_FIXO})[ .-]?\d{{4}}"
    rf"|0?[1-9]\d[ .-](?:{_MOVEL}[ .-]|{_FIXO}[.-])\d{{4}}"
    rf"|(?<=55[ .-])[1-9]\d[ .-]?(?:{_MOVEL}|{_FIXO})[ .-]?\d{{4}}"
    r"|9\d{4}-\d{4}"
    r")(?![\w-])"
)

_CPF_LENGTH, _LOCAL_LENGTH = 11, 9
# A value that a caller chose must not begin a line of its own, nor colour a terminal.
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), 127)}

_tee: ContextVar[Callable[[str], object] | None] = ContextVar("ponte_log_tee", default=None)
_processors: list[Processor] = []  # one list for ever, since loggers keep it once they spoke


# ---------------------------------------------------------------- masking


def mask(text: str) -> str:
    """Return the text with secrets gone and personal data masked, by their shape."""
    low = text.lower()
    if any(hint in low for hint in _SECRET_HINTS):
        text = _SECRET.sub(_redact, text)
    if "@" in text:
        text = _EMAIL.sub(r"\1***@\2", text)
    text = _PHONE.sub(_mask_phone, text)
    return _DIGITS.sub(_mask_digits, text) if _DIGITS_HINT.search(text) else text


def _redact(match: re.Match[str]) -> str:
    kept = next((group for group in match.groups() if group), "")
    return f"{kept}{REDACTED}{'@' if match['user'] else ''}"


def _mask_digits(match: re.Match[str]) -> str:
    digits = match[0].replace(".", "").replace("-", "")
    if len(digits) == _CPF_LENGTH:  # or a phone without its country: masked as well
        return f"***.{digits[3:6]}.{digits[6:9]}-**"
    return f"{digits[:-9]}*****{digits[-4:]}"


def _mask_phone(match: re.Match[str]) -> str:
    digits = "".join(filter(str.isdigit, match[0]))
    if len(digits) > _CPF_LENGTH:
        digits = digits.removeprefix("55")
    area = digits.lstrip("0")[:2] if len(digits) > _LOCAL_LENGTH else ""
    return f"({area}) *****-{digits[-4:]}" if area else f"*****-{digits[-4:]}"


def redact_fields(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Take the values of fields that are named like a secret, however deep."""
    _redact_in(event)
    return event


def _redact_in(found: MutableMapping[Any, Any]) -> None:
    for name, value in found.items():
        if value is not None and _SECRET_FIELD.search(str(name)):
            found[name] = REDACTED
        elif isinstance(value, dict | list):
            found[name] = _redacted(value)


def _redacted(value: Any) -> Any:
    # Copied: the caller goes on using what it logged.
    if isinstance(value, dict):
        inner = dict(value)
        _redact_in(inner)
        return inner
    return [_redacted(item) for item in value] if isinstance(value, list) else value


class MaskFilter(logging.Filter):
    """Masks a record of the standard library before any formatter sees it."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = mask(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = mask(logging.Formatter().formatException(record.exc_info))
        return True


# ---------------------------------------------------------------- where lines go


@contextmanager
def tee(write: Callable[[str], object]) -> Iterator[None]:
    """Give every line of this task and its children to `write` as well."""
    token = _tee.set(write)
    try:
        yield
    finally:
        _tee.reset(token)


def _emit(line: str) -> None:
    sys.stderr.write(line + "\n")
    write = _tee.get()
    if write is not None:
        write(line + "\n")


class _Writer:
    """The end of structlog's chain; knows the name of the module that speaks."""

    def __init__(self, name: str = "ponte") -> None:
        self.name = name

    def msg(self, line: str) -> None:
        _emit(line)

    debug = info = warning = warn = error = critical = exception = fatal = log = msg


class _Handler(logging.Handler):
    """The standard library's lines, in the same form through the same end."""

    def emit(self, record: logging.LogRecord) -> None:
        event: EventDict = {
            "event": record.getMessage(),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if record.exc_text:
            event["exception"] = record.exc_text
        for process in _processors[-_TAIL:]:
            event = process(None, "", event)  # type: ignore[assignment]
        _emit(str(event))


# ---------------------------------------------------------------- how a line looks


def _stamp(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event["em"] = f"{datetime.now(UTC).isoformat(timespec='milliseconds')[:-6]}Z"
    return event


def _name(logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event.setdefault("logger", getattr(logger, "name", "ponte"))
    return event


def _place(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for name, value in rastro.fields().items():
        event.setdefault(name, value)
    return event


def _as_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    head = {name: event.pop(name, None) for name in ("em", "level", "logger", "event")}
    line = {**head, **event}
    return mask(orjson.dumps(line, default=repr, option=orjson.OPT_NON_STR_KEYS).decode())


def _as_line(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    em, level, _ = event.pop("em"), event.pop("level"), event.pop("logger", None)
    text, trace = event.pop("event"), event.pop("exception", None)
    fields = "".join(f" {name}={value}" for name, value in event.items())
    line = f"{em[11:-1]} {level:<7} {text}{fields}".translate(_CONTROL)
    return mask(f"{line}\n{trace}" if trace else line)


_TAIL = 4  # place, redact, stamp and render: what the standard library's lines need too


def configure(
    *,
    level: Literal["debug", "info", "warning", "error"] = "info",
    form: Literal["console", "json"] = "console",
) -> None:
    """Send every logger's lines to stderr, masked. Call it once, before anything speaks."""
    number = logging.getLevelNamesMapping()[level.upper()]
    _processors[:] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        _name,
        structlog.processors.format_exc_info,
        _place,
        redact_fields,
        _stamp,
        _as_json if form == "json" else _as_line,
    ]
    structlog.configure(
        processors=_processors,
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=_Writer,
        cache_logger_on_first_use=True,
    )
    handler = _Handler()
    handler.addFilter(MaskFilter())
    logging.basicConfig(level=max(number, logging.INFO), handlers=[handler], force=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.setLevel(logging.NOTSET)  # a server before this one may have set its own
        library.propagate = True
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in DRIVERS:
        logging.getLogger(name).setLevel(logging.CRITICAL)
