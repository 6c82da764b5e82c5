"""What a client may ask and say, what it is told, and with what code it is sent away."""

import asyncio
import time
from pathlib import Path

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from ponte.acesso import chaves
from tests.aovivo.servida import ADMIN, Cliente, Servida, servida_em

NOBODY = "pk_" + "0" * 43


async def test_a_bare_socket_hears_orders_and_stock_and_nothing_unasked(ponte: Servida) -> None:
    await ponte.stock(10)

    async with ponte.socket() as cliente:
        quieto = await cliente.quiet()
        pedido = await ponte.order()
        quadros = await cliente.take(3)

    assert quieto
    assert [q["tipo"] for q in quadros] == [
        "pedido.recebido",
        "estoque.alterado",
        "pedido.concluido",
    ]
    assert set(quadros[0]) == {"tipo", "epoca", "seq", "em", "dados"}
    assert quadros[0]["dados"]["numero"] == pedido["numero"]
    assert "cliente" not in str(quadros)


async def test_the_stock_socket_begins_with_the_stock_as_it_stands(ponte: Servida) -> None:
    await ponte.stock(10)

    async with ponte.socket("/ws/estoque") as cliente:
        instantaneo = await cliente.next()
        await ponte.stock(3)
        quadros = await cliente.take(2)

    item = instantaneo["dados"]["itens"][0]
    assert (instantaneo["tipo"], item["produto_id"], item["quantidade"]) == (
        "instantaneo",
        "CAFE",
        10,
    )
    assert [q["tipo"] for q in quadros] == ["estoque.alterado", "estoque.baixo"]
    assert [q["seq"] for q in quadros] == [instantaneo["seq"] + 1, instantaneo["seq"] + 2]


async def test_the_snapshot_holds_what_was_answered_before_it(ponte: Servida) -> None:
    for quantidade in range(20, 30):
        await ponte.stock(quantidade)

        async with ponte.socket("/ws/estoque") as cliente:
            instantaneo = await cliente.next()

        assert instantaneo["dados"]["itens"][0]["quantidade"] == quantidade


async def test_a_question_is_answered_within_50_ms(ponte: Servida) -> None:
    await ponte.stock(10)
    async with ponte.socket("/ws/estoque") as cliente:
        await cliente.next()
        times_s = []
        for n in range(9):
            began = time.perf_counter()
            resposta = await cliente.ask(acao="consultar", ref=str(n), produto_id="CAFE")
            times_s.append(time.perf_counter() - began)

    assert (resposta["tipo"], resposta["ref"]) == ("resposta", "8")
    assert resposta["dados"]["quantidade"] == 10
    assert sorted(times_s)[4] < 0.05


async def test_a_question_about_nothing_is_an_error_with_its_code(ponte: Servida) -> None:
    async with ponte.socket() as cliente:
        erro = await cliente.ask(acao="consultar", ref="x", produto_id="NADA")

    assert (erro["tipo"], erro["ref"], erro["dados"]["code"]) == ("erro", "x", "nao_encontrado")


async def test_a_key_opens_its_rooms_and_no_other(ponte: Servida) -> None:
    await ponte.stock(10)
    chave, _ = await ponte.key("caixa", "pedidos:ler")

    async with ponte.socket() as cliente:
        await cliente.say(acao="autenticar", chave=chave)
        aceito = await cliente.ask(acao="assinar", ref="1", salas=["pedidos"])
        await ponte.order()
        quadros = await cliente.take(3)
        await cliente.say(acao="assinar", salas=["alertas"])
        codigo = await cliente.close_code()

    assert aceito["dados"]["salas"] == ["pedidos"]
    assert [q["tipo"] for q in quadros] == ["pedido.recebido", "nota.emitida", "pedido.concluido"]
    assert [q["anterior"] for q in quadros] == [None, quadros[0]["seq"], quadros[1]["seq"]]
    assert quadros[0]["dados"]["canal"] == "api"
    assert codigo == 4403


@pytest.mark.parametrize(
    "acao",
    [
        {"acao": "assinar", "salas": ["pedidos"]},
        {"acao": "publicar", "texto": "olá"},
        {"acao": "enviar", "para": "caixa", "texto": "olá"},
        {"acao": "autenticar", "chave": NOBODY},
    ],
)
async def test_what_needs_a_key_closes_4401_without_one(
    ponte: Servida, acao: dict[str, object]
) -> None:
    async with ponte.socket() as cliente:
        erro = await cliente.ask(**acao)
        codigo = await cliente.close_code()

    assert (erro["tipo"], erro["dados"]["code"], codigo) == ("erro", "nao_autenticado", 4401)


