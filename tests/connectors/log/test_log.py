"""Log: an alerta is seen even where no platform is set up."""

import json
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from ponte.connectors.log import connector
from ponte.connectors.log.sink import LogSettings
from ponte.domain.alerta import Severidade
from ponte.ports import AlertSink
from tests.connectors.lent import ESTOQUE_BAIXO, HERE, Lent


@pytest.fixture
def sink() -> AlertSink:
    assert connector.alerts is not None
    return connector.alerts(LogSettings(), Lent().deps)


async def test_an_alerta_is_one_line_with_its_facts_as_fields(sink: AlertSink) -> None:
    expected = json.loads((HERE / "log" / "fixtures" / "estoque_baixo.json").read_text())

    with capture_logs() as logs:
        await sink.deliver(ESTOQUE_BAIXO)

    assert logs == [expected]


@pytest.mark.parametrize(
    ("severidade", "level"),
    [
        (Severidade.INFO, "info"),
        (Severidade.AVISO, "warning"),
        (Severidade.CRITICO, "error"),
    ],
)
async def test_the_level_of_the_line_is_the_severity(
    sink: AlertSink, severidade: Severidade, level: str
) -> None:
    with capture_logs() as logs:
        await sink.deliver(replace(ESTOQUE_BAIXO, severidade=severidade))

    assert [line["log_level"] for line in logs] == [level]


async def test_the_end_of_an_alerta_is_no_warning(sink: AlertSink) -> None:
    with capture_logs() as logs:
        await sink.deliver(replace(ESTOQUE_BAIXO, severidade=Severidade.CRITICO), fim=True)

    assert [(line["log_level"], line["event"]) for line in logs] == [("info", "alerta resolved")]


def test_it_is_on_unless_it_is_switched_off() -> None:
    assert connector.is_on(LogSettings()) is True
    assert connector.is_on(LogSettings.model_validate({"enabled": "false"})) is False
