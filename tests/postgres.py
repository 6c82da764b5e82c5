"""A PostgreSQL server of the tests' own: loopback, a port nobody else has, gone at the end."""

import asyncio
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from ponte.store import pg_migrate

START_S = 30
MODELO = "ponte_modelo"
_PLACES = ("/usr/lib/postgresql/*/bin", "/opt/homebrew/opt/postgresql*/bin", "/usr/pgsql-*/bin")


def programs() -> Path | None:
    """Return where the newest server's programs lie, or None where there is none."""
    found = [p for place in _PLACES for p in Path("/").glob(place[1:]) if (p / "initdb").exists()]
    on_path = shutil.which("initdb")
    return max(found) if found else Path(on_path).parent if on_path else None


@dataclass
class Cluster:
    """One server with a migrated model database, from which each test gets a copy."""

    bin: Path
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="ponte-pg-")))
    password: str = field(default_factory=lambda: secrets.token_hex(8))
    port: int = 0
    _process: subprocess.Popen[bytes] | None = None
    _count: int = 0

    def start(self, *, new: bool = True) -> None:
        """Make the server and run it until `stop`; a restart keeps its data and port."""
        if new:
            self.port = _free_port()
            (self.folder / "senha").write_text(self.password)
            self._own(self.folder)
            self._run("initdb", "-U", "ponte", "--auth=scram-sha-256", "--encoding=UTF8",
                      "--locale=C.UTF-8", f"--pwfile={self.folder / 'senha'}", "-N")  # fmt: skip
        command = [str(self.bin / "postgres"), "-D", str(self.folder / "dados"), "-k", "",
                   "-p", str(self.port), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=on",
                   "-c", "max_connections=200", "-c", "shared_buffers=32MB"]  # fmt: skip
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the server's own programs
                command, stdout=log, stderr=log, cwd=self.folder, **self._as_owner()
            )
        _run(self._wait())
        if new:
            _run(self._ask(f"CREATE DATABASE {MODELO}"))
            _run(pg_migrate.migrate(self.url(MODELO)))

    def create(self) -> str:
        """Return the address of a fresh migrated database."""
        self._count += 1
        name = f"teste_{self._count}"
        _run(self._ask(f"CREATE DATABASE {name} TEMPLATE {MODELO}"))
        return self.url(name)

    def drop(self, url: str) -> None:
        """Throw a database away, whoever is still connected."""
        name = url.rpartition("/")[2]
        _run(self._ask(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))

    def kill(self) -> None:
        """End the server as a crash would: at once, with nothing finished."""
        self._end(signal.SIGQUIT)

    def stop(self) -> None:
        """End the server and remove all of it."""
        self._end(signal.SIGINT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, name: str) -> str:
        """Return the address of a database."""
        return f"postgresql://ponte:{self.password}@127.0.0.1:{self.port}/{name}"

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(START_S)
            self._process = None

    async def _wait(self) -> None:
        for _ in range(START_S * 10):
            try:
                await self._ask("SELECT 1")
            except (OSError, asyncpg.PostgresError):
                await asyncio.sleep(0.1)
            else:
                return
        raise AssertionError((self.folder / "log").read_text())

    async def _ask(self, sql: str) -> None:
        con = await asyncpg.connect(self.url("postgres"), timeout=5)
        try:
            await con.execute(sql)
        finally:
            await con.close()

    def _run(self, program: str, *args: str) -> None:
        command = [str(self.bin / program), "-D", str(self.folder / "dados"), *args]
        subprocess.run(  # noqa: S603 - the same
            command, check=True, capture_output=True, cwd=self.folder, **self._as_owner()
        )

    def _own(self, path: Path) -> None:
        # The server refuses to run as root.
        if os.getuid() == 0:
            owner = pwd.getpwnam("postgres")
            for each in (path, *path.iterdir()):
                os.chown(each, owner.pw_uid, owner.pw_gid)

    def _as_owner(self) -> dict[str, Any]:
        return {"user": "postgres", "group": "postgres"} if os.getuid() == 0 else {}


def _run(work: Coroutine[Any, Any, Any]) -> None:
    # With a loop of its own that nobody else takes for theirs.
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(work)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
