"""Http: whatever the outside does, the caller gets an answer or one of the few classes."""

import asyncio
import gc
import logging
import time
import tracemalloc
import warnings
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from ponte.errors import Adiado
from ponte.resilience.breaker import BreakerState, CircuitBreaker, CircuitBreakerOpen
from ponte.resilience.classes import Classe, OutsideError, Verdict, by_status
from ponte.resilience.http import MAX_REPLY_BYTES, Answer, Http, Request
from ponte.resilience.limiter import TokenBucketRateLimiter
from tests.resilience.odd_server import OddServer, odd_server

CANARY = "canary-3f7a"


@pytest.fixture
async def server() -> AsyncIterator[OddServer]:
    async with odd_server() as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    client = Http("loja", breaker=CircuitBreaker(1000, name="loja"))
    yield client
    await client.aclose()


def ok_if_json(answer: Answer) -> Verdict:
    if answer.status == 200 and isinstance(answer.json(), dict):
        return Verdict(Classe.OK)
    if answer.status == 200:
        return Verdict(Classe.RETRY, "not JSON")
    return by_status(answer.status, retry_after_s=answer.retry_after_s)


async def failure(http: Http, url: str, timeout_s: float = 5.0) -> OutsideError:
    with pytest.raises(OutsideError) as caught:
        await http.request("POST", url, json={"a": 1}, timeout_s=timeout_s)
    return caught.value


async def test_an_answer_has_its_status_lower_cased_headers_and_body(
    server: OddServer, http: Http
) -> None:
    answer = await http.request("POST", server.url + "/ok", json={"nome": "Café"})

    assert (answer.status, answer.json(), answer.headers["x-thing"]) == (200, {"ok": True}, "Yes")
    assert answer.elapsed_ms > 0
    assert answer.text == '{"ok": true}'
    assert server.requests[-1].endswith('{"nome":"Café"}'.encode())


async def test_raw_bytes_and_headers_are_sent_as_given(server: OddServer, http: Http) -> None:
    answer = await http.request(
        "POST", server.url + "/echo", content=b"\x00raw", headers={"X-Key": "1"}
    )

    assert answer.body == b"\x00raw"
    assert b"X-Key: 1" in server.requests[-1]


async def test_cookies_are_not_kept_between_calls(server: OddServer, http: Http) -> None:
    for _ in range(2):
        await http.request("GET", server.url + "/ok")

    assert b"cookie" not in server.requests[-1].lower()


async def test_a_compressed_answer_is_unpacked(server: OddServer, http: Http) -> None:
    assert (await http.request("GET", server.url + "/gzip")).json() == {"ok": 1}


async def test_a_mute_server_costs_the_timeout_and_leaves_the_outcome_unknown(
    server: OddServer, http: Http
) -> None:
    started = time.monotonic()

    error = await failure(http, server.url + "/mute", timeout_s=0.2)

    assert time.monotonic() - started < 2
    assert (error.classe, error.unknown_outcome, error.temporary) == (Classe.RETRY, True, True)


async def test_a_dripping_answer_does_not_outlast_the_total_timeout(
    server: OddServer, http: Http
) -> None:
    error = await failure(http, server.url + "/drip", timeout_s=0.3)

    assert (error.classe, error.unknown_outcome) == (Classe.RETRY, True)


async def test_nobody_listening_is_known_not_to_have_had_an_effect(http: Http) -> None:
    free = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
    port = free.sockets[0].getsockname()[1]
    free.close()
    await free.wait_closed()

    error = await failure(http, f"http://127.0.0.1:{port}/ok")

    assert (error.classe, error.unknown_outcome) == (Classe.RETRY, False)
    assert error.status == 502
    assert error.retry is True


@pytest.mark.parametrize("path", ["/cut", "/cutbody", "/garbage", "/badgzip"])
async def test_a_reply_lost_on_its_way_leaves_the_outcome_unknown(
    server: OddServer, http: Http, path: str
) -> None:
    error = await failure(http, server.url + path)

    assert (error.classe, error.unknown_outcome) == (Classe.RETRY, True)


async def test_a_huge_body_is_read_no_further_than_the_cap(server: OddServer, http: Http) -> None:
    error = await failure(http, server.url + "/huge")

    assert (error.classe, error.verdict.detail) == (
        Classe.RETRY,
        "ReplyTooBig after the request was written",
    )
    assert server.sent < 20 * MAX_REPLY_BYTES, "what the kernel buffers hold, not 200 MiB"


