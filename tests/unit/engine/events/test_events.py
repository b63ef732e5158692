"""The order of events, and that none is missed: by the quick, the slow, the late."""

import sqlite3
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from tests.fakes.containers import make_container

from seacan.engine.events import events
from seacan.engine.events import log as event_log
from seacan.engine.events.events import Events
from seacan.engine.events.log import Event, EventLog
from seacan.errors import Unavailable


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_BATCH_S", 0)


def run(path: Path, scenario: Callable[[Events], Awaitable[None]]) -> None:
    """Run `scenario` with the events that are kept at `path`."""

    async def within() -> None:
        told = Events(EventLog(path))
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(told.keep)
                await scenario(told)
                tasks.cancel_scope.cancel()
        finally:
            told.close()

    anyio.run(within)


def tell(told: Events, first: int, past_last: int) -> None:
    for number in range(first, past_last):
        told.append("network", "create", str(number), {})


async def written(told: Events) -> None:
    """Wait until the log has all that was told."""
    with anyio.fail_after(60):
        while told._saved_ns != told._last_ns:
            await anyio.lowlevel.checkpoint()


async def collect(
    told: Events, *, since_ns: int | None = None, until_ns: int | None = None
) -> list[Event]:
    stream = told.subscribe(since_ns=since_ns, until_ns=until_ns, is_wanted=lambda event: True)
    return [event async for some in stream for event in some]


def numbers(found: list[Event]) -> list[int]:
    return [int(event.actor_id) for event in found]


def test_what_is_told_of_a_container(tmp_path: Path) -> None:
    async def scenario(told: Events) -> None:
        container = make_container(name="web")
        container.config["Labels"] = {"tier": "db", "name": "shadowed", "signal": "kept"}
        told.publish("kill", container, {"signal": "9"})
        (event,) = await collect(told, until_ns=time.time_ns())
        assert (event.kind, event.action, event.actor_id) == ("container", "kill", container.id)
        assert event.attributes == {
            "image": "busybox",
            "name": "web",
            "signal": "kept",  # labels come last in dockerd, too
            "tier": "db",
        }

    run(tmp_path / "db", scenario)


def test_times_increase_strictly_though_the_clock_stands_still(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now)

    async def scenario(told: Events) -> None:
        tell(told, 0, 100)
        times = [event.time_ns for event in await told.read(0)]
        assert times == list(range(now, now + 100))

    async def afterwards(told: Events) -> None:
        told.append("network", "create", "later", {})
        assert (await told.read(now + 99))[0].time_ns == now + 100

    run(tmp_path / "db", scenario)
    run(tmp_path / "db", afterwards)


def test_they_outlive_the_daemon(tmp_path: Path) -> None:
    async def before(told: Events) -> None:
        tell(told, 0, 3000)

    async def after(told: Events) -> None:
        tell(told, 3000, 3100)
        assert numbers(await collect(told, until_ns=time.time_ns())) == [*range(3100)]

    run(tmp_path / "db", before)
    run(tmp_path / "db", after)


def test_they_are_written_while_the_daemon_runs(tmp_path: Path) -> None:
    async def scenario(told: Events) -> None:
        tell(told, 0, 10)
        await written(told)
        kept = EventLog(tmp_path / "db")
        assert numbers(kept.read(0)) == [*range(10)]
        kept.close()

    run(tmp_path / "db", scenario)


def test_without_a_time_the_past_is_not_told(tmp_path: Path) -> None:
    async def scenario(told: Events) -> None:
        tell(told, 0, 5)
        stream = told.subscribe(since_ns=None, until_ns=None, is_wanted=lambda event: True)
        tell(told, 5, 7)
        async for some in stream:
            assert numbers(some) == [5, 6]
            break

    run(tmp_path / "db", scenario)


def test_since_and_until_include_their_own_moment(tmp_path: Path) -> None:
    async def scenario(told: Events) -> None:
        tell(told, 0, 10)
        all_ = await collect(told, until_ns=time.time_ns())
        found = await collect(told, since_ns=all_[3].time_ns, until_ns=all_[6].time_ns)
        assert numbers(found) == [3, 4, 5, 6]

    run(tmp_path / "db", scenario)