async def test_a_wrong_key_in_the_header_closes_4401(ponte: Servida) -> None:
    async with ponte.socket(chave=NOBODY) as cliente:
        codigo = await cliente.close_code()

    assert codigo == 4401


async def test_writing_needs_its_scope(ponte: Servida) -> None:
    chave, _ = await ponte.key("leitor", "pedidos:ler")

    async with ponte.socket(chave=chave) as cliente:
        await cliente.say(acao="publicar", texto="olá")
        codigo = await cliente.close_code()

    assert codigo == 4403


async def test_a_message_to_all_reaches_all_and_can_be_resumed(ponte: Servida) -> None:
    async with ponte.socket(chave=ADMIN) as autor, ponte.socket() as outro:
        await outro.ask(acao="ping")
        await autor.say(acao="publicar", texto="Fechamos às 18h ☕")
        recebida = await outro.next()
        propria = await autor.next()

    async with ponte.socket(f"/ws?epoca={recebida['epoca']}&desde={recebida['seq'] - 1}") as depois:
        de_novo = await depois.next()

    assert (recebida["tipo"], recebida["dados"]["texto"]) == ("mensagem", "Fechamos às 18h ☕")
    assert propria["tipo"] == "mensagem"
    assert de_novo == recebida


async def test_a_personal_message_reaches_its_key_alone(ponte: Servida) -> None:
    ana, _ = await ponte.key("ana", "pedidos:ler")
    bia, _ = await ponte.key("bia", "pedidos:ler")
    async with (
        ponte.socket(chave=ADMIN) as autor,
        ponte.socket(chave=ana) as uma,
        ponte.socket(chave=ana) as outra,
        ponte.socket(chave=bia) as fora,
    ):
        for cliente in (uma, outra, fora):
            await cliente.ask(acao="ping")

        resposta = await autor.ask(acao="enviar", ref="9", para="ana", texto="venha cá")
        recebidas = [await uma.next(), await outra.next()]
        quieta = await fora.quiet()

    assert (resposta["ref"], resposta["dados"]["entregues"]) == ("9", 2)
    assert {r["dados"]["id"] for r in recebidas} == {resposta["dados"]["id"]}
    assert [r["dados"]["texto"] for r in recebidas] == ["venha cá"] * 2
    assert quieta


async def test_a_revoked_key_is_out_within_five_seconds(ponte: Servida) -> None:
    chave, chave_id = await ponte.key("ex", "pedidos:ler")
    async with ponte.socket() as cliente:
        await cliente.ask(acao="autenticar", ref="1", chave=chave)

        await ponte.dentro.ctx.db.transact(chaves.revoke, chave_id)
        began = time.perf_counter()
        codigo = await cliente.close_code(within_s=6)

    assert codigo == 4401
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize(
    "lixo",
    [
        "isto não é JSON",
        "[]",
        '{"acao":"voar"}',
        '{"acao":"ping","outro":1}',
        '{"acao":"ping","acao":"ping"}',
        '{"acao":"consultar","produto_id":1}',
        '{"acao":"retomar","epoca":"x","desde":-1}',
        '{"acao":"ping","ref":NaN}',
        '{"acao":"publicar","texto":"\\ud800"}',
        "[" * 20_000,
        b"\x00\x01",
    ],
)
async def test_what_cant_be_read_is_refused_and_the_socket_goes_on(
    ponte: Servida, lixo: str | bytes
) -> None:
    async with ponte.socket() as cliente:
        await cliente.ws.send(lixo)
        erro = await cliente.next()
        depois = await cliente.ask(acao="ping", ref="1")

    assert erro["tipo"] == "erro"
    assert erro["dados"]["code"] in {"json_invalido", "dados_invalidos"}
    assert depois == {"tipo": "pong", "ref": "1"}


async def test_ten_such_frames_close_1008(ponte: Servida) -> None:
    async with ponte.socket() as cliente:
        for _ in range(10):
            await cliente.ws.send("lixo")
        codigo = await cliente.close_code()

    assert codigo == 1008


async def test_a_frame_over_64_kib_closes_1009(ponte: Servida) -> None:
    async with ponte.socket() as cliente:
        await cliente.ws.send("x" * (64 * 1024 + 1))
        codigo = await cliente.close_code()

    assert codigo == 1009


