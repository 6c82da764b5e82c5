"""A small honest server to judge the judge by, and the same server with one bug at a time.

It speaks the part of the API that the outside client uses, on sqlite3 and
http.server, and survives kill -9 when started without a bug. Started with one
it is the program that people write first: it must be found out.

    python tests/crash/naive_server.py --porta 8123 --dados DIR [--bug NAME]
"""

import argparse
import json
import queue
import sqlite3
import threading
import time
import uuid
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

BUGS = (
    "answer_before_commit",
    "handled_before_effect",
    "check_then_act",
    "ack_apart_from_effect",
    "number_apart_from_nota",
    "oversell",
    "ledger_forgotten",
)

SCHEMA = """
CREATE TABLE IF NOT EXISTS produto (id TEXT PRIMARY KEY, quantidade INTEGER);
CREATE TABLE IF NOT EXISTS movimento (seq INTEGER PRIMARY KEY, produto_id TEXT, delta INTEGER,
    tipo TEXT, pedido_id TEXT);
CREATE TABLE IF NOT EXISTS pedido (numero INTEGER PRIMARY KEY, id TEXT, chave TEXT, externo TEXT,
    status TEXT, corpo TEXT, nota INTEGER);
CREATE TABLE IF NOT EXISTS fila (numero INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS numeracao (proximo INTEGER);
INSERT INTO numeracao SELECT 1 WHERE NOT EXISTS (SELECT * FROM numeracao);
"""
# How long a bug stays open on each order: wide, so that a handful of kills falls inside.
WINDOW_S = 0.01


