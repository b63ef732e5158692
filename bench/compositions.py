"""`seacan compose` on seacand beside docker compose on dockerd, in turns:

    python -m bench.compositions --seacan unix:///… --docker unix:///… [--compose docker-compose]

An application of ten services from an image that both engines have, brought up, found up to date,
and taken down. Compare columns, never runs: both share whatever else the machine does.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

STEPS = {"up": ("up", "-d"), "no-op up": ("up", "-d"), "down": ("down",)}
_SERVICE = "  s{}: {{image: '{}', command: sh -c 'trap \"exit 0\" TERM; sleep 1000 & wait'}}\n"
_SERVICES = 10


def measured(
    tools: Mapping[str, tuple[Sequence[str], str]], directory: str, runs: int
) -> dict[tuple[str, str], list[tuple[float, float]]]:
    """Return seconds of clock and of processor of each tool's steps; a tool is words and a host."""
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for run in range(runs + 1):
        for name, (command, host) in tools.items():
            for step, words in STEPS.items():
                start, used = time.perf_counter(), _used_s()
                subprocess.run(
                    [*command, *words],
                    cwd=directory,
                    env={**os.environ, "DOCKER_HOST": host},
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    check=True,
                )
                took = (time.perf_counter() - start, _used_s() - used)
                if run:  # the first one warms up
                    found.setdefault((name, step), []).append(took)
    return found


def _used_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seacan", required=True)
    parser.add_argument("--docker", required=True)
    parser.add_argument("--compose", default="docker-compose")
    parser.add_argument("--image", default="busybox")
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    tools = {
        "seacan": ([str(Path(sys.executable).with_name("seacan")), "compose"], options.seacan),
        "docker": ([options.compose], options.docker),
    }
    with tempfile.TemporaryDirectory(prefix="sc-bench-") as directory:
        services = "".join(_SERVICE.format(at, options.image) for at in range(_SERVICES))
        Path(directory, "compose.yaml").write_text(f"name: sc-bench\nservices:\n{services}")
        found = measured(tools, directory, options.runs)
    print("| step | seacan, s | docker, s | ratio | processor of the tool alone |")
    print("|---|---:|---:|---:|---:|")
    for step in STEPS:
        ours, theirs = found["seacan", step], found["docker", step]
        clock, used = (
            statistics.median(one[at] / other[at] for one, other in zip(ours, theirs, strict=True))
            for at in (0, 1)
        )
        columns = [f"{statistics.median(one[0] for one in took):.3f}" for took in (ours, theirs)]
        print(f"| {step} | {' | '.join(columns)} | {clock:.2f} | {used:.2f} |")


if __name__ == "__main__":
    main()
