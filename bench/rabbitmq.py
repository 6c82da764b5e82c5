"""A RabbitMQ for the naive app: a node and its port mapper of our own, gone with the row.

It runs on the load core, which favours the naive app: its own core is spent on itself.
"""

import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.machine import LOAD_CORE
from bench.processes import HOST, NotAvailableError, NotReadyError, Process, free_port
from bench.setup import Setup

# Debian keeps the script that does not change user here; elsewhere it is on the path.
SCRIPT = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
GREETING = b"AMQP\x00\x00\x09\x01"
START_S = 60.0


@contextmanager
def running(setup: Setup) -> Iterator[int]:
    """Run a node and yield its AMQP port."""
    server = str(SCRIPT) if SCRIPT.exists() else shutil.which("rabbitmq-server")
    mapper = shutil.which("epmd")
    if server is None or mapper is None:
        raise NotAvailableError("needs rabbitmq-server (apt-get install rabbitmq-server)")
    home = setup.path("rabbitmq")
    home.mkdir()
    port, mapper_port = free_port(), free_port()
    env = _environment(home, port=port, mapper_port=mapper_port)
    log = setup.log("rabbitmq")
    names = [mapper, "-port", str(mapper_port), "-address", HOST]
    with (
        Process(names, log=log, env=env, core=LOAD_CORE, talks=False),
        Process([server], log=log, env=env, core=LOAD_CORE, talks=False) as node,
    ):
        _await_greeting(node, port)
        yield port


def _environment(home: Path, *, port: int, mapper_port: int) -> dict[str, str]:
    return {
        "HOME": str(home),
        "ERL_EPMD_PORT": str(mapper_port),
        "ERL_EPMD_ADDRESS": HOST,
        "RABBITMQ_NODENAME": f"bench{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": HOST,
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "RABBITMQ_MNESIA_BASE": str(home / "data"),
        "RABBITMQ_LOG_BASE": str(home / "log"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "plugins"),
        "RABBITMQ_CONFIG_FILE": str(home / "none"),
    }


def _await_greeting(node: Process, port: int) -> None:
    end = time.perf_counter() + START_S
    while time.perf_counter() < end and node.running():
        try:
            with socket.create_connection((HOST, port), timeout=1) as sock:
                sock.sendall(GREETING)
                if sock.recv(1):
                    return
        except OSError:
            time.sleep(0.2)
    raise NotReadyError(f"RabbitMQ did not greet on port {port}; see {node.log}")
