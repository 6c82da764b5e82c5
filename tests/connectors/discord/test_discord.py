"""Discord: one embed that pings nobody, saved before it counts, limits obeyed early."""

import json
from asyncio import StreamWriter
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from ponte.connectors.discord import connector
from ponte.connectors.discord.build import build
from ponte.connectors.discord.classify import classify
from ponte.connectors.discord.settings import DiscordSettings
from ponte.domain.alerta import Severidade
from ponte.errors import Adiado
from ponte.resilience.classes import Classe
from tests.connectors.lent import (
    ESTOQUE_BAIXO,
    HERE,
    answer,
    expected,
    lending,
    recorded,
    responses,
)
from tests.resilience.odd_server import OddServer, odd_server

URL = "https://discord.test/api/webhooks/1/x"


@pytest.mark.parametrize("file", responses("discord"))
def test_a_recorded_answer_has_its_class(file: str) -> None:
    meaning = expected("discord")[file]

    verdict = classify(recorded("discord", file))

    assert verdict.classe == meaning["class"]
    assert verdict.retry_after_s == meaning.get("retry_after_s")
    assert str(meaning.get("code", "")) in verdict.detail


@pytest.mark.parametrize(
    ("status", "body", "classe"),
    [
        (200, "<html>", Classe.RETRY),
        (301, "", Classe.INVALID_REQUEST),
        (400, {"code": 50109, "message": "not JSON"}, Classe.INVALID_REQUEST),
        (401, "", Classe.GONE),
        (403, {"code": 50013, "message": "Missing Permissions"}, Classe.AUTH),
        (404, "", Classe.GONE),
        (404, {"code": 10003, "message": "Unknown Channel"}, Classe.INVALID_REQUEST),
        (404, {"code": 10008, "message": "Unknown Message"}, Classe.INVALID_REQUEST),
        (413, "", Classe.INVALID_REQUEST),
        (502, "<html>", Classe.RETRY),
    ],
)
def test_an_answer_has_the_class_of_the_contract(status: int, body: Any, classe: Classe) -> None:
    assert classify(answer(status, body)).classe is classe


@pytest.mark.parametrize(
    ("body", "headers", "wait_s"),
    [
        ({"retry_after": 64.57}, {"Retry-After": "65"}, 64.57),
        ("<html>", {"Retry-After": "65"}, 65.0),
        ("", {"X-RateLimit-Reset-After": "2.5"}, 2.5),
        ("", {}, None),
    ],
)
def test_the_most_exact_wait_is_obeyed(
    body: Any, headers: dict[str, str], wait_s: float | None
) -> None:
    assert classify(answer(429, body, headers=headers)).retry_after_s == wait_s


def test_a_success_that_emptied_the_bucket_asks_for_a_pause() -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "2.0"}

    verdict = classify(answer(200, {"id": "1"}, headers=headers))

    assert (verdict.classe, verdict.retry_after_s) == (Classe.OK, 2.0)


def test_an_alerta_is_one_embed_that_pings_nobody() -> None:
    request = build(ESTOQUE_BAIXO, URL)

    assert request.url == f"{URL}?wait=true"
    assert request.json == {
        "username": "Ponte",
        "embeds": [
            {
                "title": "🟡 Aviso: Estoque baixo",
                "description": "Café <500g\\> & Filtro (7891): 3 un. na filial 1, mínimo 5.",
                "color": 0xF1C40F,
                "timestamp": "2026-01-01T00:00:00.000Z",
                "footer": {"text": "Ponte · filial 1 · produto 7891 · 31/12/2025 21:00:00"},
            }
        ],
        "allowed_mentions": {"parse": []},
    }


def test_the_embed_has_only_fields_that_discord_documents() -> None:
    documented = json.loads((HERE / "discord" / "fixtures" / "request_embed.json").read_text())

    ours = build(ESTOQUE_BAIXO, URL).json

    assert ours.keys() <= documented.keys()
    assert ours["embeds"][0].keys() <= documented["embeds"][0].keys()


def test_each_severity_and_the_end_have_a_colour_of_their_own() -> None:
    colours = {
        build(replace(ESTOQUE_BAIXO, severidade=s), URL).json["embeds"][0]["color"]
        for s in Severidade
    }
    over = build(ESTOQUE_BAIXO, URL, fim=True).json["embeds"][0]

    assert len(colours | {over["color"]}) == 4
    assert over["title"] == "✅ Resolvido: Estoque baixo"


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        (URL, f"{URL}?wait=true"),
        (f"{URL}?thread_id=7", f"{URL}?thread_id=7&wait=true"),
        (f"{URL}?wait=false", f"{URL}?wait=true"),
    ],
)
def test_the_message_is_always_waited_for(url: str, sent: str) -> None:
    assert build(ESTOQUE_BAIXO, url).url == sent


class Discord(OddServer):
    """A webhook whose bucket is empty after each message."""

    async def do_saved(self, writer: StreamWriter) -> None:
        head = "X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset-After: 30\r\n"
        self.answer(writer, b'{"id": "1"}', head=head)


async def test_an_empty_bucket_puts_the_next_alerta_off_before_it_is_refused() -> None:
    async with odd_server(Discord()) as server, lending() as lent:
        assert connector.alerts is not None
        settings = DiscordSettings(webhook_url=SecretStr(f"{server.url}/saved"))
        sink = connector.alerts(settings, lent.deps)

        await sink.deliver(ESTOQUE_BAIXO)
        with pytest.raises(Adiado) as put_off:
            await sink.deliver(ESTOQUE_BAIXO)

        assert put_off.value.retry_after_s == pytest.approx(30, abs=1)
        assert len(server.requests) == 1


async def test_the_probe_reads_the_webhook_without_posting() -> None:
    async with odd_server(Discord()) as server, lending() as lent:
        assert connector.probe is not None
        settings = DiscordSettings(webhook_url=SecretStr(f"{server.url}/saved"))

        await connector.probe(settings, lent.deps)

        assert server.requests[0].startswith(b"GET /saved ")
