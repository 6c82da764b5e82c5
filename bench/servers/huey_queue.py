"""huey on SQLite: dequeue and execute of a no-op, one at a time as its worker does."""

import sys
import time

from huey import SqliteHuey  # type: ignore[import-untyped]

from bench.servers.ready import say


def main(path: str, rows: int) -> None:
    """Measure once and say the rate; huey deletes a task before it runs it."""
    huey = SqliteHuey(filename=path, fsync=True, results=False)

    @huey.task()  # type: ignore[untyped-decorator]
    def nothing(_body: str) -> None:
        return None

    body = "x" * 400
    for _ in range(rows):
        nothing(body)
    begun = time.perf_counter()
    done = 0
    while (task := huey.dequeue()) is not None:
        huey.execute(task)
        done += 1
    say(done=done, rate=done / (time.perf_counter() - begun))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
