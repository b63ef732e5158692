from tests.unit.compose.projects import found

from seacan.compose.containers import Found
from seacan.compose.standing import standing


def container(service: str, state: str, status: str) -> Found:
    return Found({**found(service, 1, state=state).summary, "Status": status})


def test_all_states() -> None:
    containers = [
        container("a", "running", "Up 3 seconds"),
        container("b", "running", "Up 3 seconds (health: starting)"),
        container("c", "running", "Up 3 seconds (unhealthy)"),
        container("d", "exited", "Exited (137) 2 hours ago"),
        container("e", "created", "Created"),
        container("f", "restarting", "Restarting (1) 2 seconds ago"),
    ]
    assert standing("abcdefgh", containers) == (
        "up: app-a-1, app-b-1; not up: app-c-1 (unhealthy), app-d-1 (exited 137), "
        "app-e-1 (created), app-f-1 (restarting); not made: g, h"
    )


def test_parts_that_are_empty_are_left_out() -> None:
    assert standing("a", [container("a", "running", "Up")]) == "up: app-a-1"
