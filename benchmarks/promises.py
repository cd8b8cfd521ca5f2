"""What is promised, what was measured, and whether it holds."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.results import (
    Number,
    Results,
    cpu_per_delta,
    deltas_per_second,
    first_p99,
    persistence,
    relay_p99,
)
from benchmarks.scenarios import BURST_1, BURST_50, PACED_100, PACED_200, PACED_500

OURS = "chatkit_host"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    what: str
    measured: float | None
    spread: float | None = None
    unit: str = ""
    must: float
    aim: float | None
    is_least: bool = False
    """The promise is a lower bound."""

    @property
    def is_kept(self) -> bool | None:
        return self._keeps(self.must)

    @property
    def is_surpassed(self) -> bool | None:
        return None if self.aim is None else self._keeps(self.aim)

    def _keeps(self, bound: float) -> bool | None:
        if self.measured is None:
            return None
        return self.measured >= bound if self.is_least else self.measured <= bound


def _promise(
    what: str, number: Number | None, unit: str, must: float, aim: float | None, *, is_least: bool = False
) -> Promise:
    return Promise(
        what=what,
        measured=None if number is None else number.median,
        spread=None if number is None else number.spread,
        unit=unit,
        must=must,
        aim=aim,
        is_least=is_least,
    )


def promises(results: Results) -> Iterator[Promise]:
    ratio, special = results.ratio, results.special
    yield _promise(
        "CPU per delta, paced, 100 streams, against the limit",
        ratio(OURS, "limit", PACED_100.name, cpu_per_delta),
        "×",
        2.5,
        1.5,
    )
    yield _promise(
        "the same against the official SDK", ratio(OURS, "official_chat", PACED_100.name, cpu_per_delta), "×", 0.3, None
    )
    yield _promise(
        "deltas/s, burst, 50 clients, against the limit",
        ratio(OURS, "limit", BURST_50.name, deltas_per_second),
        "×",
        0.22,
        0.5,
        is_least=True,
    )
    yield _promise(
        "the same against the official SDK",
        ratio(OURS, "official_chat", BURST_50.name, deltas_per_second),
        "×",
        10,
        20,
        is_least=True,
    )
    yield _promise(
        "first token p99 over the model's own, 200 streams begun within a second",
        results.difference(OURS, "direct", PACED_200.name, first_p99),
        "ms",
        250,
        None,
    )
    yield _promise("relay delay p99, the same", results.number(OURS, PACED_200.name, relay_p99), "ms", 50, None)
    yield _promise(
        "first token p99 over the model's own, 500 streams",
        results.difference(OURS, "direct", PACED_500.name, first_p99),
        "ms",
        float("inf"),
        100,
    )
    yield _promise("relay delay p99, the same", results.number(OURS, PACED_500.name, relay_p99), "ms", float("inf"), 50)
    yield _told("first token added, 1 client", special, "first_token", "added_ms", "ms", 4, 2)
    yield _told("by the limit", special, "first_token", "added_by_the_limit_ms", "ms", float("inf"), None)
    yield _promise(
        "CPU per turn for persistence, 50 clients", results.number(OURS, BURST_50.name, persistence), "ms", 1, 0.5
    )
    yield _promise(
        "the same, 1 client: a commit for each write, and cold caches",
        results.number(OURS, BURST_1.name, persistence),
        "ms",
        float("inf"),
        None,
    )
    yield _told("memory of an open stream", special, "standing", "kb_per_stream", "KB", 70, 40)
    yield _told(
        "two workers on PostgreSQL against one beside a busy neighbour",
        special,
        "two_workers",
        "capacity_ratio",
        "×",
        1.7,
        1.9,
        is_least=True,
    )
    yield _told(
        "the same, against one that has the processors for itself",
        special,
        "two_workers",
        "over_one_alone",
        "×",
        float("-inf"),
        None,
        is_least=True,
    )
    yield _told("ready, default start", special, "start", "ready_seconds", "s", 1.0, 0.6)
    yield _told("memory at rest, default start", special, "start", "memory_mb", "MB", 120, 90)
    yield _told("turn at 1,000 earlier messages against 10", special, "history", "turn_ratio", "×", 1.3, 1.1)
    yield _told(
        "the same, first turn after a start",
        special,
        "history",
        "first_turn_ratio",
        "×",
        float("inf"),
        None,
    )
    yield _told("list page of 10,000, deep against first", special, "lists", "deep_ratio", "×", 1.25, None)
    yield _told("list page of 10,000, deep", special, "lists", "deep_ms", "ms", 2.5, 1)
    yield _told(
        "MCP tool of our own against a function tool", special, "tools", "own_over_function_ms", "ms more", 1, 0
    )
    yield _told(
        "the same through the endpoint, as for external servers",
        special,
        "tools",
        "mcp_over_function_ms",
        "ms more",
        float("inf"),
        None,
    )
    yield _promise(
        "LiteLLM path, CPU per delta, against official LiteLLM",
        ratio("ours_litellm", "official_litellm", BURST_1.name, cpu_per_delta),
        "×",
        0.8,
        None,
    )
    yield _told("model streams open 1 s after all clients left", special, "standing", "left_open", "", 0, 0)


def _told(
    what: str,
    special: dict[str, dict[str, float]],
    name: str,
    key: str,
    unit: str,
    must: float,
    aim: float | None,
    *,
    is_least: bool = False,
) -> Promise:
    told = special.get(name, {})
    return Promise(
        what=what,
        measured=told.get(key),
        spread=told.get(f"{key}_spread"),
        unit=unit,
        must=must,
        aim=aim,
        is_least=is_least,
    )
