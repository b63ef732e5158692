"""Containers with a user namespace of their own, or of another's."""

import errno
import fcntl
import os
import socket
from pathlib import Path

import pytest
from tests import descriptors
from tests.root.runtime.boxes import Box, wait_until
from tests.root.runtime.seccomp_agent import answering
from tests.root.runtime.test_lifecycle import read_to_end

from seacan.errors import Internal, InvalidArgument, Unsupported
from seacan.kernel import mounts, syscalls
from seacan.kernel.cgroups.hierarchy import detect
from seacan.kernel.namespaces import CLONE_NEWNS
from seacan.runtime.settings import Settings
from seacan.spec.runtime import IDMapping

pytestmark = [pytest.mark.root, pytest.mark.cgroups]

FIRST = 100000
NS_GET_USERNS = 0xB701  # linux/nsfs.h
MAPPINGS: list[IDMapping] = [{"containerID": 0, "hostID": FIRST, "size": 65536}]


def map_ids(box: Box) -> None:
    """Give the container a user namespace, and its root to the root of that."""
    box.linux["namespaces"].append({"type": "user"})
    box.linux["uidMappings"] = box.linux["gidMappings"] = MAPPINGS
    for directory, _, files in os.walk(box.rootfs):
        for name in (".", *files):
            os.lchown(f"{directory}/{name}", FIRST, FIRST)


@pytest.fixture
def mapped(box: Box) -> Box:
    map_ids(box)
    return box


def test_ids_inside_and_outside(mapped: Box) -> None:
    out = mapped.sh("cat /proc/self/uid_map /proc/self/gid_map; id; touch /tmp/mine; ls -ldn /tmp")
    lines = [line.split() for line in out.splitlines()]
    assert lines[:2] == [["0", "100000", "65536"]] * 2
    assert lines[2] == ["uid=0(root)", "gid=0"]
    assert lines[3][2:4] == ["0", "0"]
    status = (mapped.rootfs / "tmp/mine").stat()
    assert (status.st_uid, status.st_gid) == (FIRST, FIRST)
    with mapped.started("sleep", "60") as container:
        status = Path(f"/proc/{container.pid}").stat()
        assert (status.st_uid, status.st_gid) == (FIRST, FIRST)


def owner_of(pid: int, name: str) -> int:
    """Return the inode of the user namespace that a namespace of `pid` belongs to."""
    with (
        open(f"/proc/{pid}/ns/{name}") as namespace,
        open(fcntl.ioctl(namespace, NS_GET_USERNS)) as owner,
    ):
        return os.fstat(owner.fileno()).st_ino


def test_all_namespaces_belong_to_the_user_namespace(mapped: Box) -> None:
    mapped.linux["namespaces"].append({"type": "time"})
    with mapped.started("sleep", "60") as container:
        own = os.stat(f"/proc/{container.pid}/ns/user").st_ino
        assert own != os.stat("/proc/self/ns/user").st_ino
        for name in ("mnt", "pid", "net", "uts", "ipc", "cgroup", "time"):
            assert (name, owner_of(container.pid, name)) == (name, own)


def test_root_of_the_namespace_governs_it(mapped: Box) -> None:
    mapped.process["capabilities"] = {
        kind: ["CAP_SYS_ADMIN", "CAP_NET_ADMIN"] for kind in ("bounding", "effective", "permitted")
    }
    mapped.linux["maskedPaths"] = mapped.linux["readonlyPaths"] = []
    out = mapped.sh(
        "hostname changed && hostname; ip link set lo down; ip addr show lo | head -n 1;"
        "mkdir /tmp/proc && busybox mount -t proc proc /tmp/proc && cat /tmp/proc/1/comm;"
        "echo 1048577 > /proc/sys/kernel/msgmax && cat /proc/sys/kernel/msgmax"
    )
    lines = out.splitlines()
    assert (lines[0], lines[2:]) == ("changed", ["sh", "1048577"])
    assert "UP" not in lines[1]


def test_capabilities_are_over_the_namespace_alone(mapped: Box) -> None:
    # The file is the host's root's: capable or not, the container's root is nobody to it.
    secret = mapped.path / "secret"
    secret.write_text("old")
    secret.chmod(0o600)
    mapped.mount("/mnt/secret", "bind", str(secret), "bind")
    (mapped.rootfs / "mnt").mkdir()
    os.chown(mapped.rootfs / "mnt", FIRST, FIRST)
    out = mapped.sh(
        "grep CapEff /proc/self/status; stat -c %u /mnt/secret;"
        "cat /mnt/secret 2>&1; echo new > /mnt/secret; true"
    )
    assert out.split()[:3] == ["CapEff:", "00000000a80425fb", "65534"]
    assert out.count("Permission denied") == 2
    assert secret.read_text() == "old"


