"""Logs: a canary in every place that a line can hold, and none of them comes out."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from ponte import logs

TELEGRAM = "123456789:AAFakeFakeFakeFakeFakeFakeFakeFake-00"
CHAVE = "pk_FakeFakeFakeFakeFakeFakeFakeFakeFakeFakeFakeFak"
SEGREDOS = {
    f"Authorization: Bearer {CHAVE}": CHAVE,
    "Bearer abc.def-ghi_123=": "abc.def-ghi",
    "Basic dXNlcjpmYWtlZmFrZQ==": "dXNlcjpm",
    f"https://api.telegram.test/bot{TELEGRAM}/sendMessage": "AAFake",
    f"the bot is {TELEGRAM}": "AAFake",
    "https://hooks.slack.com/services/T0FAKE/B0FAKE/fakefakefake": "fakefake",
    "https://discord.com/api/webhooks/1/fakefakefake": "fakefake",
    "https://discordapp.com/api/webhooks/1/fakefakefake": "fakefake",
    "POST /webhooks/tiktok/fakefakefakefakefake": "fakefake",
    "postgresql://ponte:fakefake@db/ponte": "fakefake",
    "GET /me?access_token=fakefake&x=1": "fakefake",
    '{"apikey":"fakefake","instance":"loja"}': "fakefake",
    '{\\"apikey\\": \\"fakefake\\"}': "fakefake",
    "password=fakefake": "fakefake",
    "xoxb-12345678-fakefake": "fakefake",
    "EAAFakeFakeFakeFakeFake0": "FakeFake",
}
PESSOAS = {
    "cpf 52998224725.": "cpf ***.982.247-**.",
    "cpf 529.982.247-25": "cpf ***.982.247-**",
    "para +5511987654321": "para +5511*****4321",
    "fone 5511987654321": "fone 5511*****4321",
    "fone (11) 98765-4321.": "fone (11) *****-4321.",
    "fone (11)987654321": "fone (11) *****-4321",
    "fone 11 98765 4321,": "fone (11) *****-4321,",
    "fone 11 98765-4321": "fone (11) *****-4321",
    "fone 21-98765-4321": "fone (21) *****-4321",
    "fixo 11 3333-4444": "fixo (11) *****-4444",
    "de +55 (11) 98765-4321": "de (11) *****-4321",
    "de +55 11 98765-4321": "de (11) *****-4321",
    "de +55 11 987654321": "de (11) *****-4321",
    "de +55 11 3333 4444": "de (11) *****-4444",
    "fone (011) 98765-4321": "fone (11) *****-4321",
    "fone 011 98765-4321": "fone (11) *****-4321",
    "fone 11 9 8765-4321": "fone (11) *****-4321",
    "fone 11.98765.4321": "fone (11) *****-4321",
    "tel:(11)3333-4444": "tel:(11) *****-4444",
    "recado: 98765-4321": "recado: *****-4321",
    "a maria.souza@example.com": "a m***@example.com",
    '{"documento":"52998224725","telefone":"+551133334444"}':
        '{"documento":"***.982.247-**","telefone":"+551*****4444"}',
}  # fmt: skip
INOCENTES = [
    "pedido 0193a1b2-7aaa-7bbb-8ccc-123456789012 numero=1042 total=51.80",
    "chave 35261111222333000181550010000000011123456781 emitida",
    "em 2026-11-24T12:00:00.123Z levou 0.12345678901 s",
    "GET /pedidos/0193a1b2-7aaa-7bbb-8ccc-123456789012 200",
    "fila pedidos: 12345678901234 ms",
    "http://127.0.0.1:8000/docs",
    "chave 3526 1111 2223 3300 0181 5500 1000 0000 0111 2345 6781",
    "ean 7891000100103 filial 12 lote 2026-1125",
    "período 01/11/2026 a 24/11/2026, 12 2026 pedidos",
    "em 24 11 2026 12:00:00",
    "10 1000 unidades",
    "pedidos 12 2041 2042, filiais 11 3333 4444",
    "chave 35 2611 1122 2333 0001 8155 0010 0000 0001",
    "cnpj 11.222.333/0001-81 cep 01310-100",
]
AREAS = st.integers(11, 99).filter(lambda n: n % 10)
DIGITS = st.text("0123456789", min_size=4, max_size=4)
# How people write one: area, first half of a mobile's or a landline's number, second half.
FORMS = (
    "({0}) {1}-{2}", "({0}){1}{2}", "({0}) {1} {2}", "{0} {1}-{2}", "{0}-{1}-{2}", "0{0} {1}-{2}",
    "+55 ({0}) {1}-{2}", "+55({0}){1}-{2}", "+55 {0} {1} {2}", "+55 {0} {1}-{2}", "55 {0} {1}{2}",
)  # fmt: skip
# What operators search by: order numbers, access keys (in groups or not), EANs, dates, money.
NUMBERS = st.one_of(
    st.integers(1, 10**9).map("pedido {}".format),
    st.lists(st.integers(1000, 8999), min_size=1, max_size=5).map(
        lambda found: "pedidos " + " ".join(map(str, found))
    ),
    st.text("0123456789", min_size=44, max_size=44).map("chave {}".format),
    st.lists(DIGITS, min_size=11, max_size=11).map(lambda found: "chave " + " ".join(found)),
    st.text("0123456789", min_size=12, max_size=12).map("ean 7{}".format),
    st.datetimes().map(lambda t: f"em {t:%Y-%m-%d %H:%M:%S} {t:%d/%m/%Y} {t:%d %m %Y} {t:%Y%m%d}"),
    st.datetimes().map(lambda t: f"em {t.isoformat()}Z"),
    st.integers(0, 10**8).map(lambda n: f"total {n / 100:.2f}, R$ {n // 100},{n % 100:02}"),
    st.uuids().map("id {}".format),
)


@pytest.fixture(params=["console", "json"])
def form(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def stderr(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """Give what came out so far; the loggers are put back as they were."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    chatty = {name: logging.getLogger(name).level for name in logs.CHATTY}
    yield lambda: capsys.readouterr().err
    root.handlers[:], root.level = before
    for name, level in chatty.items():
        logging.getLogger(name).setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize(("text", "canary"), SEGREDOS.items())
