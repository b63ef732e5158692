import os
import signal
import subprocess
from pathlib import Path

import pytest
from tests.root.runtime.boxes import Box, Result, wait_until

from seacan.errors import InvalidArgument
from seacan.kernel import capabilities, this_process

pytestmark = [pytest.mark.root, pytest.mark.usefixtures("every_way")]

DEFAULT_CAPABILITIES = "00000000a80425fb"


@pytest.mark.parametrize("kind", ["pid", "mnt", "uts", "ipc", "net", "cgroup"])
def test_namespace_is_its_own(box: Box, kind: str) -> None:
    assert box.sh(f"readlink /proc/self/ns/{kind}").strip() != os.readlink(f"/proc/self/ns/{kind}")


@pytest.mark.parametrize(("kind", "file"), [("network", "net"), ("ipc", "ipc"), ("pid", "pid")])
def test_namespace_of_the_caller_is_kept_if_none_is_asked_for(
    box: Box, kind: str, file: str
) -> None:
    box.linux["namespaces"] = [ns for ns in box.linux["namespaces"] if ns["type"] != kind]
    assert box.sh(f"readlink /proc/self/ns/{file}").strip() == os.readlink(f"/proc/self/ns/{file}")


def test_namespace_is_joined_by_path(box: Box) -> None:
    with box.started("sleep", "60") as other:
        mine = Box(box.path / "second")
        kinds = {"network": "net", "ipc": "ipc", "uts": "uts", "pid": "pid"}
        mine.linux["namespaces"] = [
            {"type": kind, "path": f"/proc/{other.pid}/ns/{file}"} for kind, file in kinds.items()
        ] + [{"type": "mount"}, {"type": "cgroup"}]
        del mine.config["hostname"]
        for file in kinds.values():
            expected = os.readlink(f"/proc/{other.pid}/ns/{file}")
            assert mine.sh(f"readlink /proc/self/ns/{file}").strip() == expected


def test_mount_namespace_is_joined_by_path(box: Box) -> None:
    others = [ns for ns in box.linux["namespaces"] if ns["type"] != "mount"]
    with subprocess.Popen(["unshare", "--mount", "sleep", "60"]) as other:
        try:
            path = f"/proc/{other.pid}/ns/mnt"
            wait_until(lambda: os.readlink(path) != os.readlink("/proc/self/ns/mnt"))
            box.linux["namespaces"] = [*others, {"type": "mount", "path": path}]
            assert box.sh("readlink /proc/self/ns/mnt").strip() == os.readlink(path)
        finally:
            other.kill()


def test_mount_namespace_of_the_host_is_not_joined(box: Box) -> None:
    others = [ns for ns in box.linux["namespaces"] if ns["type"] != "mount"]
    box.linux["namespaces"] = [*others, {"type": "mount", "path": "/proc/self/ns/mnt"}]
    with pytest.raises(InvalidArgument, match="the host's, and it has a root"):
        box.run("true")


def test_caller_keeps_its_namespaces(box: Box) -> None:
    before = {name: os.readlink(f"/proc/self/ns/{name}") for name in os.listdir("/proc/self/ns")}
    box.sh("true")
    after = {name: os.readlink(f"/proc/self/ns/{name}") for name in os.listdir("/proc/self/ns")}
    assert after == before


def test_first_process_is_pid_1_and_leads_its_session(box: Box) -> None:
    fields = box.sh("cat /proc/1/stat").split()
    assert fields[0] == "1"
    assert fields[5] == "1"


def test_hostname_and_domainname(box: Box) -> None:
    box.config["domainname"] = "example"
    assert box.sh("hostname; cat /proc/sys/kernel/domainname").split() == ["box", "example"]


def test_loopback_is_up(box: Box) -> None:
    assert "127.0.0.1" in box.sh("ip addr show lo")


def test_capability_sets(box: Box) -> None:
    # CVE-2022-24769: inheritable and ambient are empty unless somebody asks.
    status = dict(line.split(":\t") for line in box.sh("grep Cap /proc/self/status").splitlines())
    for name in ("CapPrm", "CapEff", "CapBnd"):
        assert status[name] == DEFAULT_CAPABILITIES
    for name in ("CapInh", "CapAmb"):
        assert status[name] == "0" * 16


def test_capabilities_that_cannot_be_given_are_left_out(
    box: Box, capfd: pytest.CaptureFixture[str]
) -> None:
    without = "grep -E 'Cap(Prm|Eff|Bnd)' /proc/self/status"
    expected = box.sh(without)
    assert capfd.readouterr().err == ""
    for names in box.process["capabilities"].values():
        names += ["CAP_FLY", *missing_here()]
    with box.started("sleep", "60") as container:
        assert box.execute(container, "sh", "-c", without).out == expected
    said = capfd.readouterr().err.splitlines()
    assert len(said) == 2  # for the first process, and for the exec
    assert all("level=warn" in line and "CAP_FLY" in line for line in said)


