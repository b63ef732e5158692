"""Packets between containers, and through a published port: from the network of the engine's host.

The programs are the host's: iperf3 in the network of a container, a client of HTTP in the engine's.

    python -m bench.network ADDRESS PORT REQUESTS

asks so many times for a page, each over a connection of its own, and prints the seconds of all.
"""

import contextlib
import http.client
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from bench.engine import Engine

_SECONDS: Final = 2
_REQUESTS: Final = 1000
_IPERF: Final = 5201
_SERVE: Final = "echo hello >/page; exec /bin/busybox httpd -f -p 80 -h /"


def throughput(engine: Engine) -> dict[str, float]:
    """Return how much comes through, of one connection, and what that takes of the processors.

    The second tells engines apart on a busy machine as well.
    """
    if shutil.which("iperf3") is None:
        raise SystemExit("iperf3 is not installed")
    with _network(engine) as run:
        server, client = run("sleep 600", _IPERF), run("sleep 600", _IPERF)
        place = server["NetworkSettings"]["Networks"].popitem()[1]
        port = _port(server, _IPERF)
        between = _send(_pid(server), _pid(client), place["IPAddress"], _IPERF)
        through = _send(_pid(server), engine.owner(), place["Gateway"], port)
    return {
        f"{what}, {unit}": value
        for what, sent in (
            ("container to container", between),
            ("through a published port", through),
        )
        for unit, value in sent.items()
    }


def requests(engine: Engine) -> dict[str, float]:
    """Return the time of 1,000 requests through a published port."""
    with _network(engine) as run:
        server = run(_SERVE, 80)
        # The host's end of the network: no loopback, which engines treat differently.
        address = server["NetworkSettings"]["Networks"].popitem()[1]["Gateway"]
        program = [sys.executable, "-m", "bench.network"]
        numbers = [str(_port(server, 80)), str(_REQUESTS)]
        command = [*_enter(engine.owner()), *program, address, *numbers]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {f"{_REQUESTS} requests through a published port, s": float(done.stdout)}


@contextlib.contextmanager
def _network(engine: Engine) -> Iterator[Callable[[str, int], dict[str, Any]]]:
    """Give what starts a container in a network of its own, and returns it as inspect shows it.

    It is told a script, and a port to publish.
    """
    network = f"seacan-bench-{os.getpid()}"
    with contextlib.ExitStack() as stack:
        engine.call("POST", "/networks/create", {"Name": network})
        stack.callback(engine.call, "DELETE", f"/networks/{network}")

        def run(script: str, port: int) -> dict[str, Any]:
            settings: dict[str, Any] = {
                "NetworkMode": network,
                "PortBindings": {f"{port}/tcp": [{"HostPort": ""}]},
            }
            container = engine.create("sh", "-c", script, **settings)
            stack.callback(engine.remove, container)
            engine.call("POST", f"/containers/{container}/start")
            shown: dict[str, Any] = engine.call("GET", f"/containers/{container}/json")
            return shown

        yield run


def _port(container: dict[str, Any], port: int) -> int:
    """Return the port of the host that leads to one of a container."""
    return int(container["NetworkSettings"]["Ports"][f"{port}/tcp"][0]["HostPort"])


def _pid(container: dict[str, Any]) -> int:
    return int(container["State"]["Pid"])


def _enter(pid: int) -> list[str]:
    return ["nsenter", "-t", str(pid), "-n"]


def _send(server: int, client: int, address: str, port: int) -> dict[str, float]:
    command = [*_enter(server), "iperf3", "-s", "-1", "-p", str(_IPERF), "--forceflush"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as listening:
        assert listening.stdout is not None
        while "listening" not in listening.stdout.readline():
            pass
        ask = [*_enter(client), "iperf3", "-c", address, "-p", str(port), "-t", str(_SECONDS), "-J"]
        done = subprocess.run(ask, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            listening.kill()
            raise RuntimeError(f"iperf3: {json.loads(done.stdout).get('error')}")
        listening.stdout.read()
    end = json.loads(done.stdout)["end"]
    gigabits_per_s = float(end["sum_received"]["bits_per_second"]) / 1e9
    used = end["cpu_utilization_percent"]  # by both ends, of a processor
    busy = (used["host_total"] + used["remote_total"]) / 100
    return {"Gbit/s": gigabits_per_s, "Gbit per second of processors": gigabits_per_s / busy}


def _ask(address: str, port: int, count: int) -> float:
    _page(address, port, patience_s=10)
    begin = time.perf_counter()
    for _ in range(count):
        _page(address, port)
    return time.perf_counter() - begin


def _page(address: str, port: int, *, patience_s: float = 0) -> None:
    deadline = time.monotonic() + patience_s
    while True:
        connection = http.client.HTTPConnection(address, port, timeout=10)
        try:
            connection.request("GET", "/page")
            if connection.getresponse().read() != b"hello\n":
                raise SystemExit("not the page that was asked for")
            return
        except OSError:  # it does not listen yet
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        finally:
            connection.close()


if __name__ == "__main__":
    print(_ask(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
