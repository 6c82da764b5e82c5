"""Telemetry: the numbers that Ponte counts about itself, in Prometheus terms.

Label values come from code (a route's template, a queue's name), never from input,
so that no caller can grow them without limit.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class Telemetry:
    """One registry a process; instruments are attributes, bound children are kept by callers."""

    def __init__(self) -> None:
        self.registry = r = CollectorRegistry()
        self.http = Counter(
            "ponte_http_requests_total", "HTTP answers", ["rota", "metodo", "status"], registry=r
        )
        self.http_seconds = Histogram(
            "ponte_http_request_seconds", "Time to answer", ["rota"], buckets=_FAST, registry=r
        )
        self.limited = Counter(
            "ponte_limited_total", "Requests refused by a limit", ["limite"], registry=r
        )
        self.fatos = Counter("ponte_facts_total", "Facts committed", ["tipo"], registry=r)
        self.handled = Counter(
            "ponte_steps_total", "Work finished by a step", ["passo", "resultado"], registry=r
        )
        self.step_seconds = Histogram(
            "ponte_step_seconds", "Time in a step's handler", ["passo"], buckets=_FAST, registry=r
        )
        self.queue = Gauge("ponte_queue_rows", "Work waiting or in hand", ["fila"], registry=r)
        self.queue_age = Gauge(
            "ponte_queue_oldest_seconds", "Age of the oldest waiting work", ["fila"], registry=r
        )
        self.set_aside = Gauge("ponte_set_aside_open", "Work set aside and open", registry=r)
        self.low_stock = Gauge("ponte_stock_low_rows", "Products below their minimum", registry=r)
        self.alerts = Gauge("ponte_alerts_open", "Alerts not resolved", ["severidade"], registry=r)
        self.sockets = Gauge("ponte_websockets", "WebSockets open", registry=r)
        self.frames = Counter("ponte_frames_total", "WebSocket frames written", registry=r)
        self.dropped = Counter(
            "ponte_websockets_dropped_total", "WebSockets dropped", ["motivo"], registry=r
        )
        self.commits = Counter("ponte_commits_total", "Groups committed with facts", registry=r)
        self.outside = Counter(
            "ponte_outside_requests_total", "Calls to the outside", ["destino", "classe"],
            registry=r,
        )  # fmt: skip
        self.outside_seconds = Histogram(
            "ponte_outside_request_seconds", "Time of outside calls", ["destino"], registry=r
        )
        self.breaker = Gauge(
            "ponte_breaker_open", "1 while a destination's breaker is open", ["destino"],
            registry=r,
        )  # fmt: skip
        self.restarts = Counter(
            "ponte_task_restarts_total", "Tasks restarted after a failure", ["tarefa"], registry=r
        )

    def exposition(self) -> bytes:
        """Return the registry in Prometheus text form."""
        return generate_latest(self.registry)
