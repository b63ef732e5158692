import json
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import pytest
from tests.unit.runtime.seccomp.classic_bpf import answer

from seacan.engine.bundle.seccomp_profile import default_profile, load_profile
from seacan.errors import InvalidArgument, Unsupported
from seacan.runtime.seccomp.compile import AUDIT_ARCH_X86_64, compile_filter

ALLOW = 0x7FFF0000
EPERM = 0x50001
ENOSYS = 0x50000 | 38
DOCKER = frozenset(
    f"CAP_{name}"
    for name in (
        *("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP"),
        *("NET_BIND_SERVICE", "NET_RAW", "SYS_CHROOT", "MKNOD", "AUDIT_WRITE", "SETFCAP"),
    )
)
UNLOCKING = (
    *("CAP_BPF", "CAP_DAC_READ_SEARCH", "CAP_PERFMON", "CAP_SYS_ADMIN", "CAP_SYS_BOOT"),
    *("CAP_SYS_CHROOT", "CAP_SYS_MODULE", "CAP_SYS_NICE", "CAP_SYS_PACCT", "CAP_SYS_PTRACE"),
    *("CAP_SYS_RAWIO", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_SYSLOG"),
)
# Docker's own file, kept beside the checkout; without it there is nothing to compare with.
REFERENCE = Path(__file__).parents[5] / "shared/specs/seccomp-default.json"


@pytest.mark.skipif(not REFERENCE.exists(), reason="needs Docker's profile beside the checkout")
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_default_answers_as_dockers_file(machine: str) -> None:
    reference = REFERENCE.read_bytes()
    sets = chain([(), UNLOCKING, DOCKER], combinations(UNLOCKING, 1), [UNLOCKING[:5]])
    for capabilities in map(frozenset, sets):
        for kernel in ((4, 7), (6, 1)):
            theirs = load_profile(reference, capabilities, machine, kernel)
            ours = default_profile(capabilities, machine, kernel)
            assert theirs
            assert compile_filter(ours, machine) == compile_filter(theirs, machine)


@pytest.fixture(scope="module")
def default() -> bytes:
    return compile_filter(default_profile(DOCKER, "x86_64", (6, 1)), "x86_64")


@pytest.mark.parametrize(
    ("number", "args", "expected"),
    [
        (0, [], ALLOW),  # read
        (56, [0x11], ALLOW),  # clone, SIGCHLD
        (56, [0x10000000], EPERM),  # CLONE_NEWUSER
        (435, [], ENOSYS),  # clone3
        (600, [], ENOSYS),
        (135, [0], ALLOW),  # personality
        (135, [0x40000], EPERM),  # ADDR_NO_RANDOMIZE
        (135, [0xFFFFFFFF], ALLOW),
        (41, [2], ALLOW),  # socket, AF_INET
        (41, [38], EPERM),  # AF_ALG
        (41, [39], ALLOW),
        (41, [40], EPERM),  # AF_VSOCK
        (41, [41], ALLOW),
        (425, [], EPERM),  # io_uring_setup
        (101, [], ALLOW),  # ptrace
        (161, [], ALLOW),  # chroot: Docker's containers have CAP_SYS_CHROOT
        (165, [], EPERM),  # mount
        (272, [], EPERM),  # unshare
        (308, [], EPERM),  # setns
        (321, [], EPERM),  # bpf
        (246, [], EPERM),  # kexec_load
        (169, [], EPERM),  # reboot
        (250, [], EPERM),  # keyctl
    ],
)
def test_what_a_container_of_docker_may_do(
    default: bytes, number: int, args: list[int], expected: int
) -> None:
    assert answer(default, AUDIT_ARCH_X86_64, number, args) == expected


def test_no_default_for_another_machine() -> None:
    with pytest.raises(Unsupported, match="riscv64"):
        default_profile(DOCKER, "riscv64", (6, 1))


# --- profiles of users ------------------------------------------------------------------------


def load(profile: Any, capabilities: frozenset[str] = DOCKER, machine: str = "x86_64") -> Any:
    return load_profile(json.dumps(profile).encode(), capabilities, machine, (5, 10))


def names(profile: Any, **options: Any) -> list[str]:
    return [name for call in load(profile, **options)["syscalls"] for name in call["names"]]


def rule(**conditions: Any) -> dict[str, Any]:
    call = {"names": ["read"], "action": "SCMP_ACT_ALLOW", **conditions}
    return {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [call]}


def test_an_empty_profile_is_none() -> None:
    assert load({}) is None
    assert load({"syscalls": None}) is None


def test_the_old_single_name() -> None:
    profile = rule()
    profile["syscalls"][0] |= {"names": None, "name": "write"}
    assert names(profile) == ["write"]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({"includes": {"caps": ["CAP_CHOWN"]}}, True),
        ({"includes": {"caps": ["CAP_CHOWN", "CAP_SYS_ADMIN"]}}, False),
        ({"excludes": {"caps": ["CAP_CHOWN", "CAP_SYS_ADMIN"]}}, False),
        ({"excludes": {"caps": ["CAP_SYS_ADMIN"]}}, True),
        ({"includes": {"arches": ["amd64", "x32"]}}, True),
        ({"includes": {"arches": ["arm64"]}}, False),
        ({"excludes": {"arches": ["amd64"]}}, False),
        ({"includes": {"minKernel": "5.10"}}, True),
        ({"includes": {"minKernel": "5.11"}}, False),
        ({"includes": {"minKernel": "4.20"}}, True),
        ({"excludes": {"minKernel": "5.9"}}, False),
        ({"excludes": {"minKernel": "6.0"}}, True),
        ({"includes": {}, "excludes": None}, True),
    ],
)
def test_includes_and_excludes(conditions: dict[str, Any], expected: bool) -> None:
    assert (names(rule(**conditions)) == ["read"]) is expected


