"""The set-up of one run: how long, how often, and where the pieces of it lie."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Setup:
    """What every row is given."""

    rounds: int
    quick: bool
    # A directory of this run's own, on a real disk: databases, logs, a broker's files.
    directory: Path
    # The command under test, and the interpreter that has the naive app's broker client.
    ponte: Path
    naive_python: str
    # The interpreter that has what bench/baselines.txt pins.
    baselines_python: str

    def pick(self, full: float, quick: float) -> float:
        """Choose a length: the real one, or one that is enough to see the row work."""
        return quick if self.quick else full

    def path(self, name: str) -> Path:
        """Return a path of this run that nobody has used."""
        number = 0
        while (path := self.directory / (f"{name}-{number}" if number else name)).exists():
            number += 1
        return path

    def log(self, name: str) -> Path:
        """Return where a process writes what it has to say."""
        return self.directory / f"{name}.log"
