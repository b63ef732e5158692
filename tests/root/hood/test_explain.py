"""Processes that no engine knows, explained."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.daemon import wait_until

from seacan.hood.explain import explain
from seacan.spec.explanation import Explanation

pytestmark = [pytest.mark.root, pytest.mark.cgroups]


def of(pid: int) -> Explanation:
    return explain(pid, None, None, [])


@contextmanager
def child(*command: str) -> Iterator[int]:
    """A process that has said `ready`."""
    script = [*command, "sh", "-c", "echo ready; read wait"]
    with subprocess.Popen(script, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process.pid
        process.communicate(timeout=60)


def test_this_process_shares_all_with_the_host() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = of(os.getpid())
        port = server.getsockname()[1]
    assert all(namespace["IsShared"] for namespace in found["Namespaces"]["List"])
    assert found["FileSystem"]["IsShared"]
    assert found["Network"]["IsShared"]
    listener = {
        "Protocol": "tcp", "Address": "127.0.0.1", "Port": port, "Pids": [os.getpid()],
    }  # fmt: skip
    assert listener in found["Network"]["Listeners"]
    assert found["Processes"]["Tree"]["Pid"] == os.getpid()
    assert found["Processes"]["Ancestors"][-1]["Pid"] == os.getppid()


def test_own_namespaces_are_told_from_the_hosts() -> None:
    with child("unshare", "--net", "--uts", "--mount") as pid:
        found = of(pid)
        for namespace in found["Namespaces"]["List"]:
            link = os.readlink(f"/proc/{pid}/ns/{namespace['Kind']}")
            assert link == f"{namespace['Kind']}:[{namespace['Inode']}]"
            assert namespace["IsShared"] == (namespace["Kind"] not in ("net", "uts", "mnt"))
    assert not found["Network"]["IsShared"]
    assert found["Network"]["Interfaces"] == []
    assert any(mount["Target"] == "/proc" for mount in found["FileSystem"]["Mounts"])


def test_the_way_of_packets_through_a_pair() -> None:
    with child("unshare", "--net") as pid:
        name = f"sct{pid}"[:15]
        subprocess.run(
            ["ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", str(pid)],
            check=True,
        )
        inside = ["nsenter", "-t", str(pid), "-n", "ip"]
        subprocess.run([*inside, "addr", "add", "192.0.2.7/24", "dev", "eth0"], check=True)
        found = of(pid)["Network"]["Interfaces"]
    # The pair goes with the namespace.
    assert found == [{"Name": "eth0", "Addresses": ["192.0.2.7/24"], "Peer": name, "Bridge": ""}]


def test_capabilities_and_no_new_privileges_of_a_process_that_gave_them_up() -> None:
    with child("setpriv", "--bounding-set", "-all,+chown", "--no-new-privs") as pid:
        found = of(pid)["Capabilities"]
    assert found["Bounding"] == ["CAP_CHOWN"]
    assert found["NoNewPrivileges"]


def test_children_are_in_the_tree() -> None:
    with child("sh", "-c", 'sleep 1000 & pid=$!; "$@"; kill $pid', "-") as pid:

        def names() -> list[str]:
            tree = of(pid)["Processes"]["Tree"]
            return sorted(each["Command"][0] for each in tree["Children"])

        # Before it is executed, a child has its parent's words.
        wait_until(lambda: names() == ["sh", "sleep"], "its children")


def test_the_strictest_limit_counts() -> None:
    directory = _cgroup_of("pids") / f"seacan-test-{os.getpid()}"
    inner = directory / "inner"
    try:
        inner.mkdir(parents=True)
        (directory / "pids.max").write_text("40")
        (inner / "pids.max").write_text("50")
        with child() as pid:
            (inner / "cgroup.procs").write_text(str(pid))
            limits = of(pid)["Cgroups"]["Limits"]
            found = next(limit for limit in limits if limit["Resource"] == "pids")
    finally:
        for each in (inner, directory):
            if each.exists():
                each.rmdir()
    assert found == {
        "Resource": "pids", "Limit": 40, "Used": 1, "File": f"{directory}/pids.max",
    }  # fmt: skip


def _cgroup_of(controller: str) -> Path:
    mount = Path("/sys/fs/cgroup") / controller
    if not mount.is_dir():
        pytest.skip("version 2: a cgroup with processes has no controllers below it")
    return mount


def test_cpu_time_is_counted() -> None:
    limits = {each["Resource"]: each for each in of(os.getpid())["Cgroups"]["Limits"]}
    assert limits["cpu"]["Used"] > 0


def test_a_process_that_is_gone() -> None:
    with child() as pid:
        pass
    with pytest.raises(OSError, match="No such"):
        of(pid)
