"""Removing at once all containers that do not run."""

import re
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Final

import anyio
import msgspec
from msgspec import field

from seacan import errors, log
from seacan.engine.containers.container import Container
from seacan.engine.containers.filters import Filters, has_labels
from seacan.engine.containers.sizes import sizes
from seacan.engine.context import Context
from seacan.ids import ContainerId

_FILTERS: Final = ("label", "label!", "until")
_DURATION: Final = re.compile(r"([0-9]*\.?[0-9]+)(ns|us|µs|ms|s|m|h)")
_LONGEST_DURATION: Final = 100  # the time to look for one grows with the cube of its length
_UNITS_NS: Final = {
    **{"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6},
    **{"s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9},
}
_SECONDS: Final = re.compile(r"([0-9]{1,11})(?:\.([0-9]{1,9}))?")


class Pruned(msgspec.Struct):
    ids: list[ContainerId] = field(default_factory=list)
    reclaimed_bytes: int = 0


def choose(records: Sequence[Container], wanted: Filters, now_ns: int) -> list[Container]:
    """Return the stopped containers that pass every filter. Raises InvalidArgument."""
    for name in wanted:
        if name not in _FILTERS:
            raise errors.InvalidArgument(f"invalid filter '{name}'")
    until = wanted.get("until") or ()
    if len(until) > 1:
        raise errors.InvalidArgument("more than one until filter specified")
    latest_s = moment_ns(until[0], now_ns) / 10**9 if until else float("inf")
    without = wanted.get("label!") or ()
    return [
        record
        for record in records
        if not record.is_active
        and record.created_s <= latest_s
        and has_labels(record, wanted.get("label") or ())
        and not (without and has_labels(record, without))
    ]


def moment_ns(text: str, now_ns: int) -> int:
    """Return nanoseconds since 1970 of a time: `10m` ago, RFC 3339, or seconds since 1970.

    A time without a zone is of the host's. Raises InvalidArgument.
    """
    parts = _DURATION.findall(text[:_LONGEST_DURATION])
    if parts and "".join(number + unit for number, unit in parts) == text:
        return now_ns - sum(int(float(number) * _UNITS_NS[unit]) for number, unit in parts)
    if found := _SECONDS.fullmatch(text):
        return int(found[1]) * 10**9 + int(f"{found[2] or '':0<9}")
    try:
        moment = datetime.fromisoformat(text)
        return int(moment.astimezone(UTC).timestamp() * 10**9)
    except (ValueError, OverflowError):
        raise errors.InvalidArgument(
            f'failed to parse value as time or duration: "{text}"'
        ) from None


async def prune(
    context: Context,
    records: Sequence[Container],
    wanted: Filters,
    remove: Callable[[Container], Awaitable[None]],
) -> Pruned:
    """Remove the containers that `wanted` chooses; one that cannot be is logged and stays."""
    pruned = Pruned()
    for record in choose(records, wanted, time.time_ns()):
        written = (await anyio.to_thread.run_sync(sizes, context, record)).written_bytes
        try:
            await remove(record)
        except errors.SeacanError as err:  # somebody started or removed it meanwhile
            log.warn("container is not pruned", id=record.id, error=err)
            continue
        pruned.ids.append(record.id)
        pruned.reclaimed_bytes += written
    context.events.append("container", "prune", "", {"reclaimed": str(pruned.reclaimed_bytes)})
    return pruned
