"""The terminal tells each step, and under load counts instead of scrolling."""

import asyncio
from typing import Any

from ponte.events import FatoGravado
from ponte.runtime.narrador import Narrador, phrase
from ponte.store.db import Commit

ALTERADO = b'{"produto_id":"ARROZ-5KG","filial_id":"1","antes":7,"quantidade":4}'


def commit(n: int, tipo: str = "estoque.alterado", dados: bytes = ALTERADO) -> Commit:
    return Commit([FatoGravado(i, str(i), tipo, "lane", 0, dados) for i in range(n)])


async def test_each_fact_is_one_line() -> None:
    said: list[tuple[str, dict[str, Any]]] = []
    narrador = Narrador(lambda texto, fato: said.append((texto, fato)))

    narrador.committed(commit(1))

    assert said[0][0] == "estoque ARROZ-5KG filial 1: 7 → 4"
    assert said[0][1]["tipo"] == "estoque.alterado"


async def test_above_the_limit_one_line_a_second_counts_the_rest() -> None:
    said: list[str] = []
    narrador = Narrador(lambda texto, _fato: said.append(texto), linhas_por_s=50)

    narrador.committed(commit(300))
    at_once = len(said)
    await asyncio.sleep(1.1)

    assert at_once == 50
    assert said[50:] == ["… e mais 250 fatos neste segundo: 250 estoque.alterado"]


async def test_the_next_second_is_told_again() -> None:
    said: list[str] = []
    narrador = Narrador(lambda texto, _fato: said.append(texto), linhas_por_s=1)

    narrador.committed(commit(1))
    await asyncio.sleep(1.1)
    narrador.committed(commit(1))

    assert len(said) == 2


async def test_what_was_only_counted_is_said_at_the_end() -> None:
    said: list[str] = []
    narrador = Narrador(lambda texto, _fato: said.append(texto), linhas_por_s=1)

    narrador.committed(commit(3))
    narrador.close()

    assert said[-1] == "… e mais 2 fatos neste segundo: 2 estoque.alterado"


async def test_facts_that_a_terminal_needs_not_are_neither_told_nor_counted() -> None:
    said: list[str] = []
    narrador = Narrador(lambda texto, _fato: said.append(texto), linhas_por_s=1)

    narrador.committed(commit(500, "webhook.recebido", b"{}"))
    narrador.close()

    assert said == []


def test_a_name_from_outside_can_not_move_the_terminal() -> None:
    dados = {"produto_id": "X\x1b[2J\nY", "filial_id": "1", "antes": 1, "quantidade": 2}

    assert phrase("estoque.alterado", dados) == "estoque X?[2J?Y filial 1: 1 → 2"
