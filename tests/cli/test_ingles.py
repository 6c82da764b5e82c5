"""Whoever reads English gets English: help, results, refusals; nouns and data stay as they are."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import ponte.cli
from ponte.cli.ingles import english
from ponte.cli.ingles_ajuda import AJUDA
from ponte.cli.ingles_ditas import DITAS
from ponte.cli.ingles_textos import TEXTOS
from tests.cli.terminal import Terminal
from tests.cli.test_linha_de_comando import paths
from tests.cli.test_portugues import BAD

# Words that no English sentence has. What is typed, nouns and states are Portuguese everywhere.
PORTUGUESE = re.compile(
    r"(?<![-_\w/'`.])(não|é|um|uma|da|de|dos|das|que|para|com|sem|por|os|ao|em|na|ou|já|só|mais"
    r"|está|são|há|tem|pela|pelo|isso|ele|ela|nenhum|nenhuma|falta|lista|mostra|todos)(?![-_\w/'=`])",
    re.IGNORECASE,
)
LIKELY = re.compile(PORTUGUESE.pattern + r"|[à-úÀ-Ú]", re.IGNORECASE)
# Names and codes, text for other programs, and parts of a sentence that the table has whole.
NOT_SAID = re.compile(
    r"^ponte |\b(SELECT|INSERT|UPDATE|PRAGMA|HTTP/1|docker|curl|pip)\b|^#|^[\w.-]+$"
)
PARTS = {
    ", e não há banco local", "ninguém escuta7", " e mais", "demonstração", ", e o daqui é o 7",
    "alerta 7 7: 7", "memória", "ao vivo", "requisições/s", "páginas ligadas", "núcleos", "7 de 7",
}  # fmt: skip
OTHERS = ("frases.py", "ingles.py", "ingles_ajuda.py", "ingles_ditas.py", "ingles_textos.py")
MODULES = [
    path for path in sorted(Path(ponte.cli.__file__).parent.glob("*.py")) if path.name not in OTHERS
]


@pytest.fixture
def english_terminal(terminal: Terminal) -> Terminal:
    terminal.patch.setenv("PONTE_LANG", "en")
    terminal.env["PONTE_LANG"] = "en"
    return terminal


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.stem))
def test_each_portuguese_text_has_its_english(path: Path) -> None:
    missing = [
        line
        for text in _texts(ast.parse(path.read_text()))
        for line in _lines(text)
        if LIKELY.search(line) and not NOT_SAID.search(line) and line not in PARTS
        if english(line) == line
    ]

    assert missing == []


def _texts(tree: ast.AST) -> Iterator[str]:
    """Yield the literals of a module, what is filled in as {}; not its docstrings."""
    inside = {
        id(value)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for value in node.values
    } | {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if id(node) in inside:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield re.sub(r"(?<!\{)\{\w[^{}]*\}(?!\})", "{}", node.value)
        elif isinstance(node, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values
            )


def _lines(text: str) -> list[str]:
    # What is filled in is a number often, and nothing of ours ever.
    lines = text.replace("{}", "7").split("\n")
    return [line.removeprefix("; ") for line in lines if line.strip()]


@pytest.mark.parametrize("path", ["", *paths()])
def test_help_is_english_to_its_last_word(path: str, english_terminal: Terminal) -> None:
    said = english_terminal.ok(*path.split(), "-h").out

    prose = re.sub(r"^Usage: .*$|^ +ponte .*$|--?[a-z-]+|[A-Z]{2,}", "", said, flags=re.MULTILINE)
    assert PORTUGUESE.findall(prose) == [], said
    assert not re.search(r"[à-úÀ-Ú]", prose), said


@pytest.mark.parametrize("line", BAD)
def test_what_goes_wrong_is_said_in_english(line: str, loja: Terminal) -> None:
    (loja.folder / "texto.txt").write_text("nothing of use")
    loja.patch.setenv("PONTE_LANG", "en")

    said = loja.run(*line.split())

    assert said.code != 0
    assert said.err.startswith("Error: ")
    assert PORTUGUESE.findall(said.err.replace(str(loja.folder), "")) == [], said.err


@pytest.mark.parametrize(
    "line",
    [
        "doctor",
        "status",
        "verify",
        "migrate",
        "pedidos list",
        "pedidos show 1001",
        "pedidos cancel 1001 --motivo x -y",
        "estoque list",
        "estoque adjust ARROZ-5KG 1 --motivo x",
        "alertas list --todos",
        "alertas test",
        "alertas silence Teste --motivo x --por 1h",
        "falhas list",
        "keys create --nome caixa --escopo pedidos:ler",
        "keys list",
        "backup --to copia.db",
        "init --dir nova",
    ],
)
def test_what_goes_well_is_said_in_english(line: str, loja: Terminal) -> None:
    loja.patch.setenv("PONTE_LANG", "en")

    said = loja.run(*line.split())

    told = (said.out + said.err).replace(str(loja.folder), "").replace("Café com", "")
    assert said.code in {0, 3}, said
    assert PORTUGUESE.findall(told) == [], told


def test_a_process_that_serves_speaks_english(loja: Terminal) -> None:
    loja.env["PONTE_LANG"] = "en"

    with loja.running("up"):
        loja.wait_text("up", r"pedido \d+ done")

    told = loja.text("up")
    assert "roles: web, worker, scheduler" in told
    assert "Ending: what was accepted is being finished." in told
    assert "nota 1 series 1 issued: pedido" in told


def test_the_language_may_stand_in_the_env_file(terminal: Terminal) -> None:
    (terminal.folder / ".env").write_text("PONTE_LANG=en\n")

    assert "Show the version and exit." in terminal.ok("-h").out
    assert "List pedidos, newest first." in terminal.ok("pedidos", "list", "-h").out


def test_the_next_command_of_the_same_process_has_its_own_language(terminal: Terminal) -> None:
    terminal.patch.setenv("PONTE_LANG", "en")
    first = terminal.ok("pedidos", "list", "-h").out
    terminal.patch.setenv("PONTE_LANG", "pt-BR")
    second = terminal.ok("pedidos", "list", "-h").out

    assert "Examples:" in first
    assert "Exemplos:" in second


def test_data_stays_as_it_is(loja: Terminal) -> None:
    loja.ok(
        "estoque", "set", "X-1", "3", "--motivo", "x", "--nome", "Leite em pó", "--preco", "1.00"
    )
    loja.patch.setenv("PONTE_LANG", "en")

    table = loja.ok("estoque", "get", "X-1").out
    data = loja.ok("estoque", "get", "X-1", "--json").json

    assert "PRICE" in table
    assert re.search(r" Leite em pó$", table, re.MULTILINE)
    assert data["nome"] == "Leite em pó"


def test_no_sentence_of_the_tables_hides_behind_another() -> None:
    hidden = [
        frase
        for frase, words in {**TEXTOS, **DITAS, **AJUDA}.items()
        if "{" in frase and english(re.sub(r"\{n?\}", "7", frase)) != re.sub(r"\{\d?\}", "7", words)
    ]

    assert hidden == []


def test_a_sentence_inside_another_is_english_and_an_unknown_one_stays() -> None:
    assert english("3 esperando, o mais antigo há 5 s; papéis vivos: nenhum") == (
        "3 waiting, the oldest for 5 s; living roles: none"
    )
    assert english("gone with the wind") == "gone with the wind"
