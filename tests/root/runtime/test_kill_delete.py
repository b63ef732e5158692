"""What is left when a container, or who makes it, is killed: nothing after a delete."""

import itertools
import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import pytest
from tests.root.runtime.boxes import Box, wait_until

from seacan.errors import Conflict
from seacan.kernel import this_process
from seacan.kernel.cgroups.hierarchy import open_cgroup
from seacan.runtime import bundle, cgroup_place, state
from seacan.runtime import create as creation
from seacan.runtime.container import list_all, load
from seacan.runtime.create_restored import create_restored

pytestmark = [pytest.mark.root, pytest.mark.cgroups]

KILLS: Final = 60


@pytest.fixture
def orphans() -> Iterator[None]:
    """What loses its parent becomes a child of this process, and is found by `leftovers`."""
    this_process.set_child_subreaper(True)
    yield
    this_process.set_child_subreaper(False)


def fork_create(box: Box) -> int:
    """Return the pid of a child that creates the container, says so by its end, and stays."""
    pid = os.fork()
    if pid == 0:
        try:
            null = os.open("/dev/null", os.O_RDWR)
            creation.create(box.root, box.id, bundle.load(box.path), stdio=(null, null, null))
            (box.path / "created").touch()
            signal.pause()
        finally:
            os._exit(1)
    return pid


def delete_force(box: Box) -> str:
    """Do what the command does; return the status before."""
    directory = box.root / box.id
    if not (directory / "state.json").exists():
        if not directory.exists():
            return "nothing"
        state.directory(box.root, box.id).remove()
        return "directory"
    container = load(box.root, box.id)
    status = container.status()
    container.delete(force=True)
    return status


def is_clean(box: Box) -> bool:
    """Reap what has come to this process; tell whether nothing is left."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    return box.leftovers() == []


def test_create_killed_at_any_moment(box: Box, orphans: None) -> None:
    """From the first system call to the end; the longest of the times covers a whole create."""
    box.write("sleep", "60")
    started = time.monotonic()
    maker = fork_create(box)
    wait_until((box.path / "created").exists)
    whole_s = time.monotonic() - started
    os.kill(maker, signal.SIGKILL)
    os.waitpid(maker, 0)
    assert delete_force(box) == "created"
    seen: set[str] = set()
    for number in itertools.count():
        if number >= KILLS and {"directory", "stopped"} & seen:
            break
        assert number < 10 * KILLS, seen
        maker = fork_create(box)
        time.sleep(whole_s * (number % KILLS) / KILLS * random.uniform(0.9, 1.1))
        os.kill(maker, signal.SIGKILL)
        os.waitpid(maker, 0)
        seen.add(delete_force(box))
        # An orphan that had not yet bound its life to its maker's ends when it has to report.
        wait_until(lambda: is_clean(box))


def killed_in(box: Box, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """Have a create killed right before a call, of MODULE.NAME."""

    def die(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    with monkeypatch.context() as patch:
        module, _, name = step.partition(".")
        modules = {"creation": creation, "state": state, "cgroup_place": cgroup_place}
        patch.setattr(modules[module], name, die)
        os.waitpid(fork_create(box), 0)


@pytest.mark.parametrize(
    "step",
    [
        "creation.compile_seccomp",
        "creation.fork",
        "state.record_of",
        "cgroup_place.take",
        "cgroup_place._make",
        "creation._is_created",
    ],
)
def test_create_killed_before(
    box: Box, orphans: None, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    box.write("sleep", "60")
    killed_in(box, monkeypatch, step)
    is_recorded = step in ("cgroup_place._make", "creation._is_created")
    # The first process, which waits for its cgroup, ends with its maker.
    assert delete_force(box) in (("stopped", "created") if is_recorded else ("directory",))
    wait_until(lambda: is_clean(box))


def test_one_being_restored_is_no_container_yet(box: Box) -> None:
    """It is known before it has a process."""
    box.write("sleep", "60")

    def die(*_: object) -> int:
        os.kill(os.getpid(), signal.SIGKILL)
        return 0

    maker = os.fork()
    if maker == 0:
        create_restored(box.root, box.id, bundle.load(box.path), die)
    os.waitpid(maker, 0)
    container = load(box.root, box.id)
    assert container.state()["status"] == "creating"
    assert container.state()["pid"] == 0
    assert [each.id for each in list_all(box.root)] == [box.id]
    with pytest.raises(Conflict, match="not created yet"):
        container.start()
    with pytest.raises(Conflict, match="not running"):
        container.kill(signal.SIGKILL)
    with pytest.raises(Conflict, match="not stopped: creating"):
        container.delete()
    container.delete(force=True)


def test_a_cgroup_in_use_is_not_recorded(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a delete of what was killed there would end processes of others."""
    with box.started("sleep", "60") as container:
        other = Box(box.path / "other")
        other.linux["cgroupsPath"] = box.linux["cgroupsPath"]
        other.write("true")
        killed_in(other, monkeypatch, "cgroup_place.take")
        assert delete_force(other) == "directory"
        assert container.status() == "running"


