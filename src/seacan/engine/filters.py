"""Which containers a list is to show: the filters of GET /containers/json."""

import builtins
from collections.abc import Callable, Sequence
from typing import Final

from seacan.engine.container import Container, Status
from seacan.errors import InvalidArgument

Filters = dict[str, list[str]]


def select(
    records: Sequence[Container], *, all: bool, limit: int | None, wanted: Filters
) -> list[Container]:
    """Return those that pass every filter, the newest first; of a filter's values one will do.

    Without `all`, a filter on the state or a limit only running ones. Raises InvalidArgument for a
    filter that there is not, or a value that makes no sense.
    """
    for name in wanted:
        if name not in _TESTS:
            raise InvalidArgument(f"invalid filter '{name}'")
    shows_all = all or limit is not None or bool({"status", "exited"} & wanted.keys())
    tests = [_test(name, values) for name, values in wanted.items()]
    newest_first = sorted(records, key=lambda r: r.created_at, reverse=True)
    chosen = [
        r for r in newest_first if (shows_all or r.is_running) and builtins.all(t(r) for t in tests)
    ]
    return chosen if limit is None else chosen[:limit]


def _test(name: str, values: list[str]) -> Callable[[Container], bool]:
    matchers = [_TESTS[name](value) for value in values]
    if name == "label":  # the only one of which every value has to fit
        return lambda record: builtins.all(matches(record) for matches in matchers)
    return lambda record: any(matches(record) for matches in matchers)


def _by_id(value: str) -> Callable[[Container], bool]:
    return lambda record: record.id.startswith(value)


def _by_name(value: str) -> Callable[[Container], bool]:
    return lambda record: value.removeprefix("/") in record.name


def _by_status(value: str) -> Callable[[Container], bool]:
    if value not in (*Status, "paused", "restarting", "removing", "dead"):
        raise InvalidArgument(f"invalid filter 'status={value}'")
    return lambda record: record.state.status == value


def _by_exit_code(value: str) -> Callable[[Container], bool]:
    if not (value.isascii() and value.removeprefix("-").isdecimal()):
        raise InvalidArgument(f"invalid filter 'exited={value}'")
    return lambda record: (
        record.state.status is Status.EXITED and record.state.exit_code == int(value)
    )


def _by_label(value: str) -> Callable[[Container], bool]:
    key, equals, wanted = value.partition("=")

    def matches(record: Container) -> bool:
        labels = record.config.get("Labels") or {}
        return key in labels and (not equals or labels[key] == wanted)

    return matches


def _by_image(value: str) -> Callable[[Container], bool]:
    def matches(record: Container) -> bool:
        names = (record.image, f"{record.image}:latest", record.image.removesuffix(":latest"))
        return value in names or record.image_id.removeprefix("sha256:").startswith(
            value.removeprefix("sha256:")
        )

    return matches


_TESTS: Final[dict[str, Callable[[str], Callable[[Container], bool]]]] = {
    "id": _by_id,
    "name": _by_name,
    "status": _by_status,
    "exited": _by_exit_code,
    "label": _by_label,
    "ancestor": _by_image,
}
