"""Which volumes a list is to show, and which a prune is to remove.

Source: Engine API, VolumeList, VolumePrune; what dockerd makes of values was asked of dockerd 28.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from seacan.engine.containers.filters import Filters, finders
from seacan.errors import InvalidArgument
from seacan.volumes.volume import ANONYMOUS, LOCAL, Found

Test = Callable[[Found], bool]

_TRUE: Final = ("1", "t", "T", "true", "TRUE", "True")  # Source: Go, strconv.ParseBool
_FALSE: Final = ("0", "f", "F", "false", "FALSE", "False")


def select(found: Sequence[Found], wanted: Filters) -> list[Found]:
    """Return the volumes that pass every filter, by name. Raises InvalidArgument."""
    tests = _tests(wanted, ("dangling", "driver", "label", "name"))
    chosen = [one for one in found if all(test(one) for test in tests)]
    return sorted(chosen, key=lambda one: one.volume.name)


def select_unused(found: Sequence[Found], wanted: Filters) -> list[Found]:
    """Return what a prune removes: of local volumes without options, those that nobody has.

    Only anonymous ones unless the filter `all` is true. Raises InvalidArgument.
    """
    tests = _tests(wanted, ("all", "label", "label!"))
    if not _is_all(wanted.get("all") or ()):
        tests.append(_by_label([ANONYMOUS]))
    return [
        one
        for one in found
        if not one.holders
        and one.volume.driver == LOCAL
        and not one.volume.options
        and all(test(one) for test in tests)
    ]


def _tests(wanted: Filters, known: Collection[str]) -> list[Test]:
    for name in wanted:
        if name not in known:
            raise InvalidArgument(f"invalid filter '{name}'")
    return [_TESTS[name](values) for name, values in wanted.items() if values and name in _TESTS]


def _is_all(values: Sequence[str]) -> bool:
    if len(values) > 1:
        raise InvalidArgument(
            f"invalid filter 'all=[{' '.join(values)}]': only one value is expected"
        )
    if values and values[0] not in (*_TRUE, *_FALSE):
        raise InvalidArgument(
            f"invalid filter 'all': strconv.ParseBool: parsing \"{values[0]}\": invalid syntax"
        )
    return bool(values) and values[0] in _TRUE


def _by_dangling(values: Sequence[str]) -> Test:
    truths = {value in _TRUE for value in values}
    if not all(value in (*_TRUE, *_FALSE) for value in values) or len(truths) > 1:
        raise InvalidArgument(f"invalid filter 'dangling=[{' '.join(values)}]'")
    return lambda found: bool(found.holders) != (True in truths)


def _by_driver(values: Sequence[str]) -> Test:
    return lambda found: found.volume.driver in values


def _by_label(values: Sequence[str]) -> Test:
    return lambda found: all(_has_label(found.volume.labels or {}, value) for value in values)


def _without_label(values: Sequence[str]) -> Test:
    return lambda found: not _by_label(values)(found)


def _has_label(labels: Mapping[str, str], wanted: str) -> bool:
    name, equals, value = wanted.partition("=")
    return name in labels and (not equals or labels[name] == value)


def _by_name(values: Sequence[str]) -> Test:
    """Match a name, or a pattern in it; a broken pattern is none."""
    tests = finders(values)
    return lambda found: (
        found.volume.name in values or any(is_in(found.volume.name) for is_in in tests)
    )


_TESTS: Final[Mapping[str, Callable[[Sequence[str]], Test]]] = {
    "dangling": _by_dangling,
    "driver": _by_driver,
    "label": _by_label,
    "label!": _without_label,
    "name": _by_name,
}
