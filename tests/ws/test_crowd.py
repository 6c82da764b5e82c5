"""A thousand sockets: nobody waits behind them, and each frame still comes once and in order."""

import asyncio
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ponte.events import FatoGravado
from ponte.ws import Cliente
from ponte.ws.remessa import ESPERA_MAX_S, FATIA
from tests.ws.cena import Cena, Chave, Ouvido, cena_em, pedido, until
from tests.ws.praca import CARO_S, FOLGADO_S, MUITOS, Praca, Relogio, fato_de, run

# ---------------------------------------------------------------- how long it takes


def test_who_measures_is_not_behind_the_crowd() -> None:
    loop = Relogio()

    async def scene() -> None:
        praca = Praca(loop)
        cliente, medidor = praca.arrive(quer_tudo=True)
        praca.hub.authenticate(cliente, Chave())
        await asyncio.sleep(1)

        praca.tell(3)
        await asyncio.sleep(1)

        assert medidor.seqs() == [1, 2, 3]
        assert max(medidor.momentos) < min(m for s in praca.multidao for m in s.momentos)

    run(loop, scene())


def test_others_have_their_turn_between_slices() -> None:
    loop = Relogio()

    async def scene() -> None:
        praca = Praca(loop)

        praca.tell()
        await asyncio.sleep(1)

        voltas = [volta for socket in praca.multidao for volta in socket.voltas]
        assert len(voltas) == MUITOS
        assert max(voltas.count(volta) for volta in set(voltas)) == FATIA

    run(loop, scene())


def test_an_idle_hub_adds_no_wait() -> None:
    loop = Relogio()

    async def scene() -> None:
        praca = Praca(loop)

        await praca.tell_each(0.5, during_s=3)

        assert len(praca.waits()) == 6 * MUITOS
        assert max(praca.waits()) < MUITOS * FOLGADO_S * 1.01

    run(loop, scene())


def test_what_is_held_waits_for_a_bounded_time_and_leaves_in_one_write() -> None:
    loop = Relogio()

    async def scene() -> None:
        praca = Praca(loop, custo_s=CARO_S)
        escrita_s = MUITOS * CARO_S

        await praca.tell_each(1 / 45, during_s=2)
        await asyncio.sleep(1)

        socket = praca.multidao[0]
        assert socket.tipos() == ["pedido.recebido"] * len(praca.ditos)
        assert all(s.seqs() == list(range(1, len(praca.ditos) + 1)) for s in praca.multidao)
        assert max(praca.waits()) <= 2 * escrita_s + min(escrita_s, ESPERA_MAX_S) + 1 / 45
        assert len(socket.bytes_recebidos) * escrita_s <= 2 * 0.6  # of two seconds of the core

    run(loop, scene())


def test_the_pace_counts_facts_however_long_writing_takes() -> None:
    loop = Relogio()

    async def scene() -> None:
        praca = Praca(loop, custo_s=CARO_S)

        await praca.tell_each(1 / 150, during_s=3)
        rapidos = len(praca.ditos)
        await asyncio.sleep(1.2)
        praca.tell()
        await asyncio.sleep(1)

        tipos = praca.multidao[0].tipos()
        assert tipos[:50] == ["pedido.recebido"] * 50
        assert set(tipos[50:-1]) == {"resumo"}
        assert tipos[-1] == "pedido.recebido"
        assert all(s.seqs() == list(range(1, rapidos + 2)) for s in praca.multidao)

    run(loop, scene())


# ---------------------------------------------------------------- nothing lost, nothing twice


@pytest.mark.parametrize("voltas", range(6))
def test_whoever_is_moved_amid_a_writing_gets_the_rest_once(voltas: int) -> None:
    loop = Relogio()

    async def scene() -> None:
        praca = Praca(loop, sockets=0)
        todos = [praca.arrive(CARO_S, quer_tudo=True) for _ in range(3 * FATIA)]
        praca.tell(2)
        for _ in range(voltas):
            await asyncio.sleep(0)
        praca.tell(2)

        for cliente, _ in todos[::3]:
            praca.hub.authenticate(cliente, Chave())
        for cliente, socket in todos[1::3]:
            desde = socket.seqs()[-1] if socket.quadros else 0
            praca.hub.resume(cliente, praca.hub.publica.epoca, desde=desde)
        praca.tell(2)
        await asyncio.sleep(1)

        assert [s.seqs() for _, s in todos] == [[1, 2, 3, 4, 5, 6]] * len(todos)

    run(loop, scene())


def test_the_end_tells_what_is_held() -> None:
    loop = Relogio()

    async def scene() -> None:
        praca = Praca(loop, custo_s=CARO_S)
        praca.tell()
        await asyncio.sleep(0)
        praca.tell(70)  # the first is being written, some are held, some wait for a resumo

        praca.hub.shutdown()

        assert {s.fechado for s in praca.multidao} == {1012}
        assert all(s.seqs() == list(range(1, 72)) for s in praca.multidao)

    run(loop, scene())


