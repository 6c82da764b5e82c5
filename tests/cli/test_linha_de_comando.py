"""The tree itself: light, helpful, and honest in its exit codes."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.core import TyperGroup

from ponte.cli.app import COMMANDS, leaves, load
from tests.cli.terminal import PONTE, Terminal

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference" / "linha-de-comando.md"


def paths() -> list[str]:
    """Return every command as it is typed, without `ponte`."""
    found = []
    for name in COMMANDS:
        command = load(name)
        if isinstance(command, TyperGroup):
            found += [f"{name} {verb}" for verb in command.commands]
        else:
            found.append(name)
    return found


def test_help_imports_nothing_that_is_heavy() -> None:
    code = (
        "import sys; from ponte.cli.app import app; app(['--help']);"
        "heavy = {'fastapi', 'pydantic', 'httpx2', 'rich', 'asyncio'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)  # noqa: S603, PLW1510

    assert (done.returncode, done.stderr) == (0, "")
    assert "pedidos" in done.stdout


@pytest.mark.parametrize("path", paths())
def test_every_command_shows_examples_first(path: str, terminal: Terminal) -> None:
    said = terminal.run(*path.split(), "-h")

    usage, examples, text = said.out.partition("Exemplos:")

    assert said.code == 0
    assert examples
    assert usage.count("\n") <= 3
    assert f"ponte {path}" in text
    assert "--json" in text


@pytest.mark.parametrize("noun", sorted({path.split()[0] for path in paths() if " " in path}))
def test_a_noun_says_what_each_of_its_verbs_does(noun: str, terminal: Terminal) -> None:
    said = terminal.run(noun, "-h")

    _, verbs = said.out.split("Comandos:")
    assert len(verbs.split("\n")) > 1
    assert "Exemplos" not in verbs


@pytest.mark.parametrize("path", paths())
def test_every_command_is_in_the_reference_with_its_options(path: str) -> None:
    name, *verb = path.split()
    command = load(name)
    leaf = command.commands[verb[0]] if isinstance(command, TyperGroup) else command
    _, found, section = REFERENCE.read_text().partition(f"### `ponte {path}")

    section = section.partition("\n### ")[0]
    missing = [
        option
        for param in leaf.params
        if param.param_type_name == "option" and param.expose_value
        for option in param.opts
        if f"`{option}`" not in section
    ]

    assert found
    assert missing == []


def test_the_reference_names_no_command_that_is_not_there() -> None:
    named = re.findall(r"^### `ponte ([a-z]+(?: [a-z]+)?)", REFERENCE.read_text(), re.MULTILINE)

    assert sorted(named) == sorted(paths())


def test_no_option_takes_a_secret() -> None:
    words = {"key", "chave", "token", "secret", "segredo", "senha", "password", "api_key"}

    named = [
        (name, param.name)
        for name in COMMANDS
        for leaf in leaves(load(name))
        for param in leaf.params
        if param.param_type_name == "option" and param.name in words
    ]

    assert named == []


def test_a_typo_gets_the_nearest_command(terminal: Terminal) -> None:
    noun, verb = terminal.run("pedidso"), terminal.run("estoque", "lits")

    assert (noun.code, noun.out) == (2, "")
    assert noun.err == "Erro: Não há o comando ponte pedidso.\nTente: ponte pedidos\n"
    assert (verb.code, "Tente: ponte estoque list" in verb.err) == (2, True)


def test_a_wrong_option_is_a_usage_error(terminal: Terminal) -> None:
    said = terminal.run("up", "--prot", "1")

    assert said.code == 2
    assert "--port" in said.err
    assert said.err.endswith("Tente: ponte up -h\n")


def test_the_version_is_data(terminal: Terminal) -> None:
    said = terminal.ok("--version")

    assert said.out.strip().count(".") == 2
    assert said.err == ""


def test_a_hint_names_the_command_as_it_can_be_typed_here(loja: Terminal) -> None:
    away = loja.folder / "bin"
    away.mkdir()
    (away / "ponte").symlink_to(PONTE)
    command = [str(away / "ponte"), "pedidos", "show", "9"]

    named = subprocess.run(  # noqa: S603
        command, env=loja.env, cwd=loja.folder, capture_output=True, text=True, check=False
    )
    env = loja.env | {"PATH": str(away)}
    found = subprocess.run(  # noqa: S603
        command, env=env, cwd=loja.folder, capture_output=True, text=True, check=False
    )

    assert "Tente: bin/ponte pedidos list --busca 9" in named.stderr
    assert "Tente: ponte pedidos list --busca 9" in found.stderr


def test_a_negative_number_is_no_option(loja: Terminal) -> None:
    taken = loja.ok("estoque", "adjust", "ARROZ-5KG", "-3", "--motivo", "quebra", "--json").json
    first = loja.ok("estoque", "adjust", "--motivo", "-7", "--json", "ARROZ-5KG", "-2").json
    old = loja.ok("estoque", "adjust", "--motivo", "x", "--json", "--", "ARROZ-5KG", "-1").json
    typo = loja.run("estoque", "adjust", "ARROZ-5KG", "-3", "--motvo", "x")
    counted = loja.run("estoque", "set", "ARROZ-5KG", "-3", "--motivo", "x")

    before = 40
    quantities = [item["quantidade"] for item in (taken, first, old)]
    assert quantities == [before - 3, before - 5, before - 6]
    assert (typo.code, "--motivo" in typo.err) == (2, True)
    assert (counted.code, "deve ser 0 ou mais" in counted.err) == (2, True)


@pytest.mark.parametrize("url", ["abc", "localhost:8000", "ws://127.0.0.1:1"])
def test_an_address_that_is_none_is_a_usage_error(url: str, terminal: Terminal) -> None:
    said = terminal.run("status", "--url", url)

    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"Erro: {url} não é um endereço.")


def test_nothing_to_talk_to_is_exit_4(terminal: Terminal) -> None:
    said = terminal.run("pedidos", "list")

    assert (said.code, said.out) == (4, "")
    assert "Tente: ponte up" in said.err


def test_a_named_address_is_never_swapped_for_the_local_database(loja: Terminal) -> None:
    said = loja.run("pedidos", "list", "--url", f"http://127.0.0.1:{loja.porta}")

    assert (said.code, said.out) == (4, "")


def test_a_bad_setting_is_exit_2_and_shows_no_value(terminal: Terminal) -> None:
    terminal.patch.setenv("PONTE_API_KEY", "curta-e-secreta")

    said = terminal.run("verify")

    assert said.code == 2
    assert "PONTE_API_KEY" in said.err
    assert "curta-e-secreta" not in said.err


def test_quiet_keeps_data_and_errors_alone(loja: Terminal) -> None:
    loud, quiet = loja.ok("pedidos", "list"), loja.ok("pedidos", "list", "-q")

    assert loud.out == quiet.out
    assert (loud.err, quiet.err) == ("1 de 1\n", "")


@pytest.mark.parametrize(
    ("args", "colour"),
    [(("--color", "always"), True), (("--color", "never"), False), ((), False)],
)
def test_colours_come_only_where_they_are_wanted(
    args: tuple[str, ...], loja: Terminal, *, colour: bool
) -> None:
    said = loja.ok("estoque", "list", *args)

    assert ("\x1b[" in said.out) is colour


def test_an_unknown_colour_is_refused(terminal: Terminal) -> None:
    assert terminal.run("verify", "--color", "azul").code == 2


def test_what_needs_a_yes_is_not_done_without_one(loja: Terminal) -> None:
    said = loja.run("pedidos", "cancel", "A-1", "--motivo", "teste")
    status = loja.ok("pedidos", "show", "A-1", "--json").json["status"]

    assert (said.code, "-y" in said.err, status) == (2, True, "recebido")


def test_a_reader_that_leaves_early_gets_no_complaint(loja: Terminal) -> None:
    done = subprocess.run(  # noqa: S602 - a pipe is what is tested
        f"{PONTE} eventos list --json | head -1",
        shell=True,
        env=loja.env,
        cwd=loja.folder,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == "{\n"
    assert "Error" not in done.stderr
