"""Whoever reads Portuguese gets Portuguese: help, refusals, wrong settings, the system's words."""

import re

import pytest

from ponte.cli.frases import FRASES, portuguese
from tests.cli.terminal import Terminal
from tests.cli.test_linha_de_comando import paths

# Words that no Portuguese sentence has; names on the wire have underscores or stand in quotes.
ENGLISH = re.compile(
    r"(?<![-_\w/'])(the|is|are|not|expected|required|should|must|unknown|found|invalid|missing|such"
    r"|than|and|with|like|show|exit|usage|options|commands|arguments|default|input|valid|there|file"
    r"|directory|denied|refused|already|needed|left|asked|only|does|been|was|to|at)(?![-_\w/'=])",
    re.IGNORECASE,
)
BAD = [
    "pedidos show 999999",
    "pedidos show 0193aaaa-0000-7000-8000-000000000000",
    "pedidos create NADA=1",
    "pedidos create ARROZ-5KG=1 --documento 123",
    "pedidos create ARROZ-5KG=1@abc",
    "pedidos create ARROZ-5KG=0",
    "pedidos create ARROZ-5KG=1 --externo",
    "pedidos create --file nada.json",
    "pedidos create --file texto.txt",
    "pedidos list --status foo",
    "pedidos list --desde ontem",
    "pedidos list --limite 0",
    "pedidos list --limite muitos",
    "pedidos cancel A-1",
    "pedidos reprocess A-1",
    "pedidos parse --fonte rapi texto.txt",
    "estoque get NADA",
    "estoque set NOVO 3 --motivo x",
    "estoque set ARROZ-5KG abc --motivo x",
    "estoque set ARROZ-5KG",
    "estoque adjust ARROZ-5KG -900 --motivo x",
    "estoque adjust ARROZ-5KG 0 --motivo x",
    "estoque import nada.csv",
    "estoque import texto.txt",
    "estoque import .",
    "estoque lits",
    "alertas list --severidade foo",
    "alertas show x",
    "falhas list --situacao x",
    "falhas show 1",
    "falhas reprocess",
    "eventos list --tipo x",
    "eventos list --desde -1",
    "keys create",
    "keys create --nome x --escopo foo",
    "keys create --nome x --escopo admin --expira ontem",
    "keys revoke 1 -y",
    "backup --to nada/x.db",
    "restore texto.txt",
    "verify --file texto.txt",
    "verify a-mais",
    "up --prot 1",
    "up --demo=1",
    "up --host 0.0.0.0",
    "top --interval 0",
    "top",
    "demo --rate 0",
    "listen",
    "status --url http://127.0.0.1:9",
]


@pytest.mark.parametrize("path", ["", *paths()])
def test_help_is_portuguese_to_its_last_word(path: str, terminal: Terminal) -> None:
    said = terminal.ok(*path.split(), "-h").out

    # What is typed is typed in English, and the names of things in capitals are theirs.
    prose = re.sub(r"^Uso: .*$|^ +ponte .*$|--?[a-z-]+|[A-Z]{2,}", "", said, flags=re.MULTILINE)
    verbs = {path.split()[-1] for path in paths()}
    assert [word for word in ENGLISH.findall(prose) if word not in verbs] == []


@pytest.mark.parametrize("line", BAD)
def test_what_goes_wrong_is_said_in_portuguese(line: str, loja: Terminal) -> None:
    (loja.folder / "texto.txt").write_text("isto não é nada")

    said = loja.run(*line.split())

    problem = said.err.partition("\nTente: ")[0]
    assert said.code != 0
    assert said.err.startswith("Erro: ")
    assert ENGLISH.findall(problem.replace(str(loja.folder), "")) == [], said.err


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PONTE_PORT", "abc"),
        ("PONTE_PORT", "70000"),
        ("PONTE_LANG", "fr"),
        ("PONTE_TZ", "Marte"),
        ("PONTE_API_KEY", "curta"),
        ("PONTE_RATE_LIMIT_ANON", "0"),
        ("PONTE_EMITENTE__CNPJ", "1"),
        ("PONTE_EMITENTE__UF", "XX"),
        ("PONTE_MASTER_KEY", "curta"),
        ("PONTE_DATABASE_URL", "oracle://x"),
    ],
)
def test_a_wrong_setting_is_said_in_portuguese(name: str, value: str, terminal: Terminal) -> None:
    terminal.patch.setenv(name, value)

    said = terminal.run("worker")

    assert said.code == 2
    assert name in said.err
    assert ENGLISH.findall(said.err) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("ConnectionRefusedError", "nenhum PostgreSQL escuta neste endereço"),
        ("gaierror", "o nome do servidor PostgreSQL é desconhecido"),
        ("TimeoutError", "o PostgreSQL não respondeu a tempo"),
        ("ConnectionError", "o PostgreSQL não fala TLS"),
        ("sorry, too many clients already", "o servidor tem conexões demais"),
        ("the database system is starting up", "o servidor ainda está começando"),
        ('role "loja" is not permitted to log in', 'o usuário "loja" não pode entrar'),
        (
            'no pg_hba.conf entry for host "10.0.0.9", user "loja", database "x", no encryption',
            'pg_hba.conf não deixa entrar de "10.0.0.9" o usuário "loja" no banco "x"',
        ),
        # What a server before 11 answers to the settings that a connection asks for.
        (
            'unrecognized configuration parameter "jit"',
            'o servidor é antigo demais: não conhece o ajuste "jit"',
        ),
    ],
)
def test_a_server_that_lets_nobody_in_is_said_in_portuguese(words: str, said: str) -> None:
    cause = portuguese(f"10.0.0.1:5432/ponte: PostgreSQL can't be reached: {words}")

    assert cause.startswith("10.0.0.1:5432/ponte: ")
    assert cause.removeprefix("10.0.0.1:5432/ponte: ").startswith(
        (said, f"não há acesso ao PostgreSQL: {said}")
    )
    assert ENGLISH.findall(cause) == []


def test_each_part_is_said_and_what_is_not_known_stays() -> None:
    two = "itens.0.quantidade: whole number expected; cliente: unknown field"

    assert portuguese(two) == (
        "itens.0.quantidade: esperado um número inteiro; cliente: campo desconhecido"
    )
    assert portuguese("gone with the wind") == "gone with the wind"
    assert portuguese("") == ""


def test_no_sentence_of_the_catalogue_hides_behind_another() -> None:
    hidden = [
        frase
        for frase, words in FRASES.items()
        if words.count("{}") and portuguese(frase.replace("{}", "7")) != words.replace("{}", "7")
    ]

    assert hidden == []
