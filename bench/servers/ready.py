"""How a server under test starts: an ephemeral port, a quiet collector, one line of JSON."""

import gc
import json
import socket
import sys
from typing import Any

import uvicorn

BACKLOG = 4096


def say(**facts: float) -> None:
    """Print one line of JSON for the bench, which waits for it."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def quiet_collector() -> None:
    """Freeze what start-up made: a full collection over it was measured as the p99."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def listening_socket() -> socket.socket:
    """Listen on a free loopback port."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    listener.listen(BACKLOG)
    return listener


class _SayingServer(uvicorn.Server):
    """A uvicorn that tells its port once it accepts."""

    def __init__(self, config: uvicorn.Config, facts: dict[str, float]) -> None:
        super().__init__(config)
        self._facts = facts

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        quiet_collector()
        say(**self._facts)


def run_asgi(app: Any, *, ws: str = "none", lifespan: bool = False) -> None:
    """Serve `app` on uvicorn with uvloop and httptools, and nothing that costs."""
    listener = listening_socket()
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws=ws,
        lifespan="on" if lifespan else "off",
        access_log=False,
        log_level="warning",
        ws_per_message_deflate=False,
        ws_ping_interval=None,
    )
    _SayingServer(config, {"port": listener.getsockname()[1]}).run([listener])
