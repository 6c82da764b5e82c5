"""Foreign: how a process learns that another one committed to the same SQLite file.

SQLite tells each connection, by one number, whether any other one committed since.
A connection that only watches can't tell this process's own commits from another's,
so the writer, whose number moves for others alone, says what it met when it took
the lock. The rule: better one look too many than a fact that nobody sees.
"""

import sqlite3

from ponte.store.db import Commit


def data_version(con: sqlite3.Connection) -> int:
    """Return the number that changes when another connection committed; costs about 2 µs."""
    return int(con.execute("PRAGMA data_version").fetchone()[0])


class ForeignCommits:
    """Counts what others did. `met` and `own` run on the writer's thread, the rest on the loop."""

    def __init__(self, writer: sqlite3.Connection, *, watch: sqlite3.Connection) -> None:
        self._writer = writer
        self._watch = watch
        self._version = data_version(writer)
        self._found = self._own = self._own_pos = 0
        self._seen = (data_version(watch), 0, 0, 0)
        self._behind = self._version

    def met(self) -> None:
        """Note what others committed before the lock was taken."""
        version = data_version(self._writer)
        self._found += version != self._version
        self._version = version

    def own(self, commit: Commit) -> None:
        """Note a commit of this process."""
        if commit.fatos:
            self._own_pos = commit.fatos[-1].pos
        self._own += 1

    def changed(self) -> bool:
        """Tell whether another process may have committed since the last call."""
        version, own, found, pos = self._seen
        now_own, now_found, newest = self._own, self._found, max(pos, self._own_pos)
        now = data_version(self._watch)
        if now == version:
            return False
        now_pos = int(self._watch.execute("SELECT pos FROM contadores").fetchone()[0])
        self._seen = (now, now_own, now_found, now_pos)
        return now_own == own or now_found != found or now_pos > newest

    def behind(self) -> bool:
        """Tell the same of the commits before the writer's transaction, since the last call."""
        before, self._behind = self._behind, self._version
        return self._version != before
