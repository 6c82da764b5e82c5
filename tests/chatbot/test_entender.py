"""What customers write, word for word, and what the bot takes it for."""

from typing import Any

import pytest

from ponte.chatbot.entender import Assunto, Intencao, entender

ASSUNTOS = {
    Assunto.PEDIDO: (
        "cadê meu pedido?", "Cade meu pedido", "kd meu pedido", "KD MEU PEDIDO!!!",
        "qual o status do meu pedido", "qual o estatus do meu pedido", "meu pedido ja saiu?",
        "quero saber do meu pedido pfv", "meu pediddo nao chegou", "minha encomenda chegou?",
        "código de rastreio", "codigo de rastreamento por favor", "rastrear", "pedidos",
        "bom dia, meu ped ta onde", "minha compra não chegou ainda 😡", "onde está minha encomenda",
        "não chegou ainda", "quando chega?", "Que horas chega meu pedido?",
        "vc pode ver meu pedido?", "oi td bem? cade minha emcomenda",
    ),
    Assunto.PRODUTO: (
        "quanto custa o café?", "qto custa o cafe", "qnto ta o arroz", "QUANTO É O ARROZ 5KG",
        "tem leite?", "vcs tem café torrado?", "ainda tem arroz 5 kg", "vende feijão",
        "preço do leite", "preco leite integral", "vlr do cafe pfv", "qual o valor do arroz?",
        "tem em estoque café?", "o café está disponível?", "quero comprar arroz",
        "bom dia! vc tem leite integral 1l?", "boa tarde qto sai o cafe 500g",
        "chegou o leite?", "oi, queria saber o preço do arroz", "quero fazer um pedido",
        "custa quanto o leite 🥛", "qual o presso do cafe", "gostaria de um café",
        "quanto custa o vinho dom bosco", "qto custa suporte de tv", "bolo para 10 pessoas tem?",
        "quero fazer uma compra",
    ),
    Assunto.HORARIO: (
        "qual o horário de funcionamento?", "que horas abre", "q hrs vcs abrem",
        "que horas fecham hj?", "abre domingo?", "vcs abrem dom?", "tá aberto?", "TA ABERTO AGORA",
        "ate que horas vcs atendem", "funciona sábado?", "horario", "horário por favor",
        "vocês abrem no feriado?", "atendem até que horas", "horaro de funcionamneto",
        "bom dia, estão abertos?", "e no domingo?",
    ),
    Assunto.PESSOA: (
        "falar com atendente", "quero falar com um atendente", "atendente", "ATENDENTE!!",
        "atendennte", "quero falar com uma pessoa", "tem alguém aí?", "alguem pode me ajudar",
        "quero um humano", "falar com o gerente", "quero fazer uma reclamação",
        "me passa p atendente pfv", "preciso de suporte", "vendedor",
    ),
    Assunto.SAUDACAO: (
        "oi", "Oiii", "olá", "ola tudo bem?", "bom dia", "Bom diaaa ☀️", "boa tarde", "boa noite",
        "oi td bem", "opa blz?", "oi, bom dia, tudo bem com vc?", "eai", "alô",
    ),
    Assunto.AGRADECIMENTO: (
        "obrigado", "obrigada!", "obg", "mto obrigada 🙏", "vlw", "valeu", "ok obrigado",
        "brigado", "perfeito, obrigada", "blz vlw", "obrigadaaa", "ok",
    ),
    Assunto.DESCONHECIDA: (
        "", "😀", "?", "asdfgh", "vocês aceitam pix?", "qual o endereço", "9", "77",
        "meu filho nasceu ontem", "a b c", "...",
    ),
}  # fmt: skip
FRASES = [(texto, assunto) for assunto, textos in ASSUNTOS.items() for texto in textos]


@pytest.mark.parametrize(("texto", "assunto"), FRASES)
def test_a_sentence_is_understood_as_people_write_it(texto: str, assunto: Assunto) -> None:
    assert entender(texto).assunto is assunto


@pytest.mark.parametrize(
    ("texto", "palavras"),
    [
        ("quanto custa o café?", ("cafe",)),
        ("bom dia! vc tem leite integral 1 l?", ("leite", "integral", "1l")),
        ("qto ta o arroz 5kg pfv", ("arroz", "5kg")),
        ("qual o presso do cafe torrado", ("cafe", "torrado")),
        ("tem?", ()),
        ("preço do CAFE-500G", ("cafe-500g",)),
    ],
)
def test_the_words_of_a_product_are_what_is_left(texto: str, palavras: tuple[str, ...]) -> None:
    assert entender(texto) == Intencao(Assunto.PRODUTO, palavras)


UUID = "01931f2e-7c3a-7def-8123-0123456789ab"


@pytest.mark.parametrize(
    ("texto", "pedido", "final"),
    [
        ("cadê o pedido 1001", "1001", None),
        ("status do pedido #1001?", "1001", None),
        ("pedido nº 1001, final 4321", "1001", "4321"),
        ("pedido 1001 telefone (11) 98765-4321", "1001", "4321"),
        ("pedido 1001 cpf 529.982.247-25", "1001", "4725"),
        (f"meu pedido {UUID}", UUID, None),
        (UUID.upper(), UUID, None),
        ("#1001", "1001", None),
        ("meu pedido de 5kg", None, None),
        ("meu pedido", None, None),
    ],
)
def test_an_order_is_named_by_its_number_or_id(
    texto: str, pedido: str | None, final: str | None
) -> None:
    assert entender(texto) == Intencao(Assunto.PEDIDO, pedido=pedido, final=final)


@pytest.mark.parametrize(
    ("texto", "escolha", "estado", "intencao"),
    [
        ("1", None, {}, Intencao(Assunto.PEDIDO)),
        ("2", None, {}, Intencao(Assunto.PRODUTO)),
        (" 3. ", None, {}, Intencao(Assunto.HORARIO)),
        ("4", None, {"espera": "produto"}, Intencao(Assunto.PESSOA)),
        ("5", None, {}, Intencao(Assunto.DESCONHECIDA)),
        ("qualquer coisa", "horario", {}, Intencao(Assunto.HORARIO)),
        ("quanto custa o leite", "outra", {}, Intencao(Assunto.PRODUTO, ("leite",))),
        ("1001", None, {"espera": "pedido"}, Intencao(Assunto.PEDIDO, pedido="1001")),
        ("4321", None, {"espera": "final"}, Intencao(Assunto.PEDIDO, final="4321")),
        ("(11) 98765-4321", None, {"espera": "final"}, Intencao(Assunto.PEDIDO, final="4321")),
        ("arroz", None, {"espera": "produto"}, Intencao(Assunto.PRODUTO, ("arroz",))),
        ("arroz", None, {}, Intencao(Assunto.DESCONHECIDA, ("arroz",))),
        ("atendente", None, {"espera": "final"}, Intencao(Assunto.PESSOA)),
    ],
)
def test_the_same_words_mean_what_was_asked(
    texto: str, escolha: str | None, estado: dict[str, Any], intencao: Intencao
) -> None:
    assert entender(texto, escolha=escolha, estado=estado) == intencao


@pytest.mark.parametrize("texto", ["a" * 20_000, "quanto " * 3000, "\x00\ud800", "١٢٣", "²"])
def test_no_words_break_it(texto: str) -> None:
    assert entender(texto, estado={"espera": 7}).assunto in Assunto
