"""Classify: each answer has one meaning."""

import json
from collections.abc import Callable

import pytest

from ponte.connectors.rappi.classify import classify, classify_transition
from ponte.resilience.classes import Classe
from ponte.resilience.http import Answer

HTML = b"  <!DOCTYPE html><html><body>Bad gateway</body></html>"


def answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    return Answer(status, {k.replace("_", "-"): v for k, v in headers.items()}, body)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, b"", Classe.OK),
        (202, b"{}", Classe.OK),
        (200, HTML, Classe.RETRY),
        (302, HTML, Classe.RETRY),
        (302, b"", Classe.INVALID_REQUEST),
        (400, b'{"message": "bad"}', Classe.INVALID_REQUEST),
        (401, b"", Classe.AUTH),
        (403, b"", Classe.AUTH),
        (404, b'{"message": "Order not found"}', Classe.INVALID_REQUEST),
        (406, b"", Classe.INVALID_REQUEST),
        (408, b"", Classe.RETRY),
        (424, b'{"message": "{\\"code\\":\\"error.ready_for_pickup\\"}"}', Classe.INVALID_REQUEST),
        (429, b"", Classe.RATE_LIMITED),
        (429, HTML, Classe.RATE_LIMITED),
        (500, b'{"message": "Invalid token"}', Classe.RETRY),
        (503, HTML, Classe.RETRY),
        (418, b"[" * 100_000, Classe.INVALID_REQUEST),
    ],
)
def test_an_answer_has_its_class(status: int, body: bytes, expected: Classe) -> None:
    assert classify(answer(status, body)).classe is expected


@pytest.mark.parametrize(
    ("name", "status"),
    [("error_401.json", 401), ("error_404_app_client.json", 404), ("error_400_store.json", 400)],
)
def test_a_fault_of_the_set_up_stops_the_account_and_is_not_repeated(
    sample: Callable[[str], str], name: str, status: int
) -> None:
    verdict = classify(answer(status, sample(name).encode()))

    assert verdict.classe is Classe.AUTH
    assert json.loads(sample(name))["message"] in verdict.detail


def test_the_wait_that_rappi_asks_for_is_kept() -> None:
    assert classify(answer(429, retry_after="7")).retry_after_s == 7


def test_a_transition_that_the_state_forbids_counts_as_done() -> None:
    refused = answer(400, b'{"message": "Invalid transition"}')

    assert classify_transition(refused).classe is Classe.OK
    assert classify_transition(answer(503)).classe is Classe.RETRY
    assert classify_transition(answer(404)).classe is Classe.INVALID_REQUEST


def test_a_shop_of_another_client_is_no_transition(sample: Callable[[str], str]) -> None:
    refused = answer(400, sample("error_400_store.json").encode())

    assert classify_transition(refused).classe is Classe.AUTH
