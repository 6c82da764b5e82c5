"""Pedidos of the Rappi stand-in: a believable Brazilian basket over given products.

Everything is invented: names, streets, phones; a CPF has valid check digits and
belongs to nobody we know. The same seed gives the same orders.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

NOMES = ("Ana", "Bruno", "Camila", "Diego", "Eduarda", "Felipe", "Gabriela", "Heitor", "Isabela",
         "João", "Larissa", "Marcos", "Natália", "Otávio", "Patrícia", "Rafael", "Sofia", "Tiago",
         "Valéria", "Yasmin")  # fmt: skip
SOBRENOMES = ("Almeida", "Barbosa", "Cardoso", "Dias", "Esteves", "Ferreira", "Gonçalves",
              "Lima", "Martins", "Nogueira", "Oliveira", "Pereira", "Teixeira")  # fmt: skip
RUAS = (
    ("Rua das Acácias", "Vila Exemplo", "01000-001"),
    ("Avenida do Mercado", "Jardim Modelo", "02000-002"),
    ("Rua Quinze de Outubro", "Centro", "03000-003"),
    ("Alameda dos Ipês", "Bairro Novo", "04000-004"),
)
OBSERVACOES = ("", "", "", "Sem sacola plástica", "Escolher os mais maduros", "Tocar o interfone")
PAGAMENTOS = ("PIX", "cc", "cc", "rappi_pay", "dc", "vale_r", "google_pay")
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Produto:
    """What the shop sells, as Rappi's menu knows it."""

    sku: str
    nome: str
    preco: Decimal


PRODUTOS = (
    Produto("ARROZ-5KG", "Arroz branco 5 kg", Decimal("25.90")),
    Produto("FEIJAO-1KG", "Feijão carioca 1 kg", Decimal("8.49")),
    Produto("CAFE-500G", "Café torrado e moído 500 g", Decimal("18.90")),
    Produto("LEITE-1L", "Leite integral 1 L", Decimal("5.29")),
    Produto("OLEO-900ML", "Óleo de soja 900 ml", Decimal("7.99")),
)


class Gerador:
    """Invent order documents."""

    def __init__(self, produtos: Sequence[Produto] = PRODUTOS, *, seed: int = 1) -> None:
        self.produtos = tuple(produtos)
        # An order that is invented needs no secrecy, only the same luck for the same seed.
        self.sorte = random.Random(seed)  # noqa: S311

    def documento(self, order_id: str, *, loja: str, quando: datetime) -> dict[str, Any]:
        """Return one order document; `quando` in the time of the shop."""
        itens = self._itens()
        return {
            "order_detail": {
                "order_id": order_id,
                "cooking_time": 15,
                "min_cooking_time": 10,
                "max_cooking_time": 30,
                "created_at": f"{quando:%Y-%m-%d %H:%M:%S}",
                "place_at": None,
                "delivery_method": "delivery",
                "delivery_operation_type": self.sorte.choice(("regular", "regular", "turbo")),
                "payment_method": self.sorte.choice(PAGAMENTOS),
                "billing_information": None,
                "delivery_information": self._endereco(),
                "discounts": [],
                "vendors": [],
                "totals": self._totais(itens),
                "items": itens,
                "delivery_discount": None,
            },
            "customer": None if self.sorte.random() < 0.2 else self._cliente(),
            "store": {"internal_id": loja, "external_id": loja, "name": "Mercado Exemplo"},
        }

    def _itens(self) -> list[dict[str, Any]]:
        quantos = min(self.sorte.choice((1, 1, 2, 2, 3, 4)), len(self.produtos))
        escolhidos = self.sorte.sample(range(len(self.produtos)), quantos)
        return [self._item(indice) for indice in escolhidos]

    def _item(self, indice: int) -> dict[str, Any]:
        produto = self.produtos[indice]
        preco = float(produto.preco)
        return {
            "id": str(2_089_900_000 + indice),
            "sku": produto.sku,
            "name": produto.nome,
            "type": "product",
            "price": preco,
            "quantity": self.sorte.choice((1, 1, 1, 1, 2, 2, 3)),
            "comments": self.sorte.choice(OBSERVACOES),
            "unit_price_with_discount": preco,
            "unit_price_without_discount": preco,
            "percentage_discount": 0.0,
            "subitems": [],
        }

    def _totais(self, itens: Sequence[dict[str, Any]]) -> dict[str, Any]:
        produtos = sum(
            (Decimal(str(x["price"])) * x["quantity"] for x in itens), Decimal(0)
        ).quantize(CENT)
        gorjeta = self.sorte.choice((0, 0, 0, 2, 5))
        return {
            "total_products": float(produtos),
            "total_discounts": 0,
            "total_order": float(produtos),
            "total_to_pay": 0,
            "discount_by_support": 0,
            "total_discount_by_partner": 0,
            "charges": {"shipping": self.sorte.choice((0, 5.99, 8.99)), "service_fee": 1.99},
            "other_totals": {"tip": gorjeta, "total_rappi_pay": 0, "total_rappi_credits": 0},
        }

    def _cliente(self) -> dict[str, Any]:
        nome, sobrenome = self.sorte.choice(NOMES), self.sorte.choice(SOBRENOMES)
        return {
            "first_name": nome,
            "last_name": sobrenome,
            "phone_number": f"+55119{self.sorte.randrange(10**8):08d}",
            "document_type": "CPF",
            "document_number": cpf(self.sorte),
            "email": f"cliente{self.sorte.randrange(10**6):06d}@example.com",
            "user_type": "USER",
        }

    def _endereco(self) -> dict[str, Any]:
        rua, bairro, cep = self.sorte.choice(RUAS)
        numero = str(self.sorte.randrange(1, 2_000))
        return {
            "city": "São Paulo",
            "federal_unit": "SP",
            "street_shorcut": rua.split()[0],
            "street_name": rua,
            "street_number": numero,
            "neighborhood": bairro,
            "complement": "",
            "postal_code": cep,
            "complete_address": f"{rua}, {numero} - {bairro}, São Paulo - SP",
        }


def cpf(sorte: random.Random) -> str:
    """Invent a CPF with valid check digits."""
    digitos = [sorte.randrange(10) for _ in range(9)]
    if len(set(digitos)) == 1:  # all equal is no CPF
        digitos[0] = (digitos[0] + 1) % 10
    for peso in (10, 11):
        soma = sum(d * (peso - i) for i, d in enumerate(digitos))
        digitos.append(soma * 10 % 11 % 10)
    return "".join(map(str, digitos))
