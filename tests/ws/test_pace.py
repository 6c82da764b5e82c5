"""A fast room is told in resumos, a slow reader is dropped, and nobody waits for either."""

import asyncio

from ponte.ws.hub import FECHA_LENTO
from tests.ws.cena import Cena, Chave, alerta, estoque, pedido, until


async def test_above_fifty_a_second_the_rest_is_one_resumo(cena: Cena) -> None:
    todos = cena.listener()

    await cena.put(*(estoque(n, f"P{n % 10}") for n in range(120)))
    await until(lambda: todos.tipos()[-1] == "resumo")

    resumo = todos.quadros[-1]
    assert todos.tipos()[:50] == ["estoque.alterado"] * 50
    assert (len(todos.quadros), resumo["desde"], resumo["seq"]) == (51, 51, 120)
    assert resumo["dados"]["contagens"] == {"estoque.alterado": 70}
    assert resumo["dados"]["seq"] == 120
    produtos = {p["produto_id"]: p["quantidade"] for p in resumo["dados"]["produtos"]}
    assert produtos == {f"P{n % 10}": n for n in range(110, 120)}


async def test_who_asked_for_everything_gets_every_frame(cena: Cena) -> None:
    cliente, ouvido = cena.client(tudo=True)
    cena.hub.listen(cliente)
    cena.hub.authenticate(cliente, Chave())
    await until(lambda: cliente.ao_vivo)

    await cena.put(*(pedido(n) for n in range(500)))

    assert ouvido.tipos() == ["pedido.recebido"] * 500


async def test_without_a_key_everything_is_not_granted(cena: Cena) -> None:
    cliente, ouvido = cena.client(tudo=True)
    cena.hub.listen(cliente)

    await cena.put(*(pedido(n) for n in range(80)))

    assert len(ouvido.quadros) == 50


async def test_when_the_pace_falls_each_fact_is_a_frame_again(cena: Cena) -> None:
    todos = cena.listener()
    await cena.put(*(pedido(n) for n in range(60)))
    await until(lambda: todos.tipos()[-1] == "resumo")

    await asyncio.sleep(1.2)
    await cena.put(pedido())

    assert todos.tipos()[-1] == "pedido.recebido"
    assert todos.seqs() == list(range(1, 62))


async def test_one_fast_room_does_not_summarise_another(cena: Cena) -> None:
    cliente, ouvido = cena.client()
    await cena.hub.subscribe(cliente, ["pedidos", "alertas"])

    await cena.put(*(pedido(n) for n in range(80)), alerta())
    await until(lambda: "resumo" in ouvido.tipos())

    resumo = ouvido.quadros[-1]
    assert ouvido.tipos()[50:] == ["alerta.criado", "resumo"]
    assert (resumo["sala"], resumo["anterior"], resumo["desde"]) == ("pedidos", 50, 51)


async def test_who_comes_back_amid_a_fast_room_misses_and_doubles_nothing(cena: Cena) -> None:
    cena.listener()
    await cena.put(*(pedido(n) for n in range(70)))

    _, ouvido = cena.resumer(cena.hub.publica.epoca, 10)
    await until(lambda: ouvido.seqs()[-1:] == [70])

    assert ouvido.seqs() == list(range(11, 71))
    assert ouvido.tipos()[-1] == "resumo"


async def test_a_stalled_client_is_dropped_and_the_others_get_all(cena: Cena) -> None:
    saudaveis = [cena.listener() for _ in range(5)]
    cliente, parado = cena.client(cabe=40)
    cena.hub.listen(cliente)
    parado.stall()

    for n in range(50):
        await cena.put(pedido(n))
    await until(lambda: parado.fechado is not None)
    await cena.put(pedido())
    await until(lambda: all(o.seqs()[-1] == 51 for o in saudaveis))

    assert parado.fechado == FECHA_LENTO
    assert parado.tipos()[-1] == "ressincronizar"
    assert parado.tipos().count("ressincronizar") == 1
    assert [o.seqs() for o in saudaveis] == [list(range(1, 52))] * 5
    assert cena.telemetry.dropped.labels("lento")._value.get() == 1


async def test_a_client_that_reads_again_in_time_goes_on_without_a_gap(cena: Cena) -> None:
    cliente, ouvido = cena.client(tudo=True)
    cena.hub.authenticate(cliente, Chave())
    cena.hub.listen(cliente)
    ouvido.stall()

    await cena.put(*(pedido(n) for n in range(1000)))
    await asyncio.sleep(0.2)
    recebidos = len(ouvido.quadros)
    ouvido.read()
    await until(lambda: len(ouvido.quadros) >= 1000)
    await cena.put(pedido())

    assert recebidos < 1000
    assert ouvido.seqs() == list(range(1, 1002))


async def test_a_full_client_of_two_rooms_gets_each_frame_once(cena: Cena) -> None:
    cliente, ouvido = cena.client(cabe=70)
    await cena.hub.subscribe(cliente, ["pedidos", "alertas"])
    ouvido.stall()

    await cena.put(*(pedido(n) for n in range(55)))  # five of them wait for a resumo
    await cena.put(*(alerta() for _ in range(30)))  # and one of these fills the queue
    posto_de_lado = not cliente.ao_vivo
    ouvido.read()
    await until(lambda: len(set(ouvido.seqs())) == 85)
    await asyncio.sleep(0.15)

    assert posto_de_lado
    assert sorted(ouvido.seqs()) == list(range(1, 86))


async def test_at_the_end_every_socket_is_told_to_come_back(cena: Cena) -> None:
    ouvidos = [cena.listener(), cena.listener(estoque=True)]

    cena.hub.shutdown()

    assert [o.fechado for o in ouvidos] == [1012, 1012]
    assert cena.hub.lotado
    assert cena.hub.clientes == set()