def test_sources_behind_closed_directories_are_reached(mapped: Box) -> None:
    closed = mapped.path / "closed"
    (closed / "open").mkdir(parents=True)
    (closed / "open/file").write_text("content")
    closed.chmod(0o700)
    mapped.path.chmod(0o700)
    mapped.mount("/tmp", "bind", str(closed / "open"), "rbind", "ro")
    out = mapped.sh("cat /tmp/file; touch /tmp/new 2>&1 || true; grep ' /tmp ' /proc/mounts")
    assert out.startswith("content")
    assert "Read-only" in out
    assert " ro," in out


def test_mounts_of_the_container_do_not_reach_the_host(mapped: Box) -> None:
    (mapped.path / "shared/below").mkdir(parents=True)
    mapped.mount("/tmp", "bind", str(mapped.path / "shared"), "rbind", "rshared")
    mapped.process["capabilities"]["effective"].append("CAP_SYS_ADMIN")
    mapped.process["capabilities"]["permitted"].append("CAP_SYS_ADMIN")
    mapped.process["capabilities"]["bounding"].append("CAP_SYS_ADMIN")
    mapped.sh("busybox mount -t tmpfs tmpfs /tmp/below && touch /tmp/below/inside")
    assert list((mapped.path / "shared/below").iterdir()) == []


def test_devices_are_the_hosts(mapped: Box) -> None:
    out = mapped.sh(
        "echo x > /dev/null; head -c 3 /dev/zero | wc -c; ls -l /dev/full /dev/tty /dev/ptmx;"
        "stat -c '%F %t:%T' /dev/null; busybox mknod /tmp/node c 1 3 2>&1 || true"
    )
    assert out.startswith("3\n")
    assert "character special file 1:3" in out
    assert "not permitted" in out


def test_device_that_the_host_has_not_is_refused(mapped: Box) -> None:
    mapped.linux["devices"] = [{"type": "c", "path": "/dev/my-null", "major": 1, "minor": 3}]
    with pytest.raises(Unsupported, match="device /dev/my-null: cannot be made, nor is it there"):
        mapped.run("true")
    mapped.linux["devices"] = [{"type": "c", "path": "/dev/null", "major": 1, "minor": 5}]
    with pytest.raises(Unsupported, match="device /dev/null: cannot be made, and the host's is"):
        mapped.run("true")


def test_masked_and_read_only_paths(mapped: Box) -> None:
    out = mapped.sh("cat /proc/interrupts | wc -c; echo 1 > /proc/sys/kernel/msgmax; true")
    assert out.startswith("0\n")
    assert "Read-only" in out


def test_cgroup_is_its_own(mapped: Box) -> None:
    mapped.mount("/sys/fs/cgroup", "cgroup", "cgroup", "ro", "nosuid", "noexec", "nodev")
    mapped.linux["resources"] = {"pids": {"limit": 10}}
    directory = "/sys/fs/cgroup/pids" if detect() == "v1" else "/sys/fs/cgroup"
    out = mapped.sh(f"cat {directory}/cgroup.procs {directory}/pids.max")
    assert out.split()[0] == "1"
    assert out.split()[-1] == "10"


def test_one_process_may_be_all_that_the_cgroup_allows(mapped: Box) -> None:
    mapped.linux["resources"] = {"pids": {"limit": 1}}
    assert mapped.run("cat", "/proc/self/uid_map").code == 0


def test_namespaces_of_the_host_are_shown_by_its_mounts(mapped: Box) -> None:
    kinds = ("user", "mount", "uts", "cgroup")
    mapped.linux["namespaces"] = [{"type": kind} for kind in kinds]
    before = {*os.listdir("/sys/class/net")}
    out = mapped.sh("cat /proc/1/comm; ls /sys/class/net; grep ' /sys ' /proc/mounts")
    assert out.splitlines()[0] == Path("/proc/1/comm").read_text().strip()
    stayed = before & {*os.listdir("/sys/class/net")}  # others come and go
    assert stayed <= set(out.split())
    sysfs = next(line for line in out.splitlines() if line.startswith("sysfs /sys "))
    assert sysfs.split()[3].startswith("ro,")


def test_oom_score_and_rlimits(mapped: Box) -> None:
    mapped.process["oomScoreAdj"] = 321
    mapped.process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}]
    out = mapped.sh("cat /proc/self/oom_score_adj; ulimit -n; ulimit -Hn")
    assert out.split() == ["321", "100", "200"]
    assert Path("/proc/self/oom_score_adj").read_text() != "321\n"


