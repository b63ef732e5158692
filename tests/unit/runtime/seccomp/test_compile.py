import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.runtime.seccomp import model
from tests.unit.runtime.seccomp.classic_bpf import answer, instructions, reachable, run
from tests.unit.runtime.seccomp.profiles import VALUES, WIDE, profiles

from seacan.errors import InvalidArgument, Unsupported
from seacan.runtime.seccomp.compile import (
    AUDIT_ARCH_AARCH64,
    AUDIT_ARCH_ARM,
    AUDIT_ARCH_I386,
    AUDIT_ARCH_X86_64,
    compile_filter,
)
from seacan.runtime.seccomp.syscall_numbers import X32_BIT, numbers
from seacan.spec.runtime import LinuxSeccomp, LinuxSeccompArg, LinuxSyscall

ALLOW = 0x7FFF0000
EPERM = 0x50001
ENOSYS = 0x50000 | 38
KILL_PROCESS = 0x80000000
X86 = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]
ARM = ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"]


def allowing(*rules: LinuxSyscall, architectures: list[str] = X86) -> LinuxSeccomp:
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "architectures": architectures,
        "syscalls": list(rules),
    }


def allow(*names: str, args: list[LinuxSeccompArg] | None = None) -> LinuxSyscall:
    return {"names": list(names), "action": "SCMP_ACT_ALLOW", "args": args or []}


def notify(*names: str) -> LinuxSyscall:
    return {"names": list(names), "action": "SCMP_ACT_NOTIFY"}


@settings(max_examples=50)
@given(
    profile=profiles(X86),
    args=st.tuples(*[st.sampled_from(VALUES + WIDE)] * 6),
    abi=st.sampled_from(("x86_64", "x32")),
)
def test_x86_answers_as_the_model(profile: LinuxSeccomp, args: tuple[int, ...], abi: str) -> None:
    check_all_numbers(profile, "x86_64", AUDIT_ARCH_X86_64, abi, args)


@settings(max_examples=50)
@given(
    profile=profiles(ARM),
    args=st.tuples(*[st.sampled_from(VALUES + WIDE)] * 6),
    abi=st.sampled_from(("aarch64", "arm")),
)
def test_arm_answers_as_the_model(profile: LinuxSeccomp, args: tuple[int, ...], abi: str) -> None:
    arch = AUDIT_ARCH_AARCH64 if abi == "aarch64" else AUDIT_ARCH_ARM
    check_all_numbers(profile, "aarch64", arch, abi, args)


def check_all_numbers(
    profile: LinuxSeccomp, machine: str, arch: int, abi: str, args: tuple[int, ...]
) -> None:
    table = numbers(abi)
    base = X32_BIT if abi == "x32" else 0
    mentioned = {table[n] for s in profile["syscalls"] for n in s["names"] if n in table}
    near = {n + d for n in mentioned for d in (-1, 0, 1)} | {base, base + 600, base + 2**20}
    code = instructions(compile_filter(profile, machine))
    for number in near:
        if number >= base:
            assert run(code, arch, number, args) == model.expected(profile, table, number, args)


# A mask of 0 is no condition: what comes after it is out of reach indeed.
@settings(max_examples=50)
@given(profile=profiles(X86, VALUES[1:]))
def test_every_instruction_can_be_reached(profile: LinuxSeccomp) -> None:
    code = instructions(compile_filter(profile, "x86_64"))
    assert len(set(reachable(code))) == len(code)


def test_another_architecture_is_killed() -> None:
    program = compile_filter(allowing(allow("read"), architectures=[]), "x86_64")
    assert answer(program, AUDIT_ARCH_X86_64, 0) == ALLOW
    for arch in (AUDIT_ARCH_I386, AUDIT_ARCH_ARM, AUDIT_ARCH_AARCH64, 0):
        assert answer(program, arch, 0) == KILL_PROCESS


