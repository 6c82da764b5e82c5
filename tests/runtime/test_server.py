"""The server keeps its deadlines and limits, and ends without cutting what it accepted."""

import asyncio
import resource
import socket
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from ponte.errors import ConfiguracaoInvalida
from ponte.runtime.server import Server, check_exposure, listening_socket
from ponte.telemetry import Telemetry
from tests.certificado import certificate
from tests.runtime.servido import Servido, app, closed_after, drip, servido_em, settings

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
GET_AND_CLOSE = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
POST = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n"
# Tests that wait for a deadline shorten it; one test holds the real ones.
SHORT: dict[str, Any] = {"cabecalho_s": 0.6, "corpo_s": 0.9}
# What a busy machine may add to a deadline. Every sender below would go on for longer.
LATE_S = 3.0


@pytest.fixture
async def servido(tmp_path: Path) -> AsyncIterator[Servido]:
    async with servido_em(settings(tmp_path, **SHORT)) as pronto:
        yield pronto


async def test_it_answers_and_names_no_software(servido: Servido) -> None:
    answer = await servido.ask(GET_AND_CLOSE)

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith("olá".encode())
    assert b"\r\nserver:" not in answer.lower()
    assert b"\r\ndate: " in answer


async def test_a_silent_connection_is_closed(servido: Servido) -> None:
    reader, _writer = await servido.connect()

    took_s, said = await closed_after(reader, began=time.perf_counter())

    assert said == b""
    assert took_s < 0.6 + LATE_S


async def test_a_header_that_never_ends_is_answered_408(servido: Servido) -> None:
    reader, writer = await servido.connect()
    began = time.perf_counter()

    dripping = asyncio.create_task(drip(writer, b"GET / HTTP/1.1\r\nX: " + b"y" * 99, every_s=0.05))
    took_s, said = await closed_after(reader, began=began)
    await dripping

    assert said.startswith(b"HTTP/1.1 408 ")
    assert took_s < 0.6 + LATE_S


async def test_silence_then_a_drip_gains_no_time(servido: Servido) -> None:
    reader, writer = await servido.connect()
    began = time.perf_counter()

    await asyncio.sleep(0.3)
    dripping = asyncio.create_task(drip(writer, b"GET / HTTP/1.1\r\nX: " + b"y" * 99, every_s=0.05))
    took_s, _said = await closed_after(reader, began=began)
    await dripping

    assert took_s < 0.6 + LATE_S


async def test_a_body_that_never_ends_is_answered_408(servido: Servido) -> None:
    reader, writer = await servido.connect()
    began = time.perf_counter()

    writer.write(POST)
    dripping = asyncio.create_task(drip(writer, b"y" * 19, every_s=0.3))
    took_s, said = await closed_after(reader, began=began)
    await dripping

    assert said.startswith(b"HTTP/1.1 408 ")
    assert 0.5 < took_s < 0.9 + LATE_S
    assert servido.telemetry.limited.labels("tempo")._value.get() == 1


async def test_a_body_in_time_is_read_whole(servido: Servido) -> None:
    reader, writer = await servido.connect()

    writer.write(POST + b"y" * 10)
    await asyncio.sleep(0.3)
    writer.write(b"y" * 10)
    head = await reader.readuntil(b"\r\n\r\n")
    body = await reader.readexactly(2)

    assert (head[:15], body) == (b"HTTP/1.1 200 OK", b"20")


async def test_the_second_request_of_a_connection_has_its_own_deadline(servido: Servido) -> None:
    reader, writer = await servido.connect()
    for _ in range(4):
        writer.write(GET)
        assert (await reader.readuntil("olá".encode())).startswith(b"HTTP/1.1 200")
        await asyncio.sleep(0.4)

    began = time.perf_counter()
    writer.write(b"GET / HT")
    took_s, said = await closed_after(reader, began=began)

    assert said == b""
    assert took_s < 0.6 + LATE_S


