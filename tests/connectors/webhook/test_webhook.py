"""Webhook: what is posted, who signed it, and what the receiver's answer means."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace

import pytest
from pydantic import SecretStr, ValidationError

from ponte.connectors.webhook import connector
from ponte.connectors.webhook.build import build
from ponte.connectors.webhook.classify import classify
from ponte.connectors.webhook.settings import WebhookSettings
from ponte.connectors.webhook.sign import sign
from ponte.resilience.classes import Classe, OutsideError
from tests.connectors.lent import ESTOQUE_BAIXO, HERE, NOW_MS, answer, lending
from tests.resilience.odd_server import odd_server

FIXTURES = HERE / "webhook" / "fixtures"
URL = "https://loja.test/alertas"


def test_the_signature_is_that_of_the_reference_vector() -> None:
    vector = json.loads((FIXTURES / "signature.json").read_text())

    headers = sign(
        vector["body"].encode(),
        vector["secret"],
        message_id=vector["webhook-id"],
        timestamp_s=vector["webhook-timestamp"],
    )

    assert headers == {
        "webhook-id": vector["webhook-id"],
        "webhook-timestamp": str(vector["webhook-timestamp"]),
        "webhook-signature": vector["webhook-signature"],
    }


def test_a_secret_of_plain_text_signs_with_its_own_bytes() -> None:
    headers = sign(b"{}", "segredo falso", message_id="1", timestamp_s=2)

    digest = hmac.new(b"segredo falso", b"1.2.{}", hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()


def test_without_a_secret_nothing_is_signed() -> None:
    request = build(ESTOQUE_BAIXO, URL, secret="", now_ms=NOW_MS)

    assert "webhook-signature" not in request.headers


def test_an_alerta_is_posted_as_documented() -> None:
    documented = json.loads((FIXTURES / "alerta_criado.json").read_text())

    request = build(ESTOQUE_BAIXO, URL, secret="x" * 32, now_ms=NOW_MS + 5_000)

    assert json.loads(request.content or b"") == documented
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["webhook-timestamp"] == "1767225605"


def test_every_try_of_a_notice_has_one_id_and_each_notice_its_own() -> None:
    def id_of(alerta_contagem: int, *, fim: bool = False, now_ms: int = NOW_MS) -> str:
        alerta = replace(ESTOQUE_BAIXO, contagem=alerta_contagem)
        return build(alerta, URL, secret="", now_ms=now_ms, fim=fim).headers["webhook-id"]

    assert id_of(1) == id_of(1, now_ms=NOW_MS + 60_000)
    assert len({id_of(1), id_of(2), id_of(2, fim=True)}) == 3


def test_the_end_of_an_alerta_is_an_event_of_its_own() -> None:
    over = replace(ESTOQUE_BAIXO, resolvido=True, resolvido_em=NOW_MS + 60_000)

    event = json.loads(build(over, URL, secret="", now_ms=NOW_MS, fim=True).content or b"")

    assert (event["type"], event["timestamp"]) == ("alerta.resolvido", "2026-01-01T00:01:00.000Z")
    assert event["data"]["resolvido_em"] == "2026-01-01T00:01:00.000Z"


@pytest.mark.parametrize(
    ("status", "classe"),
    [
        (200, Classe.OK),
        (202, Classe.OK),
        (204, Classe.OK),
        (301, Classe.INVALID_REQUEST),
        (400, Classe.INVALID_REQUEST),
        (401, Classe.AUTH),
        (404, Classe.INVALID_REQUEST),
        (408, Classe.RETRY),
        (410, Classe.GONE),
        (425, Classe.RETRY),
        (429, Classe.RATE_LIMITED),
        (503, Classe.RETRY),
    ],
)
def test_the_status_of_the_receiver_decides(status: int, classe: Classe) -> None:
    assert classify(answer(status, "<html>")).classe is classe


def test_a_secret_that_only_looks_like_base64_stops_the_start_without_showing_it() -> None:
    with pytest.raises(ValidationError) as caught:
        WebhookSettings.model_validate({"url": URL, "secret": "whsec_não é base64"})

    assert "base64 expected" in str(caught.value)
    assert "não é" not in str(caught.value)


async def test_a_post_reaches_the_receiver_with_a_signature_it_can_check() -> None:
    async with odd_server() as server, lending() as lent:
        assert connector.alerts is not None
        settings = WebhookSettings(
            url=SecretStr(f"{server.url}/ok"), secret=SecretStr("whsec_MfKQ9r8GKYqrTwjUPD8ILPZI")
        )
        sink = connector.alerts(settings, lent.deps)

        await sink.deliver(ESTOQUE_BAIXO)

        head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    signed = f"{lines['webhook-id']}.{lines['webhook-timestamp']}.".encode() + body
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZI")
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert lines["webhook-signature"] == f"v1,{digest}"


async def test_a_receiver_that_asks_for_time_gets_it() -> None:
    async with odd_server() as server, lending() as lent:
        assert connector.alerts is not None
        settings = WebhookSettings(url=SecretStr(f"{server.url}/slowdown"))
        sink = connector.alerts(settings, lent.deps)

        with pytest.raises(OutsideError) as caught:
            await sink.deliver(ESTOQUE_BAIXO)

        assert (caught.value.classe, caught.value.retry_after_s) == (Classe.RATE_LIMITED, 7.0)