@pytest.mark.parametrize(
    ("machine", "listed", "arch"),
    [
        ("x86_64", "SCMP_ARCH_AARCH64", AUDIT_ARCH_X86_64),
        ("aarch64", "SCMP_ARCH_X86_64", AUDIT_ARCH_AARCH64),
        ("aarch64", "SCMP_ARCH_X86", AUDIT_ARCH_AARCH64),
    ],
)
def test_a_profile_of_another_machine_holds_for_this_one(
    machine: str, listed: str, arch: int
) -> None:
    program = compile_filter(allowing(allow("read"), architectures=[listed]), machine)
    number = numbers(machine)["read"]
    assert answer(program, arch, number) == ALLOW
    for other in {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64, AUDIT_ARCH_ARM} - {arch}:
        assert answer(program, other, number) == KILL_PROCESS


def test_x32_is_killed_unless_listed() -> None:
    profile = allowing(allow("read"), architectures=["SCMP_ARCH_X86_64"])
    program = compile_filter(profile, "x86_64")
    assert answer(program, AUDIT_ARCH_X86_64, X32_BIT) == KILL_PROCESS
    assert answer(program, AUDIT_ARCH_X86_64, X32_BIT + 600) == KILL_PROCESS
    assert answer(program, AUDIT_ARCH_X86_64, 0xFFFFFFFF) == ENOSYS
    program = compile_filter(allowing(allow("read", "execve")), "x86_64")
    assert answer(program, AUDIT_ARCH_X86_64, X32_BIT) == ALLOW
    assert answer(program, AUDIT_ARCH_X86_64, X32_BIT | 520) == ALLOW  # execve of x32
    assert answer(program, AUDIT_ARCH_X86_64, X32_BIT | 59) == EPERM  # execve of x86-64


def test_calls_newer_than_the_profile_do_not_exist() -> None:
    program = compile_filter(allowing(allow("read", "clone3")), "x86_64")
    assert answer(program, AUDIT_ARCH_X86_64, 434) == EPERM
    assert answer(program, AUDIT_ARCH_X86_64, 436) == ENOSYS
    permissive: LinuxSeccomp = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["clone3"], "action": "SCMP_ACT_ERRNO"}],
    }
    assert answer(compile_filter(permissive, "x86_64"), AUDIT_ARCH_X86_64, 436) == ALLOW


def test_the_private_calls_of_arm_are_not_the_newest() -> None:
    program = compile_filter(allowing(allow("read", "set_tls"), architectures=ARM), "aarch64")
    assert answer(program, AUDIT_ARCH_ARM, 0xF0005) == ALLOW
    assert answer(program, AUDIT_ARCH_ARM, 500) == ENOSYS


def test_a_call_inside_socketcall_of_i386() -> None:
    args: list[LinuxSeccompArg] = [{"index": 0, "value": 2, "op": "SCMP_CMP_EQ"}]
    program = compile_filter(allowing(allow("socket", args=args), allow("send")), "x86_64")
    assert answer(program, AUDIT_ARCH_I386, 359, [2]) == ALLOW
    assert answer(program, AUDIT_ARCH_I386, 359, [3]) == EPERM
    assert answer(program, AUDIT_ARCH_I386, 102, [1]) == ALLOW
    assert answer(program, AUDIT_ARCH_I386, 102, [9]) == ALLOW
    assert answer(program, AUDIT_ARCH_I386, 102, [2]) == EPERM


def test_a_rule_without_conditions_decides() -> None:
    args: list[LinuxSeccompArg] = [{"index": 0, "value": 2, "op": "SCMP_CMP_EQ"}]
    kill: LinuxSyscall = {"names": ["read"], "action": "SCMP_ACT_KILL_PROCESS", "args": args}
    program = compile_filter(allowing(kill, allow("read")), "x86_64")
    assert answer(program, AUDIT_ARCH_X86_64, 0, [2]) == ALLOW


