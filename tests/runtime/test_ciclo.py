"""An answer leaves in one write when it can, and a header can't smuggle in another."""

import asyncio
from typing import Any

import pytest
from starlette.types import Message
from uvicorn.protocols.http.flow_control import FlowControl

from ponte.runtime.ciclo import Ciclo


class Fio(asyncio.Transport):
    """A wire that keeps what was written on it."""

    def __init__(self) -> None:
        super().__init__()
        self.escritas: list[bytes] = []

    def write(self, data: Any) -> None:
        self.escritas.append(bytes(data))

    def close(self) -> None:
        self.escritas.append(b"<closed>")

    def is_closing(self) -> bool:
        return False

    def resume_reading(self) -> None: ...


def ciclo(fio: Fio, *, method: str = "GET", keep_alive: bool = True) -> Ciclo:
    of_uvicorn: dict[str, Any] = {
        "scope": {"type": "http", "method": method},
        "transport": fio,
        "flow": FlowControl(fio),
        "logger": None,
        "access_logger": None,
        "access_log": False,
        "default_headers": [(b"date", b"today")],
        "message_event": asyncio.Event(),
        "expect_100_continue": False,
        "keep_alive": keep_alive,
        "on_response": lambda: None,
    }
    return Ciclo(**of_uvicorn)


def head(*headers: tuple[bytes, bytes], status: int = 200) -> Message:
    return {"type": "http.response.start", "status": status, "headers": [*headers]}


def part(body: bytes, *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}


async def test_a_whole_answer_is_one_write() -> None:
    fio = Fio()
    um = ciclo(fio)

    await um.send(head((b"content-length", b"3"), (b"x-a", b"1")))
    await um.send(part(b"sim"))

    assert fio.escritas == [
        b"HTTP/1.1 200 OK\r\ndate: today\r\ncontent-length: 3\r\nx-a: 1\r\n\r\nsim"
    ]
    assert um.response_complete


@pytest.mark.parametrize("texto", [b"a\r\nset-cookie: b", b"a\nb", b"a\rb", b"a\0b"])
async def test_a_header_that_would_begin_another_is_refused(texto: bytes) -> None:
    fio = Fio()
    um = ciclo(fio)

    await um.send(head((b"content-length", b"0"), (b"location", texto)))
    with pytest.raises(RuntimeError, match="header value"):
        await um.send(part(b""))

    assert fio.escritas == []


async def test_a_body_in_parts_leaves_part_by_part() -> None:
    fio = Fio()
    um = ciclo(fio)

    await um.send(head())
    for message in (part(b"um", more=True), part(b"dois", more=True), part(b"")):
        await um.send(message)

    assert b"".join(fio.escritas).endswith(
        b"transfer-encoding: chunked\r\n\r\n2\r\num\r\n4\r\ndois\r\n0\r\n\r\n"
    )


@pytest.mark.parametrize("length", [b"2", b"4"])
async def test_a_body_of_another_length_than_promised_is_an_error(length: bytes) -> None:
    um = ciclo(Fio())

    await um.send(head((b"content-length", length)))

    with pytest.raises(RuntimeError, match="Content-Length"):
        await um.send(part(b"sim"))


async def test_the_answer_to_head_has_no_body() -> None:
    fio = Fio()
    um = ciclo(fio, method="HEAD")

    await um.send(head((b"content-length", b"3")))
    await um.send(part(b"sim"))

    assert b"".join(fio.escritas).endswith(b"content-length: 3\r\n\r\n")


async def test_the_last_answer_of_a_connection_says_so_and_closes_it() -> None:
    fio = Fio()
    um = ciclo(fio, keep_alive=False)

    await um.send(head((b"content-length", b"3")))
    await um.send(part(b"sim"))

    assert b"connection: close\r\n" in fio.escritas[0]
    assert fio.escritas[1:] == [b"sim", b"<closed>"]


async def test_a_head_without_a_body_is_not_yet_an_answer() -> None:
    fio = Fio()
    um = ciclo(fio)

    await um.send(head((b"content-length", b"3")))
    await um.send(head((b"content-length", b"2"), status=500))
    await um.send(part(b"oh"))

    assert len(fio.escritas) == 1
    assert fio.escritas[0].startswith(b"HTTP/1.1 500 ")
