"""Saida: how every command speaks. Data to stdout, talk to stderr, errors in one sentence.

A newcomer would print; here nothing does but these functions, so that `--json` is
never coloured, `-q` is really quiet, and a pipe gets data and nothing else.
"""

import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, NoReturn

import orjson

# CONSOLE: what an exit code says.
FEITO, FALHOU, USO, RESSALVAS, INALCANCAVEL, NEGADO, INTERROMPIDO = 0, 1, 2, 3, 4, 5, 130
Cor = Literal["auto", "always", "never"]
# A command in a hint: the name, and behind it a verb; not a file or a word that ends so.
_COMANDO = re.compile(r"(?<![\w/.-])ponte (?=[a-z-])")


class Parada(Exception):
    """The command ends here: what happened, why, what to try, and the exit code."""

    def __init__(
        self,
        frase: str,
        *,
        causa: str | None = None,
        tente: str | None = None,
        codigo: int = FALHOU,
    ) -> None:
        super().__init__(frase)
        self.frase = frase
        self.causa = causa
        self.tente = tente
        self.codigo = codigo


@dataclass
class Modo:
    """What the flags that every command has ask for."""

    json: bool = False
    quiet: bool = False
    verbose: bool = False
    color: Cor = "auto"
    progress: bool = True
    yes: bool = False
    url: str | None = None
    ingles: bool = False


modo = Modo()


def reset() -> None:
    """Forget the flags of an earlier command of this process."""
    modo.__init__()  # type: ignore[misc]


def data(value: Any, texto: str | None = None) -> None:
    """Print a result: as JSON where that was asked for, else as the given text."""
    if modo.json or texto is None:
        _write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
    elif texto:
        _write(shown(texto))


def line(value: Any, texto: str) -> None:
    """Print one of a stream: an NDJSON line, or the given text."""
    _write(orjson.dumps(value).decode() if modo.json else shown(texto))


def talk(texto: str) -> None:
    """Say something that is no result; `-q` hides it."""
    if not modo.quiet:
        sys.stderr.write(spoken(texto) + "\n")
        sys.stderr.flush()


@cache
def programa() -> str:
    """Return how a person at this terminal calls Ponte: by name where the shell finds it."""
    if shutil.which("ponte") is not None or not sys.argv[0].endswith("ponte"):
        return "ponte"
    path = Path(sys.argv[0]).absolute()
    aqui = Path.cwd()
    return str(path.relative_to(aqui) if path.is_relative_to(aqui) else path)


def with_program(texto: str) -> str:
    """Return a hint with each command as it can be typed here."""
    return _COMANDO.sub(lambda _: programa() + " ", texto)


def table(linhas: Sequence[Mapping[str, Any]], colunas: Mapping[str, str]) -> str:
    """Return rows as aligned text under their titles; `colunas` maps field to title.

    A pipe gets the same text, so that what was seen can be searched with grep.
    """
    celulas = [[_cell(linha.get(campo)) for campo in colunas] for linha in linhas]
    titulos = [shown(titulo).upper() for titulo in colunas.values()]
    larguras = [
        max([len(titulo), *(len(c[i]) for c in celulas)]) for i, titulo in enumerate(titulos)
    ]
    rows = [titulos, *celulas]
    numeric = [all(_is_number(linha.get(campo)) for linha in linhas) for campo in colunas]
    return "\n".join(
        "  ".join(
            cell.rjust(w) if num else cell.ljust(w)
            for cell, w, num in zip(row, larguras, numeric, strict=True)
        ).rstrip()
        for row in rows
    )


def colored(texto: str, codigo: str) -> str:
    """Return the text in an ANSI colour where people see colours."""
    return f"\x1b[{codigo}m{texto}\x1b[0m" if has_color() else texto


def has_color() -> bool:
    """Tell whether stdout takes colours: flag, then NO_COLOR, then the terminal."""
    if modo.json or modo.color == "never":
        return False
    if modo.color == "always":
        return True
    from ponte.settings import no_color  # noqa: PLC0415 - settings cost 0.1 s, a pipe needs none

    return sys.stdout.isatty() and not no_color()


def confirm(pergunta: str) -> None:
    """Ask before something that can't be taken back; `-y` says yes.

    Raises:
        Parada: the answer was no, or nobody can answer.
    """
    if modo.yes:
        return
    if not sys.stdin.isatty():
        raise Parada(
            "Falta confirmar", causa=pergunta, tente="repetir com -y para confirmar", codigo=USO
        )
    sys.stderr.write(spoken(f"{pergunta} [s/N] "))
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"s", "sim", "y", "yes"}:
        raise Parada("Nada foi feito", causa="não confirmado")


def said(causa: str) -> str:
    """Return a cause or a hint in the operator's language, where it is a known one."""
    if modo.ingles:
        from ponte.cli.ingles import english  # noqa: PLC0415 - most commands end without it

        return english(causa)
    from ponte.cli.frases import portuguese  # noqa: PLC0415 - most commands end without it

    return portuguese(causa)


def spoken(texto: str) -> str:
    """Return what we say beside the data in the operator's language."""
    if not modo.ingles:
        return texto
    from ponte.cli.ingles import english_talk  # noqa: PLC0415

    return english_talk(texto)


def shown(texto: str) -> str:
    """Return a result with the words of ours in it in the operator's language."""
    if not modo.ingles:
        return texto
    from ponte.cli.ingles import english_data  # noqa: PLC0415

    return english_data(texto)


def complain(parada: Parada) -> None:
    """Print an error in one sentence, with its cause and what to try."""
    causa = f": {said(parada.causa)}" if parada.causa else ""
    frase = f"{spoken('Erro')}: {spoken(parada.frase)}{causa}.\n"
    sys.stderr.write(frase.replace("..\n", ".\n"))
    if parada.tente:
        sys.stderr.write(f"{spoken('Tente')}: {with_program(said(parada.tente))}\n")
    sys.stderr.flush()


def stop(
    frase: str, *, causa: str | None = None, tente: str | None = None, codigo: int
) -> NoReturn:
    """End the command with an error."""
    raise Parada(frase, causa=causa, tente=tente, codigo=codigo)


@contextmanager
def quiet_pipe() -> Iterator[None]:
    """Let the reader of a pipe leave early, as `head` does, without a complaint."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # The interpreter flushes once more at its end; give it somewhere to write.
        sys.stdout = open("/dev/null", "w", encoding="utf-8")  # noqa: SIM115, PTH123


def _write(texto: str) -> None:
    sys.stdout.write(texto + "\n")
    sys.stdout.flush()


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return shown("sim" if value else "não")
    texto = str(value)
    # A name from outside must not colour or move the terminal.
    return texto if texto.isprintable() else "".join(c if c.isprintable() else "?" for c in texto)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