async def test_a_gzip_bomb_does_not_grow_memory(server: OddServer, http: Http) -> None:
    await http.request("GET", server.url + "/ok")
    tracemalloc.start()

    error = await failure(http, server.url + "/bomb")

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert error.classe is Classe.RETRY
    assert peak < 8 * MAX_REPLY_BYTES, "a few copies of the cap, not 200 MiB"


@pytest.mark.parametrize("path", ["/redirect", "/badredirect"])
async def test_a_redirect_is_not_followed(server: OddServer, http: Http, path: str) -> None:
    request = Request("POST", server.url + path, json={})

    with pytest.raises(OutsideError) as caught:
        await http.send(request, ok_if_json)

    assert caught.value.classe is Classe.INVALID_REQUEST
    assert len(server.requests) == 1


@pytest.mark.parametrize("path", ["/truncated", "/html"])
async def test_a_200_that_is_not_the_platforms_json_is_left_to_classify(
    server: OddServer, http: Http, path: str
) -> None:
    answer = await http.request("GET", server.url + path)
    assert answer.json() is None

    with pytest.raises(OutsideError) as caught:
        await http.send(Request("GET", server.url + path), ok_if_json)

    assert caught.value.classe is Classe.RETRY


async def test_a_down_destination_opens_the_breaker_and_is_not_called(server: OddServer) -> None:
    http = Http("loja", breaker=CircuitBreaker(2, name="loja"))
    request = Request("GET", server.url + "/unavailable")

    with capture_logs() as logs:
        for _ in range(2):
            with pytest.raises(OutsideError):
                await http.send(request, ok_if_json)
        with pytest.raises(CircuitBreakerOpen):
            await http.send(request, ok_if_json)
        http.breaker.reset()
    await http.aclose()

    assert len(server.requests) == 2
    assert [(line["log_level"], line["event"], line["destino"]) for line in logs] == [
        ("warning", "destination down", "loja"),
        ("info", "destination back", "loja"),
    ]


@pytest.mark.parametrize(
    ("path", "classe"), [("/unauthorized", Classe.AUTH), ("/redirect", Classe.INVALID_REQUEST)]
)
async def test_a_refusal_of_ours_does_not_open_the_breaker(
    server: OddServer, path: str, classe: Classe
) -> None:
    http = Http("loja", breaker=CircuitBreaker(1))

    for _ in range(3):
        with pytest.raises(OutsideError) as caught:
            await http.send(Request("GET", server.url + path), ok_if_json)
        assert caught.value.classe is classe
        assert caught.value.temporary is False
    await http.aclose()

    assert http.breaker.state is BreakerState.CLOSED


async def test_a_rate_limit_keeps_everybody_quiet_for_as_long_as_asked(server: OddServer) -> None:
    now = 0.0
    http = Http("loja", breaker=CircuitBreaker(1), clock=lambda: now)

    with pytest.raises(OutsideError) as first:
        await http.send(Request("GET", server.url + "/slowdown"), ok_if_json)
    now = 3.0
    with pytest.raises(Adiado) as second:
        await http.request("GET", server.url + "/ok")
    now = 7.1
    answer = await http.request("GET", server.url + "/ok")
    await http.aclose()

    assert (first.value.classe, first.value.retry_after_s) == (Classe.RATE_LIMITED, 7.0)
    assert second.value.retry_after_s == 4.0
    assert answer.status == 200
    assert len(server.requests) == 2
    assert http.breaker.state is BreakerState.CLOSED


async def test_a_platform_may_name_the_instant_from_which_it_listens(server: OddServer) -> None:
    http = Http("loja")
    until = time.time() + 60

    for kind in (OutsideError, Adiado):
        with pytest.raises(kind) as caught:
            await http.send(
                Request("GET", server.url + "/ok"),
                lambda _answer: Verdict(Classe.RATE_LIMITED, reset_epoch_s=until),
            )
        assert caught.value.retry_after_s == pytest.approx(60, abs=1)
    await http.aclose()

    assert len(server.requests) == 1


async def test_a_call_waits_a_little_for_its_turn_and_gives_up_beyond_that(
    server: OddServer,
) -> None:
    http = Http("loja", limiter=TokenBucketRateLimiter(20.0, 1))
    slow = Http("lenta", limiter=TokenBucketRateLimiter(0.1, 1))

    for _ in range(3):
        assert (await http.request("GET", server.url + "/ok")).status == 200
    await slow.request("GET", server.url + "/ok")
    with pytest.raises(Adiado, match="lenta waits for its turn") as caught:
        await slow.request("GET", server.url + "/ok")
    await http.aclose()
    await slow.aclose()

    assert caught.value.retry_after_s == pytest.approx(10, abs=1)


