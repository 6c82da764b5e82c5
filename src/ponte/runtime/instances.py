"""Instances: which processes live, so that the work of a dead one is freed at once.

On one machine a process holds a lock on a file of its own; the kernel lets go of
it at any death, kill -9 included. Whoever can take that lock knows that its owner
is gone, without waiting for a lease to run out. Processes that share a server may
run on many machines: they write a heartbeat, timed by the server's clock alone, and
the kernel closes their connections at any death, which the server sees at once.
"""

import fcntl
import os
import socket
from pathlib import Path
from typing import Protocol

from ponte.domain.valores import new_id
from ponte.store.db import Tx

BEAT_S = 5.0  # chosen: how often a process says that it lives
DEAD_S = 15.0  # chosen: two beats may be lost; also how long a lease lasts
# Chosen: without any connection it is dead sooner. Long enough to connect anew after all were
# cut, and with the sweeps of PONTE_WORKER__SWEEP_S its work is free within 5.5 s of a kill.
GONE_S = 3.5


# Every connection is named by its process. None is older than the last time that all were cut
# (a restart, a failover), and nobody is blamed for what nobody could do before.
_DEAD = """SELECT i.id FROM instancias i WHERE i.id <> ?
AND GREATEST(i.batimento_em, (SELECT CAST(EXTRACT(EPOCH FROM MIN(a.backend_start)) * 1000 AS BIGINT)
    FROM pg_stat_activity a
    WHERE a.datname = current_database() AND a.application_name LIKE 'ponte %'))
< {now} - CASE WHEN EXISTS (SELECT 1 FROM pg_stat_activity a
    WHERE a.datname = current_database() AND a.application_name = 'ponte ' || i.id)
    THEN ?::bigint ELSE ?::bigint END"""


class Instance(Protocol):
    """One process among those that share a database."""

    id: str

    async def register(self, tx: Tx, papeis: str) -> None:
        """Write who this is."""

    async def beat(self, tx: Tx) -> None:
        """Say that this process lives; to be called every `BEAT_S` where `beats`."""

    @property
    def beats(self) -> bool:
        """Tell whether its life must be told, since no kernel tells its death."""

    async def dead(self, tx: Tx) -> list[str]:
        """Return the registered instances that are gone."""

    async def quiet(self, tx: Tx) -> bool:
        """Tell that nobody is gone and no lease ran out, in one statement; to be asked often."""

    def forget(self, instance_id: str) -> None:
        """Remove what a dead instance left outside the database."""

    def close(self) -> None:
        """Let go; others see this instance as gone."""


class LockedInstance:
    """One process among those that share a data directory."""

    beats = False

    def __init__(self, data_dir: Path) -> None:
        self.id = new_id()
        self._folder = data_dir / "instancias"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(self._path(self.id), os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self._fd, fcntl.LOCK_EX)

    async def register(self, tx: Tx, papeis: str) -> None:
        await _register(tx, self.id, papeis)

    async def beat(self, tx: Tx) -> None:
        """Say nothing: the lock does."""

    async def dead(self, tx: Tx) -> list[str]:
        return [i for i in await _registered(tx) if i != self.id and not _is_held(self._path(i))]

    async def quiet(self, tx: Tx) -> bool:  # noqa: ARG002 - a look at the locks is as cheap
        return False

    def forget(self, instance_id: str) -> None:
        self._path(instance_id).unlink(missing_ok=True)

    def close(self) -> None:
        os.close(self._fd)
        self.forget(self.id)

    def _path(self, instance_id: str) -> Path:
        return self._folder / f"{instance_id}.lock"


class BeatingInstance:
    """One process among those that share a server."""

    beats = True

    def __init__(self, processo: str) -> None:
        """`processo` is what its connections are named by."""
        self.id = processo
        self._papeis = ""

    async def register(self, tx: Tx, papeis: str) -> None:
        self._papeis = papeis
        await self.beat(tx)

    async def beat(self, tx: Tx) -> None:
        now, now_ms = tx.instant()
        # An insert once, and again when it was taken for dead, as a machine that slept is.
        await tx.execute(
            f"INSERT INTO instancias VALUES (?, ?, ?, ?, ?, {now})"  # noqa: S608 - own text
            " ON CONFLICT (id) DO UPDATE SET batimento_em = excluded.batimento_em",
            (self.id, self._papeis, socket.gethostname(), os.getpid(), tx.now_ms, now_ms),
        )

    async def dead(self, tx: Tx) -> list[str]:
        now, now_ms = tx.instant()
        rows = await tx.fetch(
            _DEAD.format(now=now), (self.id, now_ms, int(DEAD_S * 1000), int(GONE_S * 1000))
        )
        return [row[0] for row in rows]

    async def quiet(self, tx: Tx) -> bool:
        now, now_ms = tx.instant()
        row = await tx.fetch_one(
            f"SELECT 1 WHERE EXISTS ({_DEAD.format(now=now)}) OR EXISTS (SELECT 1 FROM fila"  # noqa: S608 - own text
            f" WHERE lease IS NOT NULL AND lease_ate < {now})",
            (self.id, now_ms, int(DEAD_S * 1000), int(GONE_S * 1000), now_ms),
        )
        return row is None

    def forget(self, instance_id: str) -> None:
        """Nothing of it lies outside the database."""

    def close(self) -> None:
        """Its row went with its last transaction."""


async def alive(tx: Tx) -> list[str]:
    """Return the ids of the processes that share this server and live."""
    then, then_ms = tx.instant(-int(DEAD_S * 1000))
    rows = await tx.fetch(
        f"SELECT id FROM instancias WHERE batimento_em >= {then}",  # noqa: S608 - own text
        (then_ms,),
    )
    return [row[0] for row in rows]


def living(data_dir: Path) -> list[str]:
    """Return the ids of the processes that hold this data directory now."""
    return [path.stem for path in (data_dir / "instancias").glob("*.lock") if _is_held(path)]


def _is_held(path: Path) -> bool:
    try:
        fd = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


async def _registered(tx: Tx) -> list[str]:
    return [row[0] for row in await tx.fetch("SELECT id FROM instancias")]


async def _register(tx: Tx, instance_id: str, papeis: str) -> None:
    await tx.execute(
        "INSERT INTO instancias VALUES (?, ?, ?, ?, ?, ?)",
        (instance_id, papeis, socket.gethostname(), os.getpid(), tx.now_ms, tx.now_ms),
    )


async def remove(tx: Tx, ids: list[str]) -> None:
    """Forget instances."""
    for instance_id in ids:
        await tx.execute("DELETE FROM instancias WHERE id = ?", (instance_id,))
