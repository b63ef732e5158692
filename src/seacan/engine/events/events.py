"""What happens in the daemon, told to everyone who listens, in one order.

    publish ──▸ recent, in memory ──batches──▸ EventLog, in SQLite
                     │                              │
                     └────────▸ Stream ◂────────────┘   one a client: a place in the order

A client has no buffer of its own that could overflow: it reads on from where it is, in memory or,
if it is slow, in the log. One that is slower still, so that what it wants next is no longer among
the newest 10,000, has its stream cut, which it sees; it never misses an event in silence.

Written after 50 ms, in batches: what happened so shortly before the daemon was killed is lost,
except ends of containers, which the next daemon finds and tells.
"""

import asyncio
import collections
import sqlite3
import threading
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Final

import anyio

from seacan import errors, log
from seacan.engine.containers.container import Container
from seacan.engine.events.log import Event, EventLog

_BATCH_S: Final = 0.05
_RETRY_S: Final = 5.0
_RECENT: Final = 1024  # kept in memory
_UNSAVED: Final = 8192  # kept in memory while the log cannot be written

# Of one event, as thousands are kept: an image may have megabytes of labels, and a health check
# that is told of three times a second.
_MOST_LABELS: Final = 1000
_MOST_CHARACTERS: Final = 64 << 10

_NOTHING: Final[Mapping[str, str]] = {}


class Events:
    """`publish` may be called from any thread, all else from the loop in which this was made."""

    def __init__(self, kept: EventLog) -> None:
        self._log = kept
        self._lock = threading.Lock()
        self._recent: collections.deque[Event] = collections.deque()
        # From the oldest to the newest: gone for good, gone from memory, in the log, told.
        self._lost_ns = 0
        self._last_ns = self._saved_ns = self._evicted_ns = kept.last_ns()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._news = anyio.Event()
        self.listeners = 0
        self.told = 0

    # -- telling ----------------------------------------------------------------------------------

    def publish(
        self, action: str, container: Container, attributes: Mapping[str, str] = _NOTHING
    ) -> None:
        """Tell what happened to a container; its labels, image and name are told with it.

        publish("pause", record), publish("kill", record, {"signal": "9"}). Of very many labels some
        are left out, those of the image first.
        """
        labels = _few(container.config.get("Labels") or {})
        named = {"image": container.image} if container.image else {}
        told = {**attributes, **labels, **named, "name": container.name}
        self.append("container", action, container.id, told)

    def publish_image(
        self, action: str, image_id: str, name: str, labels: Mapping[str, str] | None
    ) -> None:
        """Tell what happened to an image; `name` is a reference if one came, else the id."""
        self.append("image", action, image_id, {**_few(labels or {}), "name": name})

    def append(self, kind: str, action: str, actor_id: str, attributes: dict[str, str]) -> None:
        """Tell what happened to anything else: a network, a volume, the daemon."""
        action = action[:_MOST_CHARACTERS]  # it has the command of an exec
        with self._lock:
            self.told += 1
            self._last_ns = max(time.time_ns(), self._last_ns + 1)
            self._recent.append(Event(kind, action, actor_id, attributes, self._last_ns))
            self._evict()
        if threading.get_ident() == self._thread:
            self._wake()
        else:
            self._loop.call_soon_threadsafe(self._wake)

    def _evict(self) -> None:
        """Forget the oldest that are in the log, or more than may wait for it."""
        recent = self._recent
        while len(recent) > _RECENT:
            is_saved = recent[0].time_ns <= self._saved_ns
            if not is_saved and len(recent) <= _UNSAVED:
                return
            self._evicted_ns = recent.popleft().time_ns
            if not is_saved:
                self._lost_ns = self._evicted_ns

    def _wake(self) -> None:
        news, self._news = self._news, anyio.Event()
        news.set()

    # -- keeping ----------------------------------------------------------------------------------

    async def keep(self) -> None:
        """Write what is published to the log, until cancelled."""
        while True:
            news = self._news
            if self._saved_ns == self._last_ns:
                await news.wait()
            await anyio.sleep(_BATCH_S)
            try:
                await anyio.to_thread.run_sync(self._save)
            except sqlite3.Error as err:
                log.error("write events", error=err)
                await anyio.sleep(_RETRY_S)

    def _save(self) -> None:
        unsaved = self._recent_after(self._saved_ns)
        if unsaved:
            self._log.save(unsaved)
            with self._lock:
                self._saved_ns = unsaved[-1].time_ns
                self._evict()

    def close(self) -> None:
        """Write what is not yet written; blocks. The log is closed then."""
        try:
            self._save()
        except sqlite3.Error as err:
            log.error("write events", error=err)
        self._log.close()

    # -- listening --------------------------------------------------------------------------------

    def subscribe(
        self,
        *,
        since_ns: int | None,
        until_ns: int | None,
        is_wanted: Callable[[Event], bool],
    ) -> "Stream":
        """Return the events from now on, and those of the past if either time is given.

        It ends at `until_ns`. From here on no event is missed.
        """
        after_ns = self._last_ns
        if since_ns is not None or until_ns is not None:
            after_ns = max((since_ns or 0) - 1, self._forgotten_ns)
        return Stream(self, after_ns, until_ns, is_wanted)

    @property
    def _forgotten_ns(self) -> int:
        return max(self._lost_ns, self._log.forgotten_ns)

    async def read(self, after_ns: int) -> list[Event]:
        """Return events after a time, the oldest first; none if there are none yet.

        Raises Unavailable if the next ones are there no more.
        """
        if after_ns < self._forgotten_ns:
            raise errors.Unavailable("read events: the client is too slow, some are kept no more")
        if after_ns < self._evicted_ns:
            return await anyio.to_thread.run_sync(self._log.read, after_ns)
        return self._recent_after(after_ns)

    def _recent_after(self, after_ns: int) -> list[Event]:
        found = []
        with self._lock:
            for event in reversed(self._recent):
                if event.time_ns <= after_ns:
                    break
                found.append(event)
        found.reverse()
        return found

    async def wait_news(self, news: anyio.Event, until_ns: int | None) -> bool:
        """Wait until `news`, from before one looked; False if the time came first."""
        if until_ns is None:
            await news.wait()  # no deadline: a client listens as long as it likes
            return True
        left_s = (until_ns - time.time_ns()) / 1e9
        if left_s <= 0:
            return False
        with anyio.move_on_after(left_s):
            await news.wait()
        return True

    @property
    def news(self) -> anyio.Event:
        """What is set when the next event is published."""
        return self._news


