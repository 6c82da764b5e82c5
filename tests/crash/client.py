"""The outside client: buys, repeats, doubles and cancels while the server is being killed.

It never imports Ponte and believes nothing that it did not read off the wire.
An order that was answered 5xx or cut off is sent again under its own key until
it is settled; what that came to is for `reconcile` to judge, not for this file.
"""

import itertools
import random
import threading
import time
from collections.abc import Callable, Sequence

from tests.crash.journal import Journal
from tests.crash.plan import Ordem, Profile, plan
from tests.crash.wire import Answer, CutOff, Wire

# From 20 ms, doubling to 400 ms (chosen): quick enough to catch the first moments of a
# restarted server, slow enough to leave it the processor.
FIRST_WAIT_S = 0.02
LONGEST_WAIT_S = 0.4


class Pace:
    """Hand out order numbers at a bounded rate, to any number of threads."""

    def __init__(self, rate_per_s: float) -> None:
        self._lock = threading.Lock()
        self._step_s = 1.0 / rate_per_s
        self._next_at = time.monotonic()
        self._n = 0

    @property
    def taken(self) -> int:
        return self._n

    def take(self) -> int:
        with self._lock:
            now = time.monotonic()
            # What was missed while everyone waited for a dead server is not made up for.
            self._next_at = max(self._next_at, now - 5 * self._step_s) + self._step_s
            wait_s = self._next_at - now
            self._n += 1
            n = self._n
        if wait_s > 0:
            time.sleep(wait_s)
        return n


class Client:
    """Several connections, spread over the servers, that place orders until told to stop."""

    def __init__(
        self, portas: Sequence[int], *, chave_api: str, journal: Journal, profile: Profile
    ) -> None:
        self._portas = itertools.cycle(portas)
        self._chave_api = chave_api
        self._journal = journal
        self._profile = profile
        self._pace = Pace(profile.rate_per_s)
        self._closing = threading.Event()
        self._deadline = float("inf")
        self._acked: list[Ordem] = []
        self._threads = [
            threading.Thread(target=self._run, name=f"buyer-{i}", daemon=True)
            for i in range(profile.connections)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def finish(self, within_s: float) -> None:
        """Place what the profile still asks for, then settle; give up after `within_s` each."""
        enough_by = time.monotonic() + within_s
        while self._pace.taken < self._profile.at_least and time.monotonic() < enough_by:
            time.sleep(0.05)
        self._deadline = time.monotonic() + within_s
        self._closing.set()
        for thread in self._threads:
            thread.join(within_s + 15)
            if thread.is_alive():
                raise TimeoutError(f"{thread.name} did not come home")

    def place_one(self, ordem: Ordem) -> None:
        """Place a single order from the caller's own thread (used at enumerated points)."""
        with self._wire() as wire:
            self._place(ordem, wire)

    def _wire(self) -> Wire:
        # The next server for each connection, so that twins meet on two of them.
        return Wire(next(self._portas), self._chave_api)

    def _run(self) -> None:
        with self._wire() as wire:
            while not self._closing.is_set():
                self._place(plan(self._profile, self._pace.take()), wire)

    def _place(self, ordem: Ordem, wire: Wire) -> None:
        self._journal.write(
            "pretendido",
            n=ordem.n,
            chave=ordem.chave,
            pedido_externo=ordem.pedido_externo,
            itens=ordem.itens,
        )
        answer = self._twins(ordem, wire) if ordem.twin else self._post(ordem, wire, motivo="envio")
        if answer is None or not answer.ok:
            return
        if ordem.repeat:
            self._repeat(ordem, wire)
        if ordem.cancel:
            self._cancel(ordem, wire, pedido_id=answer.body["id"])
        self._acked.append(ordem)

    def _post(self, ordem: Ordem, wire: Wire, *, motivo: str) -> Answer | None:
        return self._settle(
            lambda: wire.call("POST", "/pedido", body=ordem.body, chave=ordem.chave),
            n=ordem.n,
            motivo=motivo,
        )

    def _twins(self, ordem: Ordem, wire: Wire) -> Answer | None:
        """Send the same request on two connections at the same moment."""
        start = threading.Barrier(2)

        def second() -> None:
            with self._wire() as other:
                start.wait()
                self._post(ordem, other, motivo="gemeo")

        thread = threading.Thread(target=second, name="twin", daemon=True)
        thread.start()
        start.wait()
        answer = self._post(ordem, wire, motivo="envio")
        thread.join()
        return answer

    def _repeat(self, ordem: Ordem, wire: Wire) -> None:
        """Send this order and an older one again: the older may have seen a crash since."""
        older = random.choice(self._acked) if self._acked else ordem  # noqa: S311
        for again in (ordem, older):
            self._post(again, wire, motivo="repeticao")
        if older.pedido_externo is not None:
            self._settle(
                lambda: wire.call(
                    "POST", "/pedido", body=older.body, chave=f"{older.chave}-outra-{ordem.n}"
                ),
                n=older.n,
                motivo="mesmo_externo",
            )

    def _cancel(self, ordem: Ordem, wire: Wire, *, pedido_id: str) -> None:
        self._settle(
            lambda: wire.call(
                "POST",
                f"/pedidos/{pedido_id}/cancelar",
                body={"motivo": "cliente desistiu"},
                chave=f"{ordem.chave}-cancelar",
            ),
            n=ordem.n,
            motivo="cancelamento",
        )

    def _settle(self, send: Callable[[], Answer], *, n: int, motivo: str) -> Answer | None:
        """Send until there is an answer that is final; None when time ran out first."""
        wait_s = FIRST_WAIT_S
        while True:
            self._journal.write("enviado", n=n, motivo=motivo)
            answer = self._try(send, n=n, motivo=motivo)
            if answer is not None and not _asks_again(answer):
                return answer
            if time.monotonic() > self._deadline:
                self._journal.write("desistido", n=n, motivo=motivo)
                return None
            time.sleep(wait_s)
            wait_s = min(wait_s * 2, LONGEST_WAIT_S)

    def _try(self, send: Callable[[], Answer], *, n: int, motivo: str) -> Answer | None:
        try:
            answer = send()
        except CutOff as cut:
            self._journal.write("cortado", n=n, motivo=motivo, causa=str(cut))
            return None
        self._journal.write(
            "respondido",
            n=n,
            motivo=motivo,
            status=answer.status,
            corpo=answer.body,
            retry_after=answer.retry_after,
        )
        return answer


def _asks_again(answer: Answer) -> bool:
    """5xx, 429, and a 409 that says when to come back: the first try is still running."""
    if answer.status >= 500 or answer.status == 429:
        return True
    return answer.status == 409 and answer.retry_after is not None
