"""Exchange and classes: what an answer says before any platform's own rules."""

import pytest

from ponte.resilience.classes import Classe, by_status, one_line, seconds
from ponte.resilience.exchange import Answer


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b'{"a":', b"\xff\xfe\x00", b"[" * 100_000, b"NaN", b"1" * 5000]
)
def test_json_that_is_none_reads_as_none(body: bytes) -> None:
    assert Answer(200, body=body).json() is None


def test_ids_beyond_53_bits_are_read_exactly() -> None:
    assert Answer(200, body=b'{"id": 9007199254740993}').json() == {"id": 9007199254740993}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry-after": "30"}, 30.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "999999999999"}, 86_400.0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "soon"}, None),
        ({}, None),
        (
            {
                "retry-after": "Tue, 24 Nov 2026 12:00:10 GMT",
                "date": "Tue, 24 Nov 2026 12:00:00 GMT",
            },
            10.0,
        ),
        ({"retry-after": "Tue, 24 Nov 2026 12:00:10 GMT"}, None),
    ],
)
def test_retry_after_is_read_as_seconds(headers: dict[str, str], expected: float | None) -> None:
    assert Answer(429, headers).retry_after_s == expected


@pytest.mark.parametrize("value", [True, None, [], {}, "x", 10**400])
def test_a_wait_that_is_no_number_is_none(value: object) -> None:
    assert seconds(value) is None


@pytest.mark.parametrize(
    ("status", "classe"),
    [
        (200, Classe.OK),
        (204, Classe.OK),
        (302, Classe.INVALID_REQUEST),
        (400, Classe.INVALID_REQUEST),
        (401, Classe.AUTH),
        (404, Classe.GONE),
        (408, Classe.RETRY),
        (425, Classe.RETRY),
        (429, Classe.RATE_LIMITED),
        (500, Classe.RETRY),
        (599, Classe.RETRY),
    ],
)
def test_the_status_alone_names_a_class(status: int, classe: Classe) -> None:
    assert by_status(status).classe is classe


def test_somebody_elses_words_become_one_short_printable_line() -> None:
    assert one_line("a\r\n\x1b[31mb" + "x" * 999).startswith("a [31mbxxx")
    assert len(one_line("x" * 999)) == 300
