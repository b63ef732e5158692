"""The flags of `build`, and the query that they become."""

from __future__ import annotations

import json
import os

from seacan.cli.container_values import EXTRA_HOSTS, LABELS, ULIMITS
from seacan.cli.flags import Flag
from seacan.cli.input import labels_of
from seacan.cli.platform import PLATFORMS
from seacan.cli.values import (
    BYTES,
    CPUS,
    INT,
    MEMORY_SWAP,
    PAIRS,
    SWITCH,
    SWITCH_ON,
    TEXT,
    TEXTS,
    comma_list,
    one,
)
from seacan.errors import InvalidArgument, Unsupported
from seacan.files import read_named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from seacan.cli.build.sources import Source
    from seacan.cli.flags import Values

PROGRESS = ("auto", "plain", "tty", "quiet", "rawjson")
_CPU_PERIOD_US = 100_000
_SECRET_LIMIT_BYTES = 500 << 10


def _read_progress(text: str) -> str:
    if text not in PROGRESS:
        raise ValueError(f"it is one of {', '.join(PROGRESS)}")
    return text


FLAGS = (
    Flag("add-host", "", EXTRA_HOSTS, "Line for /etc/hosts of RUN, HOST:IP"),
    Flag("build-arg", "", TEXTS, "Value of an ARG, NAME=VALUE, or NAME to pass this shell's on"),
    Flag("build-context", "", PAIRS, "One more context, NAME=DIRECTORY|URL|docker-image://IMAGE"),
    Flag("cache-from", "", TEXTS, "Image whose steps count as done, or type=registry,ref=NAME"),
    Flag("cache-to", "", TEXTS, "Cache to write, type=inline or type=registry,ref=NAME[,mode=max]"),
    Flag("cgroup-parent", "", TEXT, "Cgroup to put the containers of RUN under"),
    Flag("check", "", SWITCH, "Look at the Dockerfile, and build nothing"),
    Flag("cpu-period", "", INT, "Period of the CPU quota, in microseconds"),
    Flag("cpu-quota", "", INT, "CPU time in each period, in microseconds"),
    Flag("cpu-shares", "c", INT, "Share of CPU time when it is scarce"),
    Flag("cpus", "", CPUS, "How many CPUs RUN may keep busy, as in 1.5"),
    Flag("cpuset-cpus", "", TEXT, "CPUs to run on, as in 0-3 or 0,1"),
    Flag("cpuset-mems", "", TEXT, "Memory nodes to use, as in 0-3 or 0,1"),
    Flag("file", "f", TEXT, "Dockerfile, in the context or elsewhere; - for standard input"),
    Flag("force-rm", "", SWITCH, "Always so: nothing is kept of a failed step"),
    Flag("iidfile", "", TEXT, "Write the image's id to this file"),
    Flag("label", "", LABELS, "Label of the image, NAME=VALUE"),
    Flag("load", "", SWITCH, "Always so: the image is in the daemon's store"),
    Flag("memory", "m", BYTES, "Memory limit of RUN, as in 512m"),
    Flag("memory-swap", "", MEMORY_SWAP, "Limit of memory and swap together; -1: no limit"),
    Flag("metadata-file", "", TEXT, "Write what is known of the image to this file, as JSON"),
    Flag("network", "", TEXT, "Network of RUN: default, none, host or a name"),
    Flag("no-cache", "", SWITCH, "Do all steps again"),
    Flag("no-cache-filter", "", comma_list(), "Do all steps of these stages again"),
    Flag("output", "o", TEXTS, "Where the result goes, type=local|tar|oci|docker|registry,dest=…"),
    Flag("platform", "", PLATFORMS, "Platforms to build for, as in linux/arm64"),
    Flag(
        "progress",
        "",
        one("string", "auto", _read_progress),
        "How to show what is done: auto, plain, tty, quiet, rawjson",
        shown='"auto"',
    ),
    Flag("pull", "", SWITCH, "Ask for newer versions of the images that it is based on"),
    Flag("push", "", SWITCH, "Push the image: type=registry"),
    Flag("quiet", "q", SWITCH, "Print the image's id, and nothing else"),
    Flag("rm", "", SWITCH_ON, "Always so: nothing is kept of a step's container", shown="true"),
    Flag("secret", "", TEXTS, "Secret for RUN --mount=type=secret, id=NAME[,src=FILE|,env=NAME]"),
    Flag("shm-size", "", BYTES, "Size of /dev/shm of RUN, as in 64m"),
    Flag(
        "ssh", "", TEXTS, "Agent for RUN --mount=type=ssh and git, default or ID=SOCKET|KEY[,KEY]"
    ),
    Flag("squash", "", SWITCH, "Make one layer of those that the build has made"),
    Flag("tag", "t", TEXTS, "Name of the image, REPOSITORY[:TAG]"),
    Flag("target", "", TEXT, "Stage to build; else the last"),
    Flag("ulimit", "", ULIMITS, "Limit of RUN's processes, NAME=SOFT[:HARD]"),
)


