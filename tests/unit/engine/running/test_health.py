"""Health checks: what is asked for, what follows from results; probes are played here."""

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
from anyio.abc import TaskGroup
from tests.fakes.containers import make_container

from seacan.engine.containers.container import Container, Health, HealthStatus, ProbeResult, Status
from seacan.engine.running import health
from seacan.engine.running.health import Check, Monitor
from seacan.errors import InvalidArgument

CHECK = Check(
    ["true"], interval_s=30, timeout_s=30, start_period_s=0, start_interval_s=5, retries=3
)
SLOW = Check(
    ["true"], interval_s=30, timeout_s=30, start_period_s=60, start_interval_s=2, retries=2
)
NOW = "2026-11-24T01:33:18.831282888Z"


def result(exit_code: int) -> ProbeResult:
    return ProbeResult(NOW, NOW, exit_code, f"said {exit_code}")


def test_defaults() -> None:
    check = health.parse({"Healthcheck": {"Test": ["CMD", "true"]}})
    assert check == Check(["true"], 30.0, 30.0, 0.0, 5.0, 3)


def test_every_field_counts() -> None:
    check = health.parse(
        {
            "Shell": ["/bin/ash", "-c"],
            "Healthcheck": {
                "Test": ["CMD-SHELL", "exit 0"],
                "Interval": 1_000_000,
                "Timeout": 2_000_000,
                "StartPeriod": 3_000_000,
                "StartInterval": 4_000_000,
                "Retries": 5,
            },
        }
    )
    assert check == Check(["/bin/ash", "-c", "exit 0"], 0.001, 0.002, 0.003, 0.004, 5)


def test_the_shell_of_a_command() -> None:
    check = health.parse({"Healthcheck": {"Test": ["CMD-SHELL", "exit 0"]}})
    assert check is not None
    assert check.command == ["/bin/sh", "-c", "exit 0"]


@pytest.mark.parametrize("test", [None, [], ["NONE"], ["NONE", "x"], ["FOO", "x"], ["CMD"]])
def test_no_check(test: Any) -> None:
    assert health.parse({"Healthcheck": {"Test": test, "Interval": 1_000_000}}) is None
    assert health.parse({}) is None


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"Interval": 999_999}, "Interval in Healthcheck cannot be less than 1ms"),
        ({"Timeout": -1}, "Timeout in Healthcheck cannot be less than 1ms"),
        ({"StartPeriod": 1}, "StartPeriod in Healthcheck cannot be less than 1ms"),
        ({"StartInterval": 1}, "StartInterval in Healthcheck cannot be less than 1ms"),
        ({"Retries": -1}, "Retries in Healthcheck cannot be negative"),
        ({"Test": ["curl", "-f", "http://x"]}, "unknown type of test in Healthcheck: curl"),
        ({"Test": ["CMD"]}, "no command in Healthcheck after CMD"),
    ],
)
def test_a_check_that_makes_no_sense(config: Any, text: str) -> None:
    with pytest.raises(InvalidArgument, match=f"^{text}$"):
        health.check_config(config)


def test_over_the_images() -> None:
    image: Any = {"Test": ["CMD", "a"], "Interval": 7, "Retries": 2}
    assert health.with_image(None, None) is None
    assert health.with_image(None, image) == image
    assert health.with_image({"Test": ["CMD", "b"]}, None) == {"Test": ["CMD", "b"]}
    assert health.with_image({"Test": [], "Retries": 9}, image) == {
        "Test": ["CMD", "a"],
        "Interval": 7,
        "Retries": 9,
    }
    merged = health.with_image({"Test": ["NONE"]}, image)
    assert merged is not None
    assert merged["Test"] == ["NONE"]


@pytest.mark.parametrize(
    ("results", "status", "streak"),
    [
        ([], HealthStatus.STARTING, 0),
        ([0], HealthStatus.HEALTHY, 0),
        ([1, 1], HealthStatus.STARTING, 2),
        ([1, -1, 1], HealthStatus.UNHEALTHY, 3),
        ([0, 1, 1], HealthStatus.HEALTHY, 2),
        ([0, 1, 1, 1], HealthStatus.UNHEALTHY, 3),
        ([1, 1, 1, 0], HealthStatus.HEALTHY, 0),
    ],
)
def test_what_results_come_to(results: list[int], status: HealthStatus, streak: int) -> None:
    state = Health()
    for exit_code in results:
        health.note(state, CHECK, result(exit_code), age_s=100)
    assert (state.status, state.failing_streak) == (status, streak)


def test_the_last_five_results_are_kept() -> None:
    state = Health()
    for exit_code in range(1, 8):
        health.note(state, CHECK, result(exit_code), age_s=100)
    assert [kept.exit_code for kept in state.log] == [3, 4, 5, 6, 7]