def test_until_ends_a_stream_that_waits(tmp_path: Path) -> None:
    async def scenario(told: Events) -> None:
        async def tell_later() -> None:
            await anyio.wait_all_tasks_blocked()
            tell(told, 0, 1)

        heard: list[int] = []
        for patience_s in (0.2, 2, 20):  # on a busy machine it may be told too late
            until_ns = time.time_ns() + int(patience_s * 10**9)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(tell_later)
                heard = numbers(await collect(told, until_ns=until_ns))
            assert time.time_ns() >= until_ns
            if heard:
                break
        assert heard == [0]

    run(tmp_path / "db", scenario)


def test_told_from_a_thread(tmp_path: Path) -> None:
    async def scenario(told: Events) -> None:
        stream = told.subscribe(since_ns=None, until_ns=None, is_wanted=lambda event: True)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.to_thread.run_sync, tell, told, 0, 1)
            with anyio.fail_after(60):
                async for some in stream:
                    assert numbers(some) == [0]
                    break

    run(tmp_path / "db", scenario)


def test_a_slow_client_misses_nothing(tmp_path: Path) -> None:
    """It reads from the log what is no longer in memory."""

    async def scenario(told: Events) -> None:
        stream = told.subscribe(since_ns=None, until_ns=None, is_wanted=lambda event: True)
        for start in range(0, 5000, 1000):
            tell(told, start, start + 1000)
            await written(told)
        assert len(told._recent) == events._RECENT
        found: list[int] = []
        async for some in stream:
            found += numbers(some)
            if len(found) == 5000:
                break
        assert found == [*range(5000)]

    run(tmp_path / "db", scenario)


def test_a_client_that_is_too_slow_is_told_so(tmp_path: Path) -> None:
    async def scenario(told: Events) -> None:
        stream = told.subscribe(since_ns=None, until_ns=None, is_wanted=lambda event: True)
        for start in range(0, 2 * event_log.KEPT, 2000):
            tell(told, start, start + 2000)
            await written(told)
        with pytest.raises(Unavailable, match="too slow"):
            async for _ in stream:
                pass
        # A client that comes now gets all there is, up to the newest.
        found = numbers(await collect(told, until_ns=time.time_ns()))
        assert found == [*range(found[0], 2 * event_log.KEPT)]
        assert event_log.KEPT <= len(found) < event_log.KEPT + 3000

    run(tmp_path / "db", scenario)


def test_a_log_that_cannot_be_written_costs_memory_within_bounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: EventLog, some: list[Event]) -> None:
        raise sqlite3.OperationalError("disk full")

    monkeypatch.setattr(EventLog, "save", fail)

    async def scenario(told: Events) -> None:
        stream = told.subscribe(since_ns=None, until_ns=None, is_wanted=lambda event: True)
        tell(told, 0, 10_000)
        assert len(told._recent) == events._UNSAVED
        with pytest.raises(Unavailable):
            async for _ in stream:
                pass

    run(tmp_path / "db", scenario)


def test_listeners_are_counted(tmp_path: Path) -> None:
    async def scenario(told: Events) -> None:
        stream = told.subscribe(since_ns=0, until_ns=None, is_wanted=lambda event: True)
        tell(told, 0, 1)
        pieces = stream.__aiter__()
        await anext(pieces)
        assert told.listeners == 1
        await pieces.aclose()
        assert told.listeners == 0

    run(tmp_path / "db", scenario)


def test_an_event_is_small_whatever_the_image_has_for_labels(tmp_path: Path) -> None:
    """3.5 MB of labels and a health check took 5 GB of memory, and of the disk, in 40 seconds."""
    of_image = {f"image.{number}": "x" * 80 for number in range(40_000)}
    own = {"com.docker.compose.project": "p"}
    record = make_container()
    record.config["Labels"] = {**of_image, **own}

    async def scenario(told: Events) -> None:
        told.publish("start", record)
        told.publish_image("pull", "sha256:1", "a:1", {"long": "x" * (1 << 20)})
        told.publish(f"exec_create: {'x' * (1 << 20)}", record)
        for event in told._recent:
            texts = [event.action, *event.attributes, *event.attributes.values()]
            assert sum(map(len, texts)) < 150_000
            assert len(event.attributes) < 1100
        first = told._recent[0]
        assert first.attributes["name"] == record.name
        assert first.attributes["com.docker.compose.project"] == "p"
        assert first.attributes["image.39999"]

    run(tmp_path / "events.db", scenario)
