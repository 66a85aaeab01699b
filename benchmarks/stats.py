"""Summarise windows that were measured in turns: medians, ranges, ratios of one round, the quartiles of the floor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles

# A floor whose middle half spreads wider than this was measured beside too much other work.
RESTLESS = 0.3


@dataclass(frozen=True)
class Spread:
    """The median of some figures and their range."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} [{self.low:.2f}-{self.high:.2f}]"


def spread(figures: Sequence[float]) -> Spread:
    """Return the median and range of some figures."""
    return Spread(median(figures), min(figures), max(figures))


def ratios(ours: Sequence[float], others: Sequence[float]) -> Spread:
    """Return the median and range of the ratios of each round: a round's windows lie beside each other in time."""
    return spread([mine / theirs for mine, theirs in zip(ours, others, strict=True)])


def restlessness(figures: Sequence[float]) -> float:
    """Return the inter-quartile range as a share of the median."""
    low, _, high = quantiles(figures, n=4, method="inclusive")
    return (high - low) / median(figures)


@dataclass(frozen=True)
class Goal:
    """What a figure must reach, and what it would like to; figures are to be small, or large where `is_least`."""

    duty: float
    ambition: float | None = None
    is_least: bool = False

    def verdict(self, figure: float) -> str:
        """Say whether a figure reaches its ambition, its duty or neither."""
        if self.ambition is not None and self._reaches(figure, self.ambition):
            return "ambition reached"
        return "duty reached" if self._reaches(figure, self.duty) else "NOT REACHED"

    def __str__(self) -> str:
        sign = ">=" if self.is_least else "<="
        wish = f", ambition {sign} {self.ambition:g}" if self.ambition is not None else ""
        return f"duty {sign} {self.duty:g}{wish}"

    def _reaches(self, figure: float, bound: float) -> bool:
        return figure >= bound if self.is_least else figure <= bound


def percentile(figures: Sequence[float], share: float) -> float:
    """Return the figure below which a share of all lies."""
    ordered = sorted(figures)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
