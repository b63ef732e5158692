"""What a container sees of the kernel, looked at from inside: as Docker has it, entry for entry."""

import os
import re
from pathlib import Path

import pytest
from tests.conformance.docker_cli import Docker

pytestmark = [pytest.mark.root, pytest.mark.conformance]

IS_CGROUP_V2 = Path("/sys/fs/cgroup/cgroup.controllers").exists()
DEVICES = {
    "fd": "l /proc/self/fd",
    "full": "c 1:7 666",
    "mqueue": "d",
    "null": "c 1:3 666",
    "ptmx": "l pts/ptmx",
    "pts": "d",
    "random": "c 1:8 666",
    "shm": "d",
    "stderr": "l /proc/self/fd/2",
    "stdin": "l /proc/self/fd/0",
    "stdout": "l /proc/self/fd/1",
    "tty": "c 5:0 666",
    "urandom": "c 1:9 666",
    "zero": "c 1:5 666",
}
if Path("/proc/kcore").exists():
    DEVICES["core"] = "l /proc/kcore"
NOEXEC = {"nosuid", "nodev", "noexec"}
MOUNTS = {  # mount point: file system, options that must be there
    "/": ("overlay", {"rw"}),
    "/proc": ("proc", {"rw", *NOEXEC}),
    "/dev": ("tmpfs", {"rw", "nosuid"}),
    "/dev/pts": ("devpts", {"rw", "nosuid", "noexec"}),
    "/dev/shm": ("tmpfs", {"rw", *NOEXEC}),
    "/dev/mqueue": ("mqueue", {"rw", *NOEXEC}),
    "/sys": ("sysfs", {"ro", *NOEXEC}),
    "/proc/bus": ("proc", {"ro", *NOEXEC}),
    "/proc/fs": ("proc", {"ro", *NOEXEC}),
    "/proc/irq": ("proc", {"ro", *NOEXEC}),
    "/proc/sys": ("proc", {"ro", *NOEXEC}),
}
MASKED_FILES = (
    "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
    "/proc/timer_stats", "/proc/sched_debug",
)  # fmt: skip
MASKED_DIRECTORIES = (
    "/proc/asound", "/proc/acpi", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap",
)  # fmt: skip


def _inside(docker: Docker, script: str, *options: str) -> list[str]:
    words = ("run", "--rm", "--network", "none", *options, "busybox", "sh", "-c", script)
    return docker.ok(*words).splitlines()


def _mountinfo(lines: list[str]) -> dict[str, tuple[str, set[str]]]:
    """Return mount point → file system, options of the mount; the topmost of each point."""
    found = {}
    for words in map(str.split, lines):
        found[words[4]] = (words[words.index("-") + 1], set(words[5].split(",")))
    return found


@pytest.mark.parametrize("kind", ["mnt", "pid", "uts", "ipc", "net"])
def test_own_namespace(docker: Docker, kind: str) -> None:
    (inside,) = _inside(docker, f"readlink /proc/self/ns/{kind}")
    assert inside != os.readlink(f"/proc/self/ns/{kind}")


def test_cgroup_namespace_is_the_hosts_with_v1_and_private_with_v2(docker: Docker) -> None:
    (inside,) = _inside(docker, "readlink /proc/self/ns/cgroup")
    assert (inside != os.readlink("/proc/self/ns/cgroup")) == IS_CGROUP_V2


def test_user_namespace_is_the_hosts(docker: Docker) -> None:
    assert _inside(docker, "readlink /proc/self/ns/user") == [os.readlink("/proc/self/ns/user")]


def test_first_process(docker: Docker) -> None:
    assert _inside(docker, "echo $$; cut -d' ' -f6 /proc/1/stat; umask") == ["1", "1", "0022"]


def test_status(docker: Docker) -> None:
    fields = "^(Uid|Gid|Groups|Cap...|NoNewPrivs|Seccomp):"
    lines = _inside(docker, f"grep -E '{fields}' /proc/self/status")
    status = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
    default, none = ["00000000a80425fb"], ["0000000000000000"]
    assert status["CapPrm"] == status["CapEff"] == status["CapBnd"] == default
    assert status["CapInh"] == status["CapAmb"] == none  # CVE-2022-24769
    assert (status["NoNewPrivs"], status["Seccomp"]) == (["0"], ["2"])
    assert (status["Uid"], status["Gid"]) == (["0"] * 4, ["0"] * 4)


def test_only_the_standard_descriptors_reach_the_process(docker: Docker) -> None:
    """CVE-2024-21626: one of the host's directories was left open."""
    assert _inside(docker, "ls -1 /proc/1/fd; true") == ["0", "1", "2"]
    container = docker.ok("run", "-d", "busybox", "sleep", "1000")
    out = docker.ok("exec", container, "sh", "-c", "ls -1 /proc/$$/fd; ls -1 /proc/1/fd")
    assert out.split() == ["0", "1", "2"] * 2


def test_a_working_directory_in_a_descriptor_of_the_host(docker: Docker) -> None:
    """CVE-2024-21626: `-w /proc/self/fd/N` led out of the container."""
    for number in range(3, 12):
        result = docker("run", "--rm", "-w", f"/proc/self/fd/{number}", "busybox", "pwd")
        assert result.status != 0, number


