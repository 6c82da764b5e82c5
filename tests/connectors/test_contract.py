"""One suite over every connector of the register: what each must keep, whatever it translates."""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from structlog.testing import capture_logs

from ponte.connectors import CONNECTORS
from ponte.domain.alerta import Alerta, Severidade
from ponte.errors import PonteError
from ponte.resilience.breaker import CircuitBreakerOpen
from ponte.resilience.classes import Classe, OutsideError, Verdict
from ponte.resilience.exchange import Answer, Request
from tests.connectors.lent import ESTOQUE_BAIXO, HERE, connector_named, lending
from tests.connectors.limits import CHECKS
from tests.resilience.odd_server import OddServer, odd_server

# Apprise loads all its services with the first URL, and one wants this on Python 3.11.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

CANARY = "canary-3f7a-not-a-token"
URL = "http://127.0.0.1:9"
BUILT = [name for name, path in CONNECTORS.items() if find_spec(path.partition(":")[0])]
SINKS = [name for name in BUILT if connector_named(name).alerts is not None]
TRANSLATORS = [name for name in BUILT if find_spec(f"ponte.connectors.{name}.classify")]
CALLERS = [name for name in SINKS if name != "log"]  # the log calls nobody
WHERE_PEOPLE_WRITE = [
    name for name in BUILT if connector_named(name).canal or connector_named(name).helpdesk
]

bodies = st.one_of(
    st.binary(max_size=300),
    st.sampled_from([
        b"", b"ok", b"null", b"[]", b"0", b'"x"', b"{", b"{}", b'{"ok": true}', b'{"ok": tr',
        b'{"ok": false}', b'{"ok": "true"}', b'{"error_code": "x", "parameters": [1]}',
        b'{"parameters": {"retry_after": "soon", "migrate_to_chat_id": true}, "ok": false}',
        b'{"code": [], "message": {}, "retry_after": NaN}', b'{"retry_after": 1e999}',
        b"<html><body>502</body></html>", b"\xff\xfe{\x00", b"[" * 5000, b"1" * 5000,
    ]),
)  # fmt: skip
headers = st.dictionaries(
    st.sampled_from([
        "retry-after", "x-ratelimit-remaining", "x-ratelimit-reset-after", "content-type", "date",
    ]),
    st.one_of(st.text(max_size=20), st.sampled_from(["0", "-1", "nan", "inf", "1.5", "9" * 400])),
)  # fmt: skip
answers = st.builds(Answer, st.integers(100, 599), headers, bodies)

# Emoji made of several, accents on their own, markup of every platform, blanks, controls.
odd = st.sampled_from([
    "👩‍👩‍👧‍👦", "👍🏽", "e\u0301", "<b>", "</", "&amp;", "&", "<!channel>",
    "@everyone", "*_`~|", "\\", "\x00", "\u202e", "\n\n", " ", "```",
    "[x](y)", "https://loja.example/p?a=1&b=<2>",
])  # fmt: skip
texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=400),
    st.lists(odd, max_size=60).map("".join),
    st.tuples(odd, st.integers(1, 10_000)).map(lambda pair: (pair[0] * pair[1])[:10_000]),
)
alertas = st.builds(
    Alerta,
    id=st.just(ESTOQUE_BAIXO.id),
    nome=st.just("estoque_baixo"),
    severidade=st.sampled_from(Severidade),
    titulo=texts,
    texto=texts,
    origem=st.just("estoque"),
    labels=st.dictionaries(st.sampled_from(["produto_id", "filial_id", "itens"]), texts),
    contagem=st.integers(1, 10_000),
    criado_em=st.integers(0, 4_000_000_000_000),
    resolvido_em=st.none() | st.integers(0, 4_000_000_000_000),
)


def classifiers(name: str) -> list[Callable[[Answer], Verdict]]:
    module = import_module(f"ponte.connectors.{name}.classify")
    return [
        func
        for attribute, func in vars(module).items()
        if attribute in {"classify", "classify_first", "classify_blocks", "classify_transition"}
    ]


def settings_of(name: str, url: str) -> BaseModel:
    """Switch a connector on, every secret a canary; from its fixtures, as it knows best how."""
    raw = (HERE / name / "fixtures" / "settings.json").read_text()
    values = {"{url}": url, "{apprise_url}": url.replace("http", "json"), "{canary}": CANARY}
    for placeholder, value in values.items():
        raw = raw.replace(placeholder, value)
    return connector_named(name).settings.model_validate(json.loads(raw))


def built(name: str, alerta: Alerta, *, fim: bool) -> Request:
    """Build the request of a sink; each translator takes what it needs to know."""
    build: Any = import_module(f"ponte.connectors.{name}.build").build
    request = {
        "telegram": lambda: build(alerta, settings_of("telegram", URL), fim=fim),
        "webhook": lambda: build(alerta, URL, secret=CANARY, now_ms=0, fim=fim),
    }.get(name, lambda: build(alerta, URL, fim=fim))()
    assert isinstance(request, Request)
    return request


@pytest.mark.parametrize("name", BUILT)
def test_a_manifest_says_all_that_is_derived_from_it(name: str) -> None:
    connector = connector_named(name)

    doors = (connector.alerts, connector.orders, connector.webhook)

    assert connector.name == name
    assert connector.title
    assert connector.source_url.startswith("https://")
    assert connector.alert_tries >= 1
    assert any(door is not None for door in doors)
    assert all(info.description for info in connector.settings.model_fields.values())


