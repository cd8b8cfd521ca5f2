"""What is measured of every server: a way of asking, and how many ask."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.contestants import Contestant
from benchmarks.load import Load
from benchmarks.processes import Process, measured, say

Measured = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    name: str
    model: str
    """What the model does; see `model_server`."""
    clients: int
    seconds: float = 0.0
    turns: int = 0
    spread_seconds: float = 0.0
    warm_up: int = 3

    @property
    def deltas(self) -> int:
        return int(self.model.rsplit("-", 1)[1])

    def run(self, contestant: Contestant, server: Process, model: Process) -> Measured:
        say(model, self.model)
        load = Load(
            url=server.url,
            protocol=contestant.protocol,
            deltas=self.deltas,
            clients=self.clients,
            seconds=self.seconds,
            turns=self.turns,
            warm_up=self.warm_up,
            spread_seconds=self.spread_seconds,
            paced=self.model.startswith("paced"),
            tokens=contestant.tokens,
            pids=server.pids,
        )
        seen = measured(load)
        cpu = sum(seen["cpu_seconds"])
        seen["cpu_us_per_delta"] = cpu / max(1, seen["deltas"]) * 1e6
        seen["cpu_ms_per_turn"] = cpu / max(1, seen["turns"]) * 1e3
        seen["deltas_per_second"] = seen["deltas"] / seen["seconds"]
        seen["cpu_percent"] = cpu / seen["seconds"] * 100
        return seen


BURST_1 = Scenario(name="burst, 1 client", model="burst-200", clients=1, seconds=2.0, warm_up=10)
BURST_50 = Scenario(name="burst, 50 clients", model="burst-200", clients=50, seconds=3.0)
PACED_1 = Scenario(name="paced, 1 client", model="paced-20-5", clients=1, turns=15)
PACED_100 = Scenario(name="paced, 100 streams", model="paced-20-100", clients=100, turns=1, spread_seconds=0.5)
PACED_200 = Scenario(name="paced, 200 streams", model="paced-20-100", clients=200, turns=1, spread_seconds=1.0)
PACED_500 = Scenario(name="paced, 500 streams", model="paced-20-100", clients=500, turns=1, spread_seconds=1.0)

_REST_SECONDS = 3.0


def run_all(contestant: Contestant, scenarios: Sequence[Scenario], model: Process) -> dict[str, Measured]:
    """Each of them on one server of its own, and `rest`: how it started."""
    with contestant.serving(model) as server:
        time.sleep(_REST_SECONDS)  # what is imported in the background is there
        results = {"rest": {"ready_seconds": server.seconds_to_ready, "memory_mb": server.memory / 2**20}}
        for scenario in scenarios:
            results[scenario.name] = scenario.run(contestant, server, model)
        results["rest"]["memory_after_mb"] = server.memory / 2**20
    return results
