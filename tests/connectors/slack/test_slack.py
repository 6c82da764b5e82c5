"""Slack: blocks with a fallback, escapes, and a meaning for each answer."""

import json
from asyncio import StreamWriter
from dataclasses import replace

import pytest
from pydantic import SecretStr

from ponte.connectors.slack import connector
from ponte.connectors.slack.build import build
from ponte.connectors.slack.classify import classify, classify_blocks
from ponte.connectors.slack.settings import SlackSettings
from ponte.resilience.classes import Classe, OutsideError
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

URL = "https://hooks.slack.test/services/T/B/x"


@pytest.mark.parametrize("file", responses("slack"))
def test_a_recorded_answer_has_its_class(file: str) -> None:
    meaning = expected("slack")[file]

    verdict = classify(recorded("slack", file))

    assert verdict.classe == meaning["class"]
    assert verdict.retry_after_s == meaning.get("retry_after_s")
    assert meaning.get("code", "") in verdict.detail


@pytest.mark.parametrize(
    ("status", "body", "classe"),
    [
        (200, "<html>maintenance</html>", Classe.GONE),
        (200, "", Classe.GONE),
        (204, "", Classe.GONE),
        (302, "", Classe.INVALID_REQUEST),
        (400, "too_many_attachments", Classe.INVALID_REQUEST),
        (403, "team_disabled", Classe.AUTH),
        (404, "no_active_hooks", Classe.GONE),
    ],
)
def test_an_answer_has_the_class_of_the_contract(status: int, body: str, classe: Classe) -> None:
    assert classify(answer(status, body)).classe is classe


def test_refused_blocks_count_as_ok_only_for_the_try_that_had_some() -> None:
    refused = recorded("slack", "response_invalid_blocks.json")

    assert classify_blocks(refused).classe is Classe.OK
    assert classify(refused).classe is Classe.INVALID_REQUEST


def test_an_alerta_is_a_message_of_blocks_with_its_text_as_the_fallback() -> None:
    request = build(ESTOQUE_BAIXO, URL)

    texto = "Café &lt;500g&gt; &amp; Filtro (7891): 3 un. na filial 1, mínimo 5."
    rodape = "filial 1 · produto 7891 · 31/12/2025 21:00:00"
    assert request.url == URL
    assert request.json == {
        "text": f"*🟡 Aviso: Estoque baixo*\n{texto}\n{rodape}",
        "unfurl_links": False,
        "unfurl_media": False,
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "🟡 Aviso: Estoque baixo"}},
            {"type": "section", "text": {"type": "mrkdwn", "text": texto}},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": f"Ponte · {rodape}"}]},
        ],
    }


def test_the_blocks_are_of_the_kinds_that_slack_documents() -> None:
    documented = json.loads((HERE / "slack" / "fixtures" / "request_blocks.json").read_text())

    ours = build(ESTOQUE_BAIXO, URL).json

    assert [b["type"] for b in ours["blocks"]] == [b["type"] for b in documented["blocks"]]
    assert ours.keys() >= documented.keys()


def test_a_name_cannot_ping_the_channel() -> None:
    body = build(replace(ESTOQUE_BAIXO, titulo="<!channel>", texto="<@U1>"), URL).json

    assert "<" not in json.dumps(body, ensure_ascii=False)


def test_the_end_of_an_alerta_says_so() -> None:
    assert build(ESTOQUE_BAIXO, URL, fim=True).json["text"].startswith("*✅ Resolvido: ")


class Slack(OddServer):
    """Slack's answers: to all, and with blocks refused."""

    async def do_accept(self, writer: StreamWriter) -> None:
        self.answer(writer, b"ok")

    async def do_refuse(self, writer: StreamWriter) -> None:
        refused = b'"blocks"' in self.requests[-1]
        body, status = (b"invalid_blocks", "400 Bad Request") if refused else (b"ok", "200 OK")
        self.answer(writer, body, status=status)


async def test_a_message_that_is_taken_is_posted_once() -> None:
    async with odd_server(Slack()) as server, lending() as lent:
        assert connector.alerts is not None
        url = SecretStr(f"{server.url}/accept")
        sink = connector.alerts(SlackSettings(webhook_url=url), lent.deps)

        await sink.deliver(ESTOQUE_BAIXO)

        assert len(server.requests) == 1
        assert b'"blocks"' in server.requests[0]


async def test_a_message_whose_blocks_are_refused_goes_out_as_text() -> None:
    async with odd_server(Slack()) as server, lending() as lent:
        assert connector.alerts is not None
        url = SecretStr(f"{server.url}/refuse")
        sink = connector.alerts(SlackSettings(webhook_url=url), lent.deps)

        await sink.deliver(ESTOQUE_BAIXO)

        assert len(server.requests) == 2
        assert b'"blocks"' not in server.requests[-1]


async def test_a_webhook_that_answers_something_else_is_gone() -> None:
    async with odd_server() as server, lending() as lent:
        assert connector.alerts is not None
        url = SecretStr(f"{server.url}/html")
        sink = connector.alerts(SlackSettings(webhook_url=url), lent.deps)

        with pytest.raises(OutsideError) as caught:
            await sink.deliver(ESTOQUE_BAIXO)

        assert (caught.value.classe, caught.value.retry) == (Classe.GONE, False)
