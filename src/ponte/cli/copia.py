"""Copia: `backup` while Ponte works, `restore` when it does not; a server's in `copia_servidor`.

A backup is one file: the whole database at one instant, checked before it takes
its name. A restore puts it in place, keeps what it replaces, and gives the
database a new epoch, so that no browser takes old numbers for new ones.
"""

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ponte.cli import saida
from ponte.cli.grupo import alone, help_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ponte.store.provas import Resultado

backup, restore = alone(), alone()
DENTRO = "pedidos, estoque, notas, filas, fatos, alertas, hashes das chaves, tokens cifrados"
FORA = "chave.mestra (abre os tokens cifrados), admin.key, .env, Logs"


@backup.command(
    **help_of(
        "Copia o banco inteiro, de um só instante, enquanto Ponte trabalha.",
        "ponte backup --to /copias/ponte-2026-11-24.db",
    )
)
def _backup(
    *, to: Annotated[Path, typer.Option(help="Arquivo da cópia; uma pasta dá nome por si.")]
) -> None:
    from ponte.cli import ajustes, banco  # noqa: PLC0415

    settings = ajustes.read()
    servidor = banco.server_of(settings)
    fim = "dump" if servidor else "db"
    destino = to / f"ponte-{time.strftime('%Y-%m-%dT%H-%M-%S')}.{fim}" if to.is_dir() else to
    if destino.exists() and not saida.modo.yes:
        saida.stop(f"{destino} já existe", tente="outro nome, ou -y para trocar", codigo=saida.USO)
    if servidor:
        from ponte.cli import copia_servidor  # noqa: PLC0415 - a file needs none of it

        copia_servidor.backup(servidor, destino)
    else:
        with banco.reading(settings.sqlite_path) as origem:
            _copy(origem, destino)
    saida.data(
        {"arquivo": str(destino), "bytes": destino.stat().st_size, "dentro": DENTRO, "fora": FORA},
        f"{destino}  {destino.stat().st_size / 1024**2:.1f} MiB, conferida",
    )
    saida.talk(
        f"Dentro: {DENTRO}.\nFora: {FORA}. Guarde-os à parte, e a cópia cifrada:"
        " ela tem dados pessoais."
    )


@restore.command(
    **help_of(
        "Põe uma cópia no lugar do banco; Ponte tem de estar parado.",
        "ponte restore /copias/ponte-2026-11-24.db",
        "ponte restore /copias/ponte-2026-11-24.dump",
    )
)
def _restore(copia: Annotated[Path, typer.Argument(help="Arquivo de `ponte backup`.")]) -> None:
    from ponte.cli import ajustes, banco  # noqa: PLC0415

    settings = ajustes.read()
    if banco.server_of(settings):
        from ponte.cli import copia_servidor  # noqa: PLC0415 - a file needs none of it

        copia_servidor.restore(settings, copia)
        return
    path = settings.sqlite_path
    banco.check_nobody_runs(settings)
    novo = path.with_name(f".{path.name}.restaurado")
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with banco.reading(copia) as origem:
        _check_is_ponte(origem, copia)
        _copy(origem, novo)
    banco.file_migrate(novo)
    epoca = _new_epoch(novo)
    if path.exists():
        saida.confirm(f"Trocar {path} pela cópia? O atual fica guardado ao lado.")
    guardado = _swap(path, novo)
    _report(path, guardado, epoca)


def _copy(origem: sqlite3.Connection, destino: Path) -> None:
    """Copy a database as of one instant, prove the copy whole, and only then name it.

    Raises:
        Parada: it can't be written, or the copy is damaged.
    """
    aside = destino.with_name(f".{destino.name}.parcial")
    try:
        aside.unlink(missing_ok=True)
        aside.touch(mode=0o600)
        with closing(sqlite3.connect(aside)) as con:
            # All pages in one step: the writer goes on beside it and never restarts the copy.
            origem.backup(con, pages=-1)
            con.execute("PRAGMA journal_mode = DELETE")  # one file, no companions
            erro = con.execute("PRAGMA integrity_check").fetchone()[0]
        if erro != "ok":
            raise saida.Parada("A cópia saiu danificada", causa=erro, tente="ponte verify")
        name(aside, destino)
    except (OSError, sqlite3.OperationalError) as error:
        raise saida.Parada(
            "A cópia não pode ser escrita", causa=f"{destino}: {error}", codigo=saida.USO
        ) from error
    finally:
        aside.unlink(missing_ok=True)


def name(aside: Path, destino: Path) -> None:
    """Give a finished file its name, once it is on disk whole."""
    _sync(aside)
    aside.replace(destino)
    _sync(destino.parent)


def _check_is_ponte(con: sqlite3.Connection, copia: Path) -> None:
    tables = {row[0] for row in con.execute("SELECT name FROM sqlite_master")}
    if not {"migracoes", "meta", "pedidos", "fatos"} <= tables:
        saida.stop(f"{copia} não é um banco de Ponte", codigo=saida.USO)


def _new_epoch(path: Path) -> str:
    """Give the database another epoch: its numbers are from now on others than before."""
    from ponte.domain.valores import new_id  # noqa: PLC0415

    epoca = new_id().replace("-", "")[-12:]
    with closing(sqlite3.connect(path, isolation_level=None)) as con:
        con.execute("PRAGMA synchronous = FULL")
        con.execute("UPDATE meta SET valor = ? WHERE chave = 'epoca'", (epoca,))
        con.execute("DELETE FROM instancias")  # their locks are in the folder it came from
        con.execute("PRAGMA journal_mode = DELETE")
    _sync(path)
    return epoca


def _swap(path: Path, novo: Path) -> Path | None:
    """Put the new file in place and return where the old one is kept."""
    guardado = None
    if path.exists():
        guardado = path.with_name(f"{path.name}.antes-{time.strftime('%Y%m%dT%H%M%S')}")
        for suffix in ("-wal", "-shm", ""):
            old = Path(f"{path}{suffix}")
            if old.exists():
                old.replace(f"{guardado}{suffix}")
    novo.replace(path)
    _sync(path.parent)
    return guardado


def _report(path: Path, guardado: Path | None, epoca: str) -> None:
    from ponte.cli import banco  # noqa: PLC0415

    report(str(path), guardado, epoca=epoca, provas=banco.prove_file(path))


def report(onde: str, guardado: Path | None, *, epoca: str, provas: "Sequence[Resultado]") -> None:
    """Say what a restore did, and whether the proofs hold.

    Raises:
        Exit: some do not.
    """
    achados = [r for r in provas if r.achados]
    corpo: dict[str, Any] = {
        "banco": onde,
        "guardado": None if guardado is None else str(guardado),
        "epoca": epoca,
        "ok": not achados,
        "achados": [r.view() for r in achados],
    }
    texto = f"{onde} restaurado e {'provado' if not achados else 'com achados: ponte verify'}"
    if guardado is not None:
        texto += f"\nO anterior: {guardado}"
    saida.data(corpo, texto)
    if achados:
        raise typer.Exit(saida.RESSALVAS)


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