def test_dev(docker: Docker) -> None:
    script = (
        'cd /dev; for x in * .*; do case $x in .|..|".*") continue;; esac; '
        'if [ -L $x ]; then echo "$x l $(readlink $x)"; elif [ -d $x ]; then echo "$x d"; '
        'else echo "$x $(stat -c "%F %t:%T %a" $x)"; fi; done'
    )
    lines = [line.replace("character special file", "c") for line in _inside(docker, script)]
    assert dict(line.split(" ", 1) for line in lines) == DEVICES


def test_dev_with_a_terminal_has_a_console(docker: Docker) -> None:
    listed = " ".join(_inside(docker, "ls -1 /dev | tr -d '\\r'", "-t")).split()
    assert sorted(listed) == sorted([*DEVICES, "console"])


def test_mounts(docker: Docker) -> None:
    found = _mountinfo(_inside(docker, "cat /proc/self/mountinfo"))
    for point, (file_system, options) in MOUNTS.items():
        assert found[point][0] == file_system, point
        assert options <= found[point][1], (point, found[point])
    for point, (file_system, options) in found.items():
        if file_system in ("cgroup", "cgroup2"):
            assert {"ro", *NOEXEC} <= options, point
    beyond = {"/etc/hosts", "/etc/hostname", "/etc/resolv.conf", *MASKED_FILES, *MASKED_DIRECTORIES}
    more = {point for point in found if not point.startswith(("/sys/", "/proc/"))}
    assert more <= beyond | MOUNTS.keys()


def test_no_mount_of_a_container_is_seen_on_the_host(docker: Docker) -> None:
    place = f"/{docker.name}"
    docker.ok("run", "-d", "-v", f"/tmp:{place}", "busybox", "sleep", "1000")
    propagation = _inside(docker, "grep -c -E 'shared:|master:' /proc/self/mountinfo; true")
    assert propagation == ["0"]
    after = Path("/proc/self/mounts").read_text().splitlines()
    # Others may have mounted something meanwhile, though not there.
    assert [line for line in after if line.split()[1].endswith(place)] == []


def test_masked(docker: Docker) -> None:
    files = " ".join(MASKED_FILES)
    script = f'for x in {files}; do [ -e $x ] && echo "$x $(stat -c %t:%T $x)"; done; true'
    for line in _inside(docker, script):
        assert line.endswith(" 1:3"), line
    directories = " ".join(MASKED_DIRECTORIES)
    script = f"for x in {directories}; do [ -e $x ] && ls -A $x; touch $x/y 2>/dev/null; done; true"
    assert _inside(docker, script) == []


@pytest.mark.parametrize(
    "path", ["/proc/sys/kernel/hostname", "/proc/sysrq-trigger", "/sys/kernel/uevent_helper",
             "/proc/sys/kernel/core_pattern"],
)  # fmt: skip
def test_what_belongs_to_the_host_cannot_be_written(docker: Docker, path: str) -> None:
    result = docker("run", "--rm", "busybox", "sh", "-c", f"echo x > {path}")
    assert result.status != 0
    assert re.search("Read-only file system|nonexistent|Permission denied", result.err)


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("mount -t tmpfs x /mnt", "permission denied|Operation not permitted"),
        ("mount -t cgroup -o memory x /mnt", "permission denied|Operation not permitted"),
        ("unshare -U true", "Operation not permitted"),  # CVE-2022-0492
        ("unshare -m true", "Operation not permitted"),
        ("date -s 1970-01-01", "Operation not permitted"),
        ("mknod /x b 254 0 && cat /x", "Operation not permitted"),
        ("mknod /x c 1 1 && head -c 1 /x", "Operation not permitted"),  # /dev/mem
        ("hostname other", "Operation not permitted"),
        ("ip link add x type dummy", "Operation not permitted|not supported"),
        ("dmesg", "not permitted"),
    ],
)
def test_what_a_container_may_not_do(docker: Docker, command: str, sentence: str) -> None:
    result = docker("run", "--rm", "busybox", "sh", "-c", f"mkdir -p /mnt; {command}")
    assert re.search(sentence, result.err)


def test_what_a_container_may_do(docker: Docker) -> None:
    script = (
        "touch /f && chown 1:2 /f && chmod 4755 /f && mknod /n c 1 3 && chroot / true && "
        "ping -c 1 127.0.0.1 >/dev/null && su -s /bin/sh -c true root && echo yes"
    )
    assert _inside(docker, script)[-1] == "yes"


def test_its_own_cgroup_is_what_it_sees(docker: Docker) -> None:
    path = "/sys/fs/cgroup/memory.max" if IS_CGROUP_V2 else (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes")  # fmt: skip
    assert _inside(docker, f"cat {path}", "-m", "64m") == ["67108864"]


def test_host_name_files(docker: Docker) -> None:
    lines = _inside(docker, "hostname; cat /etc/hostname; grep localhost /etc/hosts", "-h", "box")
    assert lines[:2] == ["box", "box"]
    assert "127.0.0.1\tlocalhost" in lines


def test_the_executable_of_the_runtime_is_out_of_reach(docker: Docker) -> None:
    """CVE-2019-5736: a process that joins may be looked at through /proc/PID/exe."""
    spy = (
        "while true; do for p in /proc/[0-9]*; do "
        'e=$(readlink $p/exe 2>/dev/null) && case $e in */busybox|"") ;; *) echo $e;; esac; '
        "done; done"
    )
    container = docker.ok("run", "-d", "busybox", "sh", "-c", spy)
    for _ in range(10):
        docker.ok("exec", container, "true")
    docker.ok("kill", container)
    seen = set(docker.ok("logs", container).split("\n"))
    assert not any("python" in path and "memfd:" not in path for path in seen), seen