def test_architectures_come_from_the_map() -> None:
    sub = ["SCMP_ARCH_X86"]
    entries = [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": sub}]
    profile = rule() | {"archMap": entries}
    assert load(profile)["architectures"] == ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"]
    assert load(profile, machine="aarch64")["architectures"] == []


def test_what_is_kept() -> None:
    arg = {"index": 1, "value": 2**64 - 1, "valueTwo": 5, "op": "SCMP_CMP_MASKED_EQ"}
    profile = rule(action="SCMP_ACT_ERRNO", errnoRet=2, args=[arg])
    profile |= {"defaultErrnoRet": 3, "flags": ["SECCOMP_FILTER_FLAG_LOG"]}
    loaded = load(profile)
    assert loaded["defaultErrnoRet"] == 3
    assert loaded["flags"] == ["SECCOMP_FILTER_FLAG_LOG"]
    assert loaded["syscalls"] == [
        {"names": ["read"], "action": "SCMP_ACT_ERRNO", "errnoRet": 2, "args": [arg]}
    ]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"{", "Decoding seccomp profile failed"),
        (b'{"syscalls": 3}', "Decoding seccomp profile failed"),
        (b"[" * 100_000, "Decoding seccomp profile failed"),
        (b'{"x": ' * 100_000, "Decoding seccomp profile failed"),
        (b" " * (1 << 21), "longer than 1048576 bytes"),
        (b'{"defaultAction": "NO"}', "unknown action 'NO'"),
        (json.dumps(rule(name="write")).encode(), "both 'name' and 'names'"),
        (json.dumps(rule(includes={"minKernel": "4"})).encode(), "invalid kernel version: '4'"),
        (json.dumps(rule(includes={"minKernel": "4.x"})).encode(), "invalid kernel version"),
        (json.dumps(rule(includes={"minKernel": "0.0"})).encode(), "invalid kernel version"),
        (json.dumps(rule(includes={"minKernel": "4.999"})).encode(), "invalid kernel version"),
        (
            json.dumps(
                rule() | {"architectures": ["a"], "archMap": [{"architecture": "b"}]}
            ).encode(),
            "both 'architectures' and 'archMap'",
        ),
        (json.dumps(rule() | {"architectures": ["SCMP_ARCH_VAX"]}).encode(), "SCMP_ARCH_VAX"),
    ],
)
def test_bad_profiles(data: bytes, text: str) -> None:
    with pytest.raises(InvalidArgument, match=text):
        load_profile(data, DOCKER, "x86_64", (5, 10))
