"""What the bot says: the words of the shop page, and orders only to who may know them."""

from typing import Any

import pytest

from ponte.chatbot import falas
from ponte.chatbot.pergunta import Resposta
from ponte.chatbot.resposta import answer
from ponte.console.idiomas import money
from ponte.console.loja import MOSTRADO_ATE, availability
from ponte.domain.mensagem import Canal, Mensagem, TipoMensagem
from ponte.estoque.service import Contagem, count_many
from ponte.mensagens import conversas
from ponte.store.db import Tx
from ponte.testing import Embedded

ANA = "5511987654321@s.whatsapp.net"
OUTRA = "5511900000000@s.whatsapp.net"
HORARIO = "segunda a sábado, das 8h às 18h"


async def say(
    ponte: Embedded, *textos: str, de: str = ANA, canal: Canal = Canal.WHATSAPP
) -> list[Resposta]:
    """Say one thing after the other; return what the bot answers to each."""

    async def all_of(tx: Tx) -> list[Resposta]:
        found = []
        conversa_id = await conversas.of_contact(tx, canal, (de,))
        for texto in textos:
            conversa = await conversas.find(tx, conversa_id)
            assert conversa is not None
            mensagem = Mensagem(TipoMensagem.TEXTO, canal, "loja", texto, remetente=de)
            found.append(await answer(tx, conversa, mensagem, horario=HORARIO))
            await conversas.remember(tx, conversa_id, found[-1].estado)
        return found

    answers: list[Resposta] = await ponte.ctx.db.transact(all_of)
    return answers


async def texts(ponte: Embedded, *textos: str, **onde: Any) -> list[str]:
    return [resposta.texto for resposta in await say(ponte, *textos, **onde)]


async def order(ponte: Embedded, **cliente: str) -> int:
    corpo = {"itens": [{"produto_id": "CAFE-500G", "quantidade": 1}], "cliente": cliente}
    answer = await ponte.http.post("/pedido", json=corpo)
    assert answer.status_code == 202, answer.text
    return int((await ponte.get(f"/pedidos/{answer.json()['id']}"))["numero"])


async def count(ponte: Embedded, produto_id: str, *, unidades: int, nome: str) -> None:
    async def write(tx: Tx) -> None:
        contagem = Contagem(produto_id, "1", unidades, "contagem", nome=nome, preco_centavos=990)
        await count_many(tx, [contagem], minimo=0, autor="teste")

    await ponte.ctx.db.transact(write)


def test_the_words_are_those_of_the_shop_page() -> None:
    assert falas.MOSTRADO_ATE == MOSTRADO_ATE
    for n in (0, 1, 2, 9, 10, 11, 12, 5000):
        assert falas.disponibilidade(n) == availability(n, "pt-BR").texto
    for centavos in (0, 5, 549, 100_000, 123_456_789):
        assert falas.reais(centavos) == money(centavos, "pt-BR")


async def test_a_price_and_whether_there_is_any_and_never_how_many(ponte: Embedded) -> None:
    [said] = await texts(ponte, "bom dia, qto custa o café?")

    assert said == "Café torrado 500 g: R$ 18,90 (Disponível)"


@pytest.mark.parametrize(
    ("texto", "nome"),
    [
        ("tem arroz 5kg?", "Arroz branco 5 kg"),
        ("preço do leite integral 1 l", "Leite integral"),
        ("vcs tem leite integrau", "Leite integral"),
        ("quanto é CAFE-500G", "Café torrado"),
        ("tem cafés?", "Café torrado"),
        ("cafe torrado", "Café torrado"),
    ],
)
async def test_a_product_is_found_as_people_write_it(
    ponte: Embedded, texto: str, nome: str
) -> None:
    [said] = await texts(ponte, texto)

    assert said.startswith(nome)


async def test_what_is_sold_out_or_nearly_so_is_said_so(ponte: Embedded) -> None:
    await count(ponte, "BOLO-A", unidades=0, nome="Bolo de fubá")
    await count(ponte, "BOLO-B", unidades=3, nome="Bolo de milho")

    [said] = await texts(ponte, "tem bolo?")

    assert said.splitlines() == [
        "Bolo de milho: R$ 9,90 (Últimas 3)", "Bolo de fubá: R$ 9,90 (Esgotado)",
    ]  # fmt: skip


