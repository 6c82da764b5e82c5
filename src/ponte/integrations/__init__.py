"""Integrations: the public Python names of hubs, guards, figures, health and alerts.

They work in a script of its own, with no server and no database.
"""

from ponte.integrations.alertas import (
    AlertManager,
    AlertRecord,
    DiscordAlertChannel,
    LogAlertChannel,
    SlackAlertChannel,
    WebhookAlertChannel,
)
from ponte.integrations.health import HubHealth, HubHealthChecker, get_health_checker
from ponte.integrations.hubs import (
    FacebookHub,
    InstagramHub,
    TelegramHub,
    TikTokHub,
    WhatsAppHub,
    XHub,
    get_facebook_hub,
    get_instagram_hub,
    get_telegram_hub,
    get_tiktok_hub,
    get_whatsapp_hub,
    get_x_hub,
)
from ponte.integrations.metrics import (
    HubMetricsRegistry,
    export_prometheus_metrics,
    get_metrics_registry,
    with_metrics,
)
from ponte.resilience.breaker import CircuitBreaker, CircuitBreakerOpen, with_circuit_breaker
from ponte.resilience.limiter import (
    SlidingWindowRateLimiter,
    TokenBucketRateLimiter,
    with_rate_limit,
)
from ponte.resilience.mixin import HubResilienceMixin
from ponte.resilience.retry import retry_with_backoff, with_retry

__all__ = [
    "AlertManager",
    "AlertRecord",
    "CircuitBreaker",
    "CircuitBreakerOpen",
    "DiscordAlertChannel",
    "FacebookHub",
    "HubHealth",
    "HubHealthChecker",
    "HubMetricsRegistry",
    "HubResilienceMixin",
    "InstagramHub",
    "LogAlertChannel",
    "SlackAlertChannel",
    "SlidingWindowRateLimiter",
    "TelegramHub",
    "TikTokHub",
    "TokenBucketRateLimiter",
    "WebhookAlertChannel",
    "WhatsAppHub",
    "XHub",
    "export_prometheus_metrics",
    "get_facebook_hub",
    "get_health_checker",
    "get_instagram_hub",
    "get_metrics_registry",
    "get_telegram_hub",
    "get_tiktok_hub",
    "get_whatsapp_hub",
    "get_x_hub",
    "retry_with_backoff",
    "with_circuit_breaker",
    "with_metrics",
    "with_rate_limit",
    "with_retry",
]
