"""Quadros: the bytes of a frame, made once for everybody who gets it.

A frame from a server is never masked and never fragmented here, so its bytes are
the same for all: RFC 6455 section 5.2. `dados` are the bytes that the database
keeps; nothing is decoded to be encoded again.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from ponte.events import FatoGravado

_TEXT = 0x81  # FIN and the opcode of text
_SHORT, _MEDIUM = 126, 1 << 16


def text_frame(payload: bytes) -> bytes:
    """Return one unmasked text frame."""
    size = len(payload)
    if size < _SHORT:
        return b"%c%c%b" % (_TEXT, size, payload)
    if size < _MEDIUM:
        return b"%c%c%b%b" % (_TEXT, _SHORT, size.to_bytes(2, "big"), payload)
    return b"%c%c%b%b" % (_TEXT, _SHORT + 1, size.to_bytes(8, "big"), payload)


def frames_of(frames: bytes) -> Iterator[bytes]:
    """Yield each of the frames of `text_frame` that were joined."""
    at = 0
    while at < len(frames):
        size, head = frames[at + 1], 2
        if size >= _SHORT:
            head = 4 if size == _SHORT else 10
            size = int.from_bytes(frames[at + 2 : at + head], "big")
        yield frames[at : at + head + size]
        at += head + size


def payload_of(frame: bytes) -> bytes:
    """Return what a frame of `text_frame` carries."""
    if frame[1] < _SHORT:
        return frame[2:]
    return frame[4:] if frame[1] == _SHORT else frame[10:]


def json_frame(documento: Mapping[str, Any]) -> bytes:
    """Encode a document of which only one client, or one moment, has need."""
    return text_frame(orjson.dumps(documento))


class Quadro:
    """The place of one fact in one corrente. Its bytes are made when somebody first listens.

    `anterior` is the seq before it in the same sala, None when that lies outside the window.
    """

    __slots__ = ("anterior", "fato", "frame", "sala", "seq")

    def __init__(self, seq: int, fato: FatoGravado, *, sala: str) -> None:
        self.seq = seq
        self.fato = fato
        self.sala = sala
        self.anterior: int | None = None
        self.frame: bytes | None = None
