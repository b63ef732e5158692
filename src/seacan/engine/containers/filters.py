"""Which containers a list is to show: the filters of GET /containers/json.

Source: Engine API, ContainerList; what dockerd makes of values was asked of dockerd 28.
"""

import re
from collections.abc import Callable, Mapping, Sequence, Set
from contextlib import suppress
from typing import Final, NamedTuple

from seacan.engine import expressions
from seacan.engine.containers.container import Container, HealthStatus, Status
from seacan.errors import InvalidArgument
from seacan.network.definition import Network, Sandbox
from seacan.network.wishes import parse_port

Filters = Mapping[str, Sequence[str]]
Test = Callable[[Container], bool]

_STATES: Final = ("created", "running", "paused", "restarting", "removing", "exited", "dead")
_PORT: Final = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?(?:/[a-z0-9]*)?")
_LONGEST_NUMBER: Final = len("-9223372036854775808")
_MOST_CHARACTERS: Final = 16 << 10  # of all names that are looked for: any may be an expression


class Facts(NamedTuple):
    """What filters need to know beside the containers themselves."""

    find: Callable[[str], Container]  # for before and since; raises NotFound
    images: Mapping[str, set[str]]  # for ancestor: what of its values is an image, and the ids
    networks_of: Callable[[Container], Sequence[Network]]
    named: Set[str] = frozenset()  # for name: the ids of those that it means


def select(
    records: Sequence[Container], *, all: bool, limit: int | None, wanted: Filters, facts: Facts
) -> list[Container]:
    """Return those that pass every filter, the newest first; of a filter's values one will do.

    Only running ones without `all`, a limit or a filter on the state. Raises InvalidArgument for a
    filter that there is not, or a value that makes no sense.
    """
    for name in wanted:
        if name not in _TESTS:
            raise InvalidArgument(f"invalid filter '{name}'")
    tests = [_TESTS[name](values, facts) for name, values in wanted.items() if values]
    if not (all or limit is not None or wanted.get("status")):
        tests.insert(0, lambda record: record.is_active)
    chosen: list[Container] = []
    for record in sorted(records, key=lambda record: record.created_at, reverse=True):
        if len(chosen) == limit:
            break
        for passes in tests:
            if not passes(record):
                break
        else:
            chosen.append(record)
    return chosen


def has_labels(record: Container, wanted: Sequence[str]) -> bool:
    """Tell whether a container has each label of `wanted`: NAME, or NAME=VALUE."""
    return has_all_labels(record.config.get("Labels") or {}, wanted)


def has_all_labels(labels: Mapping[str, str], wanted: Sequence[str]) -> bool:
    """Tell whether each label of `wanted` is in `labels`: NAME, or NAME=VALUE."""
    for label in wanted:
        name, equals, value = label.partition("=")
        if name not in labels or (equals and labels[name] != value):
            return False
    return True


def named(values: Sequence[str], names: Mapping[str, Sequence[str]]) -> set[str]:
    """Return the ids in `names`, by which are names with their slash, of what `values` means.

    That is a name, with its slash or without, or a pattern of one; a broken pattern is none.
    Each of `values` is held against each name, which takes its time. Raises Unsupported.
    """
    tests = finders(values)

    def is_meant(name: str) -> bool:
        return name in values or any(is_in(name) for is_in in tests)

    return {
        of
        for of, slashed in names.items()
        if any(is_meant(name) or is_meant(name[1:]) for name in slashed)
    }


def finders(values: Sequence[str]) -> list[Callable[[str], bool]]:
    """Return tests of what in `values` is a pattern; a broken one is none.

    Raises Unsupported; InvalidArgument for more than can be compiled while others wait.
    """
    if sum(map(len, values)) > _MOST_CHARACTERS:
        raise InvalidArgument(f"invalid filter: names of more than {_MOST_CHARACTERS} characters")
    found = []
    for value in values:
        with suppress(InvalidArgument):
            found.append(expressions.finder(value))
    return found


def _by_id(values: Sequence[str], facts: Facts) -> Test:
    starts = tuple(values)
    return lambda record: record.id.startswith(starts)


def _by_name(values: Sequence[str], facts: Facts) -> Test:
    return lambda record: record.id in facts.named


def _by_status(values: Sequence[str], facts: Facts) -> Test:
    for value in values:
        if value not in _STATES:
            raise InvalidArgument(
                f"invalid filter 'status={value}': invalid value for state ({value}): "
                f"must be one of {', '.join(_STATES)}"
            )
    return lambda record: record.state.status in values


