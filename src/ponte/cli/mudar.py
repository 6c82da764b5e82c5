"""Mudar: `ponte migrate --to`, from the file to a server, with everything that is in it.

The file is only read and stays as it is. What a person must know afterwards is said here:
which setting makes Ponte use the server, and what lies beside the database.
"""

import asyncio
import sqlite3
from typing import NoReturn

import typer

from ponte.cli import banco, saida
from ponte.runtime.banco import check_driver
from ponte.settings import Settings
from ponte.store.endereco import place
from ponte.store.provas import prove


def move(settings: Settings, url: str, *, dry_run: bool) -> None:
    """Move the installation's file into an empty database, and prove what arrived.

    Raises:
        Parada: one of both is not fit for it; the file is as it was, the database empty.
        Exit: it moved, and a proof does not hold.
    """
    _check_source(settings, dry_run=dry_run)
    linhas = _moved(settings, url)
    achados = [r for r in asyncio.run(banco.ask(url, prove, "postgres")) if r.achados]
    total = sum(linhas.values())
    saida.data(
        {
            "origem": str(settings.sqlite_path),
            "destino": place(url),
            "linhas": total,
            "tabelas": linhas,
            "ok": not achados,
            "achados": [r.view() for r in achados],
        },
        f"{total} linhas de {len(linhas)} tabelas levadas e conferidas, uma a uma: {place(url)}"
        + ("\nCom achados: ponte verify" if achados else ""),
    )
    saida.talk(
        f"Agora: PONTE_DATABASE_URL={place(url)} (com usuário e senha), e começar Ponte."
        f"\nFica onde está, e ainda serve: {settings.data_dir} (chave.mestra, admin.key)."
        f"\nGuarde {settings.sqlite_path.name} à parte: dois Pontes, um em cada banco,"
        " venderiam o mesmo estoque duas vezes."
    )
    if achados:
        raise typer.Exit(saida.RESSALVAS)


def _check_source(settings: Settings, *, dry_run: bool) -> None:
    if dry_run:
        saida.stop(
            "--to e --dry-run não andam juntos", tente="ponte migrate --dry-run", codigo=saida.USO
        )
    if banco.server_of(settings):
        saida.stop(
            "O banco já está em um servidor",
            causa=banco.shown(settings),
            tente="sem PONTE_DATABASE_URL, para levar o arquivo",
            codigo=saida.USO,
        )
    with banco.reading(settings.sqlite_path):
        pass  # there is one
    if banco.pending(settings):
        _stop_behind(settings)
    banco.check_nobody_runs(settings)


def _moved(settings: Settings, url: str) -> dict[str, int]:
    with banco.explained(url):
        check_driver()
        from ponte.store import mudanca  # noqa: PLC0415 - the driver is an extra

        try:
            return asyncio.run(mudanca.move(settings.sqlite_path, url))
        except mudanca.DestinoOcupado as error:
            raise saida.Parada(
                "O banco de destino não está vazio",
                causa=f"{place(url)}: há linhas em {error.tabela}",
                tente="um banco novo: createdb",
                codigo=saida.USO,
            ) from error
        except mudanca.OrigemAtrasada:
            _stop_behind(settings)
        except mudanca.OrigemOcupada as error:
            raise saida.Parada(
                "O banco está ocupado",
                causa=f"{settings.sqlite_path}: {error}",
                tente="parar quem escreve nele e repetir",
                codigo=saida.USO,
            ) from error
        except mudanca.MudancaFalhou as error:
            raise saida.Parada(
                "Nada foi levado", causa=str(error), tente="ponte verify", codigo=saida.FALHOU
            ) from error
        except sqlite3.Error as error:
            raise banco.broken(settings.sqlite_path, error) from error


def _stop_behind(settings: Settings) -> NoReturn:
    saida.stop(
        "O banco não é desta versão",
        causa=f"faltam migrações em {settings.sqlite_path}",
        tente="ponte migrate",
        codigo=saida.USO,
    )
