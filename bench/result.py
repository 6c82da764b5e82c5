"""What a row hands back: lines of values, each with the goal it is held against."""

import math
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from statistics import median


class Verdict(StrEnum):
    """How a line did."""

    AIM = "aim reached"
    MUST = "reached"
    MISSED = "MISSED"
    INFORMATION = "-"
    NOT_MEASURED = "not measured"

    @property
    def missed(self) -> bool:
        """Whether a goal was missed."""
        return self is Verdict.MISSED


@dataclass(frozen=True)
class Goal:
    """What must be reached and what is aimed at; `at_most` turns both into ceilings."""

    must: float
    aim: float | None = None
    at_most: bool = False

    def met(self, value: float, bound: float) -> bool:
        """Compare in the goal's direction; NaN meets nothing."""
        return value <= bound if self.at_most else value >= bound


@dataclass(frozen=True)
class Line:
    """One figure: a value a round, and what it must reach."""

    name: str
    unit: str
    values: tuple[float, ...]
    goal: Goal | None = None
    note: str = ""

    @property
    def median(self) -> float:
        """The median over the rounds; NaN when any round has no value."""
        if not self.values or any(math.isnan(value) for value in self.values):
            return math.nan
        return median(self.values)

    @property
    def verdict(self) -> Verdict:
        """Judge the median against the goal."""
        if not self.values:
            return Verdict.NOT_MEASURED
        if math.isnan(self.median):
            return Verdict.MISSED
        if self.goal is None:
            return Verdict.INFORMATION
        if self.goal.aim is not None and self.goal.met(self.median, self.goal.aim):
            return Verdict.AIM
        return Verdict.MUST if self.goal.met(self.median, self.goal.must) else Verdict.MISSED

    def as_json(self) -> dict[str, object]:
        """Return the line with what is derived from it."""
        middle = None if math.isnan(self.median) else self.median
        # A round without a value is null: JSON has no NaN.
        values = [None if math.isnan(value) else value for value in self.values]
        return {**asdict(self), "values": values, "median": middle, "verdict": str(self.verdict)}


@dataclass(frozen=True)
class Result:
    """What one row measured."""

    name: str
    lines: tuple[Line, ...]
    # Anything worth keeping that is no figure of the table: statuses, rates tried, settings.
    raw: dict[str, object] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """Return the whole row for the raw results."""
        return {
            "name": self.name,
            "lines": [line.as_json() for line in self.lines],
            "raw": self.raw,
        }


def ratio(over: float, under: float) -> float:
    """Divide, or NaN where there is nothing to divide by."""
    return over / under if under else math.nan
