"""What happens, as it happens: GET /events."""

import time
from collections.abc import AsyncGenerator, Iterable
from typing import Final

import msgspec

from seacan.api import engine
from seacan.api.door import Call, Route
from seacan.api.shapes.events import is_known, shape_event
from seacan.engine.events.filters import event_filter
from seacan.engine.events.log import Event
from seacan.errors import Internal, InvalidArgument
from seacan.http.messages import Send, Stream

_INT64: Final = 1 << 63


class EventRoutes:
    def __init__(self, events: engine.Events) -> None:
        self._events = events

    def routes(self) -> list[Route]:
        return [Route("GET", "/events", self.events)]

    async def events(self, call: Call) -> Stream:
        since, until = call.query.text("since"), call.query.text("until")
        since_ns, until_ns = _time_ns(since), _time_ns(until)
        if until_ns is not None:
            if until_ns < (since_ns or 0):
                raise InvalidArgument(
                    f"`since` time ({since}) cannot be after `until` time ({until})"
                )
            # As in dockerd: before 1970 there is nothing, so that all up to now is meant.
            until_ns = until_ns if until_ns > 0 else time.time_ns()
        events = self._events.subscribe(
            since_ns=since_ns, until_ns=until_ns, is_wanted=event_filter(call.query.filters())
        )

        async def produce(send: Send) -> None:
            await send(b"")
            pieces = events.__aiter__()
            try:
                async for some in pieces:
                    await send(_lines(event for event in some if is_known(event, call.version)))
            finally:
                # A client that has gone is counted no longer.
                if isinstance(pieces, AsyncGenerator):
                    await pieces.aclose()

        return Stream("application/json", produce, is_by_line=True)


def _lines(events: Iterable[Event]) -> bytes:
    return b"".join(msgspec.json.encode(shape_event(event)) + b"\n" for event in events)


def _time_ns(text: str) -> int | None:
    """Return nanoseconds since 1970 from `seconds[.decimals]`; None without a time.

    Durations and dates are for clients to turn into that. Raises Internal, as dockerd does.
    """
    if not text:
        return None
    seconds, point, decimals = text.partition(".")
    value = _integer(seconds) * 1_000_000_000
    if point:
        value += _integer(decimals) * 10**9 // 10 ** len(decimals)
    return value


def _integer(text: str) -> int:
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (digits.isascii() and digits.isdecimal()):
        raise Internal(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    if len(digits) > 19 or int(digits) >= _INT64:
        raise Internal(f'strconv.ParseInt: parsing "{text}": value out of range')
    return int(text)