async def test_a_request_in_hand_is_not_cut_by_the_clocks_of_reading(servido: Servido) -> None:
    answer = await servido.ask(b"GET /slow?s=1.5 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    assert answer.endswith(b"devagar")


async def test_pipelined_requests_are_all_answered(servido: Servido) -> None:
    answer = await servido.ask(GET * 20 + GET_AND_CLOSE)

    assert answer.count(b"HTTP/1.1 200 OK") == 21


async def test_endless_headers_are_refused_before_they_fill_the_memory(servido: Servido) -> None:
    answer = await servido.ask(b"GET / HTTP/1.1\r\nX: " + b"y" * 70_000)

    assert answer.startswith(b"HTTP/1.1 431 ")


async def test_with_the_real_limits_idle_stalled_and_dripping_are_out(
    tmp_path: Path,
) -> None:
    async with servido_em(settings(tmp_path)) as servido:
        silent, _w1 = await servido.connect()
        dripping, w2 = await servido.connect()
        idle, w3 = await servido.connect()
        began = time.perf_counter()
        w3.write(GET)
        task = asyncio.create_task(drip(w2, b"GET / HTTP/1.1\r\nX: " + b"y" * 99, every_s=0.2))

        ends = await asyncio.gather(
            *(closed_after(reader, began=began) for reader in (silent, dripping, idle))
        )
        await task

    assert all(4 < took_s < 6 + LATE_S for took_s, _said in ends)
    assert [said[:12] for _took_s, said in ends] == [b"", b"HTTP/1.1 408", b"HTTP/1.1 200"]


async def test_over_the_limit_a_request_is_answered_503(tmp_path: Path) -> None:
    async with servido_em(settings(tmp_path, conexoes=3)) as servido:
        held = [await servido.connect() for _ in range(3)]
        for _reader, writer in held:
            writer.write(b"GET /slow?s=0.5 HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(0.1)

        refused = await servido.ask(GET)
        answers = [await reader.readuntil(b"devagar") for reader, _writer in held]
        for _reader, writer in held:
            writer.close()
        await asyncio.sleep(0.1)
        after = await servido.ask(GET_AND_CLOSE)

    assert refused.startswith(b"HTTP/1.1 503 ")
    assert all(answer.startswith(b"HTTP/1.1 200 ") for answer in answers)
    assert after.startswith(b"HTTP/1.1 200 ")


async def test_a_thousand_idle_connections_keep_nobody_out(tmp_path: Path) -> None:
    async with servido_em(settings(tmp_path, conexoes=50)) as servido:
        for _ in range(1000):
            await servido.connect()

        began = time.perf_counter()
        answer = await servido.ask(GET_AND_CLOSE)
        took_s = time.perf_counter() - began

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert took_s < LATE_S


async def test_the_last_resort_closes_what_is_over_all_limits(tmp_path: Path) -> None:
    async with servido_em(settings(tmp_path, conexoes=2, websockets=3)) as servido:
        for _ in range(5):
            await servido.connect()
        await asyncio.sleep(0.05)

        refused = await servido.ask(b"")

    assert refused.startswith(b"HTTP/1.1 503 ")


async def test_its_connections_inherit_what_bounds_a_stalled_reader() -> None:
    listener = listening_socket("127.0.0.1", 0)
    listener.listen()
    with listener, socket.create_connection(listener.getsockname()):
        listener.setblocking(True)
        accepted, _address = listener.accept()
        with accepted:
            sndbuf = accepted.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
            timeout = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)

    assert sndbuf == 2 * 16_384  # the kernel doubles it, for its own bookkeeping
    assert timeout == 10_000


async def test_who_does_not_read_its_answer_is_gone_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ponte.runtime.server.USER_TIMEOUT_MS", 1000)  # ten seconds in earnest
    async with servido_em(settings(tmp_path)) as servido:
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", servido.port))
        client.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(0.2)
        open_before = len(servido.server.state.http)
        async with asyncio.timeout(25):
            while servido.server.state.http:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.1)
        client.close()

    assert open_before == 1


# ---------------------------------------------------------------- sockets


async def test_a_socket_outlives_the_deadlines_of_http(servido: Servido) -> None:
    async with connect(f"ws://127.0.0.1:{servido.port}/ws") as ws:
        await asyncio.sleep(1.5)
        await ws.send("ainda aqui")
        answer = await ws.recv()
        extensions = ws.protocol.extensions

    assert answer == "ainda aqui"
    assert list(extensions) == []  # the client offered deflate


async def test_a_thousand_sockets_are_no_http_connections(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 8192)), hard))
    async with servido_em(settings(tmp_path, conexoes=20)) as servido:
        url = f"ws://127.0.0.1:{servido.port}/ws"
        sockets = []
        for _ in range(20):
            sockets += await asyncio.gather(*(connect(url, ping_interval=None) for _ in range(50)))

        answer = await servido.ask(GET_AND_CLOSE)
        await sockets[-1].send("oi")
        echo = await sockets[-1].recv()
        counted = len(servido.server.state.ativas)
        for ws in sockets:
            ws.transport.abort()

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert (echo, len(sockets), counted) == ("oi", 1000, 0)


