"""Falas: what the bot says, in Portuguese, the language its customers write.

The one rule: nobody reads an exact count above `MOSTRADO_ATE`, here as on the shop page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

MOSTRADO_ATE = 10  # as the shop page; a test holds the two together
MENU = (
    "Posso ajudar com:\n1. Situação do pedido\n2. Preço e disponibilidade de um produto\n"
    "3. Horário de funcionamento\n4. Falar com atendente\nResponda com o número."
)
SAUDACAO = "Olá! Sou o assistente virtual da loja."
DE_NADA = "Por nada! Se precisar de mais alguma coisa, é só escrever."
NAO_ENTENDI = "Desculpe, não entendi."
SO_TEXTO = "Por aqui só consigo ler texto, sem áudio, foto nem vídeo."
PESSOA = "Certo! Uma pessoa da nossa equipe continua a conversa com você por aqui."
NAO_CONSEGUI = "Desculpe, não consegui ajudar. Uma pessoa da nossa equipe continua a conversa."
SEM_HORARIO = "Não tenho o horário de funcionamento aqui. Responda 4 para falar com atendente."
QUAL_PRODUTO = "Qual produto você procura?"
QUAL_PEDIDO = "Qual é o número do seu pedido?"
DE_QUEM = (
    "Para mostrar o pedido, preciso confirmar que ele é seu: quais são os 4 últimos dígitos do"
    " telefone ou do CPF usado na compra?"
)
NAO_CONFERE = (
    "Não encontrei um pedido com esse número e esses dígitos. Confira os 4 últimos dígitos do"
    " telefone ou do CPF, ou responda 4 para falar com atendente."
)
_SITUACAO = {
    "recebido": "recebido, estamos preparando",
    "concluido": "faturado",
    "sem_estoque": "sem estoque no momento; nossa equipe já foi avisada",
    "cancelado": "cancelado",
    "erro": "em análise pela nossa equipe",
}


@dataclass(frozen=True, slots=True)
class Oferta:
    """One product as the bot tells of it."""

    nome: str
    preco_centavos: int
    disponivel: int


def disponibilidade(disponivel: int) -> str:
    """Return the words for a count, those of the shop page."""
    if disponivel <= 0:
        return "Esgotado"
    if disponivel > MOSTRADO_ATE:
        return "Disponível"
    return "Última unidade" if disponivel == 1 else f"Últimas {disponivel}"


def reais(centavos: int) -> str:
    """Return an amount as people in Brazil write it, as the shop page does."""
    english = f"{Decimal(centavos) / 100:,.2f}"
    return f"R$ {english.translate(str.maketrans(',.', '.,'))}"


def horario(texto: str) -> str:
    """Return when the shop is open."""
    return f"Nosso horário de funcionamento: {texto.strip()}" if texto.strip() else SEM_HORARIO


def ofertas(found: Sequence[Oferta], *, total: int) -> str:
    """Return a line for each product, and how many more there are."""
    lines = [
        f"{o.nome}: {reais(o.preco_centavos)} ({disponibilidade(o.disponivel)})" for o in found
    ]
    if total > len(found):
        lines.append(f"E mais {total - len(found)}. Escreva o nome completo para ver um deles.")
    return "\n".join(lines)


def sem_produto(palavras: Sequence[str]) -> str:
    """Return that nothing was found."""
    procurado = " ".join(palavras)[:60]
    return f"Não encontrei “{procurado}”. Tente outro nome, ou responda 4 para falar com atendente."


def situacao(numero: int, status: str) -> str:
    """Return how an order stands."""
    return f"Pedido #{numero}: {_SITUACAO.get(status, status)}."
