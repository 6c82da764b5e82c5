"""The demonstration sells believable things, and an alert of it reaches a phone."""

import csv
import io
import json
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ponte.domain.valores import parse_centavos
from ponte.simulators.demo import FILIAIS, GIRO, LojaDemo, opening, produtos
from ponte.simulators.demo_canais import CanaisDemo, stir
from tests.cli.terminal import KEY, Terminal, new_terminal


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return new_terminal(tmp_path, monkeypatch)


def check_digit(ean: str) -> str:
    soma = sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(ean[:12]))
    return str(-soma % 10)


def test_products_are_such_as_a_shop_sells() -> None:
    found = produtos()

    assert 35 <= len(found) <= 50
    assert len({p.produto_id for p in found}) == len({p.ean for p in found}) == len(found)
    assert all(len(p.ean) == 13 and p.ean[12] == check_digit(p.ean) for p in found)
    assert all(100 <= parse_centavos(p.preco) <= 10_000 for p in found)
    assert {p.giro for p in found} == set(GIRO)
    assert len({p.categoria for p in found}) >= 6


def test_every_filial_opens_with_some_products_a_sale_away_from_low() -> None:
    rows = list(csv.DictReader(io.StringIO(opening(42).decode())))

    above = [int(r["quantidade"]) - int(r["minimo"]) for r in rows]
    near = Counter(r["filial_id"] for r, n in zip(rows, above, strict=True) if n <= 2)

    assert min(above) >= 0
    assert len(rows) == len(produtos()) * len(FILIAIS)
    assert [near[f] for f in FILIAIS] == [12, 12, 12]


def test_the_same_seed_opens_the_same_shop() -> None:
    assert opening(7) == opening(7) != opening(8)


def messages(http: httpx2.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = http.get("/messages", params={"limite": 200}).json()["itens"]
    return found


def until(check: Callable[[], bool], *, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.2)


async def test_the_platforms_that_are_named_misbehave_and_no_others() -> None:
    canais = CanaisDemo(seed=1, nivel="forte", disturbed=["telegram"])
    await canais.start()

    before = {nome: bool(s.caos.respostas) for nome, s in canais.simuladores.items()}
    reached = await stir(canais.urls, "calmo", seed=1)
    gone = await stir({"x": "http://127.0.0.1:9"}, "leve", seed=1)

    await canais.stop()
    assert before == {nome: nome == "telegram" for nome in canais.simuladores}
    assert (set(reached), gone) == (set(canais.simuladores), [])
    assert not any(s.caos.respostas for s in canais.simuladores.values())


def test_one_stand_in_is_served_alone_and_says_how_to_use_it(terminal: Terminal) -> None:
    with terminal.running("demo", "tiktok", "--port", "0"):
        url = terminal.wait_text("demo", r"PONTE_TIKTOK__BASE_URL=(\S+)")[1]
        shown = httpx2.get(f"{url}/_simulador/caos").json()

    assert shown["respostas"] == {}


@pytest.mark.parametrize(
    ("args", "says"),
    [(("demo", "telegran"), "ponte demo telegram"), (("demo", "orkut"), "whatsapp")],
)
def test_a_stand_in_that_is_not_there_is_told_with_the_nearest(
    args: tuple[str, ...], says: str, terminal: Terminal
) -> None:
    said = terminal.run(*args)

    assert said.code == 2
    assert says in said.err


async def test_the_same_seed_invents_the_same_baskets() -> None:
    def baskets(seed: int) -> list[object]:
        loja = LojaDemo(seed=seed)
        itens = [loja.rappi.gerador._itens() for _ in range(5)]
        return [itens, [loja.sorte.random() for _ in range(5)]]

    assert baskets(3) == baskets(3) != baskets(4)


def test_orders_flow_and_an_alert_reaches_the_telegram_stand_in(terminal: Terminal) -> None:
    with (
        terminal.running("up", "--demo", "--rate", "20") as process,
        terminal.client(process) as http,
    ):
        telegram = terminal.wait_text("up", r"telegram +(http\S+)/_simulador/mensagens")[1]
        terminal.wait_text("up", "alerta entregue a telegram")
        terminal.wait_text("up", "recebido: api")
        terminal.wait_text("up", "recebido: rappi")
        told = httpx2.get(f"{telegram}/_simulador/mensagens").json()["mensagens"]
        orders = http.get("/pedidos", params={"status": "concluido"}).json()["total"]
        until(lambda: {"bot", "avisos"} <= {m["remetente"] for m in messages(http)})
        canais = {m["canal"] for m in messages(http) if m["direcao"] == "entrada"}
        health = http.get("/hub/health").json()["hubs"]

    assert "Estoque baixo" in json.dumps(told, ensure_ascii=False)
    assert orders > 0
    assert all(health[canal]["status"] != "disabled" for canal in canais)
    assert not (terminal.dados / "simuladores.json").exists()
    terminal.ok("verify")


def test_what_ran_low_is_counted_and_its_alert_ends(terminal: Terminal) -> None:
    with terminal.running("up", "--demo", "--rate", "20"):
        terminal.wait_text("up", "normal: ")
        terminal.wait_text("up", "alerta resolvido: Estoque baixo")


def test_the_demonstration_leaves_real_connectors_alone(terminal: Terminal) -> None:
    env = {"PONTE_SLACK__WEBHOOK_URL": "http://127.0.0.1:9/services/x"}

    with terminal.running("up", "--demo", **env):
        connectors = terminal.wait_text("up", r"conectores (.*)")[1]

    assert connectors == ", ".join(sorted({"rappi", *CanaisDemo(seed=1).simuladores}))


def test_a_real_installation_is_refused(terminal: Terminal) -> None:
    terminal.ok("migrate")
    with closing(sqlite3.connect(terminal.banco)) as con:
        con.execute("INSERT INTO produtos VALUES ('X', 'Real', 1, NULL, NULL, NULL, 0)")
        con.commit()

    process = terminal.process("up", "--demo", PONTE_DATA_DIR="dados")

    assert process.wait(30) == 2
    assert "instalação de verdade" in terminal.text("up")
    assert terminal.ok("pedidos", "list", "--json").json["total"] == 0


@pytest.mark.parametrize(
    "args",
    [
        ("--rate", "0"),
        ("--host", "0.0.0.0"),  # noqa: S104 - it must be refused
        ("--caos", "--nivel", "apocalipse"),
        ("--caos", "--em", "orkut"),
    ],
)
def test_a_demonstration_that_makes_no_sense_is_refused(
    args: tuple[str, ...], terminal: Terminal
) -> None:
    terminal.patch.setenv("PONTE_TRUSTED_PROXIES", "127.0.0.1")

    said = terminal.run("up", "--demo", *args)

    assert (said.code, said.out) == (2, "")
    assert KEY not in said.err
    assert not terminal.dados.exists()


@pytest.mark.parametrize(
    ("args", "hint"),
    [
        (("up", "--caos"), "up --demo --caos"),
        (("demo", "--caos", "--nivel", "apocalipse"), "calmo, leve, medio, forte"),
        (("demo", "--caos", "--em", "orkut"), "whatsapp, telegram"),
    ],
)
def test_chaos_that_would_touch_nothing_is_refused(
    args: tuple[str, ...], hint: str, terminal: Terminal
) -> None:
    said = terminal.run(*args)

    assert (said.code, said.out) == (2, "")
    assert hint in said.err
