"""The flags about containers that ask for nothing, by dockerd's names."""

import argparse
import ipaddress
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from seacan.byte_sizes import size_bytes
from seacan.daemon.booleans import boolean
from seacan.engine.creation.container_defaults import ContainerDefaults
from seacan.errors import InvalidArgument
from seacan.spec.engine_api import Ulimit


def add_to(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--default-ulimit", action="append", default=[], type=_ulimit, metavar="NAME=SOFT[:HARD]",
        help="resource limit of containers (repeatable)")  # fmt: skip
    add("--default-shm-size", type=_size, default=0, metavar="SIZE",
        help="size of /dev/shm (default 64m)")  # fmt: skip
    add("--init", type=boolean, nargs="?", const=True, default=False, metavar="BOOL",
        help="run an init in containers that passes signals and reaps")  # fmt: skip
    add("--no-new-privileges", type=boolean, nargs="?", const=True, default=False, metavar="BOOL",
        help="processes of containers gain no privileges by execve")  # fmt: skip
    add("--seccomp-profile", default="builtin", metavar="FILE",
        help="of containers: a file, unconfined, or builtin (default %(default)s)")  # fmt: skip
    add("--default-ipc-mode", choices=("private", "shareable"), default="private",
        help="of containers (default %(default)s)")  # fmt: skip
    add("--default-cgroupns-mode", choices=("private", "host"),
        help="of containers (default: private with cgroup v2, else host)")  # fmt: skip
    add("--dns", action="append", default=[], type=_address, metavar="ADDRESS",
        help="name server of containers (repeatable)")  # fmt: skip
    add("--dns-opt", action="append", default=[], metavar="OPTION",
        help="option of their resolver (repeatable)")  # fmt: skip
    add("--dns-search", action="append", default=[], metavar="DOMAIN",
        help="domain that their names are looked up in (repeatable)")  # fmt: skip
    add("--add-runtime", action="append", default=[], type=_runtime, metavar="NAME=PATH",
        help="one more OCI runtime for --runtime (repeatable)")  # fmt: skip
    add("--runtime-arg", action="append", default=[], type=_runtime_argument, metavar="NAME=FLAG",
        help="flag that such a runtime is called with (repeatable)")  # fmt: skip
    add("--default-runtime", default="", metavar="NAME",
        help="of containers that ask for none (default seacan)")  # fmt: skip


def settings_of(given: argparse.Namespace) -> ContainerDefaults:
    """Return what was given. Raises InvalidArgument for a profile that cannot be read."""
    options = ["no-new-privileges"] if given.no_new_privileges else []
    return ContainerDefaults(
        ulimits=given.default_ulimit,
        shm_bytes=given.default_shm_size,
        init=given.init,
        ipc_mode=given.default_ipc_mode if given.default_ipc_mode != "private" else "",
        cgroupns_mode=given.default_cgroupns_mode or "",
        dns=given.dns,
        dns_options=given.dns_opt,
        dns_search=given.dns_search,
        security_options=[*options, *_seccomp(given.seccomp_profile)],
        runtime=given.default_runtime,
        runtimes=_runtimes(given.add_runtime, given.runtime_arg),
    )


def _seccomp(profile: str) -> list[str]:
    if profile in ("builtin", "unconfined"):
        return [f"seccomp={profile}"] if profile == "unconfined" else []
    try:
        text = Path(profile).read_text()
        json.loads(text)
    except (OSError, ValueError) as err:
        raise InvalidArgument(f"opening seccomp profile ({profile}) failed: {err}") from err
    return [f"seccomp={text}"]


def _ulimit(text: str) -> Ulimit:
    name, equals, values = text.partition("=")
    soft, colon, hard = values.partition(":")
    numbers = [soft, hard] if colon else [soft, soft]
    if not (name and equals and all(_is_limit(number) for number in numbers)):
        raise argparse.ArgumentTypeError(f"invalid ulimit argument: {text}")
    ulimit = Ulimit(Name=name, Soft=int(numbers[0]), Hard=int(numbers[1]))
    if 0 <= int(numbers[1]) < int(numbers[0]):
        raise argparse.ArgumentTypeError(
            "ulimit soft limit must be less than or equal to hard limit: "
            f"{numbers[0]} > {numbers[1]}"
        )
    return ulimit


def _is_limit(text: str) -> bool:
    return text == "-1" or (text.isascii() and text.isdecimal())


def _size(text: str) -> int:
    try:
        return size_bytes(text, thousand=1024)
    except InvalidArgument as err:
        raise argparse.ArgumentTypeError(str(err)) from err


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as err:
        raise argparse.ArgumentTypeError(f"{text} is not an ip address") from err


def _runtime(text: str) -> tuple[str, str]:
    name, equals, path = text.partition("=")
    if not (name and equals and path):
        raise argparse.ArgumentTypeError(f"invalid runtime, use name=path: {text!r}")
    if name == "seacan":
        raise argparse.ArgumentTypeError("runtime name 'seacan' is reserved")
    found = shutil.which(path)  # in the PATH, or where it says
    if found is None or not os.path.isabs(found):
        raise argparse.ArgumentTypeError(f"runtime {name}: there is no executable {path}")
    return name, found


def _runtime_argument(text: str) -> tuple[str, str]:
    name, equals, flag = text.partition("=")
    if not (name and equals and flag):
        raise argparse.ArgumentTypeError(f"invalid flag of a runtime, use name=flag: {text!r}")
    return name, flag


def _runtimes(
    added: Sequence[tuple[str, str]], arguments: Sequence[tuple[str, str]]
) -> dict[str, list[str]]:
    """Return their commands by name. Raises InvalidArgument for a flag of one that is not added."""
    commands = {name: [path] for name, path in added}
    for name, flag in arguments:
        if name not in commands:
            raise InvalidArgument(f"--runtime-arg: no runtime {name} is added")
        commands[name].append(flag)
    return commands
