"""Addresses that callers give: what is no part of the public internet is never connected to."""

import ipaddress
from collections.abc import AsyncIterator, Sequence

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ponte.resilience import destino
from ponte.resilience.classes import Classe, OutsideError
from ponte.simulators.servidor import Servidor

HERE = destino.networks(["127.0.0.0/8"])
PNG = b"\x89PNG\r\n\x1a\n"

# RFC 6890 and what clouds put beside it, in every spelling that an address can be written.
FORBIDDEN = (
    "0.0.0.1", str(ipaddress.IPv4Address(0)), "10.0.0.1", "100.64.0.1", "100.100.100.200",
    "127.0.0.1", "169.254.169.254",
    "172.16.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1",
    "198.51.100.1", "203.0.113.1", "224.0.0.1", "224.0.1.1", "240.0.0.1", "255.255.255.255",
    "168.63.129.16", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1",
    "2002:7f00:1::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%1",
    "fec0::1", "ff02::1",
)  # fmt: skip


@pytest.mark.parametrize("text", FORBIDDEN)
def test_no_special_address_is_public(text: str) -> None:
    assert not destino.is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", ["8.8.8.8", "::ffff:8.8.8.8", "2606:4700::1111", "100.128.0.1"])
def test_an_address_of_the_wide_world_is_public(text: str) -> None:
    assert destino.is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", FORBIDDEN)
async def test_a_name_that_leads_inside_is_refused_before_anything_is_sent(text: str) -> None:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return ["8.8.8.8", text]

    with pytest.raises(OutsideError) as caught:
        await destino.fetch("https://loja.example/a.png", max_bytes=100, resolve=resolve)

    assert caught.value.classe is Classe.INVALID_REQUEST
    assert "DestinoRecusado" in caught.value.verdict.detail


@pytest.mark.parametrize(
    "url",
    [
        "", "ftp://loja.example/x", "file:///etc/passwd", "https://", "http://loja.example/x",
        "https://ana:senha@loja.example/x", "https://loja.example:22/x", "https://127.0.0.1/x",
        "https://[::1]/x", "https://[::ffff:10.0.0.1]/x", "https://10.0.0.1:443/x", "loja.example",
        "https://loja.example/" + "a" * 3000, "https://loja.example:99999/",
    ],
)  # fmt: skip
def test_what_its_text_alone_gives_away_is_refused_at_once(url: str) -> None:
    assert destino.broken(url) is not None


@pytest.mark.parametrize("host", ["2130706433", "0177.0.0.1", "127.1", "localhost"])
async def test_an_odd_spelling_of_an_inner_address_is_what_it_means(host: str) -> None:
    with pytest.raises(OutsideError) as caught:
        await destino.fetch(f"https://{host}/x", max_bytes=100)

    assert caught.value.classe is Classe.INVALID_REQUEST


@pytest.fixture
async def casa() -> AsyncIterator[str]:
    """A server on loopback, with a picture, a redirect and too much."""
    asked: list[str] = []

    async def picture(request: Request) -> Response:
        asked.append(request.headers["host"])
        return Response(PNG + asked[-1].encode(), media_type="image/png")

    async def away(_request: Request) -> Response:
        return RedirectResponse("http://127.0.0.1:1/inside")

    async def much(_request: Request) -> Response:
        return Response(b"x" * 5000)

    routes = [Route("/a.png", picture), Route("/away", away), Route("/much", much)]
    servidor = Servidor(Starlette(routes=routes))
    yield await servidor.start("127.0.0.1", 0)
    await servidor.stop()


async def test_an_allowed_network_is_reached_by_the_address_and_named_as_it_was_given(
    casa: str,
) -> None:
    port = casa.rpartition(":")[2]
    asked: list[str] = []

    async def resolve(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]  # as a name that rebinds

    answer = await destino.fetch(
        f"http://fotos.test:{port}/a.png", max_bytes=100, redes=HERE, resolve=resolve
    )

    assert answer.body == PNG + f"fotos.test:{port}".encode()
    assert asked == ["fotos.test"]


@pytest.mark.parametrize(("path", "classe"), [("away", "invalid_request"), ("much", "retry")])
async def test_neither_a_redirect_nor_too_much_is_followed(
    casa: str, path: str, classe: str
) -> None:
    with pytest.raises(OutsideError) as caught:
        await destino.fetch(f"{casa}/{path}", max_bytes=1000, redes=HERE)

    assert caught.value.classe == classe


async def test_an_allowed_network_opens_no_other(casa: str) -> None:
    port = casa.rpartition(":")[2]

    with pytest.raises(OutsideError) as caught:
        await destino.fetch(
            f"http://127.0.0.1:{port}/a.png", max_bytes=100, redes=destino.networks(["10.0.0.0/8"])
        )

    assert caught.value.classe is Classe.INVALID_REQUEST
