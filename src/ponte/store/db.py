"""Db: the one `Database` that services see, and what a transaction can do.

Services are `async` and await only their `tx`. On SQLite nothing in them ever
suspends, so the writer thread runs a whole service by stepping its coroutine
once; on a server engine the same service runs on the event loop. Awaiting
anything else with a transaction open is an error, which is the rule a newcomer
would break: nothing outside is called while rows are locked.

SQL is text with `?` placeholders, the same for every engine.
"""

from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Concatenate, Protocol

from ponte.events import Fato, FatoGravado

Row = tuple[Any, ...]
Params = Sequence[Any]
Service = Callable[Concatenate["Tx", ...], Coroutine[Any, Any, Any]]


@dataclass(frozen=True, slots=True)
class Rota:
    """Where one fact must be handled: the step's name and its queue."""

    passo: str
    fila: str


Rotas = Callable[[Fato], Sequence[Rota]]


@dataclass(frozen=True, slots=True)
class Commit:
    """What one group of transactions made true: its facts in order, and the queues it fed.

    `juntos` callers shared it, and it took `segundos` from its begin to its end on disk.
    """

    fatos: Sequence[FatoGravado] = ()
    filas: frozenset[str] = field(default_factory=frozenset)
    juntos: int = 0
    segundos: float = 0.0


@dataclass(frozen=True, slots=True)
class ForeignChange:
    """What other processes committed; `filas` None means that any queue may have work."""

    filas: frozenset[str] | None = None


def streams(fato: Fato) -> tuple[bool, bool, bool]:
    """Tell which of seq, seq_publico and seq_estoque a fact is numbered in."""
    live = fato.sala is not None
    public = live and fato.public() is not None
    return live, public, public and fato.sala == "estoque"


def padded(values: Sequence[Any]) -> list[Any]:
    """Repeat the last value up to a power of two, so that few statement texts are prepared.

    For a list after IN, where a value that stands twice means the same as once.
    """
    if not values:
        return []
    size = 1 << (len(values) - 1).bit_length()
    return [*values, *[values[-1]] * (size - len(values))]


class Tx(Protocol):
    """One transaction, or a savepoint in a group of them. Never commits by itself."""

    now_ms: int
    # The traceparent of what is put from now on; a service that takes many items says whose.
    rastro: str | None

    async def execute(self, sql: str, params: Params = ()) -> int:
        """Run one statement and return how many rows it changed."""

    async def fetch(self, sql: str, params: Params = (), *, packed: int = 0) -> list[Row]:
        """Return all rows.

        Args:
            sql: The statement.
            params: Its values.
            packed: How many columns it answers, where it is asked for each order: the rows
                may then come as one, in any order. Whole numbers, texts and nulls only.
        """

    async def fetch_one(self, sql: str, params: Params = ()) -> Row | None:
        """Return the first row, or None."""

    async def insert_many(self, into: str, rows: Sequence[Params], *, conflict: str = "") -> int:
        """Insert rows in as few statements as the engine allows; return how many were inserted.

        Args:
            into: Table and columns, as `tabela (a, b)`.
            rows: Values in that order.
            conflict: What follows the values, as `ON CONFLICT DO NOTHING`.
        """

    def lock(self, *tabelas: str, skip: bool = False) -> str:
        """Return what follows a SELECT that must lock its rows; nothing where one writer rules.

        Args:
            tabelas: The names in FROM whose rows are locked; all without any.
            skip: Leave out rows that somebody else holds, instead of waiting for them.
        """

    def instant(self, depois_ms: int = 0) -> tuple[str, int]:
        """Return the SQL of an instant by the clock that all processes share, and its value.

        For leases: they are of one process and judged by another, on a machine whose clock
        may differ. A server's own is asked inside the statement; on one machine it is `now_ms`.
        """

    async def exclude(self, nomes: Collection[str]) -> None:
        """Let no other transaction that gives one of these names go on until this one ends.

        For a decision that rests on a row that is not there; one that is can be locked.
        """

    def put(self, fato: Fato, *, depois_ms: int = 0) -> None:
        """Write a fact and a queue row for each of its steps, in this transaction.

        It gets its numbers when the transaction ends: they are in the order of commits.

        Args:
            fato: What happened.
            depois_ms: How long its steps must wait before they may run.
        """

    def feed(self, fila: str) -> None:
        """Say that this queue gets work that no fact of this transaction brings."""

    async def next_numeros(self, quantos: int) -> list[int]:
        """Return the next numbers of pedidos; a rollback may leave a gap."""


class Database(Protocol):
    """Rows on one engine, with group commit."""

    @property
    def announces(self) -> bool:
        """Tell whether commits of other processes are announced, so that nobody must look."""

    async def transact(
        self, service: Callable[Concatenate[Tx, ...], Awaitable[Any]], *args: Any
    ) -> Any:
        """Run a service in a transaction and return its result after the commit.

        Raises:
            ArmazenamentoIndisponivel: it was not stored, or nobody knows whether it was.
        """

    async def batch(
        self, service: Callable[[Tx, Sequence[Any]], Awaitable[Sequence[Any]]], item: Any
    ) -> Any:
        """Run a service that takes many items at once, together with whoever else waits.

        The service returns a result for each item, in order; an exception in that
        place is raised to that caller alone. When the service itself raises, the
        items are tried one by one, so that a bad one does not sink its neighbours.
        """

    async def read(
        self, service: Callable[Concatenate[Tx, ...], Awaitable[Any]], *args: Any
    ) -> Any:
        """Run a service that only reads, on one consistent snapshot, beside the writer."""

    async def single(
        self, service: Callable[Concatenate[Tx, ...], Awaitable[Any]], *args: Any
    ) -> Any:
        """Run a service that asks one statement and puts nothing; a server is asked only that.

        For what is done all day by a process with nothing to do.
        """

    def on_commit(self, listener: Callable[[Commit], None]) -> None:
        """Call `listener` on the event loop after each commit of this process."""

    def on_foreign(self, listener: Callable[[], None]) -> None:
        """Call `listener` on the event loop when another process committed, where that is told."""

    def foreign_change(self) -> ForeignChange | None:
        """Return what another process may have committed since the last call; cheap."""

    async def changed_behind(self) -> bool:
        """Tell whether rows were changed by anybody but this process since the last call."""

    async def close(self) -> None:
        """Finish what waits, then close."""
