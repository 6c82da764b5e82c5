"""Silences on the command line: made, listed, ended, and refused in words."""

import pytest

from tests.cli.terminal import Terminal


def test_a_silence_says_what_it_catches_and_can_be_ended(terminal: Terminal) -> None:
    terminal.ok("migrate")
    terminal.ok("alertas", "test")

    made = terminal.ok(
        "alertas", "silence", "TesteDeAlerta", "--por", "2h", "--motivo", "reforma", "--json"
    ).json
    listed = terminal.ok("alertas", "silences")
    terminal.ok("alertas", "unsilence", made["id"])
    after = terminal.ok("alertas", "silences", "--json").json
    kept = terminal.ok("alertas", "silences", "--todos", "--json").json

    assert (made["alertas_abertos"], made["ativo"]) == (1, True)
    assert "TesteDeAlerta" in listed.out
    assert "reforma" in listed.out
    assert after["total"] == 0
    assert [s["id"] for s in kept["itens"]] == [made["id"]]


def test_labels_choose_what_is_hidden(terminal: Terminal) -> None:
    terminal.ok("migrate")

    made = terminal.ok(
        "alertas", "silence", "--label", "loja=1", "--label", "porta=a", "--motivo", "x", "--json"
    ).json

    assert made["labels"] == {"loja": "1", "porta": "a"}
    assert (made["nome"], made["alertas_abertos"]) == (None, 0)


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("--motivo", "x"), 2, "Falta o que calar"),
        (("porta", "--motivo", "x", "--por", "logo"), 2, "30m, 2h ou 1d"),
        (("porta", "--motivo", "x", "--por", "0h"), 2, "30m, 2h ou 1d"),
        (("--motivo", "x", "--label", "loja"), 2, "NOME=VALOR"),
        (("porta",), 2, "--motivo"),
        (("porta", "--motivo", "x", "--por", "999d"), 1, "ate"),
    ],
)
def test_a_wrong_silence_is_refused_in_one_sentence(
    terminal: Terminal, args: tuple[str, ...], code: int, words: str
) -> None:
    terminal.ok("migrate")

    said = terminal.run("alertas", "silence", *args)

    assert said.code == code
    assert words in said.err
