"""A script's figures: the families of the server, labels that nobody outside can grow."""

import pytest

from ponte.errors import Permanente
from ponte.integrations import (
    HubMetricsRegistry,
    export_prometheus_metrics,
    get_metrics_registry,
    with_metrics,
)
from ponte.resilience.classes import Classe, OutsideError, Verdict


def test_a_process_has_one_registry() -> None:
    assert get_metrics_registry() is get_metrics_registry()
    assert "hub_requests_total" in export_prometheus_metrics()


def test_what_was_recorded_is_exported() -> None:
    registry = HubMetricsRegistry()

    registry.record_request("whatsapp", "send_message")
    registry.record_success("whatsapp", "send_message", latency_ms=120)
    registry.record_failure("whatsapp", "send_message", "timeout")
    registry.record_circuit_breaker_state("whatsapp", "open", 5)

    lines = export_prometheus_metrics(registry).splitlines()
    assert 'hub_requests_total{hub="whatsapp",method="send_message"} 1.0' in lines
    assert 'hub_requests_success_total{hub="whatsapp",method="send_message"} 1.0' in lines
    assert (
        'hub_requests_failure_total{error="timeout",hub="whatsapp",method="send_message"} 1.0'
        in lines
    )
    assert 'hub_request_duration_seconds_sum{hub="whatsapp",method="send_message"} 0.12' in lines
    assert 'hub_circuit_breaker_state{hub="whatsapp",state="open"} 1.0' in lines
    assert 'hub_circuit_breaker_state{hub="whatsapp",state="closed"} 0.0' in lines
    assert 'hub_circuit_breaker_failures{hub="whatsapp"} 5.0' in lines


def test_a_state_that_no_breaker_has_is_refused() -> None:
    with pytest.raises(ValueError, match="ajar"):
        HubMetricsRegistry().record_circuit_breaker_state("whatsapp", "ajar", 0)


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (OutsideError("x", verdict=Verdict(Classe.AUTH, "token 123")), "auth"),
        (Permanente("CPF 123"), "permanente"),
        (KeyError("secret"), "KeyError"),
    ],
)
def test_an_error_is_counted_by_its_class_and_never_by_its_text(
    error: Exception, word: str
) -> None:
    registry = HubMetricsRegistry()

    @with_metrics("x", "post", registry=registry)
    def call() -> None:
        raise error

    with pytest.raises(type(error)):
        call()

    lines = export_prometheus_metrics(registry).splitlines()
    assert f'hub_requests_failure_total{{error="{word}",hub="x",method="post"}} 1.0' in lines
    assert 'hub_requests_total{hub="x",method="post"} 1.0' in lines


async def test_an_async_call_is_counted_when_it_ends() -> None:
    registry = HubMetricsRegistry()

    @with_metrics("x", "post", registry=registry)
    async def call(text: str) -> str:
        return text

    assert await call("oi") == "oi"
    lines = export_prometheus_metrics(registry).splitlines()
    assert 'hub_requests_success_total{hub="x",method="post"} 1.0' in lines
