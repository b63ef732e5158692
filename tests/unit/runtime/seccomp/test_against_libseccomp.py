"""Our program and libseccomp's (called as runc does) are run on the same calls."""

import base64
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.unit.runtime.seccomp import model
from tests.unit.runtime.seccomp.classic_bpf import instructions, run
from tests.unit.runtime.seccomp.profiles import NAMES, VALUES, WIDE, profiles_for_libseccomp

from seacan.engine.bundle.seccomp_profile import default_profile
from seacan.runtime.seccomp.compile import (
    AUDIT_ARCH_AARCH64,
    AUDIT_ARCH_ARM,
    AUDIT_ARCH_I386,
    AUDIT_ARCH_X86_64,
    compile_filter,
)
from seacan.runtime.seccomp.syscall_numbers import X32_BIT, numbers
from seacan.spec.runtime import LinuxSeccomp, LinuxSyscall

SYSTEM_PYTHON = "/usr/bin/python3"
PERMISSIVE = ("SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE")
ABIS = {
    "x86_64": ("x86_64", AUDIT_ARCH_X86_64, 0),
    "i386": ("x86_64", AUDIT_ARCH_I386, 0),
    "x32": ("x86_64", AUDIT_ARCH_X86_64, X32_BIT),
    "aarch64": ("aarch64", AUDIT_ARCH_AARCH64, 0),
    "arm": ("aarch64", AUDIT_ARCH_ARM, 0),
}
LISTED = {
    "x86_64": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
    "aarch64": ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
}
CAPABILITIES = (
    frozenset[str](),
    frozenset({"CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYSLOG"}),
    frozenset({"CAP_SYS_ADMIN", "CAP_BPF", "CAP_SYS_NICE", "CAP_SYS_TIME"}),
)


class Oracle:
    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.names = set(NAMES) - set(self.ask(names=NAMES)["unknown"])

    def ask(self, **request: Any) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def known(self, profile: LinuxSeccomp) -> LinuxSeccomp:
        """The profile without the calls that are too new for this libseccomp."""
        names = {name for call in profile["syscalls"] for name in call["names"]}
        return only(profile, names - set(self.ask(names=sorted(names))["unknown"]))


def only(profile: LinuxSeccomp, names: set[str]) -> LinuxSeccomp:
    calls: list[LinuxSyscall] = []
    for call in profile["syscalls"]:
        if kept := [name for name in call["names"] if name in names]:
            calls.append({**call, "names": kept})
    return {**profile, "syscalls": calls}


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    probe = [SYSTEM_PYTHON, "-c", "import seccomp"]
    if not Path(SYSTEM_PYTHON).exists() or subprocess.run(probe, capture_output=True).returncode:
        pytest.skip("needs the system's Python with libseccomp: apt-get install python3-seccomp")
    script = str(Path(__file__).with_name("libseccomp_oracle.py"))
    process = subprocess.Popen(
        [SYSTEM_PYTHON, "-B", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        yield Oracle(process)
        process.kill()


Calls = dict[int, list[tuple[int, ...]]]


def compare(theirs: str, profile: LinuxSeccomp, abi: str, calls: Calls) -> int:
    machine, arch, _ = ABIS[abi]
    their_code = instructions(base64.b64decode(theirs))
    our_code = instructions(compile_filter(profile, machine))
    table = numbers(abi)
    named = {table[n] for call in profile["syscalls"] for n in call["names"] if n in table}
    if abi == "i386":  # a rule of a call inside these is one of theirs
        named |= {table[n] for n in ("socketcall", "ipc") if mentions_inside(profile, n)}
    newest = model.newest(profile, table)
    compared = 0
    for number, arguments in calls.items():
        is_new = number > newest and number not in named
        beyond = is_new and profile["defaultAction"] not in PERMISSIVE
        for args in arguments:
            answer = run(their_code, arch, number, args)
            # runc puts its own test for ENOSYS before libseccomp's program.
            expected = model.ENOSYS if beyond and answer == model.default(profile) else answer
            assert run(our_code, arch, number, args) == expected, (hex(number), args)
            compared += 1
    return compared


@pytest.mark.parametrize("abi", ABIS)
@pytest.mark.parametrize("capabilities", CAPABILITIES)
def test_the_default_profile(oracle: Oracle, capabilities: frozenset[str], abi: str) -> None:
    machine, _, base = ABIS[abi]
    profile = oracle.known(default_profile(capabilities, machine, (6, 1)))
    values = (0, 1, 8, 37, 38, 39, 40, 41, 0x20000, 0x20008, 0x10000000, 2**32 - 1)
    arguments: list[tuple[int, ...]] = [(value, 0, 0, 0, 0, 0) for value in values]
    if base == 0 and machine == abi:
        arguments += [(value << 32, 0, 0, 0, 0, 0) for value in values]
    private = range(0xF0000, 0xF0008) if abi == "arm" else ()
    reply = oracle.ask(profile=profile, native=machine.upper())
    assert "error" not in reply
    calls = {base + n: arguments[:1] for n in (*range(560), 2**20, *private)}
    table = numbers(abi)
    conditional = {n for call in profile["syscalls"] if call["args"] for n in call["names"]}
    calls |= {table[n]: arguments for n in (*conditional, "socketcall") if n in table}
    assert compare(reply["bpf"], profile, abi, calls) > 560


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50
)
@given(data=st.data(), abi=st.sampled_from(tuple(ABIS)))
def test_any_profile(oracle: Oracle, data: st.DataObject, abi: str) -> None:
    machine, _, base = ABIS[abi]
    # libseccomp 2.5.4 forgets to load the number when the first call is not one of the ABI.
    known = tuple(name for name in NAMES if name in numbers(abi) and name in oracle.names)
    values = VALUES + WIDE if abi in ("x86_64", "aarch64") else VALUES
    profile = data.draw(profiles_for_libseccomp(LISTED[machine], values, known))
    args = data.draw(st.lists(st.tuples(*[st.sampled_from(values)] * 6), max_size=5))
    table = numbers(abi)
    near = {table[n] + d for n in NAMES if n in table for d in (0, 1)} | {base, base + 500}
    reply = oracle.ask(profile=profile, native=machine.upper())
    assume("bpf" in reply)
    compare(reply["bpf"], profile, abi, dict.fromkeys(sorted(near), args))


def mentions_inside(profile: LinuxSeccomp, shared: str) -> bool:
    inner = {"socketcall": {"socket", "connect", "accept4"}, "ipc": {"shmget"}}[shared]
    default = model.default(profile)
    return any(
        inner.intersection(c["names"]) and model.ret(c["action"], c.get("errnoRet")) != default
        for c in profile["syscalls"]
    )
