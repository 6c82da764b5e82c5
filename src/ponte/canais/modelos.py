"""Modelos: what the routes of canais answer, as OpenAPI tells it.

The answers are bytes, encoded once; these say what is in them, and a test holds
every answer to that. A field added to an answer is added here too.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Estado = Literal["healthy", "degraded", "unhealthy", "disabled"]
EstadoDoDisjuntor = Literal["closed", "open", "half_open"]


class _Saida(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SondaDoHub(_Saida):
    """What the hub said when it was asked; null until then."""

    existe: bool
    idade_s: float | None
    ok: bool | None
    erro: str | None


class RecuperacaoDoHub(_Saida):
    """The last look at what a hub wrote down itself; `novas` were told by no webhook."""

    existe: bool
    idade_s: float | None
    novas: int
    pedida: bool
    erro: str | None


class SaudeDoHub(_Saida):
    """How a hub is and why; each fact with its age in seconds, null where it never was."""

    status: Estado
    motivo: str
    ultima_entrada_s: float | None
    ultimo_envio_s: float | None
    ultima_falha_s: float | None
    falha: str | None
    sonda: SondaDoHub
    recuperacao: RecuperacaoDoHub
    esperadas_desde_a_ultima: float
    parado: str | None
    disjuntores: dict[str, EstadoDoDisjuntor]


class SaudeDosHubs(_Saida):
    """The worst status, and each hub."""

    status: Estado
    hubs: dict[str, SaudeDoHub]


class NumerosDoHub(_Saida):
    """Calls of all living processes; `p95_ms` is of the process that answers."""

    requests: int
    success: int
    failure: dict[str, int]
    success_rate: float | None
    media_ms: float | None
    p95_ms: float | None
    disjuntor: EstadoDoDisjuntor


class NumerosDosHubs(_Saida):
    """Each destination's numbers."""

    hubs: dict[str, NumerosDoHub]


class CausaDoDisjuntor(_Saida):
    """One counted failure."""

    idade_s: float
    texto: str


class DisjuntorDoHub(_Saida):
    """The worst state of any process, how many are in which, and the rest as it is here."""

    state: EstadoDoDisjuntor
    processos: dict[EstadoDoDisjuntor, int]
    failures: int
    failure_threshold: int
    desde_s: float
    motivo: str | None
    segurado: bool
    retry_after_s: float | None
    causas: list[CausaDoDisjuntor]


class Disjuntores(_Saida):
    """Each destination's breaker."""

    hubs: dict[str, DisjuntorDoHub]


class ReinicioDoHub(_Saida):
    """Which breakers are closed again, and whether sending had been stopped."""

    hub: str
    disjuntores: list[str]
    retomado: bool


class WebhookDoHub(_Saida):
    """Where a platform posts what comes; null `url`: it keeps it until it is asked.

    `esperam` is what it could not hand over yet, `falha` why its last post failed.
    """

    hub: str
    url: str | None
    esperam: int
    falha: str | None
    falha_em: str | None


class InstanciaDoCanal(_Saida):
    """One paired telephone; `motivo` is why it is not open."""

    nome: str
    estado: Literal["aberta", "conectando", "fechada", "recusada", "desconhecida"]
    numero: str | None
    perfil: str | None
    motivo: str | None


class ListaDeInstancias(_Saida):
    """Every instance of the server; its licence wants the notice shown to who sets it up."""

    itens: list[InstanciaDoCanal]
    total: int
    proximo: str | None
    aviso_de_licenca: str | None


class InstanciaFeita(_Saida):
    """What was made, and where its code is; `aviso` says what is missing still."""

    instancia: InstanciaDoCanal
    qrcode: str
    aviso: str | None


class PareamentoDaInstancia(_Saida):
    """A code to pair by; its parts are null while there is none, and once it is open."""

    instancia: InstanciaDoCanal
    codigo: str | None
    imagem: str | None
    codigo_pareamento: str | None
    validade_s: float


class ChatwootDaInstancia(_Saida):
    """What the server stored."""

    nome: str
    enabled: bool
    webhook_url: str | None


class RecuperacaoPedida(_Saida):
    """What a look at a hub's past brought; `pedida`: it is not at its end yet."""

    hub: str
    novas: int
    pedida: bool
    erro: str | None


class PausaDoHub(_Saida):
    """Why nothing is sent on a hub, null while it sends."""

    hub: str
    parado: str | None
