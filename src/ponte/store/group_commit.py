"""Group commit: what the writers of both databases share of it.

Callers that wait together share one transaction. Each is a job; jobs of one `many` service
that stand side by side are one call. How a transaction is run is each database's own.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ponte.store.db import Commit

MAX_GROUP = 256  # chosen: bounds how long one commit can hold the others


@dataclass(slots=True, eq=False)
class Job:
    """One caller's service, and what came of it until its commit."""

    service: Callable[..., Any]
    args: tuple[Any, ...]
    future: asyncio.Future[Any]
    many: bool
    rastro: str | None = None  # of the caller; of many, each item tells its own
    result: Any = None
    error: BaseException | None = None

    def answer(self, result: Any) -> None:
        """Keep a result, or the error that stands in its place."""
        failed = isinstance(result, BaseException)
        self.error, self.result = (result, None) if failed else (None, result)


def belongs(job: Job, last: Job) -> bool:
    """Tell whether a job is done in the same call as the one before it."""
    return job.many and last.many and last.service == job.service


def groups(jobs: Sequence[Job]) -> list[list[Job]]:
    """Return jobs as the calls they make, in order."""
    found: list[list[Job]] = []
    for job in jobs:
        if found and belongs(job, found[-1][0]):
            found[-1].append(job)
        else:
            found.append([job])
    return found


def settle(
    jobs: Iterable[Job], commit: Commit, listeners: Iterable[Callable[[Commit], None]]
) -> None:
    """Answer every caller who still waits, then tell of the commit. On the event loop."""
    for job in jobs:
        if job.future.done():
            continue
        if job.error is None:
            job.future.set_result(job.result)
        else:
            job.future.set_exception(job.error)
    if commit.fatos or commit.filas:
        for listener in listeners:
            listener(commit)
