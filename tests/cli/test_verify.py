"""`ponte verify` finds every kind of damage, and nothing in what Ponte wrote itself.

Each damage is planted in a copy of a database with orders of every status. Without
these tests a proof that finds nothing would look like one that has nothing to find.
"""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ponte.domain.valores import mod11
from ponte.testing import Embedded, embedded
from tests.cli.terminal import Terminal
from tests.conftest import stock


@pytest.fixture(scope="module")
def vivido(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with concluded, cancelled, short and waiting orders."""
    data_dir = tmp_path_factory.mktemp("vivido")
    asyncio.run(_live(data_dir))
    with closing(sqlite3.connect(data_dir / "ponte.db")) as con:
        con.execute("PRAGMA journal_mode = DELETE")
    return data_dir / "ponte.db"


async def _live(data_dir: Path) -> None:
    async with embedded(data_dir) as ponte:
        await stock(ponte, 10)
        ids = [await _buy(ponte, "ARROZ-5KG", n) for n in (2, 3, 1)]
        await _buy(ponte, "CAFE-500G", 50)
        await _done(ponte, 4)
        await ponte.http.post(f"/pedidos/{ids[1]}/cancelar", json={"motivo": "teste"})
    async with embedded(data_dir, papeis=()) as ponte:
        await _buy(ponte, "LEITE-1L", 1)
        note = {"tipo": "texto", "canal": "interno", "destinatario": "ana", "conteudo": "oi"}
        await ponte.http.post("/messages", json=note)


async def _buy(ponte: Embedded, sku: str, quantidade: int) -> str:
    corpo = {"itens": [{"produto_id": sku, "quantidade": quantidade}]}
    answer = await ponte.http.post("/pedido", json=corpo)
    return str(answer.json()["id"])


async def _done(ponte: Embedded, n: int) -> None:
    async with asyncio.timeout(20):
        while (await ponte.get("/pedidos", status="recebido"))["total"]:  # noqa: ASYNC110 - over HTTP
            await asyncio.sleep(0.02)
    assert (await ponte.get("/pedidos"))["total"] == n


@pytest.fixture
def banco(vivido: Path, terminal: Terminal) -> Path:
    terminal.dados.mkdir()
    shutil.copy(vivido, terminal.banco)
    return terminal.banco


def damage(banco: Path, sql: str) -> None:
    with closing(sqlite3.connect(banco)) as con:
        con.execute("PRAGMA ignore_check_constraints = 1")
        numeros = dict(con.execute("SELECT status, MIN(numero) FROM pedidos GROUP BY status"))
        sql = sql.replace(":cancelado", str(numeros["cancelado"]))
        con.executescript(sql.replace(":ok", str(numeros["concluido"])))
        con.commit()


def test_what_ponte_wrote_is_proven(banco: Path, terminal: Terminal) -> None:
    said = terminal.ok("verify", "--json").json

    counts = {p["nome"]: p["examinados"] for p in said["provas"]}

    assert (said["ok"], said["achados"], said["banco"]) == (True, 0, str(Path("dados/ponte.db")))
    assert banco.is_file()
    # Every proof had something to speak of; a proof over nothing proves nothing.
    assert [nome for nome, n in counts.items() if n == 0] == []


# :ok and :cancelado stand for the number of an order that is so.
CORROMPIDOS = {
    "quantity changed behind the ledger": (
        "estoque_soma",
        "UPDATE estoque SET quantidade = quantidade + 1 WHERE produto_id = 'ARROZ-5KG'",
    ),
    "balance that does not follow": (
        "estoque_saldo",
        "UPDATE movimentos SET saldo = saldo + 1 WHERE id = 2",
    ),
    "last balance is not the quantity": (
        "estoque_ultimo_saldo",
        "UPDATE movimentos SET saldo = 99 WHERE id = (SELECT MAX(id) FROM movimentos)",
    ),
    "negative quantity": (
        "estoque_negativo",
        "UPDATE estoque SET quantidade = -1 WHERE produto_id = 'LEITE-1L'",
    ),
    "negative balance": ("estoque_negativo", "UPDATE movimentos SET saldo = -1 WHERE id = 1"),
    "movement of nothing": (
        "estoque_sem_posicao",
        "DELETE FROM estoque WHERE produto_id = 'LEITE-1L'",
    ),
    "order lost from its queue": ("recebido_na_fila", "DELETE FROM fila"),
    "message lost from its queue": (
        "mensagem_na_fila",
        "DELETE FROM fila WHERE passo = 'passar_mensagem'",
    ),
    "nota lost": ("concluido_uma_nota", "DELETE FROM notas WHERE pedido_numero = :ok"),
    "stock not taken": (
        "concluido_um_movimento",
        "DELETE FROM movimentos WHERE pedido_numero = :ok",
    ),
    "stock taken twice": (
        "concluido_um_movimento",
        """DROP INDEX movimentos_pedido;
        INSERT INTO movimentos (produto_id, filial_id, delta, saldo, tipo, pedido_numero, linha, em)
        SELECT produto_id, filial_id, delta, saldo, tipo, pedido_numero, linha, em
        FROM movimentos WHERE pedido_numero = :ok""",
    ),
    "wrong units taken": (
        "concluido_um_movimento",
        "UPDATE movimentos SET delta = delta - 1 WHERE pedido_numero = :ok",
    ),
    "sale that no order asked for": (
        "venda_tem_linha",
        """INSERT INTO movimentos
        (produto_id, filial_id, delta, saldo, tipo, pedido_numero, linha, em)
        VALUES ('CAFE-500G', '1', 0, 10, 'venda', :ok, 9, 0)""",
    ),
    "effect of an order that waits": (
        "parado_sem_efeito",
        "UPDATE pedidos SET status = 'sem_estoque' WHERE numero = :ok",
    ),
    "cancelled without giving back": (
        "cancelado_devolvido",
        "DELETE FROM movimentos WHERE tipo = 'cancelamento' AND pedido_numero = :cancelado",
    ),
    "cancelled order with a valid nota": (
        "cancelado_sem_nota",
        "UPDATE notas SET situacao = 'numerada' WHERE pedido_numero = :cancelado",
    ),
    "hole in a series": ("nota_sem_buraco", "UPDATE notas SET numero = 7 WHERE numero = 3"),
    "counter ahead of the notas": ("nota_sem_buraco", "UPDATE series SET ultimo = ultimo + 1"),
    "counter behind the notas": ("nota_sem_buraco", "UPDATE series SET ultimo = ultimo - 1"),
    "nota of an uncounted series": ("nota_de_serie", "DELETE FROM series"),
    "nota of no order": (
        "nota_de_serie",
        "UPDATE notas SET pedido_numero = 99999 WHERE numero = 1",
    ),
    "key of another nota": ("nota_chave", "UPDATE notas SET codigo = '12345678' WHERE numero = 1"),
    "short key": ("nota_chave", "UPDATE notas SET chave = 'x' WHERE numero = 1"),
    "queue row without its fact": (
        "fila_tem_fato",
        "DELETE FROM fatos WHERE pos IN (SELECT pos FROM fila)",
    ),
    "hole in the facts": ("fatos_sem_buraco", "DELETE FROM fatos WHERE pos = 3"),
    "room number given twice": (
        "fatos_sem_buraco",
        "UPDATE fatos SET seq = seq - 1 WHERE seq = (SELECT MAX(seq) FROM fatos)",
    ),
    "counter behind its numbers": ("contadores", "UPDATE contadores SET pos = pos - 1"),
    "newest facts lost": (
        "contadores",
        "DELETE FROM fatos WHERE pos = (SELECT MAX(pos) FROM fatos)",
    ),
    "queue counter behind": ("contadores", "UPDATE contadores SET fila = 0"),
    "order number counter behind": ("numero_do_pedido", "UPDATE contadores SET pedido_numero = 1"),
    "no counters": ("contadores", "DELETE FROM contadores"),
}


@pytest.mark.parametrize("caso", CORROMPIDOS)
def test_damage_is_found(caso: str, banco: Path, terminal: Terminal) -> None:
    prova, sql = CORROMPIDOS[caso]
    damage(banco, sql)

    said = terminal.run("verify", "--json")

    broken = {p["nome"]: p for p in said.json["provas"] if not p["ok"]}
    assert said.code == 3
    assert prova in broken
    assert broken[prova]["achados"] >= 1
    assert broken[prova]["exemplos"]


def test_a_wrong_check_digit_is_found(banco: Path, terminal: Terminal) -> None:
    with closing(sqlite3.connect(banco)) as con:
        chave = con.execute("SELECT chave FROM notas WHERE numero = 1").fetchone()[0]
    wrong = chave[:43] + str((mod11(chave[:43]) + 1) % 10)
    damage(banco, f"UPDATE notas SET chave = '{wrong}' WHERE numero = 1")  # noqa: S608

    said = terminal.run("verify")

    assert (said.code, "dígito verificador errado" in said.out) == (3, True)


def test_a_damaged_file_is_found(banco: Path, terminal: Terminal) -> None:
    raw = bytearray(banco.read_bytes())
    half = len(raw) // 2
    raw[half : half + 8192] = b"\xff" * 8192
    banco.write_bytes(raw)

    said = terminal.run("verify")

    assert said.code in {1, 3}
    assert said.code == 3 or "não pode ser lido" in said.err


def test_a_copy_can_be_proven_by_name(banco: Path, terminal: Terminal) -> None:
    copy = banco.rename(terminal.folder / "copia.db")

    named, missing = terminal.ok("verify", "--file", str(copy)), terminal.run("verify")

    assert "Tudo provado" in named.out
    assert (missing.code, "Não há banco" in missing.err) == (2, True)


def test_a_copy_of_an_older_version_is_proven_by_what_it_has(
    banco: Path, terminal: Terminal
) -> None:
    damage(banco, "DROP TABLE mensagens")

    said = terminal.ok("verify", "--json").json

    assert said["ok"]
    assert "mensagem_na_fila" not in {p["nome"] for p in said["provas"]}


def test_proving_changes_nothing(banco: Path, terminal: Terminal) -> None:
    before = banco.read_bytes()

    terminal.ok("verify")

    assert banco.read_bytes() == before
