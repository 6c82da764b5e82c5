"""Each sequence is dense, and tells only what its listeners may see."""

import pytest

from ponte.errors import DadosInvalidos
from ponte.store.db import Tx
from tests.ws.cena import Cena, Chave, alerta, estoque, mensagem, pedido, until


async def test_each_sequence_is_dense_though_they_share_facts(cena: Cena) -> None:
    todos, so_estoque = cena.listener(), cena.listener(estoque=True)

    await cena.put(pedido(), alerta(), estoque(), alerta(), pedido(), estoque())

    assert todos.seqs() == [1, 2, 3, 4]
    assert so_estoque.seqs() == [1, 2]
    assert so_estoque.tipos() == ["estoque.alterado"] * 2


async def test_a_rollback_leaves_no_hole(cena: Cena) -> None:
    todos = cena.listener()
    await cena.put(pedido(1))

    with pytest.raises(DadosInvalidos):
        await cena.db.transact(_put_and_fail)
    await cena.put(pedido(2))

    assert todos.seqs() == [1, 2]
    assert [q["dados"]["numero"] for q in todos.quadros] == [1, 2]


async def _put_and_fail(tx: Tx) -> None:
    tx.put(pedido(99))
    raise DadosInvalidos


async def test_an_anonymous_client_sees_no_private_field(cena: Cena) -> None:
    todos = cena.listener()

    await cena.put(pedido(7), estoque(4))

    assert todos.quadros[0]["dados"] == {"numero": 7, "itens": 0, "em": "2026-11-24T12:00:00Z"}
    assert "origem" not in todos.quadros[1]["dados"]
    assert {q["epoca"] for q in todos.quadros} == {cena.hub.publica.epoca}


async def test_a_private_frame_names_the_one_before_it_in_its_room(cena: Cena) -> None:
    await cena.put(pedido(1), alerta())
    cliente, ouvido = cena.client()
    cena.hub.authenticate(cliente, Chave())

    await cena.hub.subscribe(cliente, ["pedidos", "alertas"])
    await cena.put(pedido(2), estoque(), alerta(), pedido(3))

    told = [(q["sala"], q["seq"], q["anterior"]) for q in ouvido.quadros]
    assert told == [("pedidos", 3, 1), ("alertas", 5, 2), ("pedidos", 6, 3)]
    assert ouvido.quadros[0]["dados"]["canal"] == "api"


async def test_a_frame_is_encoded_once_for_all(cena: Cena) -> None:
    um, outro = cena.listener(), cena.listener()

    await cena.put(pedido())

    assert um.bytes_recebidos[0] is outro.bytes_recebidos[0]


async def test_nothing_is_encoded_while_nobody_listens(cena: Cena) -> None:
    cena.listener(estoque=True)

    await cena.put(estoque(), pedido())

    assert cena.hub.estoque.at(1).frame is not None
    assert cena.hub.publica.ultimo == 2
    with pytest.raises(IndexError):
        cena.hub.publica.at(1)


async def test_a_message_to_all_reaches_every_socket_of_ws(cena: Cena) -> None:
    anonimo, so_estoque = cena.listener(), cena.listener(estoque=True)
    cliente, com_chave = cena.client()
    cena.hub.authenticate(cliente, Chave())
    await cena.hub.subscribe(cliente, ["pedidos"])

    await cena.put(mensagem())

    assert (anonimo.tipos(), com_chave.tipos()) == (["mensagem"], ["mensagem"])
    assert anonimo.quadros[0]["dados"] == {"texto": "olá"}
    assert so_estoque.quadros == []


async def test_a_message_to_a_room_stays_in_it(cena: Cena) -> None:
    anonimo = cena.listener()
    (dentro, na_sala), (fora, noutra) = cena.client(), cena.client()
    await cena.hub.subscribe(dentro, ["alertas"])
    await cena.hub.subscribe(fora, ["pedidos"])

    await cena.put(mensagem("alertas"))

    assert na_sala.tipos() == ["mensagem"]
    assert (anonimo.quadros, noutra.quadros) == ([], [])


async def test_who_left_a_room_hears_it_no_more(cena: Cena) -> None:
    cliente, ouvido = cena.client()
    await cena.hub.subscribe(cliente, ["alertas", "pedidos"])

    cena.hub.unsubscribe(cliente, ["alertas"])
    await cena.put(alerta(), pedido())

    assert ouvido.tipos() == ["pedido.recebido"]


async def test_what_another_process_committed_is_told_in_its_place(cena: Cena) -> None:
    todos = cena.listener()
    await cena.put(pedido(1))

    cena.mudo = True
    await cena.put(pedido(2), pedido(3))
    cena.mudo = False
    await cena.put(pedido(4))
    await until(lambda: len(todos.quadros) == 4)
    await cena.put(pedido(5))

    assert [q["dados"]["numero"] for q in todos.quadros] == [1, 2, 3, 4, 5]


async def test_what_was_told_before_is_not_told_again(cena: Cena) -> None:
    todos = cena.listener()
    await cena.put(pedido(1), pedido(2))

    cena.hub.publish([cena.hub.publica.at(1).fato, cena.hub.publica.at(2).fato])

    assert todos.seqs() == [1, 2]


async def test_a_hole_that_nobody_can_fill_starts_every_client_over(cena: Cena) -> None:
    todos = cena.listener()
    await cena.put(pedido(1))

    cena.mudo = True
    await cena.put(pedido(2))
    await cena.db.transact(_forget_newest)
    cena.mudo = False
    await cena.put(pedido(3))
    await until(lambda: "instantaneo" in todos.tipos())
    await cena.put(pedido(4))

    assert todos.tipos()[1:3] == ["ressincronizar", "instantaneo"]
    assert todos.quadros[2]["seq"] == 3
    assert [q["dados"]["numero"] for q in todos.quadros[3:]] == [4]


async def _forget_newest(tx: Tx) -> None:
    await tx.execute("DELETE FROM fatos WHERE pos = (SELECT MAX(pos) FROM fatos)")
