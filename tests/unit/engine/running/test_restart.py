"""Restart policies: what is started again, and when; nothing here waits."""

from typing import Any

import anyio
import pytest
from tests.fakes.containers import make_container

from seacan.engine.containers.container import Container, Status
from seacan.engine.running import restart
from seacan.engine.running.restart import Restart
from seacan.errors import InvalidArgument


def ended(policy: str, retries: int = 0, *, exit_code: int = 1, count: int = 0) -> Container:
    container = make_container(status=Status.EXITED, exit_code=exit_code)
    container.host_config["RestartPolicy"] = {"Name": policy, "MaximumRetryCount": retries}
    container.restart_count = count
    return container


@pytest.mark.parametrize(
    ("container", "is_wanted"),
    [
        (make_container(status=Status.EXITED, exit_code=1), False),  # no policy at all
        (ended("no"), False),
        (ended("always"), True),
        (ended("always", exit_code=0), True),
        (ended("unless-stopped", exit_code=0), True),
        (ended("on-failure"), True),
        (ended("on-failure", exit_code=0), False),
        (ended("on-failure", count=1000), True),
        (ended("on-failure", 3, count=2), True),
        (ended("on-failure", 3, count=3), False),
    ],
)
def test_who_is_started_again(container: Container, is_wanted: bool) -> None:
    assert restart.is_wanted(container) is is_wanted


@pytest.mark.parametrize(
    ("policy", "while_daemon_runs", "by_the_next_daemon"),
    [
        ("no", False, False),
        ("always", False, True),
        ("unless-stopped", False, False),
        ("on-failure", False, True),  # as dockerd
    ],
)
def test_what_was_stopped_by_hand(
    policy: str, while_daemon_runs: bool, by_the_next_daemon: bool
) -> None:
    container = ended(policy, exit_code=137)
    restarts = Restart(container)
    restarts.cancel()
    assert restarts.after_end(ran_s=1) is while_daemon_runs
    assert container.stopped_by_hand
    assert restart.is_wanted(container) is by_the_next_daemon


@pytest.mark.parametrize(
    ("host_config", "matters"),
    [
        ({}, False),
        ({"RestartPolicy": {"Name": "no"}}, False),
        ({"RestartPolicy": {"Name": "unless-stopped"}}, True),
        ({"AutoRemove": True}, True),
    ],
)
def test_what_is_to_be_known_at_a_boot(host_config: Any, matters: bool) -> None:
    container = make_container()
    container.host_config.update(host_config)
    assert restart.matters_at_boot(container) is matters


def test_a_start_by_hand_begins_anew() -> None:
    container = ended("on-failure", 2, count=2)
    restarts = Restart(container)
    restarts.cancel()
    restarts.begin()
    assert (container.restart_count, container.stopped_by_hand) == (0, False)
    assert [restarts.after_end(ran_s=1) for _ in range(3)] == [True, True, False]
    assert container.restart_count == 2


def test_the_back_off() -> None:
    delays, delay = [], 0.0
    for _ in range(12):
        delay = restart.next_delay(delay, ran_s=1)
        delays.append(delay)
    assert delays[:4] == [0.1, 0.2, 0.4, 0.8]
    assert delays[9:] == pytest.approx([51.2, 60, 60])
    assert restart.next_delay(60, ran_s=9.9) == 60
    assert restart.next_delay(60, ran_s=10) == 0.1


def test_a_wait_is_over_when_it_is_cancelled() -> None:
    async def scenario() -> None:
        restarts = Restart(ended("always"))
        for _ in range(11):
            restarts.after_end(ran_s=1)
        outcome: list[bool] = []

        async def wait() -> None:
            outcome.append(await restarts.wait())

        with anyio.fail_after(50):  # it is to be a minute
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(wait)
                await anyio.lowlevel.checkpoint()
                restarts.cancel()
                restarts.begin()  # by hand, before the other one is awake
            assert outcome == [False]
            restarts.cancel()
            assert not await restarts.wait()

    anyio.run(scenario)


def test_a_wait_of_nothing_when_a_daemon_begins() -> None:
    restarts = Restart(ended("always"))
    restarts.begin()
    assert anyio.run(restarts.wait)


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        ({"Name": "foo"}, "invalid restart policy: unknown policy 'foo'; use one of "),
        (
            {"Name": "always", "MaximumRetryCount": -2},
            "maximum retry count can only be used with 'on-failure' and cannot be negative",
        ),
        ({"MaximumRetryCount": 2}, "maximum retry count can only be used with 'on-failure'"),
        ({"Name": "on-failure", "MaximumRetryCount": -1}, "maximum retry count cannot be negative"),
    ],
)
def test_a_policy_that_makes_no_sense(policy: Any, text: str) -> None:
    with pytest.raises(InvalidArgument, match=text):
        restart.check_policy(policy, auto_remove=False)


def test_a_policy_is_shown_whole() -> None:
    assert restart.check_policy({"Name": "always"}, auto_remove=False) == {
        "Name": "always",
        "MaximumRetryCount": 0,
    }
    assert restart.check_policy({}, auto_remove=True) == {"Name": "no", "MaximumRetryCount": 0}
    with pytest.raises(InvalidArgument, match="can't create 'AutoRemove' container with restart"):
        restart.check_policy({"Name": "always"}, auto_remove=True)