def query_of(
    values: Values,
    source: Source,
    contexts: dict[str, str],
    arguments: dict[str, str | None],
) -> dict[str, object]:
    """Return the query of POST /build; `contexts` and `arguments` by name.

    Raises InvalidArgument, Unsupported.
    """
    if not values.on("rm"):
        raise Unsupported("not supported: --rm=false; nothing is there to be kept")
    labels = labels_of((), values.texts("label"))
    return {
        "t": values.texts("tag"),
        "remote": source.remote or None,
        "dockerfile": source.dockerfile,
        "q": values.on("quiet"),
        "nocache": values.on("no-cache"),
        "nocachefilter": [name for name in values.texts("no-cache-filter") if name],
        "cachefrom": _json(values.texts("cache-from")),
        "cacheto": _json(values.texts("cache-to")),
        "pull": values.on("pull"),
        "rm": True,
        "forcerm": True,
        "squash": values.on("squash"),
        "target": values.text("target") or None,
        "platform": ",".join(values.texts("platform")) or None,
        "buildargs": _json(arguments),
        "labels": _json(labels),
        "extrahosts": values.texts("add-host"),
        "networkmode": values.text("network") or None,
        "cgroupparent": values.text("cgroup-parent") or None,
        "contexts": _json(contexts),
        **_limits(values),
    }


def build_args(texts: Iterable[str]) -> dict[str, str | None]:
    """Return the arguments; a bare NAME has the value of this process, or none."""
    found: dict[str, str | None] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name:
            raise InvalidArgument(f"invalid build argument: {text}")
        found[name] = value if equals else os.environ.get(name)
    return found


def secrets(texts: Iterable[str]) -> dict[str, bytes]:
    """Return the secrets by their ids. Raises InvalidArgument."""
    found: dict[str, bytes] = {}
    for text in texts:
        fields = dict(field.partition("=")[::2] for field in text.split(","))
        kind = fields.pop("type", "")
        name = fields.pop("id", "")
        path = fields.pop("src", "") or fields.pop("source", "")
        variable = fields.pop("env", "")
        if fields or not name or kind not in ("", "file", "env") or (path and variable):
            raise InvalidArgument(f"invalid secret: {text} (id=NAME[,src=FILE|,env=NAME])")
        found[name] = _secret(name, path, variable, kind)
    return found


def _secret(name: str, path: str, variable: str, kind: str) -> bytes:
    if not path and not variable and kind != "file" and name in os.environ:
        variable = name
    if variable:
        if variable not in os.environ:
            raise InvalidArgument(f"secret {name}: there is no variable {variable}")
        return os.fsencode(os.environ[variable])
    try:
        return read_named(path or name, _SECRET_LIMIT_BYTES)
    except OSError as err:
        why = (err.strerror or str(err)).lower()
        raise InvalidArgument(f"secret {name}: open {path or name}: {why}") from err
    except InvalidArgument as err:
        raise InvalidArgument(f"secret {name}: {err}") from None


def _limits(values: Values) -> dict[str, object]:
    quota, period = values.number("cpu-quota"), values.number("cpu-period")
    if cpus := values.number("cpus"):
        if quota or period:
            raise InvalidArgument("conflicting options: cpus and cpu-quota or cpu-period")
        period = _CPU_PERIOD_US
        quota = cpus * period // 10**9
    ulimits = [
        {"Name": name, "Soft": soft, "Hard": hard}
        for name, (soft, hard) in values.mapping("ulimit").items()
    ]
    return {
        "memory": values.number("memory") or None,
        "memswap": values.number("memory-swap") or None,
        "shmsize": values.number("shm-size") or None,
        "cpushares": values.number("cpu-shares") or None,
        "cpuperiod": period or None,
        "cpuquota": quota or None,
        "cpusetcpus": values.text("cpuset-cpus") or None,
        "cpusetmems": values.text("cpuset-mems") or None,
        "ulimits": _json(ulimits),
    }


def _json(value: Any) -> str | None:
    return json.dumps(value) if value else None
