"""Links of the default bridge: another container under a name, its ports in variables.

They are of Docker's time before networks had names. What is linked must run when the container
starts; its address then is what the container gets, in /etc/hosts and in its environment.
"""

from collections.abc import Callable, Iterable, Sequence, Set

import msgspec

from seacan import errors
from seacan.engine.bundle.namespaces import HOST
from seacan.engine.containers.container import Container, Link
from seacan.network.wishes import parse_port
from seacan.spec.engine_api import HostConfig

Find = Callable[[str], Container]


# --- when it is created -----------------------------------------------------------------------


def parse(host_config: HostConfig, find: Find) -> list[Link]:
    """Return what HostConfig.Links asks for. Raises InvalidArgument, NotFound in Docker's words."""
    texts = host_config.get("Links") or []
    if texts and host_config.get("NetworkMode") == HOST:
        raise errors.InvalidArgument(
            "conflicting options: host type networking can't be used with links. "
            "This would result in undefined behavior"
        )
    return [_parse(text, find) for text in texts]


def _parse(text: str, find: Find) -> Link:
    if not text:
        raise errors.InvalidArgument("empty string specified for links")
    parts = text.split(":")
    if len(parts) > 2:
        raise errors.InvalidArgument(f"bad format for links: {text}")
    # What inspect shows, /name:/own/alias, is understood, too.
    name, alias = parts[0].lstrip("/"), parts[-1].rpartition("/")[2]
    try:
        return Link(find(name).id, alias)
    except errors.NotFound as err:
        raise errors.InvalidArgument(f"could not get container for {name}: {err}") from None


def to_wire(links: Sequence[Link], name: str, find: Find) -> list[str] | None:
    """Return HostConfig.Links of the container `name`, as inspect shows it."""
    pairs = ((_other(link, find), link) for link in links)
    return [f"/{other.name}:/{name}/{link.alias}" for other, link in pairs if other] or None


def _other(link: Link, find: Find) -> Container | None:
    """Return whom a link leads to; None if that is removed."""
    try:
        return find(link.container_id)
    except errors.NotFound:
        return None


# --- as a name of whom it leads to ------------------------------------------------------------


def named(ref: str, find: Find) -> tuple[Container, Link] | None:
    """Return the link `CONTAINER/ALIAS`, and whose it is; None if that is none."""
    name, slash, alias = ref.strip("/").partition("/")
    if not slash:
        return None
    try:
        owner = find(name)
    except errors.SeacanError:
        return None
    return next(((owner, link) for link in owner.links if link.alias == alias), None)


def names(records: Iterable[Container]) -> dict[str, list[str]]:
    """Return, by ids of containers, the names that links give them: /CONTAINER/ALIAS."""
    found: dict[str, list[str]] = {}
    for record in records:
        for link in record.links:
            found.setdefault(link.container_id, []).append(f"/{record.name}/{link.alias}")
    return found


# --- when it is started -----------------------------------------------------------------------


class Linked(msgspec.Struct, frozen=True):
    """`hosts` are lines of /etc/hosts, `environment` entries NAME=value."""

    hosts: Sequence[str] = ()
    environment: Sequence[str] = ()


def look_up(record: Container, find: Find) -> Linked:
    """Return what a container gets of those it is linked to; in other networks these are names.

    Raises Internal, in Docker's words, for one that does not run on the default bridge.
    """
    hosts: list[str] = []
    environment: list[str] = []
    for link in record.links if "bridge" in record.networks else ():
        other = _other(link, find)
        if other is None:
            continue
        if not other.is_running:
            raise errors.Internal(
                "Cannot link to a non running container",
                f": /{other.name} AS /{record.name}/{link.alias}",
            )
        address = _address(other)
        if not address:
            raise errors.Internal(
                "Cannot link",
                f" to /{other.name}, as it does not belong to the default network",
            )
        hosts.append(_hosts_line(link, other))
        environment += _variables(record.name, link.alias, other, address)
    return Linked(hosts, environment)


def hosts_lines(record: Container, link: Link, find: Find) -> list[str]:
    """Return what a running container has of a link in /etc/hosts."""
    other = _other(link, find)
    return [_hosts_line(link, other)] if other and "bridge" in record.networks else []


def _hosts_line(link: Link, other: Container) -> str:
    names = dict.fromkeys((link.alias, other.config.get("Hostname") or "", other.name))
    return f"{_address(other)}\t{' '.join(filter(None, names))}\n"


def _address(other: Container) -> str:
    endpoints = other.sandbox.endpoints if other.sandbox else []
    return next((e.address_ipv4 for e in endpoints if e.network == "bridge"), "")


def _variables(name: str, alias: str, other: Container, address: str) -> list[str]:
    prefix = alias.upper().replace("-", "_")
    ports = {parse_port(text) for text in other.config.get("ExposedPorts") or {}}
    found = []
    if ports:
        number, protocol = min(ports, key=lambda port: (port[0], port[1] != "tcp"))
        found.append(f"{prefix}_PORT={protocol}://{address}:{number}")
    for number, protocol in sorted(ports):
        one = f"{prefix}_PORT_{number}_{protocol.upper()}"
        found += [
            f"{one}={protocol}://{address}:{number}",
            f"{one}_ADDR={address}",
            f"{one}_PORT={number}",
            f"{one}_PROTO={protocol}",
        ]
        last = _last_of_range(ports, number, protocol)
        if last > number:
            found += [
                f"{one}_START={protocol}://{address}:{number}",
                f"{one}_END={protocol}://{address}:{last}",
                f"{one}_PORT_START={number}",
                f"{one}_PORT_END={last}",
            ]
    found.append(f"{prefix}_NAME=/{name}/{alias}")
    for entry in other.config.get("Env") or []:
        variable, equals, value = entry.partition("=")
        if equals and variable not in ("HOME", "PATH"):
            found.append(f"{prefix}_ENV_{variable}={value}")
    return found


def _last_of_range(ports: Set[tuple[int, str]], first: int, protocol: str) -> int:
    """Return the end of the range of neighbours that `first` begins; `first` if it begins none."""
    if (first - 1, protocol) in ports:
        return first
    last = first
    while (last + 1, protocol) in ports:
        last += 1
    return last
