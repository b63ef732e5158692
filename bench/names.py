"""Queries for the name of another container, out of a container's network.

Run as a program in that network it asks NAME so many times, and prints the seconds that took:

    python -m bench.names NAME QUERIES AT_ONCE
"""

import contextlib
import os
import socket
import subprocess
import sys
import time
from typing import Final

from bench.engine import Engine

_QUERIES: Final = 3000
_AT_ONCE: Final = 32
_SERVER: Final = ("127.0.0.11", 53)
_DEADLINE_S: Final = 10.0


def names(engine: Engine) -> dict[str, float]:
    """Return the time of a query, one after the other and many at once."""
    network = f"seacan-bench-{os.getpid()}"
    with contextlib.ExitStack() as stack:
        engine.call("POST", "/networks/create", {"Name": network})
        stack.callback(engine.call, "DELETE", f"/networks/{network}")
        containers = [engine.create("sleep", "600", NetworkMode=network) for _ in range(2)]
        for container in containers:
            stack.callback(engine.remove, container)
            engine.call("POST", f"/containers/{container}/start")
        pid = engine.call("GET", f"/containers/{containers[0]}/json")["State"]["Pid"]
        name = containers[1][:12]
        return {
            "name of a container, one query after the other, µs": _query_us(pid, name, 1),
            f"name of a container, {_AT_ONCE} queries at once, µs": _query_us(pid, name, _AT_ONCE),
        }


def _query_us(pid: int, name: str, at_once: int) -> float:
    enter = ["nsenter", "-t", str(pid), "-n", sys.executable, "-m", "bench.names"]
    command = [*enter, name, str(_QUERIES), str(at_once)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout) / _QUERIES * 1_000_000


def _ask(name: str, queries: int, at_once: int) -> float:
    label = name.encode()
    tail = b"\1\0\0\1\0\0\0\0\0\0" + bytes([len(label)]) + label + b"\0\0\1\0\1"
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.settimeout(_DEADLINE_S)
        client.connect(_SERVER)
        begin, sent = time.perf_counter(), 0
        for answered in range(queries):
            while sent < min(queries, answered + at_once):
                client.send(sent.to_bytes(2) + tail)
                sent += 1
            answer = client.recv(512)
            if answer[3] & 0x0F or answer[7] != 1:
                raise SystemExit(f"{name}: no answer, but {answer!r}")
        return time.perf_counter() - begin


if __name__ == "__main__":
    print(_ask(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
