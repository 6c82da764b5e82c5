"""Classify: each answer of the Bot API has one meaning."""

from typing import Any

import pytest

from ponte.connectors.telegram.classify import classify, classify_first, moved_to, refuses_markup
from ponte.resilience.classes import Classe
from tests.connectors.lent import answer, expected, recorded, responses


@pytest.mark.parametrize("file", responses("telegram"))
def test_a_recorded_answer_has_its_class(file: str) -> None:
    meaning = expected("telegram")[file]

    verdict = classify(recorded("telegram", file))

    assert verdict.classe == meaning["class"]
    assert verdict.retry_after_s == meaning.get("retry_after_s")


def error(code: int, description: str, **parameters: Any) -> dict[str, Any]:
    return {
        "ok": False,
        "error_code": code,
        "description": description,
        "parameters": parameters,
    }


@pytest.mark.parametrize(
    ("status", "description", "classe"),
    [
        (403, "Forbidden: bot was kicked from the supergroup chat", "recipient_unreachable"),
        (403, "Forbidden: user is deactivated", "recipient_unreachable"),
        (403, "Forbidden: bot can't initiate conversation with a user", "recipient_unreachable"),
        (403, "Forbidden: bot can't send messages to bots", "recipient_unreachable"),
        (400, "Bad Request: PEER_ID_INVALID", "recipient_unreachable"),
        (400, "Bad Request: can't parse entities: Unsupported start tag", "invalid_request"),
        (400, "Bad Request: message is not modified: same content", "ok"),
        (400, "Bad Request: message to delete not found", "ok"),
        (409, "Conflict: can't use getUpdates method while webhook is active", "invalid_request"),
        (404, "Not Found", "auth"),
        (413, "Request Entity Too Large", "invalid_request"),
        (500, "Internal Server Error", "retry"),
        (502, "Bad Gateway", "retry"),
    ],
)
def test_an_error_has_the_class_of_the_contract(status: int, description: str, classe: str) -> None:
    verdict = classify(answer(status, error(status, description)))

    assert verdict.classe == classe


def test_a_proxys_page_with_200_may_hide_a_message_that_went_through() -> None:
    verdict = classify(answer(200, "<html>maintenance</html>"))

    assert (verdict.classe, verdict.unknown_outcome) == (Classe.RETRY, True)


def test_an_error_inside_200_is_judged_by_its_own_code() -> None:
    assert classify(answer(200, error(401, "Unauthorized"))).classe is Classe.AUTH


def test_a_rate_limit_without_parameters_is_read_from_the_header() -> None:
    verdict = classify(answer(429, "<html>", headers={"Retry-After": "9"}))

    assert (verdict.classe, verdict.retry_after_s) == (Classe.RATE_LIMITED, 9.0)


def test_a_group_that_moved_names_its_new_chat() -> None:
    moved = answer(
        400,
        error(
            400,
            "Bad Request: group chat was upgraded to a supergroup chat",
            migrate_to_chat_id=-1001234567890,
        ),
    )

    assert moved_to(moved) == "-1001234567890"
    assert classify(moved).classe is Classe.RETRY
    assert classify_first(moved).classe is Classe.OK


def test_refused_markup_is_told_from_other_bad_requests() -> None:
    refused = answer(400, error(400, "Bad Request: can't parse entities: byte offset 3"))
    too_long = answer(400, error(400, "Bad Request: message is too long"))

    assert [refuses_markup(refused), refuses_markup(too_long)] == [True, False]
    assert classify_first(refused).classe is Classe.OK
    assert classify_first(too_long).classe is Classe.INVALID_REQUEST
