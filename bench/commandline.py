"""`seacan ps` beside `docker ps`, of one daemon, in turns:

    python -m bench.commandline [--host unix:///run/seacan.sock] [--runs 30]

of a daemon that has 1 container, and then 100. Processor time is what a busy machine leaves alone;
the time on the clock is printed beside it. Python's own start is the least that `seacan` can take.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.engine import Engine

BUDGET = 2.0
_LABEL = "seacan-bench-commandline"


def measured(commands: Mapping[str, Sequence[str]], runs: int) -> dict[str, tuple[float, float]]:
    """Return milliseconds of processor and clock for each command, medians of so many runs."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            start, used = time.perf_counter(), _used_s()
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
            found[name].append((_used_s() - used, time.perf_counter() - start))
    return {
        name: (
            statistics.median(used for used, _ in times) * 1000,
            statistics.median(clock for _, clock in times) * 1000,
        )
        for name, times in found.items()
    }


def _used_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="unix:///run/seacan.sock")
    parser.add_argument("--runs", type=int, default=30)
    options = parser.parse_args()
    engine = Engine("engine", options.host)
    os.environ["DOCKER_HOST"] = options.host
    program = str(Path(sys.executable).with_name("seacan"))
    filtered = ["ps", "-a", "--filter", f"label={_LABEL}"]
    commands = {
        "docker": ["docker", *filtered],
        "seacan": [program, *filtered],
        "python": [sys.executable, "-c", "pass"],
    }
    containers: list[str] = []
    try:
        for count in (1, 100):
            while len(containers) < count:
                body = {"Image": "hello-world", "Labels": {_LABEL: ""}}
                containers.append(engine.call("POST", "/containers/create", body)["Id"])
            times = measured(commands, options.runs)
            ratio = times["seacan"][0] / times["docker"][0]
            shown = ", ".join(
                f"{name} {used:.1f} ms ({clock:.1f} on the clock)"
                for name, (used, clock) in times.items()
            )
            verdict = "within" if ratio <= BUDGET else "beyond"
            print(f"ps of {count}: {shown}; {ratio:.2f}, {verdict} the budget of {BUDGET}")
    finally:
        for container in containers:
            engine.call("DELETE", f"/containers/{container}?force=1")


if __name__ == "__main__":
    main()