def without_pid_namespace(box: Box) -> None:
    box.linux["namespaces"] = [ns for ns in box.linux["namespaces"] if ns["type"] != "pid"]


def test_the_others_end_with_a_delete_when_the_first_has_ended(box: Box) -> None:
    without_pid_namespace(box)
    with box.started("sh", "-c", "sleep 60 & sleep 60 & exit 3") as container:
        assert os.waitstatus_to_exitcode(os.waitpid(container.pid, 0)[1]) == 3
        assert container.status() == "stopped"
        assert len(container.cgroup.pids()) == 2
        container.delete()
        assert container.cgroup.pids() == []


def test_sigkill_reaches_the_others_when_the_first_has_ended(box: Box) -> None:
    without_pid_namespace(box)
    with box.started("sh", "-c", "sleep 60 & exit 3") as container:
        os.waitpid(container.pid, 0)
        container.kill(signal.SIGKILL)
        assert container.cgroup.pids() == []
        with pytest.raises(Conflict, match="not running"):
            container.kill(signal.SIGKILL)


@pytest.mark.parametrize("shared", [False, True])
def test_forks_do_not_outrun_a_delete(box: Box, shared: bool) -> None:
    """Forty loops, each of which always has a child, and is a new process every now and then."""
    if shared:
        without_pid_namespace(box)
    loop = "f() { true; true; f & exit; }; for n in 1 2 3 4 5 6 7 8; do f & f & f & f & f & done"
    with box.started("sh", "-c", f"{loop}; sleep 60") as container:
        wait_until(lambda: len(container.cgroup.pids()) > 30)
        container.delete(force=True)
        assert container.cgroup.pids() == []


@pytest.mark.parametrize("shared", [False, True])
def test_a_frozen_one_is_deleted(box: Box, shared: bool) -> None:
    if shared:
        without_pid_namespace(box)
    with box.started("sleep", "60") as container:
        container.cgroup.freeze()
        container.delete(force=True)


def test_a_frozen_one_is_killed(box: Box) -> None:
    with box.started("sleep", "60") as container:
        container.cgroup.freeze()
        container.kill(signal.SIGKILL)
        assert os.WTERMSIG(os.waitpid(container.pid, 0)[1]) == signal.SIGKILL


def test_a_process_of_others_in_the_cgroup(box: Box) -> None:
    """Somebody put it there, as nsenter(1) does: it holds the cgroup, and a --force ends it."""
    with box.started("sleep", "60") as container:
        other = os.fork()
        if other == 0:
            signal.pause()
        container.cgroup.join(other)
        container.kill(signal.SIGKILL)
        os.waitpid(container.pid, 0)
        container.delete(force=True)
        assert os.WTERMSIG(os.waitpid(other, 0)[1]) == signal.SIGKILL


def test_cgroups_that_the_container_made(box: Box) -> None:
    """With processes in them, as an init system in it would have."""
    with box.started("sh", "-c", "sleep 60 & exec sleep 60") as container:
        wait_until(lambda: len(container.cgroup.pids()) == 2)
        first, second = container.cgroup.pids()
        for name, pid in (("a/b/c", first), ("d", second)):
            inner = open_cgroup(f"{container.record.cgroup}/{name}")
            inner.create()
            inner.join(pid)
        assert sorted(container.cgroup.pids()) == sorted((first, second))
        container.delete(force=True)
