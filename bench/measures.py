"""The work: each measure does it once on one engine and returns figure → value.

Names of figures end in their unit.
"""

import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from bench.builds import builds
from bench.engine import HELLO, Engine, timed
from bench.memory import engine_pss_kib
from bench.names import names
from bench.network import requests, throughput
from bench.registries import registry

Figures = Mapping[str, float]

IDLE_CONTAINERS: Final = 10
LISTED: Final = 1000
LISTINGS: Final = 20
PARALLEL: Final = 8
PARALLEL_CONTAINERS: Final = 40
LOG_BYTES: Final = 100_000_000


def api(engine: Engine) -> Figures:
    """Create, start, wait for and remove a container that ends at once, without network."""
    return _life(engine, "")


def bridge(engine: Engine) -> Figures:
    """Do the same on the default bridge."""
    return _life(engine, ", bridge", NetworkMode="bridge")


def published(engine: Engine) -> Figures:
    """Do the same with a published port."""
    ports = {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]}
    return _life(engine, ", published port", NetworkMode="bridge", PortBindings=ports)


def _life(engine: Engine, what: str, **host_config: Any) -> Figures:
    seconds: dict[str, float] = {}
    with timed(seconds, f"API create+start+wait+remove{what}"):
        with timed(seconds, f"- create{what}"):
            container = engine.create("true", **host_config)
        with timed(seconds, f"- start{what}"):
            engine.call("POST", f"/containers/{container}/start")
        with timed(seconds, f"- wait{what}"):
            engine.call("POST", f"/containers/{container}/wait")
        with timed(seconds, f"- remove{what}"):
            engine.call("DELETE", f"/containers/{container}")
    return {f"{phase}, ms": value * 1000 for phase, value in seconds.items()}


def execute(engine: Engine) -> Figures:
    """Run `true` in a running container, and read to the end of its output."""
    container = engine.run("sleep", "1000")
    seconds: dict[str, float] = {}
    try:
        with timed(seconds, "exec"):
            body = {"Cmd": ["true"], "AttachStdout": True, "AttachStderr": True}
            identity = engine.call("POST", f"/containers/{container}/exec", body)["Id"]
            engine.call("POST", f"/exec/{identity}/start", {})
    finally:
        engine.remove(container)
    return {"API exec, ms": seconds["exec"] * 1000}


