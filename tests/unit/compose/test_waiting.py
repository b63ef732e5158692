from collections.abc import Callable
from typing import Any

import pytest

from seacan.compose.waiting import Failed, is_completed, is_healthy, is_running_or_healthy


def inspected(status: str, health: str = "", code: int = 0) -> dict[str, Any]:
    state: dict[str, Any] = {"Status": status, "ExitCode": code}
    if health:
        state["Health"] = {"Status": health}
    return {"Name": "/app-a-1", "State": state}


@pytest.mark.parametrize(
    ("check", "status", "health", "code", "is_met"),
    [
        (is_healthy, "running", "healthy", 0, True),
        (is_healthy, "running", "starting", 0, False),
        (is_running_or_healthy, "running", "", 0, True),
        (is_running_or_healthy, "created", "", 0, False),
        (is_running_or_healthy, "running", "starting", 0, False),
        (is_completed, "running", "", 0, False),
        (is_completed, "exited", "", 0, True),
    ],
)
def test_conditions(
    check: Callable[[str, Any], bool], status: str, health: str, code: int, is_met: bool
) -> None:
    assert check("a", inspected(status, health, code)) is is_met


@pytest.mark.parametrize(
    ("check", "status", "health", "code", "text"),
    [
        (is_healthy, "exited", "", 3, r"container app-a-1 exited \(3\)"),
        (is_healthy, "running", "unhealthy", 0, "container app-a-1 is unhealthy"),
        (is_healthy, "running", "", 0, "container app-a-1 has no healthcheck configured"),
        (is_running_or_healthy, "exited", "", 0, r"container app-a-1 exited \(0\)"),
        (is_completed, "exited", "", 4, 'service "a" didn\'t complete successfully: exit 4'),
    ],
)
def test_what_will_not_be_fails(
    check: Callable[[str, Any], bool], status: str, health: str, code: int, text: str
) -> None:
    with pytest.raises(Failed, match=text):
        check("a", inspected(status, health, code))
