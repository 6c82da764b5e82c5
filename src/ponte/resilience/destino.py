"""Destino: how far an address that a caller gave may lead.

Whoever may name an address could name one inside the shop's network, where Ponte's own
request counts as trusted. So a name is resolved once, every address of it is judged, and
the connection goes to the judged address and to no other: a name that means something else
the next moment changes nothing. Redirects are not followed. Addresses of the settings are
the operator's own and don't come here.
Source: RFC 6890 (special-purpose addresses) and OWASP's SSRF prevention cheat sheet.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence

import httpx2

from ponte.resilience.classes import Classe, OutsideError, Verdict, by_status
from ponte.resilience.exchange import Answer, Request
from ponte.resilience.http import Http, tls

DESTINO = "endereco_alheio"
PORTAS = frozenset({80, 443, 8443})  # RELIABILITY: what the web is served on
TIMEOUT_S = 20.0  # chosen: a medium of 10 MiB at half a megabyte a second
MAX_TRIED = 3  # chosen: addresses of one name; a fourth is no better than the first three
MAX_URL = 2048  # chosen: as browsers and platforms have it

Endereco = ipaddress.IPv4Address | ipaddress.IPv6Address
Rede = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]

_UNICAST = ipaddress.IPv6Network("2000::/3")  # all that IPv6 routes worldwide
# Global to Python or to some version of it, and yet not the wide world: the wire server of
# Azure, protocol assignments, relays that wrap an IPv4 address (NAT64 lies outside 2000::/3).
_NEVER: tuple[Rede, ...] = tuple(
    ipaddress.ip_network(net)
    for net in ("168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2002::/16",
                "2001:db8::/32", "3fff::/20")
)  # fmt: skip


class DestinoRecusado(httpx2.UnsupportedProtocol):
    """The address leads where callers' addresses may not; nothing was sent."""


def is_public(endereco: Endereco) -> bool:
    """Tell whether an address belongs to the wide world."""
    if isinstance(endereco, ipaddress.IPv6Address):
        if endereco.ipv4_mapped is not None:
            return is_public(endereco.ipv4_mapped)
        if endereco not in _UNICAST:
            return False
    if any(endereco in net for net in _NEVER if net.version == endereco.version):
        return False
    return endereco.is_global and not endereco.is_multicast


def networks(textos: Sequence[str]) -> tuple[Rede, ...]:
    """Read networks; raises `ValueError` for what is none."""
    return tuple(ipaddress.ip_network(texto, strict=False) for texto in textos)


def broken(url: str, *, redes: Sequence[Rede] = ()) -> str | None:
    """Return why an address may not be fetched, as far as its text tells; None: it may be.

    Args:
        url: The address as a caller gave it.
        redes: Networks that the operator allows; http is taken there alone.
    """
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError, TypeError):
        return "an https address expected"
    if len(url) > MAX_URL:
        return f"at most {MAX_URL} characters"
    return _broken(parsed, redes)


def _broken(url: httpx2.URL, redes: Sequence[Rede]) -> str | None:
    if url.scheme not in ("https", "http") or not url.host:
        return "an https address expected"
    if url.userinfo:
        return "no user or password in an address"
    literal = _address(url.host)
    allowed = literal is not None and _within(literal, redes)
    if url.scheme == "http" and not redes:
        return "an https address expected"
    if literal is not None and not allowed and not is_public(literal):
        return "not an address of the public internet"
    if not redes and (url.port or 443) not in PORTAS:
        return f"one of the ports {', '.join(map(str, sorted(PORTAS)))} expected"
    return None


async def fetch(
    url: str,
    *,
    max_bytes: int,
    redes: Sequence[Rede] = (),
    timeout_s: float = TIMEOUT_S,
    resolve: Resolver | None = None,
) -> Answer:
    """Return what lies at an address that a caller gave.

    Args:
        url: The address.
        max_bytes: The largest reply that is read.
        redes: Networks that the operator allows beside the public internet.
        timeout_s: For the whole of it.
        resolve: Gives the addresses of a name and port; the system's by default.

    Raises:
        OutsideError: nothing is there, it is too much, it redirects, or it may not be fetched.
    """
    why = broken(url, redes=redes)
    if why is not None:
        raise OutsideError(DESTINO, verdict=Verdict(Classe.INVALID_REQUEST, why))
    # One for each call: an address that is down says nothing of other callers'.
    http = Http(DESTINO, transport=GuardedTransport(redes, resolve=resolve or _resolve))
    request = Request("GET", url, timeout_s=timeout_s, operation="fetch", reply_bytes=max_bytes)
    try:
        return await http.send(request, _classify)
    finally:
        await http.aclose()


def _classify(answer: Answer) -> Verdict:
    verdict = by_status(answer.status, retry_after_s=answer.retry_after_s)
    if verdict.classe is Classe.AUTH:
        # It says nothing of any key of ours, and no canal must stop for it.
        return Verdict(Classe.INVALID_REQUEST, verdict.detail)
    return verdict


class GuardedTransport(httpx2.AsyncBaseTransport):
    """Connects to judged addresses alone; the name stays in `Host` and in TLS."""

    def __init__(self, redes: Sequence[Rede] = (), *, resolve: Resolver) -> None:
        self._redes = tuple(redes)
        self._resolve = resolve
        # No connection is kept: the next name may share the address and not the certificate.
        limits = httpx2.Limits(max_keepalive_connections=0)
        self._inner = httpx2.AsyncHTTPTransport(verify=tls(), trust_env=False, limits=limits)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Judge where the request would go, and send it there."""
        url = request.url
        why = _broken(url, self._redes)
        if why is not None:
            raise DestinoRecusado(why)
        port = url.port or (443 if url.scheme == "https" else 80)
        addresses = await self._judged(url, port)
        request.extensions = {**request.extensions, "sni_hostname": url.host}
        for last, address in enumerate(addresses, start=1):
            request.url = url.copy_with(host=str(address))
            try:
                return await self._inner.handle_async_request(request)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                if last == len(addresses):
                    raise
        raise httpx2.ConnectError("no address", request=request)

    async def aclose(self) -> None:
        """Close what is open."""
        await self._inner.aclose()

    async def _judged(self, url: httpx2.URL, port: int) -> list[Endereco]:
        """Return the addresses of a name; one bad one among them refuses the name."""
        found = [_address(text) for text in await self._resolve(url.host, port)]
        for address in found:
            if address is None or not self._may(address, url, port):
                raise DestinoRecusado("not an address of the public internet")
        return [address for address in found if address is not None][:MAX_TRIED]

    def _may(self, address: Endereco, url: httpx2.URL, port: int) -> bool:
        if _within(address, self._redes):
            return True
        return is_public(address) and url.scheme == "https" and port in PORTAS


def _address(texto: str) -> Endereco | None:
    try:
        return ipaddress.ip_address(texto.strip("[]"))
    except ValueError:
        return None


def _within(address: Endereco, redes: Sequence[Rede]) -> bool:
    plain = getattr(address, "ipv4_mapped", None) or address
    return any(plain in net for net in redes if net.version == plain.version)


async def _resolve(host: str, port: int) -> Sequence[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpx2.ConnectError("no such name") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