async def test_who_goes_to_a_private_room_hears_what_the_public_one_held(cena: Cena) -> None:
    multidao = [cena.listener() for _ in range(2 * FATIA)]
    outro, _ = cena.client()
    await cena.hub.subscribe(outro, ["pedidos"])  # reads the window; the next waits for nothing
    cliente, ouvido = cena.client()
    cena.hub.listen(cliente)
    await cena.put(pedido(1))

    cena.hub.publish([_next_of(cena)])
    await cena.hub.subscribe(cliente, ["pedidos"])
    cena.hub.publish([_next_of(cena)])
    await until(lambda: all(o.seqs() == [1, 2, 3] for o in multidao))

    told = [(q["epoca"], q["seq"]) for q in ouvido.quadros]
    publica, privada = cena.hub.publica.epoca, cena.hub.privada.epoca
    assert told == [(publica, 1), (publica, 2), (privada, 3)]


def _next_of(cena: Cena) -> FatoGravado:
    return fato_de((cena.hub.publica.ultimo or 0) + 1)


Passo = tuple[str, int]
QUEM = st.integers(0, 2)
PASSOS = st.lists(
    st.one_of(
        st.tuples(st.just("tell"), st.integers(1, 12)),
        st.tuples(st.just("turn"), st.integers(1, 4)),
        st.tuples(st.just("wait"), st.integers(1, 150)),
        st.tuples(st.sampled_from(["come", "leave", "again", "stall", "read", "ask"]), QUEM),
        st.tuples(st.just("join"), st.integers(1, 150)),
        st.tuples(st.just("part"), st.integers(1, 150)),
    ),
    max_size=40,
)


class Andarilho:
    """A client that comes, goes, and asks again, each time from its last seq."""

    def __init__(self, cena: Cena) -> None:
        self._cena = cena
        self._cliente: Cliente | None = None
        self._ouvido = Ouvido()
        self._seqs: list[int] = []

    @property
    def seqs(self) -> list[int]:
        return self._seqs + self._ouvido.seqs()

    def come(self) -> None:
        if self._cliente is None:
            self._seqs, self._ouvido = self.seqs, Ouvido(cabe=5)
            self._cliente = self._cena.hub.connect(self._ouvido, tudo=True)
            self.again()

    def again(self) -> None:
        if self._cliente is not None and not self._cliente.fechado:
            desde = self.seqs[-1] if self.seqs else 0
            self._cena.hub.resume(self._cliente, self._cena.hub.publica.epoca, desde=desde)

    def ask(self) -> None:
        """Show a key, which grants every frame."""
        if self._cliente is not None:
            self._cena.hub.authenticate(self._cliente, Chave())

    def leave(self) -> None:
        if self._cliente is not None:
            self._cena.hub.disconnect(self._cliente)
            self._cliente = None

    def stall(self) -> None:
        self._ouvido.stall()

    def read(self) -> None:
        self._ouvido.read()


class Vagaroso(Ouvido):
    """One of a crowd that is slow to write to, so that frames are held."""

    def __init__(self, ultimo: int) -> None:
        super().__init__()
        self.ultimo = ultimo

    def write(self, frames: bytes) -> None:
        fim = time.perf_counter() + CARO_S
        super().write(frames)
        while time.perf_counter() < fim:
            pass


@settings(max_examples=25, deadline=None)
@given(passos=PASSOS)
def test_in_a_crowd_every_frame_comes_once_and_in_order(passos: list[Passo]) -> None:
    with tempfile.TemporaryDirectory() as pasta:
        asyncio.run(_wander(Path(pasta), passos))


async def _wander(pasta: Path, passos: list[Passo]) -> None:
    async with cena_em(pasta) as cena:
        largo = Largo(cena)
        for passo in [("join", 150), *passos, ("tell", 1)]:
            await largo.do(passo)
        for andarilho in largo.andarilhos:
            andarilho.leave()
            andarilho.come()
        await largo.do(("tell", 1))
        await until(lambda: all(a.seqs[-1:] == [largo.total] for a in largo.andarilhos))
        cena.hub.shutdown()

    for andarilho in largo.andarilhos:
        assert andarilho.seqs == list(range(1, largo.total + 1))
    for _, ouvido in largo.multidao:
        # A resumo may begin before who just came.
        desde = min(ouvido.seqs()[0], ouvido.ultimo + 1)
        assert ouvido.seqs() == list(range(desde, largo.total + 1))


class Largo:
    """Three who come and go amid a crowd."""

    def __init__(self, cena: Cena) -> None:
        self._cena = cena
        self.andarilhos = [Andarilho(cena) for _ in range(3)]
        self.multidao: list[tuple[Cliente, Vagaroso]] = []
        self.total = 0

    async def do(self, passo: Passo) -> None:
        acao, n = passo
        if acao == "tell":
            self.total += n
            await self._cena.put(*(pedido(i) for i in range(n)))
        elif acao == "turn":
            for _ in range(n):
                await asyncio.sleep(0)
        elif acao == "wait":
            await asyncio.sleep(n / 1000)
        elif acao in {"join", "part"}:
            getattr(self, acao)(n)
        else:
            getattr(self.andarilhos[n], acao)()

    def join(self, quantos: int) -> None:
        self.multidao += [self._arrive() for _ in range(quantos)]

    def _arrive(self) -> tuple[Cliente, Vagaroso]:
        ouvido = Vagaroso(self.total)
        cliente = self._cena.hub.connect(ouvido)
        self._cena.hub.listen(cliente)
        return cliente, ouvido

    def part(self, quantos: int) -> None:
        for cliente, _ in self.multidao[:quantos]:
            self._cena.hub.disconnect(cliente)
        del self.multidao[:quantos]
