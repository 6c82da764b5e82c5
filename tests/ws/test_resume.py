"""Who comes back gets every frame it missed, in order, once; or is told that it can't."""

import asyncio
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ponte.store.db import Tx
from ponte.ws.corrente import JANELA
from tests.ws.cena import Cena, Chave, Ouvido, alerta, cena_em, estoque, pedido, until


async def test_every_missed_frame_comes_in_order_then_the_live_ones(cena: Cena) -> None:
    await cena.put(*(pedido(n) for n in range(300)))

    _, ouvido = cena.resumer(cena.hub.publica.epoca, 100)
    await until(lambda: len(ouvido.quadros) >= 200)
    await cena.put(pedido(), estoque())

    assert ouvido.seqs() == list(range(101, 303))


async def test_a_resume_outlives_the_process(cena: Cena) -> None:
    antes = cena.listener()
    await cena.put(pedido(1), estoque(), pedido(2))

    cena.restart()
    _, depois = cena.resumer(antes.quadros[0]["epoca"], 1)
    await until(lambda: len(depois.quadros) >= 2)

    assert depois.quadros == antes.quadros[1:]


async def test_nothing_missed_is_nothing_sent(cena: Cena) -> None:
    await cena.put(pedido())

    _, ouvido = cena.resumer(cena.hub.publica.epoca, 1)
    await asyncio.sleep(0.05)
    await cena.put(pedido())

    assert ouvido.seqs() == [2]