def _by_exit_code(values: Sequence[str], facts: Facts) -> Test:
    for value in values:
        if not (value.isascii() and value.removeprefix("-").isdecimal()):
            raise InvalidArgument(
                f"invalid filter 'exited={value}': "
                f'strconv.Atoi: parsing "{value}": invalid syntax'
            )
        if len(value) > _LONGEST_NUMBER:
            raise InvalidArgument(
                f"invalid filter 'exited={value}': "
                f'strconv.Atoi: parsing "{value}": value out of range'
            )
    codes = {int(value) for value in values}
    return lambda record: record.state.status is Status.EXITED and record.state.exit_code in codes


def _by_health(values: Sequence[str], facts: Facts) -> Test:
    for value in values:
        if value not in ("none", *HealthStatus):
            raise InvalidArgument(
                f"invalid filter 'health={value}': invalid value for health ({value}): "
                "must be one of none, starting, healthy, unhealthy"
            )

    def matches(record: Container) -> bool:
        health = record.state.health
        return ("none" if health is None else health.status) in values

    return matches


def _by_label(values: Sequence[str], facts: Facts) -> Test:
    # The only one of which every value has to fit.
    return lambda record: has_labels(record, values)


def _by_image(values: Sequence[str], facts: Facts) -> Test:
    ids = {image_id for value in values for image_id in facts.images.get(value, ())}
    return lambda record: record.image_id in ids


def _before(values: Sequence[str], facts: Facts) -> Test:
    other = facts.find(values[-1])
    return lambda record: record.created_at < other.created_at


def _since(values: Sequence[str], facts: Facts) -> Test:
    other = facts.find(values[-1])
    return lambda record: record.created_at > other.created_at


def _by_volume(values: Sequence[str], facts: Facts) -> Test:
    """Match the name of a volume, the source of a bind, or where it is mounted."""

    def matches(record: Container) -> bool:
        return any(
            (mount.get("Name") or mount.get("Source")) in values
            or mount.get("Destination") in values
            for mount in record.mounts
        )

    return matches


def _by_network(values: Sequence[str], facts: Facts) -> Test:
    """Match the network by its name, or a start of its id; another container's is none."""

    def matches(record: Container) -> bool:
        return any(
            network.name in values or network.id.startswith(tuple(values))
            for network in facts.networks_of(record)
        )

    return matches


def _by_task(values: Sequence[str], facts: Facts) -> Test:
    """Tasks are a swarm's, and no container is one."""
    is_true = bool({"1", "true"} & set(values))
    if is_true == bool({"0", "false"} & set(values)):
        raise InvalidArgument(f"invalid filter 'is-task=[{' '.join(values)}]'")
    return lambda record: not is_true


def _by_isolation(values: Sequence[str], facts: Facts) -> Test:
    return lambda record: True  # is of Windows; dockerd passes it over here


def _by_port(field: str) -> Callable[[Sequence[str], Facts], Test]:
    def by_port(values: Sequence[str], facts: Facts) -> Test:
        wanted = [_ports(field, value) for value in values]
        return lambda record: any(
            protocol == of and port in ports
            for port, protocol in _PORTS_OF[field](record)
            for ports, of in wanted
        )

    return by_port


def _published_ports(record: Container) -> set[tuple[int, str]]:
    sandbox = record.sandbox or Sandbox("")
    return {(each.host_port, each.protocol) for each in sandbox.published if each.host_port}


def _exposed_ports(record: Container) -> set[tuple[int, str]]:
    """Return the ports of its endpoints; without any it has none, whatever its image exposes."""
    sandbox = record.sandbox or Sandbox("")
    if not any(endpoint.interface for endpoint in sandbox.endpoints):
        return set()
    exposed = {parse_port(text) for text in record.config.get("ExposedPorts") or {}}
    return exposed | {(each.container_port, each.protocol) for each in sandbox.published}


_PORTS_OF: Final = {"publish": _published_ports, "expose": _exposed_ports}


def _ports(field: str, value: str) -> tuple[range, str]:
    if ":" in value:
        raise InvalidArgument(f"filter for '{field}' should not contain ':': {value}")
    found = _PORT.fullmatch(value)
    if not found or max(int(number) for number in found.groups() if number) > 65535:
        raise InvalidArgument(f"error while looking up for {field} {value}: invalid port")
    if found[2] and int(found[2]) < int(found[1]):
        raise InvalidArgument(
            f"error while looking up for {field} {value}: "
            f"Invalid range specified for the Port: {value}"
        )
    first = int(found[1])
    return range(first, int(found[2] or first) + 1), value.partition("/")[2] or "tcp"


_TESTS: Final[Mapping[str, Callable[[Sequence[str], Facts], Test]]] = {
    "ancestor": _by_image,
    "before": _before,
    "exited": _by_exit_code,
    "health": _by_health,
    "expose": _by_port("expose"),
    "id": _by_id,
    "is-task": _by_task,
    "isolation": _by_isolation,
    "label": _by_label,
    "name": _by_name,
    "network": _by_network,
    "publish": _by_port("publish"),
    "since": _since,
    "status": _by_status,
    "volume": _by_volume,
}
