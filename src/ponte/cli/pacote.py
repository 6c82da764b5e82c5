"""Pacote: what somebody who helps needs to see, in a zip without secrets or personal data.

Settings are listed by name with their secrets masked, the database by its counts
alone. What people wrote, bought or are called is not in it.
"""

import asyncio
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
from ponte.cli.achado import Achado
from ponte.cli.saida import USO, Parada
from ponte.settings import Settings, environment
from ponte.store.db import Tx

_FILE_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
_SERVER_TABLES = """SELECT table_name::text FROM information_schema.tables
WHERE table_schema = current_schema()"""


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
    if not banco.exists(settings):
        return {}
    url = banco.server_of(settings)
    if url:
        return dict(asyncio.run(banco.ask(url, _counted, _SERVER_TABLES)))
    with banco.reading(settings.sqlite_path) as con:
        return dict(banco.read(con, _counted, _FILE_TABLES))


async def _counted(tx: Tx, tables: str) -> dict[str, Any]:
    linhas = {}
    for (nome,) in await tx.fetch(tables):
        row = await tx.fetch_one(f'SELECT COUNT(*) FROM "{nome}"')  # noqa: S608 - its own tables
        linhas[nome] = row[0] if row else 0
    return {
        "linhas": linhas,
        "migracoes": await tx.fetch("SELECT numero, nome, em FROM migracoes"),
        "fila": await tx.fetch(
            "SELECT fila, passo, COUNT(*), MAX(tentativas) FROM fila GROUP BY fila, passo"
        ),
        "falhas": await tx.fetch(
            "SELECT situacao, passo, causa, COUNT(*) FROM falhas GROUP BY 1, 2, 3"
        ),
    }