def test_a_user_of_the_namespace(mapped: Box) -> None:
    mapped.process["user"] = {"uid": 1000, "gid": 1000, "additionalGids": [7]}
    with mapped.started("sh", "-c", "id; exec sleep 60") as container:
        status = Path(f"/proc/{container.pid}").stat()
        assert (status.st_uid, status.st_gid) == (FIRST + 1000, FIRST + 1000)
    out = mapped.sh("id; echo through > /dev/stdout")  # which is a pipe of the host's root
    assert out == "uid=1000(u) gid=1000 groups=7\nthrough\n"


def test_terminal(mapped: Box) -> None:
    mapped.process["terminal"] = True
    mapped.config["mounts"][2]["options"].append("gid=5")
    ours, theirs = socket.socketpair()
    with ours, theirs, mapped.created("sh", "-c", "tty; stat -c %g $(tty)", console=theirs) as made:
        _, (master,), _, _ = socket.recv_fds(ours, 16, 1)
        made.start()
        os.waitpid(made.pid, 0)
        assert read_to_end(master) == "/dev/pts/0\r\n5\r\n"
        os.close(master)


def test_hooks(mapped: Box) -> None:
    tmp = mapped.rootfs / "tmp"
    (mapped.path / "hooks").mkdir(mode=0o777)
    (mapped.path / "hooks").chmod(0o777)
    mapped.mount("/mnt", "bind", str(mapped.path / "hooks"), "bind")
    for kind in ("createRuntime", "createContainer", "startContainer", "poststart"):
        place = {"createContainer": "./tmp", "startContainer": "/mnt"}.get(kind, str(tmp))
        script = f"readlink /proc/self/ns/user > {place}/{kind}"
        hook = {"path": "/bin/sh", "args": ["sh", "-c", script], "env": ["PATH=/usr/bin:/bin"]}
        mapped.config.setdefault("hooks", {})[kind] = [hook]
    with mapped.started("sleep", "60") as container:
        inside = os.readlink(f"/proc/{container.pid}/ns/user")
    outside = os.readlink("/proc/self/ns/user")
    assert (tmp / "createRuntime").read_text().strip() == outside
    assert (tmp / "poststart").read_text().strip() == outside
    assert (tmp / "createContainer").read_text().strip() == inside
    assert (mapped.path / "hooks/startContainer").read_text().strip() == inside


def test_seccomp_listener(mapped: Box, tmp_path: Path) -> None:
    with answering(tmp_path, {"mkdir": errno.ENOMEDIUM}) as agent:
        mapped.linux["seccomp"] = {
            "defaultAction": "SCMP_ACT_ALLOW",
            "listenerPath": str(agent.path),
            "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}],
        }
        assert "No medium found" in mapped.run("mkdir", "/tmp/x").out


def test_exec(mapped: Box) -> None:
    with mapped.started("sleep", "60") as container:
        user = {"uid": 1000, "gid": 7}
        script = "id; cat /proc/self/uid_map; readlink /proc/self/ns/user; echo x > /dev/stdout"
        done = mapped.execute(container, "sh", "-c", script, user=user, oomScoreAdj=77)
        lines = done.out.splitlines()
        assert done.code == 0
        assert lines[0] == "uid=1000(u) gid=7"
        assert lines[1].split() == ["0", "100000", "65536"]
        assert lines[2] == os.readlink(f"/proc/{container.pid}/ns/user")
        assert lines[3] == "x"
        for name in ("mnt", "pid", "net", "uts", "ipc", "cgroup"):
            out = mapped.execute(container, "readlink", f"/proc/self/ns/{name}").out.strip()
            assert out == os.readlink(f"/proc/{container.pid}/ns/{name}")


def test_process_is_out_of_reach_before_it_is_the_containers(mapped: Box) -> None:
    # CVE-2016-9962, CVE-2019-5736: /proc/PID of what is still the runtime's is the host's root's.
    with mapped.created("sleep", "60") as container:
        status = Path(f"/proc/{container.pid}/exe").lstat()
        assert (status.st_uid, status.st_gid) == (0, 0)
        container.start()
        wait_until(lambda: Path(f"/proc/{container.pid}/exe").lstat().st_uid == FIRST)


def test_joined_by_path_with_what_belongs_to_it(mapped: Box) -> None:
    kinds = {"user": "user", "network": "net", "ipc": "ipc", "uts": "uts", "pid": "pid"}
    with mapped.started("sleep", "60") as other:
        second = Box(mapped.path / "second")
        for directory, _, _ in os.walk(second.rootfs):
            os.chown(directory, FIRST, FIRST)
        del second.config["hostname"]
        second.linux["namespaces"] = [{"type": "mount"}, {"type": "cgroup"}] + [
            {"type": kind, "path": f"/proc/{other.pid}/ns/{file}"} for kind, file in kinds.items()
        ]
        for file in kinds.values():
            expected = os.readlink(f"/proc/{other.pid}/ns/{file}")
            assert second.sh(f"readlink /proc/self/ns/{file}").strip() == expected
        assert second.sh("cat /proc/self/uid_map").split() == ["0", "100000", "65536"]
        with second.started("sleep", "60") as container:
            assert second.execute(container, "id", "-u").out == "0\n"
    assert second.leftovers() == []


