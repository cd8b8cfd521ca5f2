"""What was measured, and the numbers that are asked of it: medians over the repeats, ratios within a repeat."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.scenarios import Measured

Repeat = dict[str, dict[str, Measured]]
"""What each contestant's server did in each scenario, one right after the other."""

Value = Callable[[Measured], float | None]


@dataclass(frozen=True, slots=True)
class Number:
    median: float
    spread: float
    """(largest - smallest) / median."""

    @classmethod
    def of(cls, values: Sequence[float]) -> "Number | None":
        if not values:
            return None
        median = statistics.median(values)
        return cls(median, (max(values) - min(values)) / median if median else 0.0)


@dataclass(slots=True, kw_only=True)
class Results:
    date: str
    machine: str
    versions: str
    command: str
    load: float
    """How busy the machine was before, in processes that wanted to run."""
    repeats: list[Repeat] = field(default_factory=list)
    special: dict[str, dict[str, float]] = field(default_factory=dict)

    def number(self, contestant: str, scenario: str, value: Value) -> Number | None:
        found = [self._value(repeat, contestant, scenario, value) for repeat in self.repeats]
        return Number.of([each for each in found if each is not None])

    def ratio(self, contestant: str, base: str, scenario: str, value: Value) -> Number | None:
        pairs = [
            (self._value(repeat, contestant, scenario, value), self._value(repeat, base, scenario, value))
            for repeat in self.repeats
        ]
        return Number.of([ours / theirs for ours, theirs in pairs if ours is not None and theirs])

    def difference(self, contestant: str, base: str, scenario: str, value: Value) -> Number | None:
        pairs = [
            (self._value(repeat, contestant, scenario, value), self._value(repeat, base, scenario, value))
            for repeat in self.repeats
        ]
        return Number.of([ours - theirs for ours, theirs in pairs if ours is not None and theirs is not None])

    @staticmethod
    def _value(repeat: Repeat, contestant: str, scenario: str, value: Value) -> float | None:
        measured = repeat.get(contestant, {}).get(scenario)
        return None if measured is None else value(measured)


def cpu_per_delta(measured: Measured) -> float | None:
    return measured["cpu_us_per_delta"] if measured["turns"] else None


def deltas_per_second(measured: Measured) -> float | None:
    return measured["deltas_per_second"] or None


def first_p99(measured: Measured) -> float | None:
    return measured["first_ms"]["p99"]


def relay_p99(measured: Measured) -> float | None:
    return measured["relay_ms"]["p99"]


def persistence(measured: Measured) -> float | None:
    """CPU milliseconds for a turn in the threads that write to SQLite."""
    return measured["other_threads_seconds"] / measured["turns"] * 1000 if measured["turns"] else None


def errors(measured: dict[str, Any]) -> int:
    return sum(measured.get("errors", {}).values())