async def test_pings_that_nobody_reads_the_answers_of_cost_no_memory(servido: Servido) -> None:
    ping = b"\x89\xfd" + bytes(4) + b"x" * 125
    reader, writer = await servido.connect()
    writer.write(
        b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    await reader.readuntil(b"\r\n\r\n")

    with pytest.raises(ConnectionError):
        await _flood(writer, ping * 1000)

    assert servido.server.state.connections == set()


async def _flood(writer: asyncio.StreamWriter, data: bytes) -> None:
    async with asyncio.timeout(10):
        while True:
            writer.write(data)
            await writer.drain()


# ---------------------------------------------------------------- the end


async def test_at_the_end_running_requests_finish_and_sockets_close_1012(tmp_path: Path) -> None:
    async with servido_em(settings(tmp_path)) as servido:
        running = asyncio.create_task(servido.ask(b"GET /slow?s=0.6 HTTP/1.1\r\nHost: x\r\n\r\n"))
        _idle, _writer = await servido.connect()
        async with connect(f"ws://127.0.0.1:{servido.port}/ws") as ws:
            await asyncio.sleep(0.1)

            began = time.perf_counter()
            await servido.server.stop(10)
            took_s = time.perf_counter() - began
            with pytest.raises(ConnectionClosed) as fechou:
                await ws.recv()
        answer = await running

        with pytest.raises(ConnectionRefusedError):
            await servido.connect()

    assert answer.endswith(b"devagar")
    assert fechou.value.rcvd is not None
    assert fechou.value.rcvd.code == 1012
    assert 0.4 < took_s < 3 + LATE_S


async def test_the_end_does_not_wait_for_a_request_for_ever(tmp_path: Path) -> None:
    async with servido_em(settings(tmp_path)) as servido:
        running = asyncio.create_task(servido.ask(b"GET /slow?s=30 HTTP/1.1\r\nHost: x\r\n\r\n"))
        await asyncio.sleep(0.1)

        began = time.perf_counter()
        await servido.server.stop(0.3)
        took_s = time.perf_counter() - began
        await asyncio.gather(running, return_exceptions=True)

    assert took_s < 10
    assert servido.server.state.connections == set()


# ---------------------------------------------------------------- exposure


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "loja.example"])  # noqa: S104
def test_an_open_address_needs_tls_or_a_declared_proxy(tmp_path: Path, host: str) -> None:
    with pytest.raises(ConfiguracaoInvalida, match="PONTE_TLS_CERT"):
        check_exposure(settings(tmp_path), host)


@pytest.mark.parametrize(
    "values",
    [
        {"trusted_proxies": "10.0.0.1"},
        {"tls_cert": "c.pem", "tls_key": "k.pem"},
    ],
)
def test_with_either_it_may_be_open(tmp_path: Path, values: dict[str, str]) -> None:
    check_exposure(settings(tmp_path, values=values), "0.0.0.0")  # noqa: S104


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "::1", "[::1]"])
def test_this_machine_alone_needs_nothing(tmp_path: Path, host: str) -> None:
    check_exposure(settings(tmp_path), host)


def test_half_of_tls_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfiguracaoInvalida, match="together"):
        check_exposure(settings(tmp_path, values={"tls_cert": "c.pem"}), "127.0.0.1")


async def test_a_missing_certificate_is_named(tmp_path: Path) -> None:
    given = settings(tmp_path, values={"tls_cert": tmp_path / "c", "tls_key": tmp_path / "k"})

    with pytest.raises(ConfiguracaoInvalida, match="PONTE_TLS_CERT"):
        await Server(given, telemetry=Telemetry()).start(app(), "127.0.0.1", 0)


async def test_a_taken_port_is_named(servido: Servido, tmp_path: Path) -> None:
    with pytest.raises(ConfiguracaoInvalida, match=str(servido.port)):
        await Server(settings(tmp_path), telemetry=Telemetry()).start(
            app(), "127.0.0.1", servido.port
        )


async def test_over_tls_requests_and_sockets_work(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    given = settings(tmp_path, values={"tls_cert": cert, "tls_key": key})
    trust = ssl.create_default_context(cafile=cert)

    async with servido_em(given) as servido:
        reader, writer = await asyncio.open_connection("localhost", servido.port, ssl=trust)
        writer.write(GET_AND_CLOSE)
        answer = await reader.read()
        writer.close()
        async with connect(f"wss://localhost:{servido.port}/ws", ssl=trust) as ws:
            await ws.send("x" * 60_000)
            echo = await ws.recv()

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert len(echo) == 60_000
