"""Classify: what the Graph API's answers mean, wherever three platforms read them alike."""

import json

import pytest

from ponte.connectors.meta.classify import COMMON, classify_graph, table
from ponte.resilience.classes import Classe
from tests.connectors.lent import answer

TOKEN = "EAABsbCS1iHgBAFAKEFAKEFAKEFAKEFAKE0000"
OWN = COMMON | table(
    {Classe.WINDOW_CLOSED: (131047,)},
    {Classe.RECIPIENT_UNREACHABLE: [(100, 2018001)], Classe.WINDOW_CLOSED: [(None, 2018278)]},
)


@pytest.mark.parametrize(
    ("code", "subcode", "classe"),
    [
        (190, 463, Classe.AUTH),
        (0, None, Classe.AUTH),
        (230, None, Classe.AUTH),
        (613, None, Classe.RATE_LIMITED),
        (80007, None, Classe.RATE_LIMITED),
        (2, None, Classe.RETRY),
        (100, None, Classe.INVALID_REQUEST),
        (100, 33, Classe.INVALID_REQUEST),
        (100, 2018001, Classe.RECIPIENT_UNREACHABLE),
        (10, 2018278, Classe.WINDOW_CLOSED),
        (None, 2018278, Classe.WINDOW_CLOSED),
        (131047, None, Classe.WINDOW_CLOSED),
        (987654, None, Classe.INVALID_REQUEST),
    ],
)
@pytest.mark.parametrize("status", [200, 400])
def test_the_code_decides_whatever_the_status(
    status: int, code: int | None, subcode: int | None, classe: Classe
) -> None:
    verdict = classify_graph(
        answer(status, {"error": {"code": code, "error_subcode": subcode}}), OWN
    )

    assert verdict.classe is classe
    assert str(subcode if code is None else code) in verdict.detail


@pytest.mark.parametrize(
    ("status", "classe"),
    [(404, Classe.INVALID_REQUEST), (401, Classe.AUTH), (429, Classe.RATE_LIMITED),
     (500, Classe.RETRY), (503, Classe.RETRY)],
)  # fmt: skip
def test_a_code_nobody_knows_leaves_it_to_the_status(status: int, classe: Classe) -> None:
    assert classify_graph(answer(status, {"error": {"code": 987654}}), OWN).classe is classe


def test_what_passes_by_itself_is_tried_again_unless_it_is_a_rate_limit() -> None:
    passing = classify_graph(answer(400, {"error": {"code": 77, "is_transient": True}}), OWN)
    limited = classify_graph(answer(400, {"error": {"code": 4, "is_transient": True}}), OWN)

    assert passing.classe is Classe.RETRY
    assert limited.classe is Classe.RATE_LIMITED


def test_a_rate_limit_waits_as_long_as_the_usage_header_says() -> None:
    usage = {"1": [{"type": "whatsapp", "estimated_time_to_regain_access": 5}], "2": [{}]}

    verdict = classify_graph(
        answer(
            400,
            {"error": {"code": 80007}},
            headers={"X-Business-Use-Case-Usage": json.dumps(usage)},
        ),
        OWN,
    )

    assert verdict.retry_after_s == 300


@pytest.mark.parametrize(
    ("usage", "pause_s"),
    [('{"call_count": 81}', 1.0), ('{"call_count": 80}', None), ("{", None), ("[1]", None)],
)
def test_an_account_near_its_limit_is_slowed_down(usage: str, pause_s: float | None) -> None:
    verdict = classify_graph(answer(200, {"message_id": "m"}, headers={"X-App-Usage": usage}), OWN)

    assert verdict.classe is Classe.OK
    assert verdict.retry_after_s == pause_s


@pytest.mark.parametrize("body", ["<html>502</html>", "", "[]", "null"])
def test_a_page_in_place_of_an_answer_may_have_had_its_effect(body: str) -> None:
    verdict = classify_graph(answer(200, body), OWN)

    assert verdict.classe is Classe.RETRY
    assert verdict.unknown_outcome


@pytest.mark.parametrize("error", ["gone wrong", [], 7, {}, {"code": {}, "message": []}])
def test_an_error_of_no_known_shape_is_still_an_error(error: object) -> None:
    assert classify_graph(answer(200, {"error": error}), OWN).classe is Classe.INVALID_REQUEST


def test_neither_a_token_nor_a_number_in_metas_words_is_shown() -> None:
    words = f"Malformed access token {TOKEN} for 5511999990001"

    verdict = classify_graph(answer(400, {"error": {"code": 190, "message": words}}), OWN)

    assert "Malformed access token" in verdict.detail
    assert TOKEN not in verdict.detail
    assert "5511999990001" not in verdict.detail
