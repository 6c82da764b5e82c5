"""What a platform sent, read on the command line: no database, no server, no network."""

import json
from pathlib import Path
from typing import Any

import pytest

from ponte.connectors import CONNECTORS
from tests.cli.terminal import Terminal
from tests.connectors.lent import connector_named

FIXTURES = Path(__file__).parents[1] / "connectors"


def expectations() -> list[Any]:
    """Return (connector, file, what its body or answer must come to) of every fixture."""
    found = []
    for name in CONNECTORS:
        folder = FIXTURES / name / "fixtures"
        expected: dict[str, Any] = {}
        for path in folder.glob("expected*.json"):
            expected |= json.loads(path.read_text())
        found += [
            pytest.param(name, folder / file, wanted, id=f"{name}/{file}")
            for file, wanted in sorted(expected.items())
            if _events(wanted) is not None or _classe(wanted)
        ]
    return found


def _events(wanted: Any) -> Any:
    return wanted if isinstance(wanted, list) else wanted.get("events")


def _classe(wanted: Any) -> Any:
    return None if isinstance(wanted, list) else wanted.get("response", wanted).get("class")


@pytest.mark.parametrize(("name", "file", "wanted"), expectations())
def test_a_recorded_payload_comes_to_what_is_expected_of_it(
    name: str, file: Path, wanted: Any, terminal: Terminal
) -> None:
    connector = connector_named(name)
    events = _events(wanted)
    if (connector.parse if events is not None else connector.classify) is None:
        pytest.skip("an order source: ponte pedidos parse reads it")
    terminal.patch.setenv("PONTE_TELEGRAM__BOT_USERNAME", "ponte_loja_bot")

    verb = "classify" if events is None else "parse"
    said = terminal.ok("canais", verb, "--canal", name, str(file)).json

    if events is None:
        assert said["classe"] == _classe(wanted)
    else:
        assert len(said) == len(events)
        assert [_as_wanted(s, w) for s, w in zip(said, events, strict=True)] == events
    assert not terminal.dados.exists()


def _as_wanted(said: Any, wanted: Any) -> Any:
    """Return what was said, of the keys that are wanted alone."""
    if isinstance(wanted, dict) and isinstance(said, dict):
        return {key: _as_wanted(said.get(key), value) for key, value in wanted.items()}
    if isinstance(wanted, list) and isinstance(said, list) and len(wanted) == len(said):
        return [_as_wanted(s, w) for s, w in zip(said, wanted, strict=True)]
    return said


def test_what_two_deliveries_bring_is_told_once(terminal: Terminal) -> None:
    corpo = json.loads((FIXTURES / "telegram" / "fixtures" / "message_text.json").read_text())
    once = json.dumps(corpo).encode()
    twice = json.dumps({"deliveries": [corpo, json.dumps(corpo)]}).encode()

    single = terminal.run("canais", "parse", "--canal", "telegram", "-", stdin=once).json
    both = terminal.run("canais", "parse", "--canal", "telegram", "-", stdin=twice).json

    assert [evento["kind"] for evento in single] == ["message"]
    assert both == single


def test_what_nobody_can_read_comes_to_no_event(terminal: Terminal) -> None:
    said = terminal.run("canais", "parse", "--canal", "telegram", "-", stdin=b"\xff[{")

    assert (said.code, said.json) == (0, [])


def answer(**parts: Any) -> bytes:
    return json.dumps({"status": 200, "headers": {}, "body": None, **parts}).encode()


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"body": "ok"}, {"classe": "ok"}),
        (
            {"status": 429, "headers": {"Retry-After": "30"}, "body": "rate_limited"},
            {"classe": "rate_limited", "detalhe": "HTTP 429 rate_limited", "retry_after_s": 30.0},
        ),
        (
            {"status": 404, "body": "no_service"},
            {"classe": "gone", "detalhe": "HTTP 404 no_service"},
        ),
    ],
)
def test_an_answer_is_sorted_into_its_class(
    parts: dict[str, Any], said: dict[str, Any], terminal: Terminal
) -> None:
    told = terminal.run("canais", "classify", "--canal", "slack", "-", stdin=answer(**parts))

    assert (told.code, told.json) == (0, said)


def test_a_json_body_and_none_are_answers_too(terminal: Terminal) -> None:
    refused = answer(status=400, body={"code": 50006, "message": "Cannot send an empty message"})
    taken = answer(status=204)

    first = terminal.run("canais", "classify", "--canal", "discord", "-", stdin=refused)
    second = terminal.run("canais", "classify", "--canal", "discord", "-", stdin=taken)

    assert (first.json["classe"], second.json) == ("invalid_request", {"classe": "ok"})


@pytest.mark.parametrize(
    ("stdin", "words"),
    [(b"isto", "não é JSON"), (b"[]", "não é uma resposta"), (b'{"status":"x"}', "em status")],
)
def test_what_is_no_answer_is_refused_in_one_sentence(
    stdin: bytes, words: str, terminal: Terminal
) -> None:
    said = terminal.run("canais", "classify", "--canal", "slack", "-", stdin=stdin)

    assert (said.code, said.out, words in said.err) == (2, "", True), said.err


def test_an_unknown_canal_is_named_with_one_that_there_is(terminal: Terminal) -> None:
    unknown = terminal.run("canais", "parse", "--canal", "whatsap", "-", stdin=b"{}")
    mute = terminal.run("canais", "parse", "--canal", "log", "-", stdin=b"{}")

    assert (unknown.code, "Não há o canal whatsap" in unknown.err) == (2, True)
    assert (mute.code, "log não recebe mensagens" in mute.err) == (2, True)
