"""`docs/performance.md` and its picture, from what was measured."""

import math
from collections.abc import Sequence
from pathlib import Path

from benchmarks.promises import OURS, Promise, promises
from benchmarks.results import Number, Results, cpu_per_delta, deltas_per_second, first_p99, relay_p99
from benchmarks.scenarios import BURST_1, BURST_50, PACED_100, PACED_200

NAMES = {
    "direct": "the model itself",
    "limit": "limit: a bare relay",
    OURS: "**chatkit-host**, SQLite",
    "ours_postgresql": "**chatkit-host**, PostgreSQL",
    "ours_chat": "**chatkit-host**, `/api/chat`",
    "ours_simple": "**chatkit-host**, the simple dialect",
    "official_responses": "official SDK, Responses API",
    "official_chat": "official SDK, chat completions",
    "official_litellm": "official SDK, LiteLLM",
    "ours_litellm": "**chatkit-host**, LiteLLM",
    "example_0": "specification's example 0, repaired",
    "example_1": "specification's example 1, repaired",
}

HOW = """\
# Performance

Written by `{command}` on {date}.

{machine}. {versions}. The machine's load before the run was {load:.1f}.

The server under test has one core; the model server and the clients share another. A *delta* is one chunk of the model's answer; the
model server sends each in a write of its own, without a delay (*burst*: 200 of them) or one every 20 ms (*paced*: 100 of them).
CPU is that of the server's processes, by their own clocks. Contestants take turns within a repeat, and ratios are taken within a
repeat; shown is the median of {repeats}. Times of a machine that does something else are noise; ratios and CPU are less so.

*limit* is a bare ASGI relay (aiohttp, orjson) that emits the real ChatKit event sequence: it knows no user, keeps nothing, calls no
tool and does not notice a client that leaves. Ours is the whole product: it checks a token, keeps a durable log, and offers tools.
The official SDK runs with a store in memory, without authentication and without tools.

Two workers, their database, the model and the clients share two processors here, so that what is compared is the CPU for a delta. The same
code needs a fifth more of it as soon as something else keeps the other processor busy. The one worker is therefore measured beside
another server that has a database of its own and as many clients; the line after it is without.

![How much of one core an answer takes](performance.svg)

## What is promised

"""


def write(results: Results, directory: Path) -> None:
    kept = list(promises(results))
    text = HOW.format(
        command=results.command,
        date=results.date,
        machine=results.machine,
        versions=results.versions,
        load=results.load,
        repeats=len(results.repeats),
    )
    text += "\n".join(_promises(kept)) + "\n\n## Contestants\n\n" + "\n".join(_contestants(results))
    if lines := list(_failures(results)):
        text += "\n\nAnswers that failed: " + "; ".join(lines) + "."
    (directory / "performance.md").write_text(text + "\n")
    (directory / "performance.svg").write_text(_picture(results))


def _promises(kept: Sequence[Promise]) -> list[str]:
    lines = ["| | measured | spread | must | aim | |", "|---|---|---|---|---|---|"]
    for promise in kept:
        if promise.measured is None:
            continue
        sign = "≥" if promise.is_least else "≤"
        must = "" if math.isinf(promise.must) else f"{sign} {promise.must:g}"
        aim = "" if promise.aim is None else f"{sign} {promise.aim:g}"
        verdict = "aim met" if promise.is_surpassed else "met" if promise.is_kept and must else "**not met**"
        if not must and not promise.is_surpassed:
            verdict = "aim not met" if aim else ""
        spread = "" if promise.spread is None else f"{promise.spread:.0%}"
        lines.append(
            f"| {promise.what} | {_short(promise.measured)} {promise.unit} | {spread} | {must} | {aim} | {verdict} |"
        )
    return lines


def _contestants(results: Results) -> list[str]:
    lines = [
        "| | CPU µs per delta, burst | × limit | deltas/s, 50 clients | × limit "
        "| CPU µs per delta, paced, 100 | × limit | first token p99, 200 | relay p99, 200 | ready | at rest |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, shown in NAMES.items():
        if not any(name in repeat for repeat in results.repeats):
            continue
        cells = [
            _cell(results.number(name, BURST_1.name, cpu_per_delta)),
            _cell(results.ratio(name, "limit", BURST_1.name, cpu_per_delta)),
            _cell(results.number(name, BURST_50.name, deltas_per_second)),
            _cell(results.ratio(name, "limit", BURST_50.name, deltas_per_second)),
            _cell(results.number(name, PACED_100.name, cpu_per_delta)),
            _cell(results.ratio(name, "limit", PACED_100.name, cpu_per_delta)),
            _cell(results.number(name, PACED_200.name, first_p99), " ms"),
            _cell(results.number(name, PACED_200.name, relay_p99), " ms"),
            _cell(results.number(name, "rest", lambda rest: rest["ready_seconds"]), " s"),
            _cell(results.number(name, "rest", lambda rest: rest["memory_mb"]), " MB"),
        ]
        lines.append(f"| {shown} | {' | '.join(cells)} |")
    return lines


def _failures(results: Results) -> list[str]:
    return [
        f"{NAMES[name]}, {scenario}: {measured['errors']}"
        for repeat in results.repeats
        for name, scenarios in repeat.items()
        for scenario, measured in scenarios.items()
        if measured.get("errors")
    ]


def _cell(number: Number | None, unit: str = "") -> str:
    return "" if number is None else f"{_short(number.median)}{unit}"


def _short(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


_PANEL, _ROW, _WIDTH = 26, 20, 880
_LEFT, _RIGHT = 300, 90


def _picture(results: Results) -> str:
    """Two groups of bars on a logarithmic scale, legible on light and on dark."""
    panels = [
        ("Server CPU per delta, burst, 1 client (µs; less is better)", BURST_1.name, cpu_per_delta),
        ("First token, 99th percentile, 200 paced streams (ms; less is better)", PACED_200.name, first_p99),
    ]
    drawn: list[str] = []
    y = 24
    for title, scenario, value in panels:
        bars = [
            (NAMES[name].replace("*", "").replace("`", ""), number.median, name)
            for name in NAMES
            if name != "direct" and (number := results.number(name, scenario, value)) is not None
        ]
        if not bars:
            continue
        drawn.append(f'<text x="0" y="{y}" class="title">{title}</text>')
        y += 12
        least, most = min(bar[1] for bar in bars), max(bar[1] for bar in bars)
        for shown, number, name in bars:
            share = 0.06 + 0.94 * math.log(number / least) / (math.log(most / least) or 1)
            width = share * (_WIDTH - _LEFT - _RIGHT)
            kind = "limit" if name == "limit" else "ours" if name.startswith(("ours", OURS)) else "other"
            drawn.append(f'<text x="{_LEFT - 8}" y="{y + 13}" class="name">{shown}</text>')
            drawn.append(f'<rect x="{_LEFT}" y="{y + 2}" width="{width:.0f}" height="14" rx="2" class="{kind}"/>')
            drawn.append(f'<text x="{_LEFT + width + 6:.0f}" y="{y + 13}">{_short(number)}</text>')
            y += _ROW
        y += _PANEL
    style = (
        "text{font:12px system-ui,sans-serif;fill:#57606a}.title{font-weight:600}.name{text-anchor:end}"
        ".limit{fill:#8c959f}.ours{fill:#1f883d}.other{fill:#bc4c00}"
        "@media(prefers-color-scheme:dark){text{fill:#b1bac4}}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y}" role="img" '
        f'aria-label="How much of one core an answer takes"><style>{style}</style>{"".join(drawn)}</svg>\n'
    )
