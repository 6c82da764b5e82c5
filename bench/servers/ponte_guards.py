"""Ponte's guards as a hub wraps each of its calls in them."""

from bench.servers.guarded import nothing, run
from ponte.integrations import HubResilienceMixin


class _Hub(HubResilienceMixin):
    def __init__(self) -> None:
        # Never full: what is measured is the asking, not the waiting.
        self._setup_resilience(rate_limit=1e9)


if __name__ == "__main__":
    hub = _Hub()
    run(lambda: hub._execute_with_resilience(nothing, "nothing"))  # noqa: SLF001 - its public name