async def test_text_that_is_not_utf_8_closes_1007(ponte: Servida) -> None:
    async with ponte.socket() as cliente:
        await cliente.ws.send(b"\xff\xfe", text=True)
        codigo = await cliente.close_code()

    assert codigo == 1007


async def test_a_client_that_never_stops_talking_waits_and_holds_nobody_up(ponte: Servida) -> None:
    async with ponte.socket() as falador, ponte.socket() as outro:
        falando = asyncio.create_task(_talk(falador, 400))
        began = time.perf_counter()
        pong = await outro.ask(acao="ping")
        took_s = time.perf_counter() - began
        total_s = await falando

    assert pong["tipo"] == "pong"
    assert took_s < total_s / 2
    assert total_s > 1.5  # 400 frames, 200 of them at 100 a second


async def _talk(cliente: Cliente, vezes: int) -> float:
    began = time.perf_counter()
    for _ in range(vezes):
        await cliente.say(acao="ping")
    await cliente.take(vezes)
    return time.perf_counter() - began


async def test_stock_sockets_take_no_action_of_ws(ponte: Servida) -> None:
    async with ponte.socket("/ws/estoque", chave=ADMIN) as cliente:
        await cliente.next()
        erro = await cliente.ask(acao="assinar", salas=["pedidos"])

    assert erro["dados"]["code"] == "dados_invalidos"


async def test_what_was_missed_during_a_restart_is_told(tmp_path: Path) -> None:
    async with servida_em(tmp_path) as antes:
        await antes.stock(10)
        async with antes.socket() as cliente:
            await antes.order()
            primeiro = (await cliente.take(3))[0]

    async with servida_em(tmp_path) as depois:
        path = f"/ws?epoca={primeiro['epoca']}&desde={primeiro['seq']}"
        async with depois.socket(path) as cliente:
            perdidos = await cliente.take(2)
            await depois.order()
            vivo = await cliente.next()

    assert [q["seq"] for q in (*perdidos, vivo)] == [primeiro["seq"] + n for n in (1, 2, 3)]


@pytest.mark.parametrize("query", ["epoca=outra&desde=1", "desde=1", "epoca=x", "epoca=x&desde=ab"])
async def test_what_cant_be_resumed_is_a_snapshot(ponte: Servida, query: str) -> None:
    await ponte.stock(10)

    async with ponte.socket(f"/ws?{query}") as cliente:
        quadros = await cliente.take(2)

    assert [q["tipo"] for q in quadros] == ["ressincronizar", "instantaneo"]
    assert quadros[1]["dados"]["itens"][0]["produto_id"] == "CAFE"


async def test_everything_is_for_keys(ponte: Servida) -> None:
    await ponte.stock(999_999)
    async with ponte.socket("/ws?tudo=1", chave=ADMIN) as tudo, ponte.socket("/ws?tudo=1") as nem:
        await asyncio.gather(*(ponte.order() for _ in range(60)))
        recebidos = [await tudo.next() for _ in range(120)]
        tipos = {(await nem.next())["tipo"] for _ in range(51)}

    assert "resumo" not in {q["tipo"] for q in recebidos}
    assert "resumo" in tipos


async def test_a_full_house_refuses_with_503(tmp_path: Path) -> None:
    async with servida_em(tmp_path, limites={"websockets": 2}) as ponte:
        async with ponte.socket(), ponte.socket():
            with pytest.raises(InvalidStatus) as recusa:
                await ponte.socket().__aenter__()
        async with ponte.socket() as cliente:
            pong = await cliente.ask(acao="ping")

    assert recusa.value.response.status_code == 503
    assert pong["tipo"] == "pong"


async def test_another_sites_page_opens_no_socket(ponte: Servida) -> None:
    with pytest.raises(InvalidStatus) as recusa:
        await connect(f"ws://127.0.0.1:{ponte.port}/ws", origin=Origin("https://mau.example"))

    assert recusa.value.response.status_code == 403


async def test_the_sockets_are_described_without_a_key(ponte: Servida) -> None:
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{ponte.port}") as ninguem:
        answer = await ninguem.get("/asyncapi.json")

    documento = answer.json()
    assert documento["asyncapi"] == "3.0.0"
    assert "pedido_recebido" in documento["channels"]["ws"]["messages"]
    assert "pedido_recebido" not in documento["channels"]["wsEstoque"]["messages"]
    refs = [m["$ref"] for c in documento["channels"].values() for m in c["messages"].values()]
    known = documento["components"]["messages"]
    assert {ref.removeprefix("#/components/messages/") for ref in refs} <= set(known)
