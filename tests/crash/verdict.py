"""What the judge found: one count for each way in which a promise can be broken."""

import statistics
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

# Every kind of finding; the order is that of the printed table.
FAULTS = (
    "lost",
    "duplicated",
    "unexpected",
    "unsettled",
    "stock_drift",
    "negative_stock",
    "nota_gaps",
)


@dataclass
class Verdict:
    """The outcome of one run; `evidence` names each order or product behind a count."""

    attempted: int = 0
    acked: int = 0
    recovered: int = 0
    repeated: int = 0
    cancelled: int = 0
    kills: int = 0
    drain_s: float = 0.0
    recovery_s: list[float] = field(default_factory=list)
    evidence: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def blame(self, fault: str, what: str) -> None:
        self.evidence[fault].append(what)

    def count(self, fault: str) -> int:
        return len(self.evidence.get(fault, ()))

    @property
    def faults(self) -> dict[str, int]:
        """Return the counts that are not zero; empty is what every promise asks for."""
        return {fault: self.count(fault) for fault in FAULTS if self.count(fault)}

    @property
    def recovery_p50_s(self) -> float:
        return statistics.median(self.recovery_s) if self.recovery_s else 0.0

    @property
    def recovery_max_s(self) -> float:
        return max(self.recovery_s, default=0.0)

    def figures(self) -> dict[str, Any]:
        return {
            "attempted": self.attempted,
            "acked": self.acked,
            "recovered": self.recovered,
            "repeated": self.repeated,
            "cancelled": self.cancelled,
            **{fault: self.count(fault) for fault in FAULTS},
            "kills": self.kills,
            "recovery_p50_s": round(self.recovery_p50_s, 3),
            "recovery_max_s": round(self.recovery_max_s, 3),
            "drain_s": round(self.drain_s, 3),
        }

    def __str__(self) -> str:
        lines = [f"{name:>16}  {value}" for name, value in self.figures().items()]
        for fault, found in self.evidence.items():
            lines += [f"  {fault}: {what}" for what in found[:5]]
        return "\n".join(lines)
