"""Health checks: a command run again and again in a container, and what follows from its results.

    begin ──▸ STARTING ──a probe succeeds──▸ HEALTHY ◂──one success──┐
                 └───────── so many failures in a row ──────────▸ UNHEALTHY

Failures in the start period do not count while it is STARTING. Source: Engine API, HealthConfig;
Dockerfile reference, HEALTHCHECK; asked of dockerd 28.
"""

import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, cast

import anyio
import msgspec
from anyio.abc import TaskGroup

from seacan.engine.containers.container import Container, Health, HealthStatus, ProbeResult
from seacan.engine.times import nanoseconds
from seacan.errors import InvalidArgument
from seacan.spec.engine_api import ContainerConfig, HealthConfig
from seacan.spec.image import Healthcheck

_LEAST_NS: Final = 1_000_000
_DURATIONS: Final = ("Interval", "Timeout", "StartPeriod", "StartInterval")
_FIELDS: Final = (
    "Test",
    "Interval",
    "Timeout",
    "Retries",
    "StartPeriod",
    "StartInterval",
    "OnFailure",
)
_SHELL: Final = ["/bin/sh", "-c"]
_KEPT_RESULTS: Final = 5


class Check(msgspec.Struct, frozen=True):
    """What is asked for, Docker's defaults filled in."""

    command: list[str]
    interval_s: float
    timeout_s: float
    start_period_s: float
    start_interval_s: float
    retries: int


def check_config(config: HealthConfig) -> None:
    """Refuse a health check that Docker refuses, and a kind of test that there is not.

    Docker takes the latter and runs no check. Raises InvalidArgument.
    """
    for name in ("Interval", "Timeout"):
        _check_duration(config, name)
    if (config.get("Retries") or 0) < 0:
        raise InvalidArgument("Retries in Healthcheck cannot be negative")
    for name in ("StartPeriod", "StartInterval"):
        _check_duration(config, name)
    kind, *command = config.get("Test") or ["NONE"]
    if kind not in ("NONE", "CMD", "CMD-SHELL"):
        raise InvalidArgument(f"unknown type of test in Healthcheck: {kind}")
    if kind != "NONE" and not command:
        raise InvalidArgument(f"no command in Healthcheck after {kind}")


def _check_duration(config: HealthConfig, name: str) -> None:
    value = cast("dict[str, int | None]", config).get(name) or 0
    if value and value < _LEAST_NS:
        raise InvalidArgument(f"{name} in Healthcheck cannot be less than 1ms")


def with_image(requested: HealthConfig | None, image: Healthcheck | None) -> HealthConfig | None:
    """Return the health check of a container: field by field, the image's where none is said."""
    if requested is None or image is None:
        return cast(HealthConfig | None, image) if requested is None else requested
    merged = {name: requested.get(name) or image.get(name) for name in _FIELDS}
    return cast(HealthConfig, {name: value for name, value in merged.items() if value})


def parse(config: ContainerConfig) -> Check | None:
    """Return the check of a container; None if it has none, or one that an image has wrong."""
    given = config.get("Healthcheck") or {}
    kind, *command = given.get("Test") or ["NONE"]
    if kind not in ("CMD", "CMD-SHELL") or not command:
        return None
    if kind == "CMD-SHELL":
        command = [*(config.get("Shell") or _SHELL), *command]
    return Check(
        command,
        interval_s=(given.get("Interval") or 0) / 1e9 or 30.0,
        timeout_s=(given.get("Timeout") or 0) / 1e9 or 30.0,
        start_period_s=(given.get("StartPeriod") or 0) / 1e9,
        start_interval_s=(given.get("StartInterval") or 0) / 1e9 or 5.0,
        retries=max(given.get("Retries") or 0, 0) or 3,
    )


def next_probe_s(check: Check, status: HealthStatus, age_s: float) -> float:
    """Return how long to wait for the next probe of a container that was started `age_s` ago."""
    is_starting = status is HealthStatus.STARTING and age_s < check.start_period_s
    return check.start_interval_s if is_starting else check.interval_s


def note(health: Health, check: Check, result: ProbeResult, age_s: float) -> None:
    """Note a result, of a probe that began `age_s` after the container was started."""
    health.log = [*health.log[1 - _KEPT_RESULTS :], result]
    if result.exit_code == 0:
        health.status, health.failing_streak = HealthStatus.HEALTHY, 0
        return
    if health.status is HealthStatus.STARTING and age_s < check.start_period_s:
        return
    health.failing_streak += 1
    if health.failing_streak >= check.retries:
        health.status = HealthStatus.UNHEALTHY


class Monitor:
    """The health check of one container: one task, while it runs and is not paused."""

    def __init__(
        self,
        record: Container,
        *,
        tasks: TaskGroup,
        probe: Callable[[Check], Awaitable[ProbeResult]],
        tell: Callable[[str], None],
        on_unhealthy: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        """`probe` runs one and always ends; cancelled, it leaves nothing running.

        `on_unhealthy` runs by itself when it has become so, and may stop this.
        """
        self._record = record
        self._tasks = tasks
        self._probe = probe
        self._tell = tell
        self._on_unhealthy = on_unhealthy
        self._task: anyio.CancelScope | None = None

    def begin(self) -> None:
        """Begin anew: the container was started, or a new daemon found it running."""
        if parse(self._record.config) is None:
            return
        health = self._record.state.health = self._record.state.health or Health()
        health.status, health.failing_streak = HealthStatus.STARTING, 0
        self.resume()

    def resume(self) -> None:
        """Probe from now on; nothing if there is no check, or that is so already."""
        check, health = parse(self._record.config), self._record.state.health
        if check is None or health is None or self._task is not None:
            return
        self._task = anyio.CancelScope()
        self._tasks.start_soon(
            self._run, self._task, check, health, name=f"health of {self._record.name}"
        )

    def stop(self) -> None:
        """Probe no longer. Nobody knows then that it is well: clients are told it is not."""
        if self._task is None or self._record.state.health is None:
            return
        self._task.cancel()
        self._task = None
        self._record.state.health.status = HealthStatus.UNHEALTHY

    async def _run(self, scope: anyio.CancelScope, check: Check, health: Health) -> None:
        started_ns = nanoseconds(self._record.state.started_at)
        with scope:
            while True:
                age_s = (time.time_ns() - started_ns) / 1e9
                await anyio.sleep(next_probe_s(check, health.status, age_s))
                result = await self._probe(check)
                # Nothing is waited for from here on, so that a stop in between is not undone.
                if scope.cancel_called:
                    return
                before = health.status
                note(health, check, result, (nanoseconds(result.start) - started_ns) / 1e9)
                if health.status is not before:
                    self._tell(f"health_status: {health.status}")
                    if health.status is HealthStatus.UNHEALTHY:
                        self._tasks.start_soon(self._on_unhealthy)