async def test_a_cancelled_call_says_nothing_to_the_breaker(server: OddServer) -> None:
    http = Http("loja", breaker=CircuitBreaker(1))
    call = asyncio.create_task(http.request("GET", server.url + "/mute"))
    await asyncio.sleep(0.1)

    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await http.aclose()

    assert http.breaker.state is BreakerState.CLOSED


@dataclass
class Counter:
    """A registry that keeps what it is told."""

    told: list[tuple[str, ...]] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)

    def record_request(self, hub: str, method: str) -> None:
        self.told.append(("request", hub, method))

    def record_success(self, hub: str, method: str, *, latency_ms: float) -> None:
        self.told.append(("success", hub, method))
        self.latencies_ms.append(latency_ms)

    def record_failure(self, hub: str, method: str, error: str) -> None:
        self.told.append(("failure", hub, method, error))


async def test_every_call_is_counted_with_how_it_ended(server: OddServer) -> None:
    meter = Counter()
    http = Http("loja", meter=meter)

    await http.send(Request("GET", server.url + "/ok", operation="get_me"), ok_if_json)
    with pytest.raises(OutsideError):
        await http.send(Request("GET", server.url + "/cut"), ok_if_json)
    await http.aclose()

    assert meter.told == [
        ("request", "loja", "get_me"),
        ("success", "loja", "get_me"),
        ("request", "loja", "get"),
        ("failure", "loja", "get", "retry"),
    ]
    assert meter.latencies_ms[0] > 0


async def test_a_call_of_another_library_has_the_same_guards() -> None:
    meter = Counter()
    http = Http("loja", meter=meter, breaker=CircuitBreaker(1))
    verdicts = [Verdict(Classe.OK), Verdict(Classe.RETRY, "refused")]

    async def call() -> Verdict:
        return verdicts.pop(0)

    await http.guard(call, operation="notify")
    with pytest.raises(OutsideError, match="refused"):
        await http.guard(call, operation="notify")
    with pytest.raises(CircuitBreakerOpen):
        await http.guard(call, operation="notify")

    assert [told[0] for told in meter.told] == ["request", "success", "request", "failure"]


async def test_a_limit_chosen_by_the_installation_is_not_replaced_by_the_platforms() -> None:
    chosen, platforms = TokenBucketRateLimiter(1.0), TokenBucketRateLimiter(2.0)
    with_own, without = Http("a", limiter=chosen), Http("b")

    with_own.limit_to(platforms)
    without.limit_to(platforms)

    assert (with_own.limiter, without.limiter) == (chosen, platforms)


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        (f"http://{CANARY}:port/x", {}),
        (f"{CANARY}.example/x", {}),
        ("/ok", {"Authorization": f"Bearer {CANARY}\n"}),
        ("/ok", {"Authorization": f"Bearer {CANARY}\udc00"}),
        (f"ftp://127.0.0.1/{CANARY}", {}),
    ],
)
async def test_a_request_that_cannot_be_sent_is_refused_without_showing_it(
    server: OddServer, http: Http, url: str, headers: dict[str, str]
) -> None:
    full = server.url + url if url.startswith("/") else url

    with pytest.raises(OutsideError) as caught:
        await http.request("POST", full, headers=headers)

    assert caught.value.classe is Classe.INVALID_REQUEST
    assert CANARY not in str(caught.value)
    assert server.requests == []


async def test_a_body_that_is_no_json_is_refused(http: Http) -> None:
    with pytest.raises(OutsideError, match="not sent"):
        await http.request("POST", "http://127.0.0.1:1/x", json={"a": "\ud800", "b": float("nan")})


async def test_no_secret_of_a_call_is_logged_at_any_level(
    server: OddServer, http: Http, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    request = Request(
        "POST",
        f"{server.url}/ok?token={CANARY}",
        json={"segredo": CANARY},
        headers={"Authorization": CANARY},
    )

    with capture_logs() as logs:
        await http.send(request, ok_if_json)
        error = await failure(http, f"{server.url}/cut?token={CANARY}")

    assert CANARY not in caplog.text
    assert CANARY not in str(logs)
    assert CANARY not in repr(request)
    assert CANARY not in f"{error!r} {error}"


def test_one_http_serves_a_script_that_runs_several_loops() -> None:
    def two_loops() -> list[int]:
        http = Http("loja")

        async def once() -> int:
            async with odd_server() as server:
                return (await http.request("GET", server.url + "/ok")).status

        return [asyncio.run(once()) for _ in range(2)]

    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        statuses = two_loops()
        gc.collect()  # the first loop's connections ended with it; Python says so here

    assert statuses == [200, 200]
