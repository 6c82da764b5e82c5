"""Ações: what a client may say on a WebSocket, each as a frame `{"acao": …}`.

A frame is read as strictly as a request's body: unknown fields are refused.
`ref` is the client's own word for the question and comes back with the answer.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, TypeAdapter

from ponte.ws import SALAS

Ref = Annotated[str, Field(max_length=100)]
Texto = Annotated[str, Field(min_length=1, max_length=4000)]  # chosen: a note, not a document
NomeDaSala = Literal[
    "pedidos", "estoque", "alertas", "mensagens", "canais", "sync", "falhas", "metricas"
]


class _Acao(BaseModel):
    ref: Ref | None = None


class Autenticar(_Acao):
    """Show a key; never in the address, which proxies log."""

    acao: Literal["autenticar"]
    chave: str = Field(max_length=500)


class Assinar(_Acao):
    """Hear private rooms; each needs its scope."""

    acao: Literal["assinar"]
    salas: list[NomeDaSala] = Field(min_length=1, max_length=len(SALAS))


class CancelarAssinatura(_Acao):
    """Hear them no more."""

    acao: Literal["cancelar_assinatura"]
    salas: list[NomeDaSala] = Field(min_length=1, max_length=len(SALAS))


class Publicar(_Acao):
    """Write to everybody on /ws, or to one room."""

    acao: Literal["publicar"]
    texto: Texto
    sala: NomeDaSala | None = None


class Enviar(_Acao):
    """Write to one user, by the name of their key; kept until a socket of theirs takes it."""

    acao: Literal["enviar"]
    para: str = Field(min_length=1, max_length=200)
    texto: Texto


class Retomar(_Acao):
    """Hear every frame after `desde` of the sequence that `epoca` names."""

    acao: Literal["retomar"]
    epoca: str = Field(max_length=100)
    desde: int = Field(ge=0)


class Consultar(_Acao):
    """Ask for one product; without a filial, in the first that has it."""

    acao: Literal["consultar"]
    produto_id: str = Field(min_length=1, max_length=200)
    filial_id: str | None = Field(default=None, max_length=200)


class Ping(_Acao):
    """Ask whether anybody is there."""

    acao: Literal["ping"]


ACOES: tuple[type[_Acao], ...] = (
    Autenticar,
    Assinar,
    CancelarAssinatura,
    Publicar,
    Enviar,
    Retomar,
    Consultar,
    Ping,
)
Acao = Autenticar | Assinar | CancelarAssinatura | Publicar | Enviar | Retomar | Consultar | Ping
ACAO: TypeAdapter[Acao] = TypeAdapter(Annotated[Acao, Field(discriminator="acao")])
