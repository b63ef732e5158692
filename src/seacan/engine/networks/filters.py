"""Which networks a list is to show, and which a prune may remove.

Source: Engine API, NetworkList, NetworkPrune; what dockerd makes of values was asked of dockerd 28.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from seacan.engine.containers.filters import Filters, finders, has_all_labels
from seacan.engine.containers.prune import moment_ns
from seacan.engine.times import nanoseconds
from seacan.errors import Internal, InvalidArgument
from seacan.network.definition import Network

Test = Callable[[Network], bool]

_LOCAL: Final = "local"  # the scope of all that there is
_TRUE: Final = ("1", "true")
_FALSE: Final = ("0", "false")


def select(networks: Sequence[Network], wanted: Filters, used: Collection[str]) -> list[Network]:
    """Return the networks that pass every filter; `used` are the names of those with containers.

    Raises InvalidArgument, Internal in Docker's words.
    """
    tests = _tests(wanted, (*_TESTS, "dangling"))
    if values := wanted.get("dangling"):
        tests.append(_by_dangling(values, used))
    return [network for network in networks if all(test(network) for test in tests)]


def prunable(wanted: Filters, now_ns: int) -> Test:
    """Return the test whether a network that nobody uses is to go. Raises InvalidArgument."""
    tests = _tests(wanted, ("label", "label!", "until"))
    until = wanted.get("until") or ()
    if len(until) > 1:
        raise InvalidArgument("more than one until filter specified")
    if until:
        latest_ns = moment_ns(until[0], now_ns)
        tests.append(lambda network: nanoseconds(network.created_at) <= latest_ns)
    if without := wanted.get("label!"):
        tests.append(lambda network: not has_all_labels(network.labels, without))
    return lambda network: all(test(network) for test in tests)


def _tests(wanted: Filters, known: Collection[str]) -> list[Test]:
    for name in wanted:
        if name not in known:
            raise InvalidArgument(f"invalid filter '{name}'")
    return [_TESTS[name](values) for name, values in wanted.items() if values and name in _TESTS]


def _by_driver(values: Sequence[str]) -> Test:
    return lambda network: network.driver in values


def _by_id(values: Sequence[str]) -> Test:
    tests = finders(values)
    return lambda network: any(is_in(network.id) for is_in in tests)


def _by_label(values: Sequence[str]) -> Test:
    return lambda network: has_all_labels(network.labels, values)


def _by_name(values: Sequence[str]) -> Test:
    """Match a name, or a pattern in it; a broken pattern is none."""
    tests = finders(values)
    return lambda network: network.name in values or any(is_in(network.name) for is_in in tests)


def _by_scope(values: Sequence[str]) -> Test:
    return lambda network: _LOCAL in values


def _by_type(values: Sequence[str]) -> Test:
    for value in values:
        if value not in ("builtin", "custom"):
            raise Internal(f"invalid filter: 'type'='{value}'")
    return lambda network: ("builtin" if network.is_predefined else "custom") in values


def _by_dangling(values: Sequence[str], used: Collection[str]) -> Test:
    if len(values) > 1:
        raise InvalidArgument('got more than one value for filter key "dangling"')
    if values[0] not in (*_TRUE, *_FALSE):
        raise InvalidArgument(
            'invalid value for filter \'dangling\', must be "true" (or "1"), or "false" (or "0")'
        )
    is_wanted = values[0] in _TRUE
    return lambda network: (network.is_predefined or network.name in used) != is_wanted


_TESTS: Final[Mapping[str, Callable[[Sequence[str]], Test]]] = {
    "driver": _by_driver,
    "id": _by_id,
    "label": _by_label,
    "name": _by_name,
    "scope": _by_scope,
    "type": _by_type,
}
