"""The public names: each is importable and called as it is documented, keyword by keyword."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from ponte import chatbot, integrations

# What scripts rely on: the name, and the arguments in their order; kept until the next major.
SIGNATURES: dict[str, tuple[str, ...]] = {
    "TokenBucketRateLimiter": ("rate", "capacity"),
    "SlidingWindowRateLimiter": ("max_requests", "window_seconds"),
    "CircuitBreaker": ("failure_threshold", "recovery_timeout", "half_open_max_calls"),
    "retry_with_backoff": ("func", "max_retries", "base_delay", "max_delay", "exceptions"),
    "with_metrics": ("hub", "method"),
    "WhatsAppHub.send_message": ("instance_name", "to", "message"),
    "InstagramHub.send_message": ("recipient_id", "text"),
    "HubResilienceMixin._setup_resilience": (
        "rate_limit", "circuit_breaker_threshold", "retry_max_attempts",
    ),
    "HubResilienceMixin._execute_with_resilience": ("func", "name"),
    "HubMetricsRegistry.record_request": ("hub", "method"),
    "HubMetricsRegistry.record_success": ("hub", "method", "latency_ms"),
    "HubMetricsRegistry.record_failure": ("hub", "method", "error"),
    "HubMetricsRegistry.record_circuit_breaker_state": ("hub", "state", "failures"),
    "HubHealthChecker.check_hub_health": ("hub",),
    "HubHealth": ("name", "status"),
}  # fmt: skip
ADAPTERS: dict[str, tuple[str, ...]] = {
    "WhatsAppHubAdapter": ("hub", "instance_name"),
    "InstagramHubAdapter": ("hub",),
    "TikTokHubAdapter": ("hub",),
    "WhatsAppHubAdapter.parse_incoming": ("payload",),
    "WhatsAppHubAdapter.send_response": ("response", "recipient_id"),
    "EvolutionConfig": ("api_url", "api_key", "instance_name"),
}
OTHERS = (
    "AlertManager", "CircuitBreakerOpen", "DiscordAlertChannel", "LogAlertChannel",
    "SlackAlertChannel", "TikTokHub", "WebhookAlertChannel", "export_prometheus_metrics",
    "get_health_checker", "get_instagram_hub", "get_metrics_registry", "get_tiktok_hub",
    "get_whatsapp_hub", "with_circuit_breaker", "with_rate_limit", "with_retry",
)  # fmt: skip


def _found(module: Any, path: str) -> Callable[..., Any]:
    found: Callable[..., Any] = module
    for part in path.split("."):
        found = getattr(found, part)
    assert callable(found)
    return found


@pytest.mark.parametrize(
    ("module", "path", "expected"),
    [
        *((integrations, path, expected) for path, expected in SIGNATURES.items()),
        *((chatbot, path, expected) for path, expected in ADAPTERS.items()),
    ],
    ids=[*SIGNATURES, *ADAPTERS],
)
def test_a_name_takes_its_documented_arguments(
    module: Any, path: str, expected: tuple[str, ...]
) -> None:
    taken = [name for name in inspect.signature(_found(module, path)).parameters if name != "self"]

    by_name = [name for name in taken if name in expected]

    assert sorted(by_name) == sorted(expected)
    if path.partition(".")[0] not in {"WhatsAppHub", "InstagramHub"}:  # theirs are named alone
        assert tuple(taken[: len(expected)]) == expected


@pytest.mark.parametrize("name", OTHERS)
def test_a_public_name_is_there(name: str) -> None:
    assert name in integrations.__all__
    assert callable(getattr(integrations, name))
