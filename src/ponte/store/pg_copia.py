"""Pg_copia: a server's database as one file, by PostgreSQL's own programs, and back.

A copy is of one instant, taken beside whoever writes. Putting it back is one transaction
of the server: whole or not at all. The rule: the password goes to the programs by their
environment, since every user of the machine can read their arguments.
"""

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from ponte.domain.valores import new_id
from ponte.errors import PonteError
from ponte.store import pg_migrate
from ponte.store.migrate import Migracao, check, load

CABECALHO = b"PGDMP"  # what a copy in pg_dump's own format begins with
DE_PONTE = frozenset({"migracoes", "meta", "pedidos", "fatos"})
LOCK_WAIT = "60s"  # chosen: longer than any migration of a busy shop holds a table
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
_TABLE = re.compile(r"^\d+; \d+ \d+ TABLE \S+ (\S+) ", re.MULTILINE)
_MADE = re.compile(r"^CREATE (TABLE|SEQUENCE|FUNCTION) (\w+)", re.MULTILINE)
# What belonged to processes of another life: nobody has it in hand, and no broker was told.
FREE = (
    "DELETE FROM instancias",
    "UPDATE leases SET ate = 0",
    """UPDATE fila SET lease = NULL, lease_ate = NULL, dono = NULL, tentativas = tentativas - 1
    WHERE lease IS NOT NULL""",
    "UPDATE fila SET enviada_em = NULL WHERE enviada_em IS NOT NULL",
)


class ProgramaFalta(PonteError):
    """A program of PostgreSQL is missing or older than the server; nothing was done."""

    def __init__(self, nome: str, *, precisa: int, tem: int | None) -> None:
        super().__init__(f"{nome} {precisa} or newer is needed")
        self.nome = nome
        self.precisa = precisa
        self.tem = tem


class ProgramaFalhou(PonteError):
    """A program of PostgreSQL gave up; the database is as it was."""

    def __init__(self, nome: str, erro: str) -> None:
        super().__init__(f"{nome}: {erro}")


@dataclass(frozen=True, slots=True)
class Estado:
    """A server's version (17), and the tables of the database."""

    versao: int
    tabelas: frozenset[str]


@dataclass(frozen=True, slots=True)
class Copia:
    """What a copy holds: its tables, and the migrations that it lacks."""

    tabelas: frozenset[str]
    faltam: Sequence[Migracao]


async def look(url: str) -> Estado:
    """Return what stands at an address.

    Raises:
        ArmazenamentoIndisponivel: the server does not answer or refuses.
        ConfiguracaoInvalida: it is no address.
    """
    async with pg_migrate.opened(url) as con:
        rows = await con.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        versao = int(await con.fetchval("SHOW server_version_num")) // 10_000
        return Estado(versao, frozenset(row[0] for row in rows))


class Programas:
    """`pg_dump` and `pg_restore`, as new as the server or newer.

    Args:
        ambiente: The environment they are found and run in.
        versao: The server's, as 17.
    """

    def __init__(self, ambiente: Mapping[str, str], *, versao: int) -> None:
        own = {k: v for k, v in ambiente.items() if not k.startswith("PONTE_")}
        self._ambiente = {**own, "LC_ALL": "C.UTF-8"}
        self._versao = versao
        self._paths = {nome: self._find(nome) for nome in ("pg_dump", "pg_restore")}

    def dump(self, url: str, path: Path) -> None:
        """Write a whole database, as of one instant, over a file.

        Raises:
            ProgramaFalhou: it can't be read or written.
        """
        self._run(
            "pg_dump", "--format=custom", "--no-owner", "--no-privileges",
            f"--lock-wait-timeout={LOCK_WAIT}", f"--file={path}", url=url,
        )  # fmt: skip

    def prove(self, path: Path) -> None:
        """Read a copy to its end, changing nothing.

        Raises:
            ProgramaFalhou: it is damaged.
        """
        self._run("pg_restore", "--file=/dev/null", str(path))

    def read(self, path: Path) -> Copia:
        """Return what a copy holds.

        Raises:
            ProgramaFalhou: it is damaged.
            ConfiguracaoInvalida: it is of a newer Ponte, or its past was changed.
        """
        tabelas = frozenset(_TABLE.findall(self._run("pg_restore", "--list", str(path))))
        if not tabelas >= DE_PONTE:
            return Copia(tabelas, ())
        text = self._run("pg_restore", "--data-only", "--table=migracoes", "--file=-", str(path))
        rows = (line.split("\t") for line in text.splitlines() if line.count("\t") == 3)
        return Copia(tabelas, check({int(r[0]): r[2] for r in rows}, load(pg_migrate.ENGINE)))

    def restore(self, url: str, path: Path) -> None:
        """Put a copy in the place of what the database holds, in one transaction.

        Raises:
            ProgramaFalhou: the database is as it was.
        """
        self._run(
            "pg_restore", "--single-transaction", "--clean", "--if-exists", "--no-owner",
            "--no-privileges", str(path), url=url,
        )  # fmt: skip

    def _find(self, nome: str) -> str:
        path = shutil.which(nome, path=self._ambiente.get("PATH"))
        if path is None:
            raise ProgramaFalta(nome, precisa=self._versao, tem=None)
        found = _VERSION.search(_output([path, "--version"], self._ambiente, nome=nome))
        tem = int(found[1]) if found else 0
        if tem < self._versao:
            raise ProgramaFalta(nome, precisa=self._versao, tem=tem)
        return path

    def _run(self, nome: str, *args: str, url: str | None = None) -> str:
        command, ambiente = [self._paths[nome], *args], self._ambiente
        if url is not None:
            address, senha = without_password(url)
            command.append(f"--dbname={address}")
            ambiente = {**ambiente, **({"PGPASSWORD": senha} if senha else {})}
        return _output(command, ambiente, nome=nome)


def _output(command: Sequence[str], ambiente: Mapping[str, str], *, nome: str) -> str:
    done = subprocess.run(  # noqa: S603 - PostgreSQL's own programs, no shell
        command, env=dict(ambiente), capture_output=True, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        said = next((line for line in lines if "error:" in line), lines[0] if lines else "?")
        raise ProgramaFalhou(nome, said.removeprefix(f"{nome}: ").removeprefix("error: "))
    return done.stdout.decode(errors="replace")


def without_password(url: str) -> tuple[str, str]:
    """Return an address that others may see, and the password that stood in it."""
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    name, _, senha = user.partition(":")
    query = dict(parse_qsl(parts.query))
    senha = query.pop("password", unquote(senha))
    netloc = f"{name}@{host}" if name else host
    return urlunsplit((parts.scheme, netloc, parts.path, urlencode(query), "")), senha


async def renew(url: str, *, faltam: Sequence[Migracao]) -> str:
    """Make a restored database this version's, with an epoch of its own; return the epoch.

    Args:
        url: Where it is.
        faltam: The migrations that the copy lacked. What the database before it had by them
            may still lie there.

    Raises:
        ArmazenamentoIndisponivel: the server does not answer or refuses.
    """
    async with pg_migrate.opened(url) as con:
        for kind, name in (made for m in faltam for made in _MADE.findall(m.sql)):
            await con.execute(f"DROP {kind} IF EXISTS {name} CASCADE")
        epoca = new_id().replace("-", "")[-12:]
        async with con.transaction():
            await con.execute("UPDATE meta SET valor = $1 WHERE chave = 'epoca'", epoca)
            for sql in FREE:
                await con.execute(sql)
        await pg_migrate.bring_up(con)
        await con.execute("ANALYZE")
    return epoca
