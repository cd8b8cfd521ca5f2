"""How many times the limit's CPU our server needs for a delta, in a quarter of a minute. Prints one JSON object.

    python -m benchmarks.guard

Both servers run; they are asked in turn, so that whatever else the machine does hits both. Only CPU times are compared: a busy
machine makes answers late, but hardly dearer.
"""

import json
import statistics
import sys
import time
from dataclasses import replace

from benchmarks.contestants import LIMIT, ours
from benchmarks.processes import running_model
from benchmarks.scenarios import BURST_1, PACED_100

_BURST = replace(BURST_1, seconds=0, turns=25)
_PACED = replace(PACED_100, model="paced-20-25", clients=40, warm_up=1)
_ROUNDS = 3


def ratios() -> dict[str, float]:
    """By scenario, the middle one of a few rounds."""
    seen: dict[str, list[float]] = {"burst": [], "paced": []}
    with running_model() as model, LIMIT.serving(model) as limit, ours().serving(model) as server:
        time.sleep(3)
        for _ in range(_ROUNDS):
            for name, scenario in (("burst", _BURST), ("paced", _PACED)):
                told = [
                    scenario.run(contestant, process, model)
                    for contestant, process in ((LIMIT, limit), (ours(), server))
                ]
                if failed := [each["errors"] for each in told if each["errors"]]:
                    raise RuntimeError(f"answers failed: {failed}")
                seen[name].append(told[1]["cpu_us_per_delta"] / told[0]["cpu_us_per_delta"])
    return {name: statistics.median(values) for name, values in seen.items()}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(ratios()))