def test_a_secret_is_known_by_its_shape(text: str, canary: str) -> None:
    masked = logs.mask(text)

    assert canary not in masked
    assert logs.REDACTED in masked


@pytest.mark.parametrize(("text", "masked"), PESSOAS.items())
def test_a_person_is_masked_and_told_apart(text: str, masked: str) -> None:
    assert logs.mask(text) == masked


@pytest.mark.parametrize("text", INOCENTES)
def test_what_operators_search_by_stays(text: str) -> None:
    assert logs.mask(text) == text


@settings(deadline=None)
@given(AREAS, st.sampled_from("2345"), DIGITS, DIGITS, st.booleans(), st.sampled_from(FORMS))
def test_a_phone_in_whatever_form_shows_its_area_and_its_end_alone(
    area: int, first: str, one: str, two: str, mobile: bool, form: str
) -> None:
    half = f"9{one}" if mobile else f"{first}{one[1:]}"

    masked = logs.mask(f"fone {form.format(area, half, two)}, obrigado")

    assert masked == f"fone ({area}) *****-{two}, obrigado"


@settings(deadline=None)
@given(st.lists(NUMBERS, min_size=1, max_size=4))
def test_no_number_that_operators_search_by_is_taken_for_a_phone(found: list[str]) -> None:
    text = "; ".join(found)

    assert logs.mask(text) == text


def test_a_masked_line_is_masked_for_good() -> None:
    once = logs.mask(" ".join((*SEGREDOS, *PESSOAS)))

    assert logs.mask(once) == once


def test_every_logger_is_masked_in_every_place(stderr: Callable[[], str], form: Any) -> None:
    logs.configure(form=form)
    own, library = structlog.get_logger("ponte.test"), logging.getLogger("uvicorn.error")

    for text in (*SEGREDOS, *PESSOAS):
        own.info("sent", corpo=text, dentro={"mais": [text]})
        own.info(text)
        library.warning("sent %s", text)
        try:
            int(text)
        except ValueError:
            own.exception("failed")
            library.exception("failed")
    own.info(
        "secret", api_token="fakefake", dentro=[{"Senha": "fakefake", "x": {"key": "fakefake"}}]
    )

    out = stderr()
    assert out.count("failed") == 2 * len(SEGREDOS | PESSOAS)
    canaries = ["fakefake", "AAFake", "FakeFake", CHAVE, "52998224725", "87654321", "maria.souza"]
    assert [canary for canary in canaries if canary in out] == []


def test_json_lines_are_json_whatever_they_say(stderr: Callable[[], str]) -> None:
    logs.configure(form="json")
    log = structlog.get_logger("ponte.test")

    log.info("pedido accepted", pedido_id="01", total=5180, dados={1: {2}}, texto='a"b\nc')
    logging.getLogger("uvicorn.error").warning("careful %d", 3)

    first, second = (json.loads(line) for line in stderr().splitlines())
    assert (first["level"], first["logger"], first["event"]) == (
        "info", "ponte.test", "pedido accepted"
    )  # fmt: skip
    assert (first["total"], first["texto"]) == (5180, 'a"b\nc')
    assert (second["level"], second["logger"], second["event"]) == (
        "warning", "uvicorn.error", "careful 3"
    )  # fmt: skip
    assert first["em"].endswith("Z")


def test_nobody_writes_a_line_in_anothers_name(stderr: Callable[[], str]) -> None:
    logs.configure(form="console")

    structlog.get_logger("x").info("seen", nome="a\n12:00:00.000 error   forged\x1b[31m")
    logging.getLogger("y").warning("b\nforged")

    out = stderr()
    assert len(out.splitlines()) == 2
    assert "\x1b" not in out


def test_http_clients_do_not_tell_their_urls(stderr: Callable[[], str]) -> None:
    logs.configure(level="debug")

    for name in logs.CHATTY:
        logging.getLogger(name).info("HTTP Request: GET https://example.test/x")

    assert stderr() == ""


def test_a_level_hides_what_is_below_it(stderr: Callable[[], str]) -> None:
    logs.configure(level="warning")
    log = structlog.get_logger("x")

    log.info("quiet")
    log.warning("loud")

    (line,) = stderr().splitlines()
    assert "loud" in line


def test_a_run_keeps_its_own_lines_masked(stderr: Callable[[], str]) -> None:
    logs.configure()
    log, kept = structlog.get_logger("x"), io.StringIO()

    log.info("before")
    with logs.tee(kept.write):
        log.info("during", cpf="52998224725")
        logging.getLogger("y").warning("too")
    log.info("after")

    assert [line.split()[2] for line in kept.getvalue().splitlines()] == ["during", "too"]
    assert "52998224725" not in kept.getvalue()
    assert stderr().count("\n") == 4


def test_a_handler_of_another_has_the_filter(stderr: Callable[[], str]) -> None:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.addFilter(logs.MaskFilter())
    other = logging.getLogger("other")
    other.addHandler(handler)

    try:
        try:
            int(CHAVE)
        except ValueError:
            other.exception("failed for %s", "+5511987654321")
    finally:
        other.removeHandler(handler)

    assert "+5511*****4321" in out.getvalue()
    assert "Traceback" in out.getvalue()
    assert CHAVE not in out.getvalue() + stderr()