def test_long_profiles_keep_every_jump_in_reach() -> None:
    rules = [
        allow(name, args=[{"index": i % 6, "value": number << 20, "op": "SCMP_CMP_GT"}])
        for i, (name, number) in enumerate(numbers("x86_64").items())
    ]
    profile = allowing(*rules, architectures=["SCMP_ARCH_X86_64"])
    code = instructions(compile_filter(profile, "x86_64"))
    assert len(code) > 1500
    for i, number in enumerate(numbers("x86_64").values()):
        args = [0] * 6
        assert run(code, AUDIT_ARCH_X86_64, number, args) == EPERM
        args[i % 6] = (number << 20) + 1
        assert run(code, AUDIT_ARCH_X86_64, number, args) == ALLOW


def test_the_kernels_limit_of_instructions() -> None:
    args: list[LinuxSeccompArg] = [
        {"index": i, "value": 2**40 + i, "op": "SCMP_CMP_LT"} for i in range(6)
    ]
    rules = [allow(name, args=args) for name in numbers("x86_64")]
    for i, rule in enumerate(rules):
        rule["args"] = [{**arg, "value": arg["value"] + i} for arg in args]
    with pytest.raises(InvalidArgument, match=r"more than 4096"):
        compile_filter(allowing(*rules), "x86_64")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"defaultAction": "SCMP_ACT_MAYBE"}, "unknown action 'SCMP_ACT_MAYBE'"),
        ({"defaultAction": "SCMP_ACT_NOTIFY"}, "SCMP_ACT_NOTIFY cannot be the default action"),
        ({"listenerMetadata": "x"}, "listenerMetadata without a listenerPath"),
        ({"syscalls": [notify("read")]}, "SCMP_ACT_NOTIFY without a listenerPath"),
        (
            {"syscalls": [notify("read", "write")], "listenerPath": "/agent"},
            "SCMP_ACT_NOTIFY cannot be the action of write",
        ),
        (
            {"syscalls": [{**notify("read"), "errnoRet": 1}], "listenerPath": "/agent"},
            "SCMP_ACT_NOTIFY takes no errnoRet",
        ),
        ({"architectures": ["SCMP_ARCH_VAX"]}, "architecture 'SCMP_ARCH_VAX'"),
        ({"defaultErrnoRet": 4096}, "errnoRet 4096"),
        ({"defaultAction": "SCMP_ACT_ALLOW", "defaultErrnoRet": 1}, "no errnoRet"),
    ],
)
def test_bad_profiles(change: LinuxSeccomp, text: str) -> None:
    with pytest.raises(InvalidArgument, match=text):
        compile_filter({**allowing(), **change}, "x86_64")


@pytest.mark.parametrize(
    ("arg", "text"),
    [
        ({"index": 6, "value": 0, "op": "SCMP_CMP_EQ"}, "no argument 6"),
        ({"index": 0, "value": 2**64, "op": "SCMP_CMP_EQ"}, "64 bits"),
        ({"index": 0, "value": -1, "op": "SCMP_CMP_EQ"}, "64 bits"),
        ({"index": 0, "value": 0, "op": "=="}, "unknown operator '=='"),
    ],
)
def test_bad_conditions(arg: LinuxSeccompArg, text: str) -> None:
    with pytest.raises(InvalidArgument, match=text):
        compile_filter(allowing(allow("read", args=[arg])), "x86_64")


def test_an_unknown_machine() -> None:
    with pytest.raises(Unsupported, match="machine vax"):
        compile_filter(allowing(), "vax")


def test_architectures_of_other_machines_take_no_code() -> None:
    alone = compile_filter(allowing(allow("read"), architectures=["SCMP_ARCH_X86_64"]), "x86_64")
    foreign = ["SCMP_ARCH_X86_64", "SCMP_ARCH_S390X", "SCMP_ARCH_ARM"]
    assert compile_filter(allowing(allow("read"), architectures=foreign), "x86_64") == alone
