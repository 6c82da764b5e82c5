"""What calls to a hub come to is told under the names that alert rules rely on."""

from prometheus_client import CollectorRegistry

from ponte.resilience.breaker import CircuitBreaker
from ponte.resilience.numeros import HubNumbers


def states(registry: CollectorRegistry) -> dict[str, float | None]:
    return {
        state: registry.get_sample_value(
            "hub_circuit_breaker_state", {"hub": "telegram", "state": state}
        )
        for state in ("closed", "open", "half_open")
    }


def test_a_breaker_shows_its_state_at_each_look_without_being_called() -> None:
    now = [0.0]
    registry = CollectorRegistry()
    breaker = CircuitBreaker(failure_threshold=1, recovery_timeout=30, clock=lambda: now[0])
    HubNumbers(registry).watch("telegram", lambda: (breaker,))

    before = states(registry)
    breaker.record_failure("down")
    opened = states(registry)
    now[0] = 30.0
    due = states(registry)

    assert before == {"closed": 1, "open": 0, "half_open": 0}
    assert opened == {"closed": 0, "open": 1, "half_open": 0}
    assert due == {"closed": 0, "open": 0, "half_open": 1}
    assert registry.get_sample_value("hub_circuit_breaker_failures", {"hub": "telegram"}) == 1


def test_a_call_is_counted_once_as_what_it_came_to() -> None:
    registry = CollectorRegistry()
    numbers = HubNumbers(registry)
    of = {"hub": "telegram", "method": "sendMessage"}

    for _ in range(3):
        numbers.record_request("telegram", "sendMessage")
    numbers.record_success("telegram", "sendMessage", latency_ms=40)
    numbers.record_success("telegram", "sendMessage", latency_ms=60)
    numbers.record_failure("telegram", "sendMessage", "retry")

    assert registry.get_sample_value("hub_requests_total", of) == 3
    assert registry.get_sample_value("hub_requests_success_total", of) == 2
    failed = {**of, "error": "retry"}
    assert registry.get_sample_value("hub_requests_failure_total", failed) == 1
    assert registry.get_sample_value("hub_request_duration_seconds_sum", of) == 0.1
