"""The flags of cgroups: who makes those of containers, and below which."""

import argparse
import hashlib
from pathlib import Path
from typing import Final

from seacan import paths
from seacan.engine.context import CgroupDriver
from seacan.errors import InvalidArgument
from seacan.kernel.cgroups import units

_DRIVER: Final = "native.cgroupdriver"
_DRIVERS: Final[tuple[CgroupDriver, ...]] = ("cgroupfs", "systemd")
_DEFAULT_SLICE: Final = "system.slice"


def add_to(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--cgroup-parent", metavar="PATH",
        help="cgroup below which containers get theirs (default: from the data root); "
        "with systemd a slice (default system.slice)")  # fmt: skip
    parser.add_argument(
        "--exec-opt", action="append", default=[], type=_driver, metavar=f"{_DRIVER}=NAME",
        help="who makes the cgroups of new containers: cgroupfs, that is seacand, or systemd "
        "(default cgroupfs)")  # fmt: skip


def driver_of(given: argparse.Namespace) -> CgroupDriver:
    """Return who makes cgroups. Raises InvalidArgument for two who do."""
    drivers: set[CgroupDriver] = set(given.exec_opt)
    if len(drivers) > 1:
        raise InvalidArgument(f"conflicting exec options: {_DRIVER} is one of {sorted(drivers)}")
    return drivers.pop() if drivers else "cgroupfs"


def parent_of(given: argparse.Namespace, data_root: Path) -> str:
    """Return the parent of all containers' cgroups, a path or a slice. Raises InvalidArgument.

    Without systemd, which has one tree for all, each data root has a parent of its own.
    """
    parent = given.cgroup_parent
    if driver_of(given) == "systemd":
        return _slice(parent) if parent else _DEFAULT_SLICE
    if parent is None:
        if data_root == paths.DEFAULT_DATA_ROOT:
            return "/seacan"
        return f"/seacan-{hashlib.sha256(str(data_root).encode()).hexdigest()[:12]}"
    if ".." in parent.split("/") or not parent.strip("/"):
        raise InvalidArgument(f"argument --cgroup-parent: not a cgroup below the root: {parent!r}")
    return f"/{parent.strip('/')}"


def _slice(name: str) -> str:
    try:
        units.slice_path(name)
    except OSError as err:
        raise InvalidArgument(
            f'cgroup-parent for systemd cgroup should be a valid slice named as "xxx.slice": {name}'
        ) from err
    return name


def _driver(text: str) -> CgroupDriver:
    key, _, value = text.partition("=")
    if key != _DRIVER:
        raise argparse.ArgumentTypeError(f"invalid option {text}: there is {_DRIVER} alone")
    for driver in _DRIVERS:
        if value == driver:
            return driver
    raise argparse.ArgumentTypeError(f"invalid option {text}: it is {' or '.join(_DRIVERS)}")