async def test_many_products_are_a_few_lines_and_a_count(ponte: Embedded) -> None:
    for n in range(7):
        await count(ponte, f"VINHO-{n}", unidades=20, nome=f"Vinho número {n}")

    [said] = await texts(ponte, "tem vinho?")

    assert len(said.splitlines()) == 6
    assert said.splitlines()[-1].startswith("E mais 2.")


async def test_an_unknown_product_is_said_so_and_asked_again(ponte: Embedded) -> None:
    first, second = await texts(ponte, "tem jabuticaba?", "café")

    assert "“jabuticaba”" in first
    assert second.startswith("Café torrado")


async def test_the_telephone_one_writes_from_tells_of_its_own_order(ponte: Embedded) -> None:
    numero = await order(ponte, telefone="+5511987654321")

    asked = await texts(ponte, "cadê meu pedido?", f"pedido {numero}")

    assert [said.startswith(f"Pedido #{numero}: ") for said in asked] == [True, True]


async def test_the_ninth_digit_does_not_matter(ponte: Embedded) -> None:
    numero = await order(ponte, telefone="+5511987654321")

    [said] = await texts(ponte, "1", de="551187654321@s.whatsapp.net")

    assert said.startswith(f"Pedido #{numero}: ")


@pytest.mark.parametrize("canal", [Canal.TELEGRAM, Canal.INSTAGRAM])
async def test_elsewhere_digits_are_no_telephone(ponte: Embedded, canal: Canal) -> None:
    numero = await order(ponte, telefone="+5511987654321")

    said = await texts(ponte, "1", f"{numero}", de="5511987654321", canal=canal)

    assert said == [falas.QUAL_PEDIDO, falas.DE_QUEM]


@pytest.mark.parametrize("final", ["4321", "4725", "529.982.247-25", "é final 4321"])
async def test_the_last_four_digits_prove_whose_it_is(ponte: Embedded, final: str) -> None:
    numero = await order(ponte, telefone="+5511987654321", documento="52998224725")

    proof = final if final[0].isdecimal() else f"pedido {numero} {final}"
    *asked, said = await texts(ponte, f"cadê o pedido {numero}", proof, de=OUTRA)

    assert asked == [falas.DE_QUEM]
    assert said.startswith(f"Pedido #{numero}: ")


async def test_an_order_that_is_not_there_reads_like_one_that_is_not_theirs(
    ponte: Embedded,
) -> None:
    numero = await order(ponte, telefone="+5511987654321")
    anonymous = await order(ponte)

    theirs = await texts(ponte, f"pedido {numero}", "0000", de=OUTRA)
    unknown = await texts(ponte, "pedido 99999", "0000", de="5511911111111@s.whatsapp.net")
    nobodys = await texts(ponte, f"pedido {anonymous}", "0000", de="5511922222222@s.whatsapp.net")

    assert theirs == unknown == nobodys == [falas.DE_QUEM, falas.NAO_CONFERE]


async def test_three_wrong_proofs_end_with_a_person_whatever_is_said_between(
    ponte: Embedded,
) -> None:
    numero = await order(ponte, telefone="+5511987654321")

    said = await say(
        ponte, f"pedido {numero}", "0000", "oi", "qual o horário?", "tem café?", "xpto zzz",
        f"pedido {numero} final 0001", f"pedido {numero} final 0002", de=OUTRA,
    )  # fmt: skip

    assert [resposta.pessoa for resposta in said] == [False] * 7 + [True]


async def test_hours_are_the_operators_words(ponte: Embedded) -> None:
    [said] = await texts(ponte, "q hrs vcs abrem?")

    assert said == f"Nosso horário de funcionamento: {HORARIO}"
    assert falas.horario(" ") == falas.SEM_HORARIO


async def test_who_is_not_understood_gets_choices_and_then_a_person(ponte: Embedded) -> None:
    first, second = await say(ponte, "asdf qwer", "zxcv")

    assert falas.MENU in first.texto
    assert (first.pessoa, second.pessoa) == (False, True)


async def test_being_understood_forgets_what_was_not(ponte: Embedded) -> None:
    said = await say(ponte, "asdf qwer", "oi", "zxcv")

    assert not any(resposta.pessoa for resposta in said)


async def test_a_greeting_offers_choices_and_thanks_are_returned(ponte: Embedded) -> None:
    hello, thanks, person = await say(ponte, "Oi, td bem?", "obg", "quero falar com um atendente")

    assert falas.MENU in hello.texto
    assert thanks.texto == falas.DE_NADA
    assert (person.texto, person.pessoa) == (falas.PESSOA, True)
