"""Settings of Rappi, read from PONTE_RAPPI__*.

Lists and maps are written in one line, comma-separated, so that they fit an
environment variable: `WEBHOOK_SECRETS=new,old`, `STORES=900105814=1,900105815=2`.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)

from ponte.connectors.rappi.build import Rotas
from ponte.ports.fields import Secrets, Url, pieces

FILIAL_PADRAO = "1"  # the filial of every order that names none


@dataclass(frozen=True, slots=True)
class LojaMapeada:
    """A shop set up here: Rappi's id, the id registered with Rappi, and its filial."""

    plataforma_id: str
    parceiro_id: str
    filial_id: str


def _stores(valor: object) -> object:
    """Read `platform=filial` or `platform/partner=filial`, comma-separated."""
    if isinstance(valor, str):
        return tuple(_loja(peca, n) for n, peca in enumerate(pieces(valor), start=1))
    return valor


def _loja(peca: str, n: int) -> LojaMapeada:
    ids, _, filial = (x.strip() for x in peca.partition("="))
    plataforma, _, parceiro = (x.strip() for x in ids.partition("/"))
    if not plataforma or not filial:
        # What stands there is not shown: it may be a secret that was pasted beside its variable.
        msg = f"number {n} is no shop=filial, like 900105814=1"
        raise ValueError(msg)
    return LojaMapeada(plataforma, parceiro or plataforma, filial)


def _divisors(valor: object) -> object:
    """Read one number for all shops (key ""), or `shop=number` for some, comma-separated."""
    if not isinstance(valor, str):
        return {"": valor} if isinstance(valor, int | Decimal) else valor
    pairs = (peca.rpartition("=") for peca in pieces(valor))
    return {loja.strip(): numero.strip() for loja, _, numero in pairs}


def _zone(valor: str) -> str:
    """Refuse a zone that does not exist at start-up, not at the first order."""
    try:
        ZoneInfo(valor)
    except (KeyError, ValueError, OSError) as error:  # OSError: the name of a folder
        msg = "no such time zone, America/Sao_Paulo is one"
        raise ValueError(msg) from error
    return valor


Divisor = Annotated[Decimal, Field(gt=0)]


class RappiSettings(BaseModel):
    """Read from PONTE_RAPPI__*; the connector is off without secrets and credentials."""

    model_config = ConfigDict(hide_input_in_errors=True)  # the input may be the secret

    base_url: Url = Field(
        "https://services.rappi.com.br", description="Legacy routes: orders, availability"
    )
    base_url_new: Url = Field("https://api.rappi.com.br", description="Token and new routes")
    client_id: str | None = Field(None, description="Client of the integration")
    client_secret: SecretStr | None = Field(None, description="Its secret")
    webhook_secrets: Secrets = Field(
        (), description="Every secret valid now, comma-separated; keep the old one after a reset"
    )
    stores: Annotated[tuple[LojaMapeada, ...], BeforeValidator(_stores)] = Field(
        (), description="Rappi shop=filial, comma-separated; shop may be platform/partner"
    )
    divisor: Annotated[dict[str, Divisor], BeforeValidator(_divisors)] = Field(
        default_factory=lambda: {"": Decimal(1)},
        description="What amounts are divided by to give reais; shop=divisor for some shops",
    )
    token_prefix: str = Field("Bearer ", description="Stands before the token in x-authorization")
    max_skew_s: float | None = Field(
        None, gt=0, description="Oldest signature accepted, seconds; any when missing"
    )
    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        "America/Sao_Paulo", description="Zone of times sent without one"
    )
    routes: Literal["legacy", "new"] = Field("legacy", description="Family of order routes")

    @model_validator(mode="before")
    @classmethod
    def _drop_blanks(cls, valores: object) -> object:
        """Read an empty variable as one that is not set; only a prefix may be empty."""
        if not isinstance(valores, dict):
            return valores
        return {k: v for k, v in valores.items() if v != "" or k == "token_prefix"}

    @property
    def rotas(self) -> Rotas:
        return Rotas(self.base_url, self.base_url_new, novas=self.routes == "new")

    @property
    def is_on(self) -> bool:
        """Tell whether anything can come in or go out."""
        return bool(self.webhook_secrets) or self.has_credentials

    @property
    def has_credentials(self) -> bool:
        """Tell whether Rappi can be called."""
        return bool(self.client_id and self.client_secret)

    def loja(self, loja: str | None) -> LojaMapeada | None:
        """Return the shop by either of its ids.

        Without any shop set up there is one filial, and every shop of the client is it.
        """
        if not self.stores:
            return None if loja is None else LojaMapeada(loja, loja, FILIAL_PADRAO)
        return next((x for x in self.stores if loja in {x.plataforma_id, x.parceiro_id}), None)

    def divisor_of(self, *lojas: str | None) -> Decimal:
        """Return the divisor of a shop, by the first of its ids that has one."""
        own = (self.divisor[x] for x in lojas if x and x in self.divisor)
        return next(own, self.divisor.get("", Decimal(1)))
