"""`seacan explain`: what holds a container, or any process of this host, section by section.

A number is a pid if there is such a process here, else the name or id of a container. What is told
is read from this host, so the daemon has to be on it; a pid needs none.
"""

from __future__ import annotations

import json
import os
import re

from seacan.cli import hood_process
from seacan.cli.flags import Flag
from seacan.cli.values import SWITCH
from seacan.errors import Conflict, Forbidden, NotFound, SeacanError, Unavailable, Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seacan.cli.flags import Values
    from seacan.cli.session import Session
    from seacan.client.client import Client
    from seacan.spec.explanation import Container, Explanation

FLAGS = (Flag("json", "", SWITCH, "Print it as JSON"),)

_ID = re.compile(r"[0-9a-f]{64}")


def run(session: Session, values: Values, arguments: list[str]) -> int:
    name = arguments[0]
    is_number = name.isascii() and name.isdecimal()
    is_pid = is_number and os.path.isdir(f"/proc/{int(name)}")
    hood_process.require_this_host(session, f"explain {name}")
    try:
        found = _of_process(session.client, int(name)) if is_pid else _of_container(session, name)
    except (NotFound, Unavailable) as err:
        if is_number and not is_pid:
            raise NotFound(f"there is no process {name}, and no container: {err}") from err
        raise
    if values.on("json"):
        print(json.dumps(found, indent=4, ensure_ascii=False))
    else:
        from seacan.cli.output.explanation import text
        from seacan.cli.usage import terminal_width

        print(text(found, min(terminal_width(), 120)), end="")
    return 0


def _of_container(session: Session, name: str) -> Explanation:
    """Explain the first process of a container. Raises Unsupported if it is on another host."""
    client = session.client
    details = client.containers.inspect(name)
    pid = details["State"]["Pid"]
    if not pid:
        raise Conflict(f"container {name} is not running")
    if details["Id"] not in _cgroups_of(pid):
        raise Unsupported(
            f"process {pid} of this host is not container {name}: the daemon at {client.endpoint} "
            "is on another host, or in another pid namespace; run this there"
        )
    return _explain(pid, client, details)


def _of_process(client: Client, pid: int) -> Explanation:
    """Explain a process; what a daemon that listens knows of its container is told as well."""
    if found := _ID.findall(_cgroups_of(pid)):
        try:
            return _explain(pid, client, client.containers.inspect(found[-1]))
        except (NotFound, Unavailable, Forbidden):
            pass  # the container of another engine, or nobody to ask
    return _explain(pid, None, {})


def _explain(pid: int, client: Client | None, details: dict[str, Any]) -> Explanation:
    words = [str(pid)]
    container: Container | None = None
    if client is not None:
        container = {
            "Id": details["Id"],
            "Name": details["Name"].removeprefix("/"),
            "Image": details["Config"]["Image"],
        }
        words += _places(client, details["Id"])
        words += [f"--diff-id={digest}" for digest in _diff_ids(client, details["Image"])]
    explanation: Explanation = hood_process.ask("explain", words)
    explanation["Container"] = container
    return explanation


def _places(client: Client, container_id: str) -> list[str]:
    try:
        places = client.containers.places(container_id)
    except NotFound:
        return []  # dockerd has no such answer
    return [f"--bundle={places['Bundle']}", f"--layers-in={places['DataRoot']}"]


def _diff_ids(client: Client, image: str) -> list[str]:
    try:
        digests: list[str] = client.images.inspect(image)["RootFS"].get("Layers") or []
    except SeacanError:
        return []  # the image was removed by force
    return digests


def _cgroups_of(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/cgroup") as file:
            return file.read()
    except FileNotFoundError:
        return ""
