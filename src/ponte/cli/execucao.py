"""Execucao: what the nouns share: one Ponte to talk to, and files to read."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from ponte.cli.saida import USO, Parada

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ponte.cli.acesso import Acesso


def run(work: "Callable[[Acesso], Awaitable[None]]", *, local: bool = True) -> None:
    """Run what a command does with the Ponte that it means; see `acesso.ponte` for `local`."""
    # HTTP and settings cost 0.2 s, which `-h` need not pay.
    from ponte.cli.acesso import ponte  # noqa: PLC0415

    async def main() -> None:
        async with ponte(local=local) as acesso:
            await work(acesso)

    asyncio.run(main())


def read_bytes(nome: str) -> bytes:
    """Return a file, or stdin for `-`.

    Raises:
        Parada: it can't be read.
    """
    try:
        return sys.stdin.buffer.read() if nome == "-" else Path(nome).read_bytes()
    except OSError as error:
        raise Parada(
            "O arquivo não pode ser lido", causa=f"{nome}: {error.strerror}", codigo=USO
        ) from error


def read_text(nome: str) -> str:
    """Return the text of a file, or of stdin for `-`.

    Raises:
        Parada: it can't be read, or is no text.
    """
    try:
        return read_bytes(nome).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Parada(
            "O arquivo não é texto UTF-8", causa=f"{nome}: {error.reason}", codigo=USO
        ) from error


def read_json(nome: str) -> Any:
    """Return what a JSON file holds.

    Raises:
        Parada: it can't be read, or is no JSON.
    """
    try:
        return orjson.loads(read_text(nome))
    except ValueError as error:
        raise Parada("O arquivo não é JSON", causa=f"{nome}: {error}", codigo=USO) from error


def save(destino: Path, corpo: bytes, *, overwrite: bool) -> None:
    """Write a file that only its owner reads; never half of one.

    Raises:
        Parada: it exists and may not be replaced, or can't be written.
    """
    if destino.exists() and not overwrite:
        raise Parada(f"{destino} já existe", tente="outro nome, ou -y para trocar", codigo=USO)
    aside = destino.with_name(f".{destino.name}.novo")
    try:
        aside.touch(mode=0o600)
        aside.write_bytes(corpo)
        aside.replace(destino)
    except OSError as error:
        raise Parada(
            "O arquivo não pode ser escrito", causa=f"{destino}: {error.strerror}", codigo=USO
        ) from error
