"""Containers of a caller who is nobody in particular on the host."""

import contextlib
import os
import shutil
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.root.runtime.boxes import Box

from seacan.errors import Conflict, Forbidden, Internal, InvalidArgument
from seacan.kernel import idmaps, syscalls, this_process
from seacan.kernel.namespaces import CLONE_NEWUSER, become_root

# In the user's process nothing can be imported any more: the interpreter may be root's alone.
from seacan.runtime import intermediate, rootless, sources, user_namespace  # noqa: F401
from seacan.runtime.settings import Settings
from seacan.spec.runtime import IDMapping

pytestmark = [pytest.mark.root, pytest.mark.cgroups]

UID = 54321
SUBORDINATE = 7_000_000


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    """A bundle of the user's with one mapping: the container's root is the user."""
    directory = Path(f"/tmp/seacan-rootless-{os.urandom(4).hex()}")  # pytest's own are root's
    directory.mkdir(mode=0o755)
    try:
        box = Box(directory)
        box.linux["namespaces"].append({"type": "user"})
        mapping = [{"containerID": 0, "hostID": UID, "size": 1}]
        box.linux["uidMappings"] = box.linux["gidMappings"] = mapping
        for place, _, files in os.walk(directory):
            for name in (".", *files):
                os.lchown(f"{place}/{name}", UID, UID)
        yield box
        assert box.leftovers() == []
    finally:
        shutil.rmtree(directory)


def become_user() -> None:
    os.setgroups([UID + 1])
    os.setresgid(UID, UID, UID)
    os.setresuid(UID, UID, UID)
    this_process.set_dumpable(True)  # as after an execve
    assert this_process.capget()[1] == 0


def become_root_of_the_user() -> None:
    """Be where rootless engines are when they call a runtime: root of a user namespace."""
    mapping: list[IDMapping] = [{"containerID": 0, "hostID": UID, "size": 1}]
    syscalls.setns(idmaps.user_namespace(mapping, mapping), CLONE_NEWUSER)
    become_root()
    this_process.set_dumpable(True)


