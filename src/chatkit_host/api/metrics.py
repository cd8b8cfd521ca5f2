"""`GET /metrics`: numbers of this process for Prometheus. No ids, no names, no texts; off unless it is switched on.

Each server process counts for itself; `chatkit_host_worker` tells which one answered.
"""

import os
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from fastapi import APIRouter
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chatkit_host.engine.report import TurnReport

Gauges = Callable[[], Mapping[str, float]]
"""What is true now, by name."""

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
_TOKEN_KINDS = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_tokens")
_PREFIX = "chatkit_host_"


class Metrics:
    def __init__(self) -> None:
        self._turns: Counter[str] = Counter()
        self._tokens: Counter[str] = Counter()
        self._errors: Counter[tuple[str, str]] = Counter()
        self._first_text = _Histogram()
        self._turn_seconds = _Histogram()
        self.open_streams = 0

    def turn_ended(self, report: TurnReport) -> None:
        self._turns[report.status] += 1
        self._turn_seconds.add(report.seconds)
        if report.first_text_seconds is not None:
            self._first_text.add(report.first_text_seconds)
        for kind in _TOKEN_KINDS:
            self._tokens[kind.removesuffix("_tokens")] += report.usage.get(kind, 0)
        if report.error_code is not None:
            self._errors["turn", report.error_code] += 1

    def request_failed(self, code: str) -> None:
        self._errors["request", code] += 1

    def text(self, gauges: Mapping[str, float]) -> str:
        """In Prometheus' text format 0.0.4."""
        errors = {f'in="{where}",code="{code}"': number for (where, code), number in self._errors.items()}
        return "".join(
            [
                _family("worker", "gauge", "This process.", {f'pid="{os.getpid()}"': 1}),
                _family("turns_total", "counter", "Answers that have ended.", _labelled("status", self._turns)),
                _family("tokens_total", "counter", "Tokens of models.", _labelled("kind", self._tokens)),
                _family("errors_total", "counter", "Errors, by their codes.", errors),
                self._first_text.text("first_text_seconds", "From a message to the first text of its answer."),
                self._turn_seconds.text("turn_seconds", "From a message to the end of its answer."),
                _family("open_streams", "gauge", "Event streams being sent.", {"": self.open_streams}),
                *(
                    _family(name, "gauge", f"{name.replace('_', ' ').capitalize()} now.", {"": number})
                    for name, number in gauges.items()
                ),
            ]
        )


class OpenStreams:
    """Counts event streams while they are being sent."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        counted = False

        async def look(message: Message) -> None:
            nonlocal counted
            if message["type"] == "http.response.start" and _is_event_stream(message):
                counted = True
                self._metrics.open_streams += 1
            await send(message)

        try:
            await self._app(scope, receive, look)
        finally:
            if counted:
                self._metrics.open_streams -= 1


def metrics_router(metrics: Metrics, gauges: Gauges) -> APIRouter:
    router = APIRouter()

    @router.get("/metrics", include_in_schema=False)
    async def show() -> Response:
        return Response(metrics.text(gauges()), media_type="text/plain; version=0.0.4")

    return router


class _Histogram:
    def __init__(self, bounds: Sequence[float] = _SECONDS) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def add(self, value: float) -> None:
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def text(self, name: str, help_text: str) -> str:
        total = 0
        lines: list[str] = []
        for bound, count in zip((*map(str, self._bounds), "+Inf"), self._counts, strict=True):
            total += count
            lines.append(f'{_PREFIX}{name}_bucket{{le="{bound}"}} {total}\n')
        sums = f"{_PREFIX}{name}_sum {self._sum}\n{_PREFIX}{name}_count {total}\n"
        return _heading(name, "histogram", help_text) + "".join(lines) + sums


def _labelled(label: str, numbers: Mapping[str, int]) -> dict[str, int]:
    return {f'{label}="{value}"': number for value, number in numbers.items()}


def _family(name: str, kind: str, help_text: str, samples: Mapping[str, float]) -> str:
    lines = (f"{_PREFIX}{name}{f'{{{labels}}}' if labels else ''} {number}\n" for labels, number in samples.items())
    return _heading(name, kind, help_text) + "".join(lines)


def _heading(name: str, kind: str, help_text: str) -> str:
    return f"# HELP {_PREFIX}{name} {help_text}\n# TYPE {_PREFIX}{name} {kind}\n"


def _is_event_stream(message: Message) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(b"text/event-stream") for name, value in message["headers"]
    )
