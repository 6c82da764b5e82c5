"""Copia_servidor: `backup` and `restore` where the database is on a server.

The same promises as for a file: checked before it takes its name, and what a restore
replaces is kept, here as a copy in the data directory. The work is done by the server's
own programs, which must be on this machine.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ponte.cli import banco, saida
from ponte.cli.copia import name, report
from ponte.runtime.banco import check_driver
from ponte.runtime.instances import DEAD_S, alive
from ponte.settings import Settings, environment
from ponte.store.endereco import place
from ponte.store.provas import prove

ARQUIVO_SQLITE = b"SQLite format 3"


def backup(url: str, destino: Path) -> None:
    """Copy a server's database as of one instant, prove the copy whole, and only then name it.

    Raises:
        Parada: the server or its programs refuse, or the file can't be written.
    """
    with _explained(url):
        from ponte.store import pg_copia  # noqa: PLC0415 - the driver is an extra

        estado = asyncio.run(pg_copia.look(url))
        if "pedidos" not in estado.tabelas:
            saida.stop("Não há banco", causa=place(url), tente="ponte migrate", codigo=saida.USO)
        programas = pg_copia.Programas(environment(), versao=estado.versao)
        aside = destino.with_name(f".{destino.name}.parcial")
        try:
            aside.unlink(missing_ok=True)
            aside.touch(mode=0o600)
            programas.dump(url, aside)
            programas.prove(aside)
            name(aside, destino)
        except OSError as error:
            raise saida.Parada(
                "A cópia não pode ser escrita", causa=f"{destino}: {error}", codigo=saida.USO
            ) from error
        finally:
            aside.unlink(missing_ok=True)


def restore(settings: Settings, copia: Path) -> None:
    """Put a copy in the place of a server's database, and keep what it replaces.

    Raises:
        Parada: Ponte runs, the copy is none of this Ponte's, or the server refuses.
        Exit: it is restored, and a proof does not hold.
    """
    url = banco.server_of(settings)
    _check_file(copia)
    with _explained(url):
        from ponte.store import pg_copia  # noqa: PLC0415 - the driver is an extra

        estado = asyncio.run(pg_copia.look(url))
        programas = pg_copia.Programas(environment(), versao=estado.versao)
        conteudo = programas.read(copia)
        if not conteudo.tabelas >= pg_copia.DE_PONTE:
            saida.stop(f"{copia} não é um banco de Ponte", codigo=saida.USO)
        programas.prove(copia)
        guardado = None
        if estado.tabelas:
            _check_replaceable(url, ponte=estado.tabelas >= pg_copia.DE_PONTE)
            guardado = _kept(settings)
            saida.confirm(f"Trocar {place(url)} pela cópia? O atual fica guardado em {guardado}.")
            backup(url, guardado)
        programas.restore(url, copia)
        epoca = asyncio.run(pg_copia.renew(url, faltam=conteudo.faltam))
    provas = list(asyncio.run(banco.ask(url, prove, "postgres")))
    report(place(url), guardado, epoca=epoca, provas=provas)


def _check_file(copia: Path) -> None:
    try:
        with copia.open("rb") as file:
            head = file.read(len(ARQUIVO_SQLITE))
    except OSError as error:
        raise saida.Parada(
            f"{copia} não pode ser lido", causa=str(error), codigo=saida.USO
        ) from error
    if head == ARQUIVO_SQLITE:
        saida.stop(
            f"{copia} é a cópia de um arquivo, e o banco está em um servidor",
            tente="restaurar sem PONTE_DATABASE_URL, e então ponte migrate --to postgresql://…",
            codigo=saida.USO,
        )
    if not head.startswith(b"PGDMP"):
        saida.stop(f"{copia} não é uma cópia de `ponte backup`", codigo=saida.FALHOU)


def _check_replaceable(url: str, *, ponte: bool) -> None:
    if not ponte:
        saida.stop(
            "O banco do servidor tem outras tabelas",
            causa=place(url),
            tente="um banco vazio, só de Ponte",
            codigo=saida.USO,
        )
    asyncio.run(banco.server_pending(url))  # a newer Ponte's is not replaced by this one
    vivos = asyncio.run(banco.ask(url, alive))
    if vivos:
        saida.stop(
            "Ponte está rodando",
            causa=f"{len(vivos)} processo(s) usam {place(url)}",
            tente=f"parar todos (Ctrl-C ou SIGTERM), esperar {DEAD_S:.0f} s e repetir",
            codigo=saida.USO,
        )


def _kept(settings: Settings) -> Path:
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    return settings.data_dir / f"ponte.antes-{time.strftime('%Y%m%dT%H%M%S')}.dump"


@contextmanager
def _explained(url: str) -> Iterator[None]:
    with banco.explained(url):
        check_driver()
        from ponte.store import pg_copia  # noqa: PLC0415 - the driver is an extra

        try:
            yield
        except pg_copia.ProgramaFalta as error:
            raise saida.Parada(
                f"Falta o programa {error.nome}",
                causa=f"o servidor é PostgreSQL {error.precisa}"
                + (f", e o daqui é o {error.tem}" if error.tem else ""),
                tente=f"instalar os programas do cliente (postgresql-client-{error.precisa})",
                codigo=saida.USO,
            ) from error
        except pg_copia.ProgramaFalhou as error:
            raise saida.Parada(
                "A cópia não foi feita nem restaurada", causa=str(error), codigo=saida.FALHOU
            ) from error
