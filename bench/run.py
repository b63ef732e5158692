"""Measure container engines beside one another.

    python -m bench.run --own --host docker=unix:///run/docker.sock

`--own` is a seacand of this checkout, started for the purpose and gone afterwards.

Every engine does the same work with the same images, in turn: sample 1 of A and B, sample 2 of B
and A, … so that whatever else the machine does hits all alike. Figures are medians, the best in
brackets; the last columns are the others' medians over the first one's.
"""

import argparse
import contextlib
import os
import platform
import statistics
import sys
import tempfile
from pathlib import Path

from bench import images
from bench.engine import Engine
from bench.measures import MEASURES
from bench.registries import KINDS
from tests.daemon import running_daemon

Samples = dict[str, dict[str, list[float]]]  # figure → engine → values


def main() -> int:
    arguments = _arguments()
    with contextlib.ExitStack() as stack:
        hosts = list(arguments.host)
        if arguments.own:
            # Started from nothing: what tests have forked shares memory with where it came from.
            own = stack.enter_context(running_daemon(start_with=lambda _: ["env"]))
            hosts.insert(0, f"seacan={own.host}")
        archives = _archives(arguments, stack)
        named = [host.partition("=") for host in hosts]
        engines = [
            Engine(name, address, archives, arguments.registry) for name, _, address in named
        ]
        samples = _measure_all(engines, arguments.only.split(","), arguments.runs)
        _print(engines, samples)
    return 0


def _archives(arguments: argparse.Namespace, stack: contextlib.ExitStack) -> list[images.Archive]:
    if not {"images", "transfers"} & set(arguments.only.split(",")):
        return []
    directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="seacan-bench-"))
    return images.archives(Path(directory), arguments.archive)


def _measure_all(engines: list[Engine], measures: list[str], runs: int) -> Samples:
    daemons = {engine.host: engine for engine in engines}.values()  # BuildKit is in its dockerd
    for daemon in daemons:
        daemon.load_images()
    samples: Samples = {}
    try:
        for measure in measures:
            _measure(measure, engines, runs, samples)
    finally:
        for daemon in daemons:
            daemon.remove_images()
    return samples


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.run")
    parser.add_argument("--own", action="store_true", help="a seacand of this checkout")
    parser.add_argument("--host", action="append", default=[], metavar="NAME=unix://PATH")
    parser.add_argument("--runs", type=int, default=20, help="samples of each light measure")
    parser.add_argument(
        "--archive", type=Path, metavar="FILE", help="one more image to load, save, push and pull"
    )
    parser.add_argument("--registry", choices=KINDS, default="seacan", help="to push to")
    parser.add_argument("--only", default=",".join(MEASURES), metavar="MEASURE,…")
    arguments = parser.parse_args()
    if not arguments.own and not arguments.host:
        parser.error("nothing to measure: --own, --host, or both")
    if unknown := set(arguments.only.split(",")) - MEASURES.keys():
        parser.error(f"--only: no such measure: {', '.join(sorted(unknown))}")
    return arguments


def _measure(measure: str, engines: list[Engine], runs: int, samples: Samples) -> None:
    work, is_light = MEASURES[measure]
    for number in range(-1, runs if is_light else max(1, runs // 10)):  # -1: to warm up
        print(f"\r{measure} {number + 1}   ", end="", file=sys.stderr, flush=True)
        turn = number % len(engines)
        for engine in engines[turn:] + engines[:turn]:
            for figure, value in work(engine).items():
                if number >= 0:
                    values = samples.setdefault(figure, {}).setdefault(engine.name, [])
                    values.append(value)
    print(file=sys.stderr)


def _print(engines: list[Engine], samples: Samples) -> None:
    names = [engine.name for engine in engines]
    print(f"{os.cpu_count()} cores, Linux {platform.release()}, Python {platform.python_version()}")
    for engine in engines:
        print(f"{engine.name}: {engine.version()}")
    first, *others = names
    ratios = [f"{name} / {first}" for name in others]
    print("\n| " + " | ".join(["", *names, *ratios]) + " |")
    print("|---|" + "---:|" * len([*names, *ratios]))
    for figure, by_engine in samples.items():
        medians = {name: statistics.median(by_engine[name]) for name in names}
        cells = [f"{_number(medians[name])} ({_number(min(by_engine[name]))})" for name in names]
        cells += [f"{medians[name] / medians[first]:.1f}" for name in others]
        print(f"| {figure} | " + " | ".join(cells) + " |")


def _number(value: float) -> str:
    return f"{value:.1f}" if value >= 10 else f"{value:.2g}"


if __name__ == "__main__":
    sys.exit(main())
