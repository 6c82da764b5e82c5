"""Who may speak to the edge, under which name and from where."""

from pathlib import Path
from typing import Any

import httpx2
import pytest

from ponte.testing import Embedded
from tests.edge.conftest import problem, running

# ---------------------------------------------------------------- Host and Origin


async def test_a_host_of_this_installation_is_served(porta: Embedded) -> None:
    hosts = ["ponte.test", "PONTE.test:8000", "127.0.0.1:80", "localhost"]

    answers = [await porta.http.get("/health/live", headers={"Host": host}) for host in hosts]

    assert [answer.status_code for answer in answers] == [200] * 4


async def test_any_other_host_is_misdirected(porta: Embedded) -> None:
    hosts = ["evil.test", "ponte.test.evil.test", "evil.test:ponte.test", "", "ponte.test:80:80"]

    answers = [await porta.http.get("/health/live", headers={"Host": host}) for host in hosts]

    assert {problem(answer) for answer in answers} == {(421, "host_recusado")}


async def test_a_host_that_is_an_address_of_a_declared_network_is_served(tmp_path: Path) -> None:
    good = ["10.7.0.9:8000", "10.7.255.1", "[fd00::1]:8000", "ponte.test"]
    bad = ["10.8.0.1", "10.7.0.9.evil.test", "evil.test", "10.7.0.0/16", "[fe80::1]", "010.7.0.9"]
    hosts = ("ponte.test", "10.7.0.0/16", "fd00::/8")

    async with running(tmp_path, allowed_hosts=hosts) as ponte:
        answers = [
            await ponte.http.get("/health/live", headers={"Host": host}) for host in good + bad
        ]

    assert [answer.status_code for answer in answers] == [200] * 4 + [421] * 6


FOREIGN = [
    {"Origin": "https://evil.test"},
    {"Origin": "null"},
    {"Origin": "http://ponte.test:3000"},
    {"Origin": "http://ponte.test.evil.test"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "http://ponte.test", "Sec-Fetch-Site": "cross-site"},
]


async def test_another_sites_page_changes_nothing(porta: Embedded) -> None:
    answers = [
        await porta.http.request(method, "/chaves", headers=headers)
        for method in ("POST", "PUT", "PATCH", "DELETE")
        for headers in FOREIGN
    ]

    assert {problem(answer) for answer in answers} == {(403, "origem_recusada")}


OURS: list[dict[str, str]] = [
    {},
    {"Origin": "http://ponte.test"},
    {"Origin": "http://ponte.test:80", "Sec-Fetch-Site": "same-origin"},
    {"Origin": "https://ponte.test"},
    {"Sec-Fetch-Site": "none"},
]


async def test_machines_and_our_own_pages_may(porta: Embedded) -> None:
    answers = [
        await porta.http.post("/planted/size", content=b"abc", headers=headers) for headers in OURS
    ]

    assert [(a.status_code, a.text) for a in answers] == [(200, "3")] * len(OURS)


async def test_reading_from_another_page_is_the_browsers_to_refuse(porta: Embedded) -> None:
    answer = await porta.http.get("/estoque", headers={"Origin": "https://evil.test"})

    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("access-control")]


async def handshake(porta: Embedded, headers: dict[str, str], **more: Any) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    pairs = [(k.lower().encode(), v.encode()) for k, v in headers.items()]
    scope = {
        "type": "websocket", "path": "/ws", "raw_path": b"/ws", "query_string": b"",
        "headers": pairs, "client": ("203.0.113.7", 1), "scheme": "ws", **more,
    }  # fmt: skip
    await porta.app(scope, receive, send)
    return sent


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "ponte.test", "Origin": "https://evil.test"}, 403),
        ({"Host": "ponte.test", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Host": "evil.test", "Origin": "http://evil.test"}, 421),
    ],
)
async def test_another_sites_page_opens_no_socket(
    porta: Embedded, headers: dict[str, str], status: int
) -> None:
    closed = await handshake(porta, headers)
    answered = await handshake(porta, headers, extensions={"websocket.http.response": {}})

    assert closed == [{"type": "websocket.close", "code": 1008}]
    assert answered[0]["type"] == "websocket.http.response.start"
    assert answered[0]["status"] == status


# ---------------------------------------------------------------- proxies


async def seen_as(porta: Embedded, peer: str, **headers: str) -> dict[str, str]:
    transport = httpx2.ASGITransport(app=porta.app, client=(peer, 1))
    async with httpx2.AsyncClient(transport=transport, base_url="http://ponte.test") as client:
        sent = {k.replace("_", "-"): v for k, v in headers.items()}
        answer = await client.get("/planted/address", headers=sent)
        found: dict[str, str] = answer.json()
        return found


async def test_nobody_chooses_his_own_address(porta: Embedded) -> None:
    seen = await seen_as(
        porta, "203.0.113.7", x_forwarded_for="10.1.1.1", x_forwarded_proto="https"
    )

    assert seen == {"address": "203.0.113.7", "scheme": "http"}


CHAINS = [
    ("10.0.0.1", "198.51.100.4", "198.51.100.4"),
    ("10.0.0.1", "1.2.3.4, 198.51.100.4", "198.51.100.4"),
    ("10.0.0.1", "198.51.100.4, 10.0.0.2", "198.51.100.4"),
    ("10.0.0.1", "junk", "10.0.0.1"),
    ("10.0.0.1", "junk, 10.0.0.2", "10.0.0.2"),
    ("10.0.0.1", "2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
    ("203.0.113.7", "198.51.100.4", "203.0.113.7"),
]


async def test_a_declared_proxy_is_believed_up_to_the_first_stranger(data_dir: Path) -> None:
    async with running(data_dir, trusted_proxies=("10.0.0.0/8",)) as porta:
        seen = [
            (peer, chain, (await seen_as(porta, peer, x_forwarded_for=chain))["address"])
            for peer, chain, _ in CHAINS
        ]

    assert seen == CHAINS


async def test_a_declared_proxy_says_whether_it_was_https(data_dir: Path) -> None:
    async with running(data_dir, trusted_proxies=("10.0.0.1",)) as porta:
        seen = await seen_as(
            porta, "10.0.0.1", x_forwarded_for="198.51.100.4", x_forwarded_proto="https"
        )

    assert seen == {"address": "198.51.100.4", "scheme": "https"}


async def test_a_proxy_that_is_no_network_stops_the_start(data_dir: Path) -> None:
    with pytest.raises(Exception, match="PONTE_TRUSTED_PROXIES: proxy"):
        async with running(data_dir, trusted_proxies=("proxy",)):
            pass
