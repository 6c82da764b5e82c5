"""Par: how long one recipient must be left alone, while everybody else is written to.

Meta limits how fast one number may write to one person (about a message every six seconds)
and asks to wait 4^n seconds after the nth refusal. That is no reason to stop the others.
Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/throughput
"""

from collections import OrderedDict
from collections.abc import Callable

MOST_RECIPIENTS = 10_000  # chosen: far more people than are refused within an hour
LONGEST_POWER = 5  # chosen: 4^5 s are 17 minutes; a customer waits no longer


class Pares:
    """Who was refused, how often in a row, and until when; kept by each process for itself."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._refused: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def wait_s(self, quem: str) -> float:
        """Return how long a recipient must still be left alone; 0 when not at all."""
        _, until = self._refused.get(quem, (0, 0))
        return max(0, until - self._now_ms()) / 1000

    def refuse(self, quem: str) -> float:
        """Note a refusal; return the seconds to wait."""
        times, _ = self._refused.pop(quem, (0, 0))
        wait_s = 4 ** min(times, LONGEST_POWER)
        self._refused[quem] = (times + 1, self._now_ms() + wait_s * 1000)
        if len(self._refused) > MOST_RECIPIENTS:
            self._refused.popitem(last=False)
        return float(wait_s)

    def forget(self, quem: str) -> None:
        """Note that a message went through."""
        self._refused.pop(quem, None)