@pytest.mark.parametrize("name", [n for n in SINKS if n != "log"])
def test_a_sink_is_off_until_it_is_told_where_to_deliver(name: str) -> None:
    connector = connector_named(name)

    assert connector.is_on(connector.settings()) is False
    assert connector.is_on(settings_of(name, URL)) is True


@pytest.mark.parametrize("name", TRANSLATORS)
@settings(deadline=None)  # others share the machine
@given(answer=answers)
def test_every_answer_has_a_class_however_odd(name: str, answer: Answer) -> None:
    for classify in classifiers(name):
        verdict = classify(answer)

        assert isinstance(verdict.classe, Classe)
        assert "\n" not in verdict.detail
        assert len(verdict.detail) <= 300
        if verdict.retry_after_s is not None:
            assert 0 <= verdict.retry_after_s <= 86_400
        if answer.status >= 500:
            assert verdict.classe is not Classe.OK


@pytest.mark.parametrize("name", sorted(CHECKS))
@pytest.mark.parametrize("fim", [False, True])
@settings(
    deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate]
)  # shrinks for minutes
@given(alerta=alertas)
def test_whatever_the_text_the_request_keeps_the_platforms_limits(
    name: str, alerta: Alerta, *, fim: bool
) -> None:
    request = built(name, alerta, fim=fim)

    CHECKS[name](request)
    assert json.dumps(request.json, ensure_ascii=False).encode()


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_a_text_with_lone_surrogates_is_sent_without_them(name: str) -> None:
    alerta = replace(ESTOQUE_BAIXO, titulo="\ud83d sem par", texto="\udc00" * 5000)

    request = built(name, alerta, fim=False)

    CHECKS[name](request)
    body = request.content or json.dumps(request.json, ensure_ascii=False).encode()
    assert "sem par" in body.decode()


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_a_request_shows_neither_its_address_nor_its_secrets(name: str) -> None:
    request = built(name, ESTOQUE_BAIXO, fim=False)

    assert request.url not in repr(request)
    assert CANARY not in repr(request)


@pytest.mark.parametrize("name", SINKS)
def test_settings_show_their_secrets_to_nobody(name: str) -> None:
    values = settings_of(name, URL)

    shown = f"{values!r} {values} {values.model_dump_json()} {values.model_dump()}"

    assert CANARY not in shown


@pytest.mark.parametrize("name", BUILT)
def test_a_setting_that_is_refused_is_named_but_not_shown(name: str) -> None:
    model = connector_named(name).settings
    wrong = {field: [CANARY] for field in model.model_fields}

    with pytest.raises(ValidationError) as caught:
        model.model_validate(wrong)

    assert CANARY not in f"{caught.value} {caught.value!r}"


@pytest.mark.parametrize("name", SINKS)
@pytest.mark.parametrize("way", ["ok", "unavailable", "slowdown", "html", "cut", "redirect"])
async def test_no_secret_is_logged_or_raised_whatever_is_answered(
    name: str, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    error: PonteError | None = None

    async with odd_server() as server, lending() as lent:
        with capture_logs() as logs:
            error = await delivered(name, server, lent.deps, way=way)

    assert CANARY not in caplog.text
    assert CANARY not in str(logs)
    assert CANARY not in f"{error} {error!r}"


@pytest.mark.parametrize("name", CALLERS)
async def test_a_sink_that_was_not_heard_says_so_in_one_of_the_few_classes(name: str) -> None:
    async with odd_server() as server, lending() as lent:
        error = await delivered(name, server, lent.deps, way="unavailable")

    assert isinstance(error, OutsideError)
    assert error.classe is Classe.RETRY


@pytest.mark.parametrize("name", CALLERS)
async def test_one_delivery_is_one_try(name: str) -> None:
    async with odd_server() as server, lending() as lent:
        await delivered(name, server, lent.deps, way="unavailable")

        assert len(server.requests) == 1


@pytest.mark.parametrize("name", CALLERS)
async def test_a_sink_that_is_down_is_left_alone(name: str) -> None:
    async with odd_server() as server, lending(failures_to_open=1) as lent:
        await delivered(name, server, lent.deps, way="unavailable")
        error = await delivered(name, server, lent.deps, way="unavailable")

        assert isinstance(error, CircuitBreakerOpen)
        assert len(server.requests) == 1


async def delivered(name: str, server: OddServer, deps: Any, *, way: str) -> PonteError | None:
    """Deliver one alerta; return the error when the server's way of answering makes one."""
    server.otherwise = way
    alerts = connector_named(name).alerts
    assert alerts is not None
    sink = alerts(settings_of(name, server.url), deps)
    try:
        await sink.deliver(ESTOQUE_BAIXO)
    except PonteError as error:
        return error
    return None


@pytest.mark.parametrize("name", WHERE_PEOPLE_WRITE)
def test_an_empty_variable_is_one_that_is_not_set(name: str) -> None:
    connector = connector_named(name)

    blank = connector.settings.model_validate(dict.fromkeys(connector.settings.model_fields, ""))

    assert blank == connector.settings()
    assert not connector.is_on(blank)
