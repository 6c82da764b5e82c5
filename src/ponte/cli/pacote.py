"""Pacote: what somebody who helps needs to see, in a zip without secrets or personal data.

Settings are listed by name with their secrets masked, the database by its counts
alone. What people wrote, bought or are called is not in it.
"""

import platform
import sqlite3
import sys
import zipfile
from collections.abc import Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import orjson

from ponte import __version__
from ponte.cli import banco
from ponte.cli.exame import Achado
from ponte.cli.saida import USO, Parada
from ponte.settings import Settings, environment


def write(destino: Path, settings: Settings, achados: Sequence[Achado]) -> None:
    """Write the zip, readable by its owner alone.

    Raises:
        Parada: it can't be written.
    """
    partes = {
        "exame.json": [a.view() for a in achados],
        "versoes.json": _versions(),
        "configuracao.json": {
            "ponte": settings.model_dump(mode="json"),
            "variaveis": sorted(k for k in environment() if k.upper().startswith("PONTE_")),
        },
        "banco.json": _counts(settings),
    }
    try:
        destino.touch(mode=0o600)
        with zipfile.ZipFile(destino, "w", zipfile.ZIP_DEFLATED) as pacote:
            for nome, valor in partes.items():
                pacote.writestr(nome, orjson.dumps(valor, option=orjson.OPT_INDENT_2))
    except OSError as error:
        raise Parada(
            "O pacote não pode ser escrito", causa=f"{destino}: {error.strerror}", codigo=USO
        ) from error


def _versions() -> dict[str, Any]:
    return {
        "ponte": __version__,
        "python": sys.version,
        "sistema": platform.platform(),
        "sqlite": sqlite3.sqlite_version,
        "pacotes": {d.name: d.version for d in sorted(distributions(), key=lambda d: d.name)},
    }


def _counts(settings: Settings) -> dict[str, Any]:
    if not settings.sqlite_path.is_file():
        return {}
    with banco.reading(settings.sqlite_path) as con:
        nomes = [
            row[0]
            for row in con.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            )
        ]
        return {
            "linhas": {n: con.execute(f'SELECT COUNT(*) FROM "{n}"').fetchone()[0] for n in nomes},  # noqa: S608 - its own tables
            "migracoes": con.execute("SELECT numero, nome, em FROM migracoes").fetchall(),
            "fila": con.execute(
                "SELECT fila, passo, COUNT(*), MAX(tentativas) FROM fila GROUP BY fila, passo"
            ).fetchall(),
            "falhas": con.execute(
                "SELECT situacao, passo, causa, COUNT(*) FROM falhas GROUP BY 1, 2, 3"
            ).fetchall(),
        }
