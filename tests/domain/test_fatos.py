"""What a fact may hold: ids, codes, numbers and names of things; words only where it says so."""

import re
from pathlib import Path

import msgspec
import pytest

from ponte.events import CATALOGO, Fato

ROOT = Path(__file__).parents[2]
# What Ponte makes or looks up itself, and what things are called: nothing about a person.
PLAIN = {
    "alerta_id", "anotacao", "antes", "ate", "atendimento", "canal", "causa", "chave",
    "conector", "conversa_id", "destino", "direcao", "em", "entrega", "estado", "evento",
    "falha_id", "faltas", "fato_lane", "fato_tipo", "fila", "filial_id", "hub",
    "instancia", "itens", "linhas", "loja", "loja_externa", "mensagem_id", "motivo",
    "nome", "nota_chave", "origem", "para_sala", "pedido_externo",
    "pedido_id", "porta", "preco", "produto_id", "sessao", "severidade", "silencio_id",
    "status", "tipo_mensagem", "total", "video_id", "webhook_id",
}  # fmt: skip
# `motivo` of a notice is one of the code's own; `nome` of a product is a thing's.
OWN_WORDS = {("alerta.entrega_pedida", "motivo"), ("alerta.entregue", "motivo")}
NUMBERS = (int, float, bool)


def _texts(classe: type[Fato]) -> set[str]:
    """Return the fields that can hold text, however deep."""
    return {
        campo.name
        for campo in msgspec.structs.fields(classe)
        if campo.type not in NUMBERS and campo.type != int | None
    }


@pytest.mark.parametrize("tipo", CATALOGO)
def test_a_field_with_words_is_named_as_one(tipo: str) -> None:
    classe = CATALOGO[tipo]

    unknown = _texts(classe) - classe.palavras - PLAIN
    wrong = classe.palavras - {campo.name for campo in msgspec.structs.fields(classe)}

    assert not unknown
    assert not wrong


@pytest.mark.parametrize("tipo", CATALOGO)
def test_a_reason_is_words_unless_the_code_chose_it(tipo: str) -> None:
    classe = CATALOGO[tipo]

    reasons = {campo.name for campo in msgspec.structs.fields(classe)} & {"motivo"}

    assert reasons - classe.palavras == {n for t, n in OWN_WORDS if t == tipo}


@pytest.mark.parametrize("tipo", [t for t, c in CATALOGO.items() if c.public is not Fato.public])
def test_the_public_hear_no_words_but_those_said_to_everybody(tipo: str) -> None:
    classe = CATALOGO[tipo]
    fato = msgspec.convert(_sample(classe), classe)

    shown = set(fato.public() or ()) & classe.palavras

    assert shown == ({"texto"} if tipo == "mensagem" else set())


def test_the_documents_name_the_fields_with_words() -> None:
    page = (ROOT / "docs" / "reference" / "motores.md").read_text()
    table = page.partition("| fact with words |")[2].partition("\n\n")[0]

    said = {
        tipo: set(re.findall(r"`(\w+)`", fields))
        for tipo, fields in re.findall(r"^\| `([\w.]+)` \| (.+) \|$", table, re.MULTILINE)
    }

    assert said == {tipo: set(c.palavras) for tipo, c in CATALOGO.items() if c.palavras}


def _sample(classe: type[Fato]) -> dict[str, object]:
    samples: dict[object, object] = {int: 1, bool: False, str: "x"}
    return {
        campo.name: samples.get(campo.type, [])
        for campo in msgspec.structs.fields(classe)
        if campo.required
    }