def command_line(engine: Engine) -> Figures:
    """`run --rm --network none` of a program that prints a few lines, from the shell's view."""
    figures = {}
    for name, command in _clients().items():
        environment = os.environ | {"DOCKER_HOST": engine.host, "DOCKER_CLI_HINTS": "false"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # as it is where pip installed it
        seconds: dict[str, float] = {}
        with timed(seconds, name):
            subprocess.run(
                [*command, "run", "--rm", "--network", "none", HELLO],
                env=environment, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            )  # fmt: skip
        figures[f"{name} run --rm hello, ms"] = seconds[name] * 1000
    return figures


def _clients() -> dict[str, list[str]]:
    own = Path(sys.executable).with_name("seacan")
    clients = {"seacan": [str(own)]} if own.exists() else {}
    return clients | ({"docker": ["docker"]} if shutil.which("docker") else {})


def memory(engine: Engine) -> Figures:
    """Weigh the engine alone, and with idle containers."""
    alone = engine_pss_kib(engine.owner(), ())
    containers = [engine.run("sleep", "1000") for _ in range(IDLE_CONTAINERS)]
    try:
        time.sleep(1)
        full = engine_pss_kib(engine.owner(), containers)
    finally:
        for container in containers:
            engine.remove(container)
    return {
        "daemon, PSS, MiB": alone / 1024,
        "each idle container, PSS, MiB": (full - alone) / 1024 / IDLE_CONTAINERS,
    }


def parallel(engine: Engine) -> Figures:
    """The lives of many containers, some at once."""
    failures: list[BaseException] = []

    def work() -> None:
        own = Engine(engine.name, engine.host)
        try:
            for _ in range(PARALLEL_CONTAINERS // PARALLEL):
                api(own)
        except Exception as err:
            failures.append(err)

    threads = [threading.Thread(target=work) for _ in range(PARALLEL)]
    seconds: dict[str, float] = {}
    with timed(seconds, "all"):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]
    return {
        f"API, {PARALLEL} at once, ms per container": seconds["all"] * 1000 / PARALLEL_CONTAINERS
    }


def listing(engine: Engine) -> Figures:
    """List a thousand containers that were created and not started."""
    containers = [engine.create("true") for _ in range(LISTED)]
    times: list[float] = []
    try:
        for _ in range(LISTINGS):
            seconds: dict[str, float] = {}
            with timed(seconds, "list"):
                engine.call("GET", "/containers/json?all=1")
            times.append(seconds["list"])
    finally:
        for container in containers:
            engine.remove(container)
    return {f"API list of {LISTED} containers, ms": statistics.median(times) * 1000}


def logs(engine: Engine) -> Figures:
    """Print 100 MB in lines of 100 bytes into the log, then read all of it back."""
    seconds: dict[str, float] = {}
    with timed(seconds, "written"):
        container = engine.run("sh", "-c", f"yes {'x' * 99} | head -c {LOG_BYTES}")
        engine.call("POST", f"/containers/{container}/wait")
    try:
        with timed(seconds, "read"):
            frames = engine.call("GET", f"/containers/{container}/logs?stdout=1")
    finally:
        engine.remove(container)
    expected = LOG_BYTES // 100 * 108  # each line has a head of eight bytes
    if len(frames) != expected:
        raise RuntimeError(f"{engine.name}: {len(frames)} bytes of log, not {expected}")
    return {f"log of 100 MB in 100-byte lines, {step}, s": s for step, s in seconds.items()}


def images(engine: Engine) -> Figures:
    """Load an image into an engine that has nothing of it, save it, remove it."""
    seconds: dict[str, float] = {}
    for archive in engine.archives:
        with timed(seconds, f"load of {archive.title}"):
            engine.load(archive.path)
        with timed(seconds, f"save of {archive.title}"):
            engine.save(archive.name)
        with timed(seconds, f"rmi of {archive.title}"):
            engine.call("DELETE", f"/images/{archive.name}")
    return {f"{phase}, ms": value * 1000 for phase, value in seconds.items()}


def transfers(engine: Engine) -> Figures:
    """Push an image to a registry that has nothing of it; pull it when the engine has lost it."""
    seconds: dict[str, float] = {}
    for archive in engine.archives:
        with registry(engine.registry) as host:
            pushed = f"{host}/{archive.name}"
            engine.load(archive.path)
            repository, _, tag = pushed.rpartition(":")
            engine.call("POST", f"/images/{archive.name}/tag?repo={repository}&tag={tag}")
            with timed(seconds, f"push of {archive.title}"):
                engine.push(pushed)
            engine.call("DELETE", f"/images/{archive.name}")
            engine.call("DELETE", f"/images/{pushed}")
            with timed(seconds, f"pull of {archive.title}"):
                engine.pull(pushed)
            engine.call("DELETE", f"/images/{pushed}")
    return {f"{phase}, ms": value * 1000 for phase, value in seconds.items()}


MEASURES: Final[dict[str, tuple[Callable[[Engine], Figures], bool]]] = {  # True: many samples
    "api": (api, True),
    "bridge": (bridge, True),
    "published": (published, True),
    "exec": (execute, True),
    "cli": (command_line, True),
    "parallel": (parallel, False),
    "listing": (listing, False),
    "logs": (logs, False),
    "memory": (memory, False),
    "images": (images, False),
    "transfers": (transfers, False),
    "names": (names, True),
    "throughput": (throughput, False),
    "requests": (requests, False),
    "builds": (builds, False),
}
