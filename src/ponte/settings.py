"""Settings: everything an operator can choose, from the environment or `.env`.

The only reader of the environment. Connector settings are read by their own
class under the prefix PONTE_<NAME>__, so a connector adds none here.
"""

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dotenv import dotenv_values
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from ponte.domain.nota import UF_CODIGO
from ponte.domain.valores import is_cnpj

# Accepted as well, unprefixed: names that other tools already set.
ALIASES = {
    "SLACK_WEBHOOK_URL": "PONTE_SLACK__WEBHOOK_URL",
    "DISCORD_WEBHOOK_URL": "PONTE_DISCORD__WEBHOOK_URL",
    "ALERTS_WEBHOOK_URL": "PONTE_WEBHOOK__URL",
    "TELEGRAM_BOT_TOKEN": "PONTE_TELEGRAM__BOT_TOKEN",
    "TELEGRAM_CHAT_ID": "PONTE_TELEGRAM__CHAT_ID",
}
DEMO_CNPJ = "11222333000181"  # the contract's example company; producao refuses it
MIN_KEY = 32


# An empty one is none, where Path would make the current folder of it.
Arquivo = Annotated[Path | None, BeforeValidator(lambda given: given or None)]


class Emitente(BaseModel):
    """Issuer of the nota. The default is a demonstration company."""

    cnpj: str = DEMO_CNPJ
    nome: str = "Ponte Demonstração Ltda"
    uf: str = "SP"
    # The environment brings text, and a Literal of numbers takes none.
    modelo: Annotated[Literal[55, 65], BeforeValidator(int)] = 55
    serie: int = Field(default=1, ge=0, le=999)
    ambiente: Literal["homologacao", "producao"] = "homologacao"

    @field_validator("cnpj")
    @classmethod
    def _check_cnpj(cls, value: str) -> str:
        limpo = "".join(c for c in value.upper() if c.isalnum())
        if not is_cnpj(limpo):
            msg = "not a valid CNPJ"
            raise ValueError(msg)
        return limpo

    @field_validator("uf")
    @classmethod
    def _check_uf(cls, value: str) -> str:
        if value not in UF_CODIGO:
            msg = "not a Brazilian state"
            raise ValueError(msg)
        return value


class AlertasSettings(BaseModel):
    """How often people are told."""

    repetir_s: int = Field(default=300, ge=1)
    limite_por_nome: int = Field(default=30, ge=1)
    janela_do_limite_s: int = Field(default=60, ge=1)


class AvisosSettings(BaseModel):
    """What a customer is told of their order, and where; nothing while `canal` is empty.

    A text may say {nome}, {numero} and {total}. Where a canal takes nothing but approved
    templates outside its window, `modelo_*` name them; their parameters are those three.
    """

    canal: Literal["", "whatsapp", "instagram", "tiktok", "facebook", "x", "telegram"] = ""
    instancia: str = ""
    so_conhecidos: bool = True
    concluido: str = "Olá, {nome}! Seu pedido {numero} foi concluído. Total: {total}."
    sem_estoque: str = (
        "Olá, {nome}! Faltou estoque para o seu pedido {numero}. Vamos falar com você."
    )
    modelo_concluido: str = ""
    modelo_sem_estoque: str = ""
    modelo_idioma: str = "pt_BR"

    @field_validator("concluido", "sem_estoque")
    @classmethod
    def _says_only_what_is_known(cls, value: str) -> str:
        try:
            value.format(nome="", numero="", total="")
        except (KeyError, IndexError, ValueError, AttributeError) as error:
            msg = "may say {nome}, {numero} and {total} alone"
            raise ValueError(msg) from error
        return value


class WorkerSettings(BaseModel):
    """How work is taken in hand; the defaults are chosen, see docs/reference."""

    lease_s: float = Field(default=15, gt=0)
    sweep_s: float = Field(default=2, gt=0)
    resend_s: float = Field(default=60, gt=0)
    grupo: int = Field(default=128, ge=1, le=256)


class RabbitmqSettings(BaseModel):
    """How queues are declared on RabbitMQ."""

    queue_type: Literal["quorum", "classic"] = "quorum"


class KafkaSettings(BaseModel):
    """How to enter a Kafka besides its address, and how its topics are made."""

    model_config = ConfigDict(hide_input_in_errors=True)

    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    ca_file: Arquivo = None
    cert_file: Arquivo = None
    key_file: Arquivo = None
    key_password: SecretStr | None = None
    # Both or neither: the protocol spoken has no "as you like" for one. 0: as the cluster makes
    # a topic when it is first used. The limit of copies is the protocol's.
    partitions: int = Field(default=0, ge=0, le=10_000)
    replication: int = Field(default=0, ge=0, le=32_767)

    @model_validator(mode="after")
    def _check_topics(self) -> Self:
        if bool(self.partitions) != bool(self.replication):
            msg = "partitions and replication go together"
            raise ValueError(msg)
        return self


class OtelSettings(BaseModel):
    """Where spans are sent; the standard OTEL_* names are accepted where one is empty."""

    endpoint: str = ""
    headers: SecretStr = SecretStr("")  # how a collector knows us
    servico: str = ""


class BotSettings(BaseModel):
    """Whether customers are answered by the seller bot, and what it tells of the shop.

    `responder` names what answers in its place, as `package.module:name`; it has
    `responder_s` seconds for each message.
    """

    enabled: bool = False
    horario: str = Field(default="", max_length=500)
    responder: str = Field(default="", pattern=r"^([A-Za-z_][\w.]*:[A-Za-z_]\w*)?$")
    # Under a minute, after which the worker ends any step.
    responder_s: float = Field(default=20, gt=0, le=50)