def _few(labels: Mapping[str, str]) -> Mapping[str, str]:
    """Return `labels`; if they are too many, the last of them that are not."""
    kept: list[tuple[str, str]] = []
    left = _MOST_CHARACTERS
    for name, value in reversed([*labels.items()]):
        left -= len(name) + len(value)
        if left < 0 or len(kept) == _MOST_LABELS:
            return dict(reversed(kept))
        kept.append((name, value))
    return labels


class Stream:
    """The events that one client wants, from its place in the order."""

    def __init__(
        self,
        events: Events,
        after_ns: int,
        until_ns: int | None,
        is_wanted: Callable[[Event], bool],
    ) -> None:
        self._events = events
        self._after_ns = after_ns
        self._until_ns = until_ns
        self._is_wanted = is_wanted

    async def __aiter__(self) -> AsyncGenerator[list[Event], None]:
        """Yield events as they come, several at once if there are."""
        self._events.listeners += 1
        try:
            while True:
                news = self._events.news
                found = await self._events.read(self._after_ns)
                if found:
                    self._after_ns = found[-1].time_ns
                    if wanted := [event for event in found if self._fits(event)]:
                        yield wanted
                    if self._is_over():
                        return
                elif not await self._events.wait_news(news, self._until_ns):
                    return
        finally:
            self._events.listeners -= 1

    def _fits(self, event: Event) -> bool:
        in_time = self._until_ns is None or event.time_ns <= self._until_ns
        return in_time and self._is_wanted(event)

    def _is_over(self) -> bool:
        return self._until_ns is not None and self._after_ns > self._until_ns
