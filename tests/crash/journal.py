"""The outside client's own memory: append-only, fsynced, one JSON object a line.

The judge believes this file and nothing else about what was asked and what was
answered. A line is on disk before the request it announces leaves, so an order
that the server knows and the journal does not is an order that nobody sent.
"""

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Journal:
    """Append facts to one file; every call returns after its fsync."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(self, evento: str, **campos: object) -> None:
        line = json.dumps({"evento": evento, "em": time.time(), **campos}, separators=(",", ":"))
        with self._lock:
            os.write(self._fd, line.encode() + b"\n")
            os.fsync(self._fd)

    def close(self) -> None:
        os.close(self._fd)


def read_journal(path: Path) -> Iterator[dict[str, Any]]:
    """Yield each fact in the order in which it was written."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