class CanaisSettings(BaseModel):
    """How canais are looked after: `recuperar_s` between two looks at their past, 0 for none."""

    recuperar_s: float = Field(default=300, ge=0)


class LimitesSettings(BaseModel):
    """Numbers of promise P13; each has a metric and a defined answer."""

    corpo_bytes: int = Field(default=1024 * 1024, ge=1024)
    # Of a video to publish; TikTok takes 4 GiB at most.
    video_bytes: int = Field(default=1024**3, ge=1024, le=4 * 1024**3)
    cabecalho_s: float = Field(default=5, gt=0)
    corpo_s: float = Field(default=15, gt=0)
    requisicao_s: float = Field(default=30, gt=0)
    conexoes: int = Field(default=1000, ge=1)
    websockets: int = Field(default=10_000, ge=1)
    falhas_de_chave: int = Field(default=10, ge=1)
    bloqueio_s: float = Field(default=900, gt=0)


class Settings(BaseSettings):
    """Ponte's own settings, prefix PONTE_."""

    model_config = SettingsConfigDict(
        env_prefix="PONTE_", env_nested_delimiter="__", env_file=".env", extra="ignore",
        hide_input_in_errors=True,  # the input may be a key
    )  # fmt: skip

    data_dir: Path = Path("dados")
    # Addresses of engines carry passwords.
    database_url: SecretStr = SecretStr("")
    queue_url: SecretStr = SecretStr("")
    stream_url: SecretStr = SecretStr("")
    redis_url: SecretStr = SecretStr("")
    api_key: SecretStr | None = None
    rate_limit_anon: int = Field(default=30, ge=1)
    rate_limit_key: int = Field(default=200, ge=1)
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ("localhost", "127.0.0.1", "[::1]")
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    # Networks that addresses which callers give may lead to, beside the public internet.
    redes_permitidas: Annotated[tuple[str, ...], NoDecode] = ()
    tls_cert: Arquivo = None
    tls_key: Arquivo = None
    log_dir: Arquivo = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["console", "json"] = "console"
    master_key: SecretStr | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    # How platforms reach this Ponte, as https://ponte.example; empty: nobody is told to.
    endereco_publico: str = Field(default="", pattern=r"^(https?://[^\s/]+(/\S*)?)?$")
    # Of a process without the web role; 0 is none.
    metrics_port: int = Field(default=0, ge=0, le=65535)
    lang: Literal["pt-BR", "en"] = "pt-BR"
    tz: str = "America/Sao_Paulo"
    estoque_minimo: int = Field(default=5, ge=0)
    emitente: Emitente = Emitente()
    alertas: AlertasSettings = AlertasSettings()
    avisos: AvisosSettings = AvisosSettings()
    worker: WorkerSettings = WorkerSettings()
    limites: LimitesSettings = LimitesSettings()
    rabbitmq: RabbitmqSettings = RabbitmqSettings()
    kafka: KafkaSettings = KafkaSettings()
    otel: OtelSettings = OtelSettings()
    bot: BotSettings = BotSettings()
    canais: CanaisSettings = CanaisSettings()

    @field_validator("allowed_hosts", "trusted_proxies", "redes_permitidas", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("redes_permitidas")
    @classmethod
    def _known_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for rede in value:
            ipaddress.ip_network(rede, strict=False)  # raises ValueError
        return value

    @field_validator("api_key")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < MIN_KEY:
            msg = f"must have {MIN_KEY} characters or more"
            raise ValueError(msg)
        return value

    @field_validator("tz")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        # Unknown, it would fail each nota instead of the start.
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # unknown, a path, a folder
            msg = "no such time zone, America/Sao_Paulo is one"
            raise ValueError(msg) from error
        return value

    @property
    def logs(self) -> Path:
        """Return where the log tree lies."""
        return self.log_dir or self.data_dir / "Logs"

    @property
    def sqlite_path(self) -> Path:
        """Return the SQLite file."""
        return self.data_dir / "ponte.db"


class ClienteSettings(BaseSettings):
    """Where the command line finds a running Ponte and the key for it, prefix PONTE_."""

    model_config = SettingsConfigDict(
        env_prefix="PONTE_", env_file=".env", extra="ignore", hide_input_in_errors=True
    )

    url: str | None = None
    api_key: SecretStr | None = None
    key_file: Arquivo = None


def no_color() -> bool:
    """Tell whether the operator wants no colours (no-color.org: set and not empty)."""
    return bool(os.environ.get("NO_COLOR"))


def environment() -> dict[str, str]:
    """Return the process environment over `.env`, with the unprefixed names translated."""
    values = {k: v for k, v in dotenv_values(".env").items() if v is not None}
    values.update(os.environ)
    for alias, name in ALIASES.items():
        if alias in values:
            values.setdefault(name, values[alias])
    return values


def names_of(classe: type[BaseModel], prefix: str = "PONTE_") -> set[str]:
    """Return the variables that a class of settings reads, those of its parts included."""
    names = set()
    for nome, campo in classe.model_fields.items():
        parte = campo.annotation
        if isinstance(parte, type) and issubclass(parte, BaseModel):
            names |= names_of(parte, f"{prefix}{nome.upper()}__")
        names.add(f"{prefix}{nome.upper()}")
    return names


def connector_values(nome: str, env: Mapping[str, str]) -> dict[str, str]:
    """Return the values of PONTE_<NAME>__<FIELD>, by lower-case field name."""
    prefix = f"PONTE_{nome.upper()}__"
    return {k[len(prefix) :].lower(): v for k, v in env.items() if k.upper().startswith(prefix)}


def validated(classe: type[BaseModel], values: Mapping[str, Any]) -> BaseModel:
    """Build a connector's settings; raises pydantic's error with the field's name."""
    return classe.model_validate(dict(values))