def test_namespace_of_the_host_is_joined_by_a_new_user_namespace(mapped: Box) -> None:
    # Only before the user namespace is there a right to.
    mapped.linux["namespaces"] = [ns for ns in mapped.linux["namespaces"] if ns["type"] != "ipc"]
    mapped.linux["namespaces"].append({"type": "ipc", "path": f"/proc/{os.getpid()}/ns/ipc"})
    assert mapped.sh("readlink /proc/self/ns/ipc").strip() == os.readlink("/proc/self/ns/ipc")


@pytest.mark.parametrize("kind", ["user", "network", "pid", "ipc", "uts", "mount", "time"])
@pytest.mark.parametrize("with_user", [False, True])
def test_path_that_is_no_such_namespace(box: Box, kind: str, with_user: bool) -> None:
    if with_user and kind != "user":
        map_ids(box)
    wrong = "/proc/self/ns/cgroup"
    others = [ns for ns in box.linux["namespaces"] if ns["type"] != kind]
    box.linux["namespaces"] = [*others, {"type": kind, "path": wrong}]
    with pytest.raises(InvalidArgument, match=f"{kind}: {wrong}: not a {kind} namespace"):
        box.run("true")
    box.linux["namespaces"][-1]["path"] = "/absent"
    with pytest.raises(InvalidArgument, match=f"{kind}: /absent: No such file or directory"):
        box.run("true")


@pytest.mark.parametrize("propagation", ["private", "rslave", "slave", "shared", "rshared"])
@pytest.mark.parametrize("no_pivot", [False, True])
@pytest.mark.parametrize("is_closed", [False, True])
def test_root_of_every_propagation(
    mapped: Box, propagation: str, no_pivot: bool, is_closed: bool
) -> None:
    mapped.linux["rootfsPropagation"] = propagation
    mapped.settings = Settings(no_pivot=no_pivot)
    mapped.path.chmod(0o700 if is_closed else 0o755)
    assert mapped.sh("echo *; grep -c ' / ' /proc/mounts") == "bin dev etc proc root sys tmp\n1\n"


def test_exec_as_somebody_who_is_not_mapped(mapped: Box) -> None:
    with mapped.started("sleep", "60") as container:
        for user in ({"uid": 65536}, {"gid": 65536}, {"additionalGids": [65536]}):
            with pytest.raises(InvalidArgument, match=r"process\.user: an id is not mapped"):
                mapped.execute(container, "true", user=user)


def test_procfs_of_its_own_is_never_made_up_for_by_the_hosts(mapped: Box) -> None:
    # Refused where the host's is partly covered: what is below would show.
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            syscalls.unshare(CLONE_NEWNS)
            syscalls.mount(None, "/", None, mounts.MS_PRIVATE | mounts.MS_REC)
            syscalls.mount("tmpfs", "/proc/sys/kernel", "tmpfs")
            mapped.run("true")
        except Internal as err:
            os.write(writer, str(err).encode())
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(pid, 0)
    with os.fdopen(reader) as output:
        assert 'error mounting "proc" to rootfs at "/proc"' in output.read()


def test_failures_leave_nothing(mapped: Box) -> None:
    with descriptors.none_kept():
        for args in (("absent",), ("/etc",)):
            with pytest.raises(InvalidArgument):
                mapped.run(*args)
        mapping = {"containerID": 0, "hostID": FIRST, "size": 2**32 - 1 - FIRST}
        mapped.linux["uidMappings"] = [mapping]
        mapped.mount("/tmp", "bind", "/absent", "bind")
        with pytest.raises(Internal, match="/absent"):
            mapped.run("true")


def test_caller_keeps_its_namespaces(mapped: Box) -> None:
    before = {name: os.readlink(f"/proc/self/ns/{name}") for name in os.listdir("/proc/self/ns")}
    mapped.sh("true")
    after = {name: os.readlink(f"/proc/self/ns/{name}") for name in os.listdir("/proc/self/ns")}
    assert after == before


def test_kill_reaches_all(mapped: Box) -> None:
    with mapped.started("sh", "-c", "sleep 60 & sleep 60") as container:
        container.kill(9)
        assert os.waitstatus_to_exitcode(os.waitpid(container.pid, 0)[1]) == -9
        assert container.cgroup.pids() == []
