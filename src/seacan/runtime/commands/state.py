"""state: what a container is, as JSON."""

from __future__ import annotations

import time

from seacan.json_text import laid_out
from seacan.runtime import container as containers
from seacan.runtime.commandline import Options
from seacan.runtime.container import Container

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def run(options: Options) -> int:
    container = containers.load(options.root, options.arguments[0])
    print(laid_out(describe(container, owner=""), 2))
    return 0


def describe(container: Container, *, owner: str) -> dict[str, Any]:
    """Return the state of the OCI with runc's additions. `owner` is told by `list` alone."""
    state = container.state()
    record = container.record
    return {
        "ociVersion": state["ociVersion"],
        "id": state["id"],
        "pid": state["pid"],
        "status": state["status"],
        "bundle": state["bundle"],
        "rootfs": record.rootfs,
        "created": rfc3339(record.created_ns),
        **({"annotations": record.annotations} if record.annotations else {}),
        "owner": owner,
    }


def rfc3339(ns: int) -> str:
    """Return a time, in nanoseconds since the epoch, with no more digits than it needs."""
    seconds, rest = divmod(ns, 10**9)
    fraction = f".{rest:09}".rstrip("0") if rest else ""
    return time.strftime(f"%Y-%m-%dT%H:%M:%S{fraction}Z", time.gmtime(seconds))