def as_user(act: Callable[[], object], become: Callable[[], None] = become_user) -> None:
    """Run `act` in a process that has become the user; what it asserts must hold."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            become()
            act()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


AUTO = Settings(rootless=None)


@pytest.fixture
def alone(box: Box) -> Box:
    box.settings = AUTO
    return box


def test_container_of_a_user(alone: Box) -> None:
    def act() -> None:
        out = alone.sh("cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups; id -u")
        assert out.split() == ["0", "54321", "1"] * 2 + ["deny", "0"]
        out = alone.sh("touch /made; echo x > /dev/null; hostname; echo $$; cat /proc/interrupts")
        assert out.split() == ["box", "1"]
        assert (alone.rootfs / "made").stat().st_uid == UID

    as_user(act)


def test_exec_kill_and_delete(alone: Box) -> None:
    def act() -> None:
        with alone.started("sh", "-c", "sleep 60 & sleep 60") as container:
            assert container.record.cgroup == ""
            done = alone.execute(container, "sh", "-c", "id -u; readlink /proc/self/ns/user")
            assert done.out.split() == ["0", os.readlink(f"/proc/{container.pid}/ns/user")]
            for name in ("mnt", "pid", "net", "uts", "ipc"):
                out = alone.execute(container, "readlink", f"/proc/self/ns/{name}").out.strip()
                assert out == os.readlink(f"/proc/{container.pid}/ns/{name}")
            with pytest.raises(OSError, match="no cgroup: it cannot be frozen"):
                container.cgroup.freeze()
            container.kill(9)
            assert os.waitstatus_to_exitcode(os.waitpid(container.pid, 0)[1]) == -9

    as_user(act)


def test_time_namespace_of_a_user(alone: Box) -> None:
    alone.linux["namespaces"].append({"type": "time"})
    alone.linux["timeOffsets"] = {"boottime": {"secs": 10**6}}
    as_user(lambda: _assert(float(alone.sh("cat /proc/uptime").split()[0]) > 10**6))


def _assert(condition: bool) -> None:
    assert condition


def test_files_of_others_stay_theirs(alone: Box) -> None:
    secret = alone.path / "secret"
    secret.write_text("old")
    secret.chmod(0o644)
    alone.mount("/tmp", "bind", str(alone.path), "rbind")
    as_user(lambda: alone.run("sh", "-c", "echo new > /tmp/secret"))
    assert secret.read_text() == "old"


def test_limits_need_a_cgroup(alone: Box) -> None:
    alone.linux["resources"] = {
        "devices": [{"allow": False, "access": "rwm"}],
        "pids": {"limit": 9},
    }

    def act() -> None:
        with pytest.raises(Forbidden, match=r"linux\.resources\.pids: the cgroup for it cannot"):
            alone.run("true")
        del alone.linux["resources"]["pids"]
        assert alone.run("true").code == 0
        alone.settings = Settings(rootless=False)
        with pytest.raises(Forbidden, match=r"make the container's cgroup: .*ermission denied"):
            alone.run("true")

    as_user(act)


def test_pid_namespace_of_its_own_is_needed_without_a_cgroup(alone: Box) -> None:
    alone.linux["namespaces"] = [ns for ns in alone.linux["namespaces"] if ns["type"] != "pid"]

    def act() -> None:
        with pytest.raises(Forbidden, match="no pid namespace of its own"):
            alone.run("true")

    as_user(act)


def test_user_namespace_is_needed(alone: Box) -> None:
    alone.linux["namespaces"] = [ns for ns in alone.linux["namespaces"] if ns["type"] != "user"]
    del alone.linux["uidMappings"], alone.linux["gidMappings"]

    def act() -> None:
        with pytest.raises(InvalidArgument, match="who is not root needs a user namespace"):
            alone.run("true")

    as_user(act)


def test_groups_are_refused_where_they_are_denied(alone: Box) -> None:
    alone.process["user"] = {"additionalGids": [0]}

    def act() -> None:
        with pytest.raises(Forbidden, match=r"process\.user\.additionalGids: setgroups"):
            alone.run("true")

    as_user(act)


def test_ids_of_others_are_not_had_for_the_asking(alone: Box) -> None:
    alone.linux["uidMappings"] = [{"containerID": 0, "hostID": 0, "size": 1}]

    def act() -> None:
        with pytest.raises(Internal, match="newuidmap: "):
            alone.run("true")
        os.environ["PATH"] = "/nowhere"
        with pytest.raises(Internal, match="needs newuidmap, which is not installed"):
            alone.run("true")

    as_user(act)


def test_root_of_a_user_namespace_needs_no_other(alone: Box) -> None:
    alone.linux["namespaces"] = [ns for ns in alone.linux["namespaces"] if ns["type"] != "user"]
    del alone.linux["uidMappings"], alone.linux["gidMappings"]

    def act() -> None:
        own = {name: os.readlink(f"/proc/self/ns/{name}") for name in os.listdir("/proc/self/ns")}
        with alone.started("sleep", "60") as container:
            out = alone.execute(
                container, "sh", "-c", "id -u; echo x > /dev/null; cat /proc/1/comm"
            )
            assert out.out.split() == ["0", "sleep"]
            assert os.readlink(f"/proc/{container.pid}/ns/user") == own["user"]
            second = Box(alone.path / "second")
            second.settings = AUTO
            second.linux["namespaces"] = [{"type": "mount"}, {"type": "pid"}]
            second.linux["namespaces"].append(
                {"type": "ipc", "path": f"/proc/{container.pid}/ns/ipc"}
            )
            del second.config["hostname"]
            ipc = os.readlink(f"/proc/{container.pid}/ns/ipc")
            assert second.sh("readlink /proc/self/ns/ipc").strip() == ipc
        this_process.set_dumpable(True)
        now = {name: os.readlink(f"/proc/self/ns/{name}") for name in os.listdir("/proc/self/ns")}
        assert now == own

    as_user(act, become_root_of_the_user)


def test_root_of_a_user_namespace_makes_one_below_it(box: Box) -> None:
    # As an executable: only by execve do /proc and ptrace get to be the user namespace's.
    for key in ("uidMappings", "gidMappings"):
        box.linux[key] = [{"containerID": 0, "hostID": 0, "size": 1}]
    for place, _, files in os.walk(box.path):
        for name in (".", *files):
            os.lchown(f"{place}/{name}", 0, 0)
    box.write("sh", "-c", "cat /proc/self/uid_map; readlink /proc/self/ns/user; echo x >/dev/null")
    runtime = ("-m", "seacan.runtime", "--root", str(box.root), "run", "-b", str(box.path), box.id)
    done = subprocess.run(
        ("unshare", "--user", "--map-root-user", sys.executable, *runtime),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    *numbers, namespace = done.stdout.split()
    assert numbers == ["0", "0", "1"]
    assert namespace.startswith("user:[")


@pytest.fixture
def subordinate_ids() -> Iterator[None]:
    """Ids of the user's in /etc/subuid and /etc/subgid; both as they were afterwards.

    Others read them at any moment, and a machine of tests over our root holds the file itself: they
    grow and shrink by a line, and are not written anew.
    """
    ids = f"{UID}:{SUBORDINATE}:65536\n"
    user = f"seacan-test:x:{UID}:{UID}::/nonexistent:/bin/false\n"
    with contextlib.ExitStack() as restored:
        for path, line in (("/etc/subuid", ids), ("/etc/subgid", ids), ("/etc/passwd", user)):
            if os.path.exists(path):
                restored.callback(os.truncate, path, os.path.getsize(path))
            else:
                restored.callback(os.unlink, path)
            with open(path, "a") as file:
                file.write(line)
        yield


@pytest.mark.usefixtures("subordinate_ids")
def test_ids_of_etc_subuid_are_mapped_by_newuidmap(alone: Box) -> None:
    mappings = [
        {"containerID": 0, "hostID": UID, "size": 1},
        {"containerID": 1, "hostID": SUBORDINATE, "size": 65536},
    ]
    alone.linux["uidMappings"] = alone.linux["gidMappings"] = mappings
    alone.process["user"] = {"uid": 1000, "gid": 1000, "additionalGids": [7]}

    def act() -> None:
        out = alone.sh("cat /proc/self/uid_map; id; touch /tmp/made")
        assert out.split()[:6] == ["0", "54321", "1", "1", "7000000", "65536"]
        assert "uid=1000(u) gid=1000 groups=7" in out
        assert (alone.rootfs / "tmp/made").stat().st_uid == SUBORDINATE + 999
        with alone.started("sleep", "60") as container:
            assert alone.execute(container, "id", "-u").out == "1000\n"

    as_user(act)


def test_exec_before_the_start_is_for_root_alone(alone: Box) -> None:
    def act() -> None:
        with (
            alone.created("true") as container,
            pytest.raises(Forbidden, match="before it is started, root alone may"),
        ):
            alone.execute(container, "true")

    as_user(act)


def test_exec_in_a_container_that_is_gone(alone: Box) -> None:
    def act() -> None:
        with alone.started("true") as container:
            os.waitid(os.P_PID, container.pid, os.WEXITED | os.WNOWAIT)
            with pytest.raises(Conflict, match="not running"):
                alone.execute(container, "true")

    as_user(act)