class Loja:
    """The whole shop on one SQLite file; one lock, one worker."""

    def __init__(self, dados: Path, bug: str | None) -> None:
        self.bug = bug
        self._db = sqlite3.connect(dados / "loja.db", check_same_thread=False, isolation_level=None)
        self._db.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; {SCHEMA}")
        self._db.row_factory = sqlite3.Row
        self._lock = threading.RLock()
        self._late: queue.Queue[tuple[str, str, str | None, str]] = queue.Queue()
        threading.Thread(target=self._work, daemon=True).start()
        threading.Thread(target=self._commit_late, daemon=True).start()

    def run(self, sql: str, *values: object) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def accept(self, corpo: dict[str, Any], chave: str) -> tuple[int, dict[str, Any]]:
        """Take an order: its row and its place in the queue in one transaction."""
        externo = corpo.get("pedido_externo")
        if self.bug == "check_then_act":
            return self._accept_by_looking_first(corpo, chave, externo=externo)
        with self._lock:
            known = self._known(chave, externo)
            if known:
                return known
            pedido_id = str(uuid.uuid4())
            if self.bug == "answer_before_commit":
                self._late.put((pedido_id, chave, externo, json.dumps(corpo)))
            else:
                self._insert(pedido_id, chave, externo=externo, corpo=json.dumps(corpo))
            return 202, {"id": pedido_id, "status": "recebido"}

    def _accept_by_looking_first(
        self, corpo: dict[str, Any], chave: str, *, externo: str | None
    ) -> tuple[int, dict[str, Any]]:
        known = self._known(chave, externo)
        if known:
            return known
        time.sleep(WINDOW_S)
        pedido_id = str(uuid.uuid4())
        self._insert(pedido_id, chave, externo=externo, corpo=json.dumps(corpo))
        return 202, {"id": pedido_id, "status": "recebido"}

    def _known(self, chave: str, externo: str | None) -> tuple[int, dict[str, Any]] | None:
        for row in self.run("SELECT id, status FROM pedido WHERE chave = ?", chave):
            return 202, {"id": row["id"], "status": "recebido"}
        for row in self.run("SELECT id, status FROM pedido WHERE externo = ?", externo):
            return 200, dict(row)
        return None

    def _insert(self, pedido_id: str, chave: str, *, externo: str | None, corpo: str) -> None:
        with self._lock:
            self.run("BEGIN IMMEDIATE")
            numero = self.run(
                "INSERT INTO pedido (id, chave, externo, status, corpo)"
                " VALUES (?, ?, ?, 'recebido', ?) RETURNING numero",
                *(pedido_id, chave, externo, corpo),
            )[0][0]
            self.run("INSERT INTO fila VALUES (?)", numero)
            self.run("COMMIT")

    def _commit_late(self) -> None:
        while True:
            pedido_id, chave, externo, corpo = self._late.get()
            time.sleep(0.03)
            self._insert(pedido_id, chave, externo=externo, corpo=corpo)

    def cancel(self, pedido_id: str) -> tuple[int, dict[str, Any]]:
        with self._lock:
            self.run("BEGIN IMMEDIATE")
            found = self.run("SELECT * FROM pedido WHERE id = ?", pedido_id)
            if not found or found[0]["status"] == "cancelado":
                self.run("ROLLBACK")
                return (409 if found else 404), {"code": "pedido_cancelado"}
            if found[0]["status"] == "concluido":
                self._move(found[0], sign=1, tipo="estorno")
            self.run("UPDATE pedido SET status = 'cancelado' WHERE id = ?", pedido_id)
            self.run("COMMIT")
        return 200, {"id": pedido_id, "status": "cancelado"}

    def count(self, produto_id: str, quantidade: int) -> tuple[int, dict[str, Any]]:
        with self._lock:
            self.run("BEGIN IMMEDIATE")
            self.run("INSERT OR REPLACE INTO produto VALUES (?, ?)", produto_id, quantidade)
            self.run(
                "INSERT INTO movimento (produto_id, delta, tipo) VALUES (?, ?, 'contagem')",
                *(produto_id, quantidade),
            )
            self.run("COMMIT")
        return 200, {"produto_id": produto_id, "quantidade": quantidade}

    def _work(self) -> None:
        while True:
            waiting = self.run("SELECT numero FROM fila ORDER BY numero LIMIT 1")
            if not waiting:
                time.sleep(0.005)
                continue
            self._handle(waiting[0]["numero"])

    def _handle(self, numero: int) -> None:
        if self.bug == "handled_before_effect":
            self.run("DELETE FROM fila WHERE numero = ?", numero)
            time.sleep(WINDOW_S)
        nota = self._number_apart() if self.bug == "number_apart_from_nota" else None
        apart = self.bug == "ack_apart_from_effect"
        with self._lock:
            self.run("BEGIN IMMEDIATE")
            pedido = self.run("SELECT * FROM pedido WHERE numero = ?", numero)[0]
            if pedido["status"] == "recebido" or (apart and pedido["status"] == "concluido"):
                self._fulfil(pedido, nota)
            if not apart:
                self.run("DELETE FROM fila WHERE numero = ?", numero)
            self.run("COMMIT")
        if apart:
            time.sleep(WINDOW_S)
            self.run("DELETE FROM fila WHERE numero = ?", numero)

    def _number(self) -> int:
        return int(self.run("UPDATE numeracao SET proximo = proximo + 1 RETURNING proximo")[0][0])

    def _number_apart(self) -> int:
        numero = self._number()
        time.sleep(WINDOW_S)
        return numero

    def _fulfil(self, pedido: sqlite3.Row, nota: int | None) -> None:
        if not self._take(pedido):
            self.run("UPDATE pedido SET status = 'sem_estoque' WHERE id = ?", pedido["id"])
            return
        self.run(
            "UPDATE pedido SET status = 'concluido', nota = ? WHERE id = ?",
            *(nota or self._number(), pedido["id"]),
        )

    def _take(self, pedido: sqlite3.Row) -> bool:
        asked: Counter[str] = Counter()
        for item in json.loads(pedido["corpo"])["itens"]:
            asked[item["produto_id"]] += item["quantidade"]
        for produto_id, units in asked.items():
            left = self.run("SELECT quantidade FROM produto WHERE id = ?", produto_id)
            if left[0]["quantidade"] < units and self.bug != "oversell":
                return False
        self._move(pedido, sign=-1, tipo="venda")
        return True

    def _move(self, pedido: sqlite3.Row, *, sign: int, tipo: str) -> None:
        for item in json.loads(pedido["corpo"])["itens"]:
            delta = sign * item["quantidade"]
            self.run(
                "UPDATE produto SET quantidade = quantidade + ? WHERE id = ?",
                *(delta, item["produto_id"]),
            )
            if self.bug == "ledger_forgotten" and pedido["numero"] % 20 == 0:
                continue
            self.run(
                "INSERT INTO movimento (produto_id, delta, tipo, pedido_id) VALUES (?, ?, ?, ?)",
                *(item["produto_id"], delta, tipo, pedido["id"]),
            )


