"""A page that is left open: one socket that comes back wherever a server answers.

It keeps the last `seq` that it was told and resumes from there. Each seq must come once
and in order, or the server must say `ressincronizar`; a jump without that is a silent gap.
"""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

AGAIN_S = 0.05  # sooner than a browser would, to meet a server that only just started (chosen)
QUIET_S = 0.5  # how often the end of the run is looked for when nothing comes (chosen)


class Unheard(Exception):
    """A socket was not told in time what the others were told."""


@dataclass
class Watcher:
    """Within a `with`: listen to everything that is public."""

    portas: Sequence[int]
    chave_api: str
    seed: int
    porta: int = 0  # of the server that it hears now
    epoca: str = ""
    ultimo: int | None = None
    told: Counter[str] = field(default_factory=Counter)
    resumed: int = 0
    resyncs: int = 0
    faults: list[str] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)
        self._thread.start()
        self._until(lambda: self.porta != 0, within_s=30.0)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._over.set()
        assert self._thread is not None
        self._thread.join(30.0)

    def hears_any(self, within_s: float) -> None:
        """Wait until it knows where it stands, from which it can resume.

        Raises:
            Unheard: nothing came.
        """
        self._until(lambda: self.ultimo is not None, within_s)

    def hears(self, orders: int, within_s: float) -> None:
        """Wait until it was told of so many orders; one that was told to resync need not be.

        Raises:
            Unheard: it was not.
        """
        self._until(lambda: self.resyncs or self.told["pedido.recebido"] >= orders, within_s)

    def _until(self, true: Any, within_s: float) -> None:
        end = time.monotonic() + within_s
        while not true():
            if time.monotonic() > end:
                raise Unheard(f"at {self.ultimo} on {self.porta}, told {dict(self.told)}")
            time.sleep(0.02)

    def _run(self) -> None:
        # A PRNG on purpose: where it comes back must be repeatable from the seed.
        dice = random.Random(self.seed)  # noqa: S311
        while not self._over.is_set():
            porta = dice.choice(self.portas)
            try:
                with self._connect(porta) as socket:
                    self._listen(socket, porta)
            except (OSError, WebSocketException):
                self.porta = 0
                time.sleep(AGAIN_S)

    def _connect(self, porta: int) -> ClientConnection:
        desde = "" if self.ultimo is None else f"&epoca={self.epoca}&desde={self.ultimo}"
        return connect(
            f"ws://127.0.0.1:{porta}/ws?tudo=1{desde}",
            additional_headers={"Authorization": f"Bearer {self.chave_api}"},
            compression=None, proxy=None, close_timeout=1.0,
        )  # fmt: skip

    def _listen(self, socket: ClientConnection, porta: int) -> None:
        self.resumed += self.ultimo is not None
        self.porta = porta
        while not self._over.is_set():
            try:
                frame = json.loads(socket.recv(timeout=QUIET_S))
            except TimeoutError:
                continue
            self._take(frame)

    def _take(self, frame: dict[str, Any]) -> None:
        match frame["tipo"]:
            case "ressincronizar":
                # A snapshot follows, or the server hangs up and is asked again for the rest.
                self.resyncs += 1
            case "instantaneo":
                if not self.resyncs:
                    self.faults.append(f"a snapshot that nobody announced, after {self.ultimo}")
                self.epoca, self.ultimo = frame["epoca"], frame["seq"]
            case "resumo":
                contagens = Counter(frame["dados"]["contagens"])
                self._step(frame, frame["desde"], many=sum(contagens.values()))
                self.told += contagens
            case _ if "seq" in frame:
                self._step(frame, frame["seq"], many=1)
                self.told[frame["tipo"]] += 1

    def _step(self, frame: dict[str, Any], desde: int, *, many: int) -> None:
        due = desde if self.ultimo is None else self.ultimo + 1
        if desde != due or frame["seq"] != desde + many - 1:
            self.faults.append(
                f"{frame['tipo']} {desde}..{frame['seq']} ({many}) on {self.porta}, {due} was due"
            )
        if self.epoca and frame["epoca"] != self.epoca:
            self.faults.append(f"epoca {frame['epoca']} after {self.epoca}, unannounced")
        self.epoca, self.ultimo = frame["epoca"], frame["seq"]
