"""Modelos: what the routes of mensagens answer, as OpenAPI tells it.

The answers are bytes, encoded once; these say what is in them, and a test holds
every answer to that. A field added to an answer is added here too.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from ponte.domain.mensagem import Canal, Direcao, Entrega, StatusMensagem, TipoMensagem


class _Saida(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Aceita(_Saida):
    """What was accepted; `GET /messages/{id}` tells what became of it."""

    id: str
    status: Literal["processando"]


class AnotacaoDaMensagem(_Saida):
    """What was done to a message later.

    `valor` of `editada` are the words before, of `apagada` those that stood there, of `reacao`
    the sign.
    """

    anotacao: Literal["editada", "apagada", "reacao"]
    autor: str
    valor: str | None
    em: str


class MensagemNaLista(_Saida):
    """One message, as it stands, with what was done to it later."""

    id: str
    tipo: TipoMensagem
    direcao: Direcao
    canal: Canal
    instancia: str | None
    remetente: str
    destinatario: str
    conteudo: str | dict[str, Any]
    status: StatusMensagem
    entrega: Entrega
    erro: str | None
    id_externo: str | None
    pedido_id: str | None
    criada_em: str
    atualizada_em: str
    anotacoes: list[AnotacaoDaMensagem]


class ListaDeMensagens(_Saida):
    """A page of messages, newest first."""

    itens: list[MensagemNaLista]
    total: int
    proximo: str | None