class Handler(BaseHTTPRequestHandler):
    """Translate the few routes."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    loja: Loja

    def log_message(self, *_: object) -> None:
        """Say nothing: the journal has it all."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        self._answer(*self._read([unquote(part) for part in url.path.split("/")[1:]], query))

    def do_POST(self) -> None:
        corpo = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        match self.path.split("/")[1:]:
            case ["pedido"]:
                self._answer(*self.loja.accept(corpo, self.headers["Idempotency-Key"]))
            case ["pedidos", pedido_id, "cancelar"]:
                self._answer(*self.loja.cancel(pedido_id))

    def do_PUT(self) -> None:
        corpo = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer(*self.loja.count(unquote(self.path.split("/")[2]), corpo["quantidade"]))

    def _read(self, parts: list[str], query: dict[str, str]) -> tuple[int, object]:
        match parts:
            case ["health", "ready"]:
                return 200, {"status": "ok"}
            case ["pedidos"]:
                return 200, self._list(self._pedidos(query), query)
            case ["pedidos", pedido_id]:
                found = self.loja.run("SELECT * FROM pedido WHERE id = ?", pedido_id)
                return (200, _view(found[0])) if found else (404, {})
            case ["estoque"]:
                rows = self.loja.run("SELECT id AS produto_id, quantidade FROM produto")
                return 200, self._list(rows, query)
            case ["estoque", produto_id, "movimentos"]:
                rows = self.loja.run("SELECT * FROM movimento WHERE produto_id = ?", produto_id)
                return 200, self._list(rows, query)
            case _:
                return 404, {}

    def _pedidos(self, query: dict[str, str]) -> list[sqlite3.Row]:
        return self.loja.run(
            "SELECT id, status, externo AS pedido_externo FROM pedido"
            " WHERE status = coalesce(?, status) AND (? IS NULL OR externo = ? OR id = ?)",
            *(query.get("status"), *[query.get("busca")] * 3),
        )

    def _list(self, rows: list[sqlite3.Row], query: dict[str, str]) -> dict[str, object]:
        first = int(query.get("cursor", "0"))
        last = first + int(query.get("limite", "100"))
        more = str(last) if last < len(rows) else None
        return {"itens": [dict(r) for r in rows[first:last]], "total": len(rows), "proximo": more}

    def _answer(self, status: int, body: object) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


def _view(pedido: sqlite3.Row) -> dict[str, object]:
    corpo = json.loads(pedido["corpo"])
    nota = None if pedido["nota"] is None else {"serie": 1, "numero": pedido["nota"]}
    return {
        "id": pedido["id"],
        "numero": pedido["numero"],
        "status": pedido["status"],
        "pedido_externo": pedido["externo"],
        "observacao": corpo["observacao"],
        "itens": corpo["itens"],
        "nota": nota,
        "linha_do_tempo": [],
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--porta", type=int, required=True)
    parser.add_argument("--dados", type=Path, required=True)
    parser.add_argument("--bug", choices=BUGS)
    args = parser.parse_args()
    Handler.loja = Loja(args.dados, args.bug)
    ThreadingHTTPServer.request_queue_size = 128
    ThreadingHTTPServer(("127.0.0.1", args.porta), Handler).serve_forever()


if __name__ == "__main__":
    main()
