"""Apprise: each service is told once, whatever the others do."""

import json
import sys
from dataclasses import replace

import pytest
from pydantic import SecretStr

from ponte.connectors.apprise import connector
from ponte.connectors.apprise.sink import REMEMBERED, AppriseSettings
from ponte.errors import ConfiguracaoInvalida
from ponte.ports import AlertSink
from ponte.resilience.classes import Classe, OutsideError
from tests.connectors.lent import ESTOQUE_BAIXO, HERE, Lent, lending
from tests.resilience.odd_server import OddServer, odd_server

# Apprise loads all its services with the first URL, and one wants this on Python 3.11.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


def a_sink(lent: Lent, *urls: str) -> AlertSink:
    assert connector.alerts is not None
    given = ", ".join(url.replace("http://", "json://") for url in urls)
    return connector.alerts(AppriseSettings(urls=SecretStr(given)), lent.deps)


def paths(server: OddServer) -> list[str]:
    return [request.split(b" ", 2)[1].decode() for request in server.requests]


async def test_a_service_gets_the_notice_in_its_own_form() -> None:
    expected = json.loads((HERE / "apprise" / "fixtures" / "json_notification.json").read_text())

    async with odd_server() as server, lending() as lent:
        await a_sink(lent, f"{server.url}/ok").deliver(ESTOQUE_BAIXO)

        body = json.loads(server.requests[0].partition(b"\r\n\r\n")[2])
    assert body == expected


async def test_the_end_of_an_alerta_is_good_news() -> None:
    async with odd_server() as server, lending() as lent:
        await a_sink(lent, f"{server.url}/ok").deliver(ESTOQUE_BAIXO, fim=True)

        body = json.loads(server.requests[0].partition(b"\r\n\r\n")[2])
    assert (body["type"], body["title"]) == ("success", "✅ Resolvido: Estoque baixo")


async def test_a_service_that_took_it_is_not_told_again_because_another_did_not() -> None:
    async with odd_server() as server, lending() as lent:
        sink = a_sink(lent, f"{server.url}/a", f"{server.url}/unavailable", f"{server.url}/b")

        for _ in range(2):
            with pytest.raises(OutsideError, match="1 services") as caught:
                await sink.deliver(ESTOQUE_BAIXO)

        assert caught.value.classe is Classe.RETRY
        assert sorted(paths(server)) == ["/a", "/b", "/unavailable", "/unavailable"]


async def test_the_next_notice_of_the_same_alerta_is_told_to_all_again() -> None:
    async with odd_server() as server, lending() as lent:
        sink = a_sink(lent, f"{server.url}/a", f"{server.url}/b")

        await sink.deliver(ESTOQUE_BAIXO)
        await sink.deliver(replace(ESTOQUE_BAIXO, contagem=2))
        await sink.deliver(ESTOQUE_BAIXO, fim=True)

        assert sorted(paths(server)) == ["/a"] * 3 + ["/b"] * 3


async def test_what_is_remembered_of_old_notices_does_not_grow_without_limit() -> None:
    async with odd_server() as server, lending() as lent:
        sink = a_sink(lent, f"{server.url}/ok")
        remembered = sink._taken  # type: ignore[attr-defined]
        remembered.update((str(i), set()) for i in range(REMEMBERED))

        await sink.deliver(ESTOQUE_BAIXO)

        assert len(remembered) == REMEMBERED


@pytest.mark.parametrize("urls", ["nothing://like/it", "json://127.0.0.1, no url at all"])
def test_a_url_that_names_no_service_stops_the_start_without_showing_it(urls: str) -> None:
    with pytest.raises(ConfiguracaoInvalida) as caught:
        a_sink(Lent(), urls)

    assert "PONTE_APPRISE__URLS" in str(caught.value)
    assert "like" not in str(caught.value)


def test_without_the_library_the_start_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)

    with pytest.raises(ConfiguracaoInvalida, match=r"ponte\[apprise\]"):
        a_sink(Lent(), "http://127.0.0.1:9")