async def test_what_lies_outside_the_window_is_a_snapshot_not_a_gap(cena: Cena) -> None:
    for _ in range(3):
        await cena.put(*(pedido(n) for n in range(JANELA // 2)))

    _, ouvido = cena.resumer(cena.hub.publica.epoca, 100)
    await until(lambda: len(ouvido.quadros) >= 2)
    await cena.put(pedido())

    assert ouvido.tipos() == ["ressincronizar", "instantaneo", "pedido.recebido"]
    assert ouvido.quadros[1]["seq"] == JANELA // 2 * 3
    assert ouvido.seqs() == [JANELA // 2 * 3 + 1]


async def test_the_whole_window_can_be_resumed(cena: Cena) -> None:
    for _ in range(3):
        await cena.put(*(pedido(n) for n in range(JANELA // 2)))
    cena.restart()

    _, ouvido = cena.resumer(cena.hub.publica.epoca, JANELA // 2)
    await until(lambda: len(ouvido.quadros) >= JANELA)

    assert ouvido.seqs() == list(range(JANELA // 2 + 1, JANELA // 2 * 3 + 1))


async def test_what_the_database_lost_is_no_silent_gap(cena: Cena) -> None:
    await cena.put(*(pedido(n) for n in range(10)))
    await cena.db.transact(_forget, 5)
    cena.restart()

    _, antes = cena.resumer(cena.hub.publica.epoca, 2)
    _, depois = cena.resumer(cena.hub.publica.epoca, 5)
    await until(lambda: len(antes.quadros) >= 2 and len(depois.quadros) >= 5)

    assert antes.tipos() == ["ressincronizar", "instantaneo"]
    assert depois.seqs() == [6, 7, 8, 9, 10]


async def _forget(tx: Tx, seq_publico: int) -> None:
    await tx.execute("DELETE FROM fatos WHERE seq_publico = ?", (seq_publico,))


async def test_a_day_later_it_is_a_snapshot(cena: Cena) -> None:
    await cena.put(pedido())
    cena.relogio[0] += 25 * 60 * 60 * 1000
    await cena.put(pedido())
    cena.restart()

    _, ouvido = cena.resumer(cena.hub.publica.epoca, 0)
    _, recente = cena.resumer(cena.hub.publica.epoca, 1)
    await until(lambda: len(ouvido.quadros) >= 2 and len(recente.quadros) >= 1)

    assert ouvido.tipos() == ["ressincronizar", "instantaneo"]
    assert recente.seqs() == [2]


async def test_the_epoca_of_another_sequence_brings_no_wrong_frame(cena: Cena) -> None:
    await cena.put(pedido(), estoque())
    errados = [cena.hub.estoque.epoca, "outra", ""]

    ouvidos = [cena.resumer(epoca, 0)[1] for epoca in errados]
    await until(lambda: all(len(o.quadros) >= 2 for o in ouvidos))

    for ouvido in ouvidos:
        assert ouvido.tipos() == ["ressincronizar", "instantaneo"]
        assert ouvido.quadros[0]["dados"] == {"motivo": "epoca"}
        assert ouvido.quadros[1]["epoca"] == cena.hub.publica.epoca


async def test_a_seq_from_the_future_is_a_snapshot(cena: Cena) -> None:
    await cena.put(pedido())

    _, ouvido = cena.resumer(cena.hub.publica.epoca, 99)
    await until(lambda: len(ouvido.quadros) >= 2)

    assert ouvido.tipos() == ["ressincronizar", "instantaneo"]


async def test_a_private_resume_waits_for_its_rooms(cena: Cena) -> None:
    await cena.put(pedido(1), alerta(), estoque(), pedido(2))
    cliente, ouvido = cena.resumer(cena.hub.privada.epoca, 1)
    await asyncio.sleep(0.02)
    quieto = list(ouvido.quadros)

    cena.hub.authenticate(cliente, Chave())
    await cena.hub.subscribe(cliente, ["pedidos", "alertas"])
    await until(lambda: len(ouvido.quadros) >= 2)
    await cena.put(pedido(3))

    assert quieto == []
    told = [(q["tipo"], q["seq"], q["anterior"]) for q in ouvido.quadros]
    assert told == [
        ("alerta.criado", 2, None),
        ("pedido.recebido", 4, 1),
        ("pedido.recebido", 5, 4),
    ]


async def test_a_live_client_can_ask_again(cena: Cena) -> None:
    cliente, ouvido = cena.client()
    cena.hub.listen(cliente)
    await cena.put(pedido(1), pedido(2))

    cena.hub.resume(cliente, cena.hub.publica.epoca, desde=0)
    await until(lambda: len(ouvido.quadros) >= 4)

    assert ouvido.seqs() == [1, 2, 1, 2]


async def test_the_stock_as_it_stands_comes_first_then_its_changes(cena: Cena) -> None:
    await cena.put(estoque(9))
    cliente, ouvido = cena.client(estoque=True)

    cena.hub.snapshot(cliente)
    await until(lambda: len(ouvido.quadros) >= 1)
    await cena.put(estoque(8))

    primeiro, segundo = ouvido.quadros
    assert primeiro == {
        "tipo": "instantaneo",
        "epoca": cena.hub.estoque.epoca,
        "seq": 1,
        "dados": {"itens": [{"produto_id": "CAFE", "quantidade": 3}]},
    }
    assert (segundo["tipo"], segundo["seq"]) == ("estoque.alterado", 2)


async def test_changes_during_the_snapshot_are_neither_lost_nor_doubled(cena: Cena) -> None:
    ouvidos = []

    for n in range(20):
        cliente, ouvido = cena.client(estoque=True)
        cena.hub.snapshot(cliente)
        await cena.put(estoque(n))
        ouvidos.append(ouvido)
    await until(lambda: all(o.seqs()[-1:] == [20] for o in ouvidos[:-1]))

    for ouvido in ouvidos[:-1]:
        de = ouvido.quadros[0]["seq"]
        assert ouvido.seqs() == list(range(de + 1, 21))


# ---------------------------------------------------------------- any order of events

Passo = tuple[str, int]
PASSOS = st.lists(
    st.one_of(
        st.tuples(st.just("commit"), st.integers(1, 90)),
        st.tuples(st.just("leave"), st.integers(0, 2)),
        st.tuples(st.just("come"), st.integers(0, 2)),
        st.tuples(st.just("stall"), st.integers(0, 2)),
        st.tuples(st.just("read"), st.integers(0, 2)),
        st.tuples(st.just("wait"), st.integers(0, 120)),
        st.tuples(st.just("restart"), st.just(0)),
    ),
    max_size=25,
)


class Viajante:
    """A client that comes and goes, and remembers only its last seq."""

    def __init__(self, cena: Cena) -> None:
        self._cena = cena
        self._ouvido: Ouvido | None = None
        self.seqs: list[int] = []
        self.ressincronizou = False

    def come(self) -> None:
        if self._ouvido is not None:
            return
        desde = self.seqs[-1] if self.seqs else 0
        _, self._ouvido = self._cena.resumer(self._cena.hub.publica.epoca, desde, cabe=5)

    def leave(self) -> None:
        if self._ouvido is not None:
            for cliente in [c for c in self._cena.hub.clientes if c.saida is self._ouvido]:
                self._cena.hub.disconnect(cliente)
            self.seqs += self._ouvido.seqs()
            self.ressincronizou |= "ressincronizar" in self._ouvido.tipos()
            self._ouvido = None

    def stall(self) -> None:
        if self._ouvido is not None:
            self._ouvido.stall()

    def read(self) -> None:
        if self._ouvido is not None:
            self._ouvido.read()

    def has(self, seq: int) -> bool:
        return self._ouvido is not None and self._ouvido.seqs()[-1:] == [seq]


@settings(max_examples=25, deadline=None)
@given(passos=PASSOS)
def test_whatever_happens_every_frame_comes_once_and_in_order(passos: list[Passo]) -> None:
    with tempfile.TemporaryDirectory() as pasta:
        asyncio.run(_travel(Path(pasta), passos))


async def _travel(pasta: Path, passos: list[Passo]) -> None:
    async with cena_em(pasta) as cena:
        viajantes = [Viajante(cena) for _ in range(3)]
        total = 0
        for acao, n in passos:
            if acao == "commit":
                total += n
                await cena.put(*(pedido(i) for i in range(n)))
            elif acao == "wait":
                await asyncio.sleep(n / 1000)
            elif acao == "restart":
                for viajante in viajantes:
                    viajante.leave()
                cena.hub.shutdown()
                cena.restart()
            else:
                getattr(viajantes[n], acao)()
        await _settle(cena, viajantes, total)

    for viajante in viajantes:
        assert viajante.seqs == list(range(1, total + 2))
        assert not viajante.ressincronizou


async def _settle(cena: Cena, viajantes: list[Viajante], total: int) -> None:
    for viajante in viajantes:
        viajante.leave()
        viajante.come()
    await cena.put(pedido())
    await until(lambda: all(v.has(total + 1) for v in viajantes))
    for viajante in viajantes:
        viajante.leave()
