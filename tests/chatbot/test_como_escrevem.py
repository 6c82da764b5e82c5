"""Sentences as people really type them on a telephone, and what the bot must make of each."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from ponte.chatbot.entender import Assunto, Intencao, entender
from ponte.chatbot.falas import SO_TEXTO
from ponte.chatbot.resposta import answer
from ponte.domain.mensagem import Canal, Mensagem, TipoMensagem
from ponte.mensagens import conversas
from ponte.mensagens.conversas import Conversa
from ponte.store.db import Tx
from ponte.testing import Embedded

PEDIDO, PRODUTO, HORARIO = Assunto.PEDIDO, Assunto.PRODUTO, Assunto.HORARIO
PESSOA, OI, OBRIGADO = Assunto.PESSOA, Assunto.SAUDACAO, Assunto.AGRADECIMENTO
NADA = Assunto.DESCONHECIDA
FINAL, NUMERO = {"espera": "final", "pedido": "1043"}, {"espera": "pedido"}

# What was typed, what it is about, and what else must have been read in it.
FRASES: list[tuple[str, Assunto, dict[str, Any]]] = [
    ("cadê meu pedido num 1043??", PEDIDO, {"pedido": "1043"}),
    ("oi, fiz um pedido ontem e nada até agora", PEDIDO, {}),
    ("pedido 1043 cpf 123.456.789-09", PEDIDO, {"pedido": "1043", "final": "8909"}),
    ("cpf 12345678909 pedido 1043", PEDIDO, {"pedido": "1043", "final": "8909"}),
    ("meu tel é (11) 98765-4321 e o pedido 1043", PEDIDO, {"pedido": "1043", "final": "4321"}),
    ("pedido nº1043", PEDIDO, {"pedido": "1043"}),
    ("PEDIDO1043", PEDIDO, {"pedido": "1043"}),
    ("Pedido: n° 1043.", PEDIDO, {"pedido": "1043"}),
    ("meu pedido é o 1.043", PEDIDO, {"pedido": "1043"}),
    ("o pedido #1043 já saiu?", PEDIDO, {"pedido": "1043"}),
    ("pedido: RAPPI-9981", PEDIDO, {"pedido": "rappi-9981"}),
    ("status 1043", PEDIDO, {"pedido": "1043"}),
    ("numero do pedido: 1043, telefone 11 98765-4321", PEDIDO,
     {"pedido": "1043", "final": "4321"}),
    ("pq meu pedido foi recusado?", PEDIDO, {"pedido": None}),
    ("qero saber do meu peddo", PEDIDO, {}),
    ("já enviaram minha compra?", PEDIDO, {}),
    ("kd o motoboy", PEDIDO, {}),
    ("não recebi ainda", PEDIDO, {}),
    ("minha entrega ta atrasada 😡", PEDIDO, {}),
    ("paguei e n chegou", PEDIDO, {}),
    ("oi qto ta o leite? e cadê meu pedido 1043", PEDIDO, {"pedido": "1043"}),
    ("comprei ontem no pix e ate agr nao recebi", PEDIDO, {}),
    ("qto q ta o arroz", PRODUTO, {"palavras": ("arroz",)}),
    ("quanto tá saindo o leite", PRODUTO, {"palavras": ("leite",)}),
    ("tem arros?", PRODUTO, {"palavras": ("arros",)}),
    ("oq vcs vendem?", PRODUTO, {"palavras": ()}),
    ("qual o valor do café de 500 gramas", PRODUTO, {"palavras": ("cafe", "500g")}),
    ("tem coca 2 litros?", PRODUTO, {"palavras": ("coca", "2l")}),
    ("quero 3 arroz 5 quilos", PRODUTO, {"palavras": ("arroz", "5kg")}),
    ("ainda tá 18,90 o café?", PRODUTO, {"palavras": ("cafe",)}),
    ("o café é R$ 19?", PRODUTO, {"palavras": ("cafe",)}),
    ("separa 2 leite pra mim", PRODUTO, {"palavras": ("leite",)}),
    ("tem desconto no café?", PRODUTO, {"palavras": ("cafe",)}),
    ("não quero café, quero leite", PRODUTO, {"palavras": ("leite",)}),
    ("valeu! tem café?", PRODUTO, {"palavras": ("cafe",)}),
    ("bom diaa qnto custa o cafe torradooo", PRODUTO, {"palavras": ("cafe", "torrado")}),
    ("bom dia, qto custa o café e q horas vcs fecham?", PRODUTO,
     {"palavras": ("cafe",), "horario": True}),
    ("vcs tem arroz? abre domingo?", PRODUTO, {"palavras": ("arroz",), "horario": True}),
    ("abre q horas amanha?", HORARIO, {}),
    ("vcs tao aberto agr?", HORARIO, {}),
    ("fecha que hrs hj", HORARIO, {}),
    ("até q hrs posso ir aí", HORARIO, {}),
    ("trabalham no feriado?", HORARIO, {}),
    ("funcionam fds?", HORARIO, {}),
    ("hoje é feriado, vcs vão abrir?", HORARIO, {}),
    ("já fecharam?", HORARIO, {}),
    ("quero saber q hrs abre", HORARIO, {"palavras": ()}),
    ("obrigado, e o horário?", HORARIO, {}),
    ("quero falar c/ alguem", PESSOA, {}),
    ("atendnte pfv", PESSOA, {}),
    ("não quero falar com robô", PESSOA, {}),
    ("isso é um bot?", PESSOA, {}),
    ("pode me ligar?", PESSOA, {}),
    ("cancela meu pedido pfv", PESSOA, {}),
    ("não quero mais o pedido 1043", PESSOA, {}),
    ("quero trocar o produto", PESSOA, {}),
    ("meu pedido veio errado", PESSOA, {}),
    ("o leite chegou estragado", PESSOA, {}),
    ("quero meu reembolso", PESSOA, {}),
    ("tô mt insatisfeito", PESSOA, {}),
    ("SOCORRO", PESSOA, {}),
    ("oieee", OI, {}),
    ("bom diaaaa td bem c vcs?", OI, {}),
    ("não, obrigada", OBRIGADO, {}),
    ("n precisa, obg", OBRIGADO, {}),
    ("tmj vlw 🙏", OBRIGADO, {}),
    ("não quero nada não", OBRIGADO, {}),
    ("n quero café", OBRIGADO, {}),
    ("👍", OBRIGADO, {}),
    ("👍🏽🙏❤️", OBRIGADO, {}),
    ("😡😡😡", NADA, {}),
    ("🚚???", NADA, {}),
    ("sim", NADA, {}),
    ("Maria Silva, 123.456.789-09", NADA, {}),
    ("11 98765-4321", NADA, {}),
    ("vcs entregam em Osasco?", NADA, {}),
    ("aceita cartão?", NADA, {}),
]  # fmt: skip

# The same, as an answer to what the bot has asked.
RESPOSTAS: list[tuple[str, dict[str, str], Intencao]] = [
    ("meu cpf é 123.456.789-09", FINAL, Intencao(PEDIDO, final="8909")),
    ("é 4321", FINAL, Intencao(PEDIDO, final="4321")),
    ("os últimos são 4321 🙏", FINAL, Intencao(PEDIDO, final="4321")),
    ("(11) 98765-4321", FINAL, Intencao(PEDIDO, final="4321")),
    ("nao sei", FINAL, Intencao(PESSOA)),
    ("acho que é 1043", NUMERO, Intencao(PEDIDO, pedido="1043")),
    ("nº 1043", NUMERO, Intencao(PEDIDO, pedido="1043")),
    ("1 0 4 3", NUMERO, Intencao(PEDIDO, pedido="1043")),
    ("esqueci o numero do pedido", NUMERO, Intencao(PESSOA)),
    ("não lembro", NUMERO, Intencao(PESSOA)),
    ("quanto custa o café?", NUMERO, Intencao(PRODUTO, ("cafe",))),
    ("atendente", FINAL, Intencao(PESSOA)),
    ("bom dia", NUMERO, Intencao(OI)),
]


@pytest.mark.parametrize(("texto", "assunto", "also"), FRASES, ids=[f[0] for f in FRASES])
def test_what_people_type_is_understood(texto: str, assunto: Assunto, also: dict[str, Any]) -> None:
    found = entender(texto)

    assert found.assunto is assunto
    assert {name: getattr(found, name) for name in also} == also


@pytest.mark.parametrize(("texto", "estado", "intencao"), RESPOSTAS)
def test_what_answers_the_bot_s_question_is_understood(
    texto: str, estado: dict[str, str], intencao: Intencao
) -> None:
    assert entender(texto, estado=estado) == intencao


@dataclass
class Falante:
    """Somebody who writes to the bot, and remembers nothing themselves."""

    ponte: Embedded
    estado: dict[str, Any] = field(default_factory=dict)

    async def write(
        self, conteudo: Any, tipo: TipoMensagem = TipoMensagem.TEXTO
    ) -> tuple[str, bool]:
        """Return what the bot says, and whether a person takes over."""
        mensagem = Mensagem(tipo=tipo, canal=Canal.TELEGRAM, destinatario="loja", conteudo=conteudo)

        async def ask(tx: Tx) -> Any:
            conversa_id = await conversas.of_contact(tx, "telegram", ("42",))
            conversa = await conversas.find(tx, conversa_id)
            assert isinstance(conversa, Conversa)
            known = Conversa(**{**_fields(conversa), "bot_estado": self.estado})
            return await answer(tx, known, mensagem, horario="das 8h às 18h")

        found = await self.ponte.ctx.db.transact(ask)
        self.estado = found.estado
        return found.texto, found.pessoa


def _fields(conversa: Conversa) -> dict[str, Any]:
    return {name: getattr(conversa, name) for name in Conversa.__slots__}


async def test_who_asks_two_things_at_once_is_told_both(ponte: Embedded) -> None:
    texto, _pessoa = await Falante(ponte).write("qto custa o café e q horas vcs fecham?")

    assert texto.startswith("Café torrado 500 g: R$ 18,90")
    assert texto.endswith("das 8h às 18h")


async def test_a_letter_that_sounds_the_same_finds_the_product(ponte: Embedded) -> None:
    texto, _pessoa = await Falante(ponte).write("tem arros?")

    assert texto.startswith("Arroz branco 5 kg: R$ 25,90")


@pytest.mark.parametrize("tipo", [TipoMensagem.AUDIO, TipoMensagem.IMAGEM, TipoMensagem.VIDEO])
async def test_a_medium_without_words_gets_the_choices_and_then_a_person(
    ponte: Embedded, tipo: TipoMensagem
) -> None:
    ana = Falante(ponte)

    first = await ana.write({"url": "https://midia.test/1"}, tipo)
    second = await ana.write({"url": "https://midia.test/2"}, tipo)

    assert first[0].startswith(SO_TEXTO)
    assert "4. Falar com atendente" in first[0]
    assert (first[1], second[1]) == (False, True)


async def test_what_is_unknown_twice_gets_a_person_and_thanks_between_count_for_nothing(
    ponte: Embedded,
) -> None:
    ana = Falante(ponte)

    handed = [(await ana.write(texto))[1] for texto in ("aceita cartão?", "🚚???")]

    assert handed == [False, True]
