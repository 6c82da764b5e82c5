"""Sink: one alerta becomes one log line, at the level of its severity."""

from typing import Any

import structlog
from pydantic import BaseModel, ConfigDict, Field

from ponte.domain.alerta import Alerta, Severidade
from ponte.domain.notificacao import describe
from ponte.ports import Deps

log = structlog.get_logger(__name__)


class LogSettings(BaseModel):
    """Read from PONTE_LOG__*; on unless it is switched off."""

    model_config = ConfigDict(hide_input_in_errors=True)

    enabled: bool = Field(default=True, description="Write each alerta to the log")


class LogSink:
    """Write alertas to the log; never fails."""

    def __init__(self, _settings: LogSettings, _deps: Deps) -> None:
        """Take what every sink takes and need none of it."""

    async def deliver(self, alerta: Alerta, *, fim: bool = False) -> None:
        fields = _fields(alerta, fim=fim)
        if fim or alerta.severidade is Severidade.INFO:
            log.info("alerta resolved" if fim else "alerta", **fields)
        elif alerta.severidade is Severidade.CRITICO:
            log.error("alerta", **fields)
        else:
            log.warning("alerta", **fields)


def _fields(alerta: Alerta, *, fim: bool) -> dict[str, Any]:
    notificacao = describe(alerta, fim=fim)
    return {
        "alerta_id": alerta.id,
        "nome": alerta.nome,
        "severidade": alerta.severidade.value,
        "titulo": notificacao.titulo,
        "texto": notificacao.texto,
        "objeto": notificacao.objeto,
        "vezes": notificacao.vezes,
    }
