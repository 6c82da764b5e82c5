"""Verify: only bytes that Rappi signed come in."""

import json
from typing import Any

import pytest

from ponte.connectors.rappi.verify import sign, verify
from tests.connectors.rappi.conftest import FIXTURES

SIGNATURES: dict[str, Any] = json.loads((FIXTURES / "signatures.json").read_text())
SECRET: str = SIGNATURES["secret"]
BODY = b'{"store_id": 999}'


def body_of(vector: dict[str, Any]) -> bytes:
    if "body" in vector:
        return str(vector["body"]).encode()
    body = (FIXTURES / str(vector["body_file"])).read_bytes()
    return body + str(vector.get("body_append", "")).encode()


@pytest.mark.parametrize("vector", SIGNATURES["vectors"], ids=lambda x: x["name"])
def test_every_worked_vector_is_judged_as_stated(vector: dict[str, Any]) -> None:
    headers = {"Rappi-Signature": vector["header"]}

    verdict = verify(headers, body_of(vector), [SECRET])

    assert verdict is vector["valid"]


@pytest.mark.parametrize(
    "header",
    [
        "sign={sign},t={t}",
        "  t = {t} ,  sign = {sign}  ",
        "t={t},sign={upper}",
        "T={t},SIGN={sign}",
        "v=2,t={t},sign={sign}",
    ],
)
def test_order_blanks_and_letter_case_of_the_header_do_not_matter(header: str) -> None:
    digest = sign(BODY, SECRET, timestamp="123456").split("sign=")[1]
    value = header.format(t="123456", sign=digest, upper=digest.upper())

    verdict = verify({"RAPPI-SIGNATURE": value}, BODY, [SECRET])

    assert verdict


def test_the_secret_before_a_reset_still_counts() -> None:
    headers = {"rappi-signature": sign(BODY, "old", timestamp="1")}

    assert verify(headers, BODY, ["new", "old"])
    assert verify(headers, BODY, ["old", "new"])
    assert not verify(headers, BODY, ["new"])


@pytest.mark.parametrize("secrets", [[], [""]])
def test_without_a_secret_nothing_is_valid(secrets: list[str]) -> None:
    headers = {"rappi-signature": sign(BODY, "", timestamp="1")}

    assert not verify(headers, BODY, secrets)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=1",
        "sign=",
        "t=1,sign=",
        "t=,sign=ab",
        "t=1,sign=é",
        "garbage",
        "t=1,sign=" + "a" * 2_000,
    ],
)
def test_a_header_that_is_no_signature_is_refused(header: str) -> None:
    assert not verify({"rappi-signature": header}, BODY, [SECRET])


def test_a_request_without_the_header_is_refused() -> None:
    assert not verify({}, BODY, [SECRET])


@pytest.mark.parametrize("timestamp", ["1790000000", "1790000000000"])
def test_a_skew_limit_reads_seconds_and_milliseconds(timestamp: str) -> None:
    headers = {"rappi-signature": sign(BODY, SECRET, timestamp=timestamp)}
    sent_ms = 1_790_000_000_000

    assert verify(headers, BODY, [SECRET], now_ms=sent_ms + 300_000, max_skew_s=300)
    assert not verify(headers, BODY, [SECRET], now_ms=sent_ms + 300_001, max_skew_s=300)
    assert not verify(headers, BODY, [SECRET], now_ms=sent_ms - 300_001, max_skew_s=300)
    assert not verify(headers, BODY, [SECRET], max_skew_s=300)


def test_without_a_skew_limit_any_age_is_accepted() -> None:
    headers = {"rappi-signature": sign(BODY, SECRET, timestamp="123456")}

    assert verify(headers, BODY, [SECRET], now_ms=1_790_000_000_000)


def test_a_timestamp_that_is_no_number_fails_a_skew_limit_only() -> None:
    headers = {"rappi-signature": sign(BODY, SECRET, timestamp="yesterday")}

    assert verify(headers, BODY, [SECRET])
    assert not verify(headers, BODY, [SECRET], now_ms=1, max_skew_s=300)
