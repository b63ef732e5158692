"""events: what a container uses, and when it ran out of memory, as lines of JSON.

{"type":"stats","id":"one","data":{…}}     {"type":"oom","id":"one"}
"""

import json
import os
import re
import select
import time
from typing import Any, Final

from seacan.errors import InvalidArgument
from seacan.kernel.cgroups.oom import OomWatch
from seacan.runtime import container as containers
from seacan.runtime.commandline import Options
from seacan.runtime.commands.stats import to_wire
from seacan.runtime.container import Container, NotRunning

# Go's time.ParseDuration, but for a sign
_PART: Final = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_UNITS_S: Final = {
    **{"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6},
    **{"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0},
}


def run(options: Options) -> int:
    container = containers.load(options.root, options.arguments[0])
    interval_s = seconds(options.interval)
    if container.status() == "stopped":
        raise NotRunning(f"container with id {container.id} is not running")
    if options.stats:
        _print("stats", container, to_wire(container.cgroup.stats()))
        return 0
    watch = container.cgroup.watch_oom()
    watch.has_run_out()  # before anybody asked
    pidfd = container.pidfd()
    try:
        _follow(container, watch, pidfd, interval_s)
    finally:
        watch.close()
        os.close(pidfd)
    return 0


def seconds(text: str) -> float:
    """Return a duration above 0: `5s`, `1m30s`, `500ms`."""
    parts = _PART.findall(text)
    if not parts or "".join(map("".join, parts)) != text:
        raise InvalidArgument(f"--interval: not a duration: {text!r}")
    duration_s = sum(float(number) * _UNITS_S[unit] for number, unit in parts)
    if duration_s <= 0:
        raise InvalidArgument("--interval: duration interval must be greater than 0")
    return duration_s


def _follow(container: Container, watch: OomWatch, pidfd: int, interval_s: float) -> None:
    """Print until the first process ends: without a deadline, as that has none."""
    poll = select.poll()
    poll.register(watch, watch.events)
    poll.register(pidfd, select.POLLIN)
    cgroup = container.cgroup
    due = time.monotonic() + interval_s
    while True:
        ready = dict(poll.poll(max(0.0, due - time.monotonic()) * 1000))
        if watch.has_run_out():
            _print("oom", container)
        if pidfd in ready:
            return
        if time.monotonic() >= due:
            _print("stats", container, to_wire(cgroup.stats()))
            due += interval_s


def _print(kind: str, container: Container, data: dict[str, Any] | None = None) -> None:
    event: dict[str, Any] = {"type": kind, "id": container.id}
    if data is not None:
        event["data"] = data
    print(json.dumps(event, separators=(",", ":")), flush=True)
