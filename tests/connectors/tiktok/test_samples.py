"""Samples: every published payload becomes what is expected of it."""

import json
from typing import Any

import pytest

from ponte.connectors.tiktok.classify import AGAIN_S, classify
from ponte.connectors.tiktok.parse import parse
from ponte.connectors.tiktok.settings import TiktokSettings
from ponte.resilience.classes import Classe
from tests.connectors.lent import HERE, answer, recorded

FIXTURES = HERE / "tiktok" / "fixtures"
EXPECTED: dict[str, Any] = json.loads((FIXTURES / "expected.json").read_text())
WEBHOOKS = sorted(name for name, found in EXPECTED.items() if "events" in found)
ANSWERS = sorted(name for name, found in EXPECTED.items() if "response" in found)
NOT_SAMPLES = {"expected.json", "signatures.json", "settings.json"}


def missing(expected: Any, actual: Any, path: str = "") -> list[str]:
    """Return where `actual` lacks what is expected; keys that are not expected are free."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return [
            gap
            for key in expected
            for gap in missing(expected[key], actual.get(key, "(absent)"), f"{path}.{key}")
        ]
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        pairs = enumerate(zip(expected, actual, strict=True))
        return [gap for i, (e, a) in pairs for gap in missing(e, a, f"{path}[{i}]")]
    return [] if expected == actual else [f"{path}: {expected!r} expected, not {actual!r}"]


def test_no_sample_is_left_without_an_expectation() -> None:
    names = {path.name for path in FIXTURES.glob("*.json")} - NOT_SAMPLES

    requests = {name for name in names if name.startswith("request_")}

    assert names - requests == EXPECTED.keys()
    assert (len(WEBHOOKS), len(ANSWERS)) == (11, 17)


@pytest.mark.parametrize("name", WEBHOOKS)
def test_a_webhook_becomes_its_events(name: str) -> None:
    events = parse((FIXTURES / name).read_bytes(), TiktokSettings())

    assert missing(EXPECTED[name]["events"], [x.view() for x in events]) == []


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_has_its_class_whatever_its_status(name: str) -> None:
    verdict = classify(recorded("tiktok", name))

    assert verdict.classe == EXPECTED[name]["response"]["class"]


@pytest.mark.parametrize(
    ("code", "classe"),
    [
        (0, Classe.OK),
        (40001, Classe.AUTH), (40102, Classe.AUTH), (40103, Classe.AUTH), (40104, Classe.AUTH),
        (40105, Classe.AUTH), (40100, Classe.RATE_LIMITED), (40002, Classe.INVALID_REQUEST),
        (50000, Classe.RETRY), (59999, Classe.RETRY), (60000, Classe.INVALID_REQUEST),
        ("ok", Classe.OK), ("scope_not_authorized", Classe.AUTH),
        ("scope_permission_missed", Classe.AUTH), ("internal_error", Classe.RETRY),
        ("spam_risk_user_banned_from_posting", Classe.AUTH),
        ("reached_active_user_cap", Classe.RATE_LIMITED),
        ("url_ownership_unverified", Classe.INVALID_REQUEST),
        ("something_nobody_announced", Classe.INVALID_REQUEST),
    ],
)  # fmt: skip
def test_the_code_decides_where_http_says_200(code: int | str, classe: Classe) -> None:
    flat = classify(answer(200, {"code": code, "message": "", "data": {}}))

    assert flat.classe is classe
    if isinstance(code, str):
        assert classify(answer(200, {"error": {"code": code}, "data": {}})).classe is classe


@pytest.mark.parametrize(
    ("date", "wait_s"),
    [("Thu, 01 Jan 2026 22:30:00 GMT", 5400.0), ("", AGAIN_S), ("soon", AGAIN_S)],
)
def test_a_daily_limit_ends_with_the_day(date: str, wait_s: float) -> None:
    body = {"error": {"code": "spam_risk_too_many_posts"}}

    verdict = classify(answer(200, body, headers={"Date": date}))

    assert (verdict.classe, verdict.retry_after_s) == (Classe.RATE_LIMITED, wait_s)


def test_a_page_in_place_of_an_answer_may_hide_a_message_that_went_out() -> None:
    verdict = classify(answer(200, "<html><body>502</body></html>"))

    assert (verdict.classe, verdict.unknown_outcome) == (Classe.RETRY, True)