def test_failures_of_a_start_do_not_count() -> None:
    state = Health()
    for _ in range(9):
        health.note(state, SLOW, result(1), age_s=59)
    assert (state.status, state.failing_streak) == (HealthStatus.STARTING, 0)
    health.note(state, SLOW, result(0), age_s=59)
    for _ in range(2):  # once it was well, they do
        health.note(state, SLOW, result(1), age_s=59)
    assert (state.status, state.failing_streak) == (HealthStatus.UNHEALTHY, 2)


def test_the_time_between_probes() -> None:
    assert health.next_probe_s(CHECK, HealthStatus.STARTING, age_s=0) == 30
    assert health.next_probe_s(SLOW, HealthStatus.STARTING, age_s=0) == 2
    assert health.next_probe_s(SLOW, HealthStatus.HEALTHY, age_s=0) == 30
    assert health.next_probe_s(SLOW, HealthStatus.STARTING, age_s=60) == 30


# -- the monitor -------------------------------------------------------------------------------


def checked() -> Container:
    container = make_container(status=Status.RUNNING)
    container.state.started_at = NOW
    container.config["Healthcheck"] = {"Test": ["CMD", "true"], "Interval": 1_000_000, "Retries": 2}
    return container


class Probes:
    """Plays probes: `codes` are their ends, the last one is never over."""

    def __init__(self, *codes: int) -> None:
        self._codes = list(codes)
        self.over = anyio.Event()
        self.was_cancelled = False
        self.told: list[str] = []
        self.acted = 0

    async def act(self) -> None:
        self.acted += 1

    async def __call__(self, check: Check) -> ProbeResult:
        if self._codes:
            return result(self._codes.pop(0))
        self.over.set()
        try:
            await anyio.sleep_forever()
        except BaseException:
            self.was_cancelled = True
            raise
        raise AssertionError("never over")


def play(
    container: Container,
    *codes: int,
    scenario: Callable[[Monitor, Probes], Awaitable[None]],
) -> Probes:
    probes = Probes(*codes)

    async def within() -> None:
        async with anyio.create_task_group() as tasks:
            monitor = make_monitor(container, tasks, probes)
            with anyio.fail_after(60):
                await scenario(monitor, probes)
            tasks.cancel_scope.cancel()

    anyio.run(within)
    return probes


def make_monitor(container: Container, tasks: TaskGroup, probes: Probes) -> Monitor:
    return Monitor(
        container,
        tasks=tasks,
        probe=probes,
        tell=probes.told.append,
        on_unhealthy=probes.act,
    )


def test_every_change_is_told_once() -> None:
    async def scenario(monitor: Monitor, probes: Probes) -> None:
        monitor.begin()
        await probes.over.wait()

    container = checked()
    probes = play(container, 1, 0, 0, 1, 1, 1, 0, scenario=scenario)
    assert probes.told == [
        "health_status: healthy",
        "health_status: unhealthy",
        "health_status: healthy",
    ]
    assert container.state.health is not None
    assert [kept.exit_code for kept in container.state.health.log] == [0, 1, 1, 1, 0]
    assert probes.acted == 1


def test_a_stop_ends_the_probe_and_nothing_is_told() -> None:
    async def scenario(monitor: Monitor, probes: Probes) -> None:
        monitor.begin()
        await probes.over.wait()
        monitor.stop()
        await anyio.wait_all_tasks_blocked()
        assert probes.was_cancelled

    container = checked()
    probes = play(container, 0, scenario=scenario)
    assert probes.told == ["health_status: healthy"]
    assert container.state.health is not None
    assert container.state.health.status is HealthStatus.UNHEALTHY


def test_a_new_beginning_keeps_the_log() -> None:
    async def scenario(monitor: Monitor, probes: Probes) -> None:
        monitor.begin()
        await anyio.wait_all_tasks_blocked()

    container = checked()
    container.state.health = Health(HealthStatus.UNHEALTHY, 7, [result(1)])
    probes = play(container, scenario=scenario)
    assert container.state.health == Health(HealthStatus.STARTING, 0, [result(1)])
    assert probes.told == []


def test_without_a_check_there_is_no_health() -> None:
    async def scenario(monitor: Monitor, probes: Probes) -> None:
        monitor.begin()
        monitor.resume()
        monitor.stop()

    container = make_container(status=Status.RUNNING)
    play(container, scenario=scenario)
    assert container.state.health is None


def test_resumed_twice_it_is_one() -> None:
    async def scenario(monitor: Monitor, probes: Probes) -> None:
        monitor.begin()
        monitor.resume()
        await probes.over.wait()
        monitor.stop()
        probes.over = anyio.Event()
        monitor.resume()
        await probes.over.wait()

    container = checked()
    probes = play(container, 0, scenario=scenario)
    assert probes.told == ["health_status: healthy"]
