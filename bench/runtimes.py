"""Measure OCI runtimes beside one another on one bundle, from config.json to the last trace of it.

    python -m bench.runtimes runc=/usr/sbin/runc 'crun=nsenter -t 123 -m -- crun'

Each `NAME=COMMAND` is an OCI runtime's command line; `run` of the bundle is timed, as a shell sees
it. seacan is there twice: as the executable `seacan-runtime`, and through the launcher, where the
time is that from asking a shim to its word that the container has ended and is gone: what the
daemon pays, for a container that is given what it gives one without volumes. Its network namespace
is the one that the shim has made ahead, and its layers are let go when its end is told.

Samples are taken in turn; figures are medians, the best in brackets.
"""

import argparse
import json
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import anyio

from seacan.elf.programs import program
from seacan.engine.bundle.start import sample_config
from seacan.engine.host import probe
from seacan.kernel.cgroups import hierarchy
from seacan.paths import BundleDirectory
from seacan.spec.runtime import Config
from seacan.supervisor import shim_client
from seacan.supervisor.launcher_client import Launcher
from seacan.supervisor.protocol import StartRequest

_CGROUP: Final = f"/seacan-bench-{os.getpid()}"
_CGROUPS: Final = Path("/sys/fs/cgroup")

Sample = Callable[[], Awaitable[float]]


class Place:
    """A bundle of the greeting with the configuration that the daemon gives a plain container."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.rootfs = directory / "image"
        for name in ("dev", "proc", "sys", "etc"):
            (self.rootfs / name).mkdir(parents=True)
        hello = self.rootfs / "hello"
        hello.write_bytes(program("hello", "amd64"))
        hello.chmod(0o755)
        for name in ("upper", "work", "runtime"):
            (directory / name).mkdir()
        self._host = probe(hierarchy.detect())
        self._number = 0

    def new_id(self) -> str:
        self._number += 1
        return f"bench-{os.getpid()}-{self._number}"

    def sample(self) -> Config:
        return sample_config(self._host, self.directory / "init")

    def write_config(
        self, bundle: Path, rootfs: Path, container_id: str, network: str | None = None
    ) -> None:
        """Write config.json, with a network namespace to join by its path or one to make."""
        config: Any = self.sample()
        if network is not None:
            for namespace in config["linux"]["namespaces"]:
                if namespace["type"] == "network":
                    namespace["path"] = network
        config["process"]["args"] = ["/hello"]
        config["root"]["path"] = str(rootfs)
        config["linux"]["cgroupsPath"] = f"{_CGROUP}/{container_id}"
        bundle.mkdir(exist_ok=True)
        (bundle / "config.json").write_text(json.dumps(config))


def executable(place: Place, command: list[str]) -> Sample:
    """Return what times `COMMAND run` of a bundle."""
    bundle = place.directory / "bundle"
    state = place.directory / "states"

    def sample() -> float:
        container_id = place.new_id()
        place.write_config(bundle, place.rootfs, container_id)
        words = [*command, "--root", str(state), "run", "--bundle", str(bundle), container_id]
        start = time.perf_counter()
        ended = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        seconds = time.perf_counter() - start
        if ended.returncode or not ended.stdout:
            raise SystemExit(f"{shlex.join(words)}: {ended.returncode} {ended.stderr.decode()}")
        return seconds

    return lambda: anyio.to_thread.run_sync(sample)


def through_launcher(place: Place, launcher: Launcher) -> Sample:
    """Return what times a container of a shim, with an overlay for its root as the daemon has."""

    async def sample() -> float:
        container_id = place.new_id()
        bundle = BundleDirectory(place.directory / container_id)
        bundle.rootfs.mkdir(parents=True)
        start = time.perf_counter()
        with await launcher.shim() as waiting:
            path = waiting.network.path
            place.write_config(bundle.path, bundle.rootfs, container_id, path)
            request = _request(place, bundle, container_id)
            shim = await shim_client.start(waiting, bundle, request, [])
        async for event in shim.events():
            if event["event"] == "exited":
                break
        seconds = time.perf_counter() - start
        if event["status"]:
            raise SystemExit(f"through the launcher: the container ended with {event['status']}")
        shutil.rmtree(bundle.path)
        return seconds

    return sample


def _request(place: Place, bundle: BundleDirectory, container_id: str) -> StartRequest:
    return StartRequest(
        id=container_id,
        bundle=str(bundle.path),
        cgroup_path=f"{_CGROUP}/{container_id}",
        runtime_root=str(place.directory / "runtime"),
        rootfs={
            "directory": str(place.directory), "lower": ["image"], "upper": "upper", "work": "work",
            "shares_mounts": False,
        },
        unmounts_last=True,
        has_init=False,
        has_network=True,
        terminal=False,
        stdin=False,
        stdin_once=False,
        log=None,
        attachments=[],
    )  # fmt: skip


async def measure(commands: dict[str, list[str]], runs: int) -> dict[str, list[float]]:
    """Return milliseconds by name."""
    with tempfile.TemporaryDirectory(prefix="seacan-bench-") as text:
        place = Place(Path(text))
        launcher = Launcher(place.sample())
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(launcher.keep_one_ready)
                samples = {"seacan, through the launcher": through_launcher(place, launcher)}
                samples |= {name: executable(place, command) for name, command in commands.items()}
                figures = await _in_turn(samples, runs)
                tasks.cancel_scope.cancel()
            return figures
        finally:
            launcher.close()
            _remove_cgroups()


async def _in_turn(samples: dict[str, Sample], runs: int) -> dict[str, list[float]]:
    milliseconds: dict[str, list[float]] = {name: [] for name in samples}
    names = list(samples)
    for number in range(-2, runs):  # below 0: to warm up
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            seconds = await samples[name]()
            if number >= 0:
                milliseconds[name].append(seconds * 1000)
    return milliseconds


def _remove_cgroups() -> None:
    for directory in (*_CGROUPS.glob(f"*{_CGROUP}"), *_CGROUPS.glob(_CGROUP[1:])):
        if directory.is_dir() and not directory.is_symlink():
            directory.rmdir()


def main() -> int:
    arguments = _arguments()
    own = str(Path(sys.executable).with_name("seacan-runtime"))
    commands = {"seacan-runtime": [own]}
    for text in arguments.runtime:
        name, _, command = text.partition("=")
        commands[name] = shlex.split(command)
    print("| | ms |\n|---|---:|")
    for name, values in anyio.run(measure, commands, arguments.runs).items():
        print(f"| {name} | {statistics.median(values):.1f} ({min(values):.1f}) |")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.runtimes")
    parser.add_argument("runtime", nargs="*", metavar="NAME=COMMAND")
    parser.add_argument("--runs", type=int, default=30)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
