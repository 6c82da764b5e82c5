"""Pergunta: what a responder of the operator's own is asked, and what it may answer.

The one rule: this is what their code is written against, so a field is only ever added.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Pergunta:
    """One message of a customer.

    Args:
        mensagem_id: Its id here; the same when it is asked about again after a failure.
        conversa_id: Its conversation's id here, for all that this customer writes.
        canal: Where it was written: whatsapp, telegram, …
        contato: The customer's address there.
        texto: Their words; empty where there are none.
        tipo: What it is: texto, imagem, audio, …
        escolha: The id of the option that they pressed, where they pressed one.
        conta: Which of the shop's accounts got it, where there are several.
        nome: What they call themselves, where the platform tells.
        em_ms: When it was stored, epoch milliseconds.
        estado: What the answer before this one asked to be remembered.
    """

    mensagem_id: str
    conversa_id: str
    canal: str
    contato: str
    texto: str
    tipo: str
    escolha: str | None = None
    conta: str | None = None
    nome: str | None = None
    em_ms: int = 0
    estado: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Resposta:
    """What to say; `estado` is remembered, `pessoa` hands the conversation over."""

    texto: str
    estado: dict[str, Any] = field(default_factory=dict)
    pessoa: bool = False