def missing_here() -> list[str]:
    """Return a capability that this process does not have, if there is one."""
    _, held, _ = this_process.capget()
    return capabilities.names_of(~held & (1 << 41) - 1)[:1]


def test_user_other_than_root_has_no_capabilities_but_a_bound(box: Box) -> None:
    box.process["user"] = {"uid": 1000, "gid": 1000, "additionalGids": [5, 7]}
    out = box.sh("id; grep -E 'Cap(Prm|Eff|Bnd)|Groups' /proc/self/status")
    assert "uid=1000(u) gid=1000 groups=5,7" in out
    assert f"CapPrm:\t{'0' * 16}" in out
    assert f"CapEff:\t{'0' * 16}" in out
    assert f"CapBnd:\t{DEFAULT_CAPABILITIES}" in out


def test_ambient_capabilities_reach_a_user(box: Box) -> None:
    for kind in ("inheritable", "ambient"):
        box.process["capabilities"][kind] = ["CAP_NET_RAW"]
    box.process["user"] = {"uid": 1000, "gid": 1000}
    assert "CapEff:\t0000000000002000" in box.sh("grep CapEff /proc/self/status")


def test_supplementary_groups_of_the_caller_are_gone(box: Box) -> None:
    # CVE-2022-36109, CVE-2023-25173
    before = os.getgroups()
    os.setgroups([4, 24])
    try:
        assert box.sh("grep Groups /proc/self/status").split() == ["Groups:"]
    finally:
        os.setgroups(before)


def test_no_new_privileges(box: Box) -> None:
    assert box.sh("grep NoNewPrivs /proc/self/status").split()[1] == "0"
    box.process["noNewPrivileges"] = True
    assert box.sh("grep NoNewPrivs /proc/self/status").split()[1] == "1"


def test_seccomp_filter_holds_with_and_without_new_privileges(box: Box) -> None:
    box.linux["seccomp"] = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [
            {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 111},
        ],
    }
    for no_new_privileges in (False, True):
        box.process["noNewPrivileges"] = no_new_privileges
        result = box.run("mkdir", "/tmp/x")
        assert result.code == 1
        assert "Connection refused" in result.out


def test_seccomp_filter_that_knows_little_of_the_runtime(box: Box) -> None:
    # Of the runtime's own calls only those that cannot come before the filter; no prctl, no
    # close_range, which profiles of some age do not have.
    names = ("capset", "write", "read", "rt_sigaction", "execve")
    busybox = ("brk", "arch_prctl", "mprotect", "mmap", "munmap", "exit_group")
    box.linux["seccomp"] = {
        "defaultAction": "SCMP_ACT_ERRNO",
        "syscalls": [{"names": [*names, *busybox], "action": "SCMP_ACT_ALLOW"}],
    }
    for no_new_privileges in (False, True):
        box.process["noNewPrivileges"] = no_new_privileges
        assert box.run("echo", "done") == Result(0, "done\n")


def test_session_keyring_is_new(box: Box) -> None:
    box.linux["maskedPaths"] = []
    assert f"_ses.{box.id}" in box.sh("cat /proc/keys")


def test_own_cgroup_is_seen_and_no_other(box: Box) -> None:
    box.mount("/sys/fs/cgroup", "cgroup", "cgroup", "ro", "nosuid", "noexec", "nodev")
    out = box.sh("cat /sys/fs/cgroup/pids/cgroup.procs; touch /sys/fs/cgroup/pids/x 2>&1 || true")
    assert out.split()[0] == "1"
    assert "Read-only" in out


def test_nothing_of_the_callers_signals_or_umask_is_inherited(box: Box) -> None:
    before = os.umask(0o077)
    try:
        out = box.sh("grep -E 'SigIgn|SigBlk|Umask' /proc/self/status | cat")
    finally:
        os.umask(before)
    status = dict(line.split(":\t") for line in out.splitlines())
    assert status["Umask"] == "0022"
    assert int(status["SigBlk"], 16) == 0
    # Signals 32 and 33 are glibc's own: its posix_spawn, hence make, leaves them ignored.
    assert int(status["SigIgn"], 16) & ~(0b11 << 31) == 0


@pytest.mark.parametrize("blocks", [False, True])
def test_pid_1_gets_a_signal_that_it_has_not_asked_for_if_it_began_with_that_blocked(
    box: Box, blocks: bool
) -> None:
    box.blocks_signals = blocks
    with box.started("sleep", "1000") as container:
        os.kill(container.pid, signal.SIGTERM)
        status = Path(f"/proc/{container.pid}/status").read_text()
    lines = dict(line.split(":\t") for line in status.splitlines())
    assert int(lines["ShdPnd"], 16) == (1 << signal.SIGTERM - 1 if blocks else 0)
