"""A real Ponte at work and a real Prometheus that scrapes it, both on loopback."""

import contextlib
import http.server
import json
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import yaml
from websockets.sync.client import connect

from tests.cli.terminal import KEY, Terminal
from tests.deploy.conftest import ROOT

PATIENCE_S = 45.0  # chosen: on a loaded machine everything takes ten times as long


class Outside(http.server.BaseHTTPRequestHandler):
    """A destination that takes what /ok is sent, and nothing else."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200 if self.path == "/ok" else 500)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextlib.contextmanager
def outside() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Outside)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def working(terminal: Terminal, base_url: str) -> Iterator[None]:
    """Run `ponte up`, with customers, a reader on a socket, one good and one broken destination."""
    env = {
        "PONTE_WEBHOOK__URL": f"{base_url}/ok",
        "PONTE_TELEGRAM__BASE_URL": f"{base_url}/broken",
        "PONTE_TELEGRAM__BOT_TOKEN": "1:fake",
        "PONTE_TELEGRAM__CHAT_ID": "1",
    }
    with (
        terminal.running("up", **env) as process,
        terminal.client(process) as client,
        connect(f"ws://127.0.0.1:{terminal.porta}/ws") as socket,
    ):
        done = threading.Event()
        customers = threading.Thread(target=sell, args=(client, done))
        reader = threading.Thread(target=read, args=(socket, done))
        customers.start()
        reader.start()
        try:
            yield
        finally:
            done.set()
            customers.join()
            reader.join()


def sell(client: httpx2.Client, done: threading.Event) -> None:
    """Sell what there is, until nearly nothing is left, and tell of something each time."""
    arroz = {"nome": "Arroz", "preco": "25.90", "quantidade": 9, "minimo": 8, "motivo": "contagem"}
    client.put("/estoque/ARROZ", json=arroz)
    n = 0
    while not done.wait(0.2):
        n += 1
        client.post("/pedido", json={"itens": [{"produto_id": "ARROZ", "quantidade": 1}]})
        aviso = {"nome": f"teste-{n}", "severidade": "aviso", "titulo": "t", "texto": "t"}
        client.post("/alerts", json=aviso)


def read(socket: Any, done: threading.Event) -> None:
    while not done.is_set():
        with contextlib.suppress(TimeoutError):
            socket.recv(timeout=0.5)


class Prometheus:
    """What it knows, over its API."""

    def __init__(self, port: int) -> None:
        self._http = httpx2.Client(base_url=f"http://127.0.0.1:{port}/api/v1")

    def get(self, path: str, **params: str) -> Any:
        answer = self._http.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def query(self, expr: str) -> list[float]:
        """Return the values that an expression has now."""
        return [float(row["value"][1]) for row in self.get("/query", query=expr)["result"]]

    def ready(self) -> bool:
        with contextlib.suppress(httpx2.TransportError):
            return self._http.get("/status/runtimeinfo").is_success
        return False

    def close(self) -> None:
        self._http.close()


@contextlib.contextmanager
def scraping(program: str, folder: Path, *, target: int, port: int) -> Iterator[Prometheus]:
    """Run Prometheus with the shipped configuration, at another pace and with a known target."""
    shutil.copytree(ROOT / "deploy" / "prometheus", folder / "prometheus")
    path = folder / "prometheus" / "prometheus.yml"
    config = yaml.safe_load(path.read_text())
    config["global"] |= {"scrape_interval": "1s", "scrape_timeout": "1s"}
    config["global"]["evaluation_interval"] = "1s"
    (job,) = config["scrape_configs"]
    job["scrape_interval"] = "1s"
    del job["dns_sd_configs"]
    job["static_configs"] = [{"targets": [f"127.0.0.1:{target}"]}]
    path.write_text(json.dumps(config))
    (folder / "prometheus" / "segredos").mkdir()
    (folder / "prometheus" / "segredos" / "prometheus.key").write_text(KEY)
    with (folder / "prometheus.out").open("wb") as out:
        child = subprocess.Popen(  # noqa: S603 - Debian's own program
            [
                program,
                f"--config.file={path}",
                f"--storage.tsdb.path={folder / 'tsdb'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=out,
            stderr=out,
        )
    prometheus = Prometheus(port)
    try:
        until(prometheus.ready)
        yield prometheus
    finally:
        prometheus.close()
        child.terminate()
        child.wait(20)


def until(check: Any) -> None:
    end = time.monotonic() + PATIENCE_S
    while not check():
        assert time.monotonic() < end, f"not within {PATIENCE_S} s"
        time.sleep(0.2)
