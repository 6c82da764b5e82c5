"""Instances: which processes live, so that the work of a dead one is freed at once.

On one machine a process holds a lock on a file of its own; the kernel lets go of
it at any death, kill -9 included. Whoever can take that lock knows that its owner
is gone, without waiting for a lease to run out.
"""

import fcntl
import os
import socket
from pathlib import Path

from ponte.domain.valores import new_id
from ponte.store.db import Tx


class Instance:
    """One process among those that share a data directory."""

    def __init__(self, data_dir: Path) -> None:
        self.id = new_id()
        self._folder = data_dir / "instancias"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(self._path(self.id), os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self._fd, fcntl.LOCK_EX)

    async def register(self, tx: Tx, papeis: str) -> None:
        """Write who this is."""
        await tx.execute(
            "INSERT INTO instancias VALUES (?, ?, ?, ?, ?, ?)",
            (self.id, papeis, socket.gethostname(), os.getpid(), tx.now_ms, tx.now_ms),
        )

    def is_dead(self, instance_id: str) -> bool:
        """Tell whether another process of this machine is gone."""
        return instance_id != self.id and not _is_held(self._path(instance_id))

    def forget(self, instance_id: str) -> None:
        """Remove the file of a dead instance."""
        self._path(instance_id).unlink(missing_ok=True)

    def close(self) -> None:
        """Let go; others see this instance as gone."""
        os.close(self._fd)
        self.forget(self.id)

    def _path(self, instance_id: str) -> Path:
        return self._folder / f"{instance_id}.lock"


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


async def registered(tx: Tx) -> list[str]:
    """Return the ids of all instances that did not end cleanly or still live."""
    return [row[0] for row in await tx.fetch("SELECT id FROM instancias")]


async def remove(tx: Tx, ids: list[str]) -> None:
    """Forget instances."""
    for instance_id in ids:
        await tx.execute("DELETE FROM instancias WHERE id = ?", (instance_id,))
