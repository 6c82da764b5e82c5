"""The machine: what the figures were taken on, and which core does what.

A figure without its machine means nothing, so every report opens with this. The system
under test gets one core and the load the other: on one core, load would slow the system
that it measures.
"""

import os
import platform
import sqlite3
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

SYSTEM_CORE = 0
LOAD_CORE = 1
# The page size of a WAL frame with its header lies near 4 kB; two of them are a small commit.
SYNC_BYTES = 8192
SYNC_TIMES = 200
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Machine:
    """What was measured on."""

    cpu: str
    cores: int
    memory_gib: float
    kernel: str
    python: str
    sqlite: str
    fdatasync_8k_us: float
    load_average: float

    def lines(self) -> list[str]:
        """Say it in a few lines for people."""
        sync = f"fdatasync of 8 kB: {self.fdatasync_8k_us:.0f} µs"
        load = f"load average at the start: {self.load_average:.1f}"
        return [
            f"{self.cpu}, {self.cores} cores, {self.memory_gib:.0f} GiB, Linux {self.kernel}",
            f"Python {self.python}, SQLite {self.sqlite}; {sync}; {load}",
        ]

    def as_json(self) -> dict[str, object]:
        """Return it for the raw results."""
        return asdict(self)


def describe(directory: Path) -> Machine:
    """Look at the machine; `directory` is on the disk that the databases will be on."""
    return Machine(
        cpu=_cpu_model(),
        cores=os.cpu_count() or 1,
        memory_gib=os.sysconf("SC_PHYS_PAGES") * PAGE_BYTES / 2**30,
        kernel=platform.release(),
        python=platform.python_version(),
        sqlite=sqlite3.sqlite_version,
        fdatasync_8k_us=_sync_us(directory),
        load_average=os.getloadavg()[0],
    )


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _sync_us(directory: Path) -> float:
    block = os.urandom(SYNC_BYTES)
    times = []
    with tempfile.NamedTemporaryFile(dir=directory) as file:
        for _ in range(SYNC_TIMES):
            file.write(block)
            file.flush()
            begun = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - begun)
    return median(times) * 1e6


def pin_load() -> bool:
    """Put this process on the load core; False when the machine has only one."""
    if (os.cpu_count() or 1) < 2:
        return False
    os.sched_setaffinity(0, {LOAD_CORE})
    return True


def cpu_s(pid: int) -> float:
    """Return the CPU seconds (user and system, every thread) that `pid` has used."""
    # The command name may hold spaces and brackets; the fields count from after it.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def resident_mib(pid: int) -> float:
    """Return the resident memory of `pid`."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES / 2**20
