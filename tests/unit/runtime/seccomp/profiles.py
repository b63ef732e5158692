"""Profiles for property tests."""

from hypothesis import strategies as st

from seacan.spec.runtime import LinuxSeccomp, LinuxSeccompArg, LinuxSyscall

NAMES = (
    *("read", "write", "close", "mmap", "mmap2", "clone", "clone3", "socket", "connect", "accept4"),
    *("socketcall", "ipc", "semop", "shmget", "personality", "execve", "execveat", "ptrace"),
    *("openat2", "futex_time64", "set_tls", "arm_fadvise64_64", "newfstatat", "no_such_call"),
    *("mseal", "getpid", "bpf", "modify_ldt"),
)
ACTIONS = (
    "SCMP_ACT_KILL",
    "SCMP_ACT_KILL_PROCESS",
    "SCMP_ACT_TRAP",
    "SCMP_ACT_ERRNO",
    "SCMP_ACT_TRACE",
    "SCMP_ACT_LOG",
    "SCMP_ACT_ALLOW",
)
VALUES = (0, 1, 2, 37, 38, 39, 0x20008, 0x7E020000, 2**31, 2**32 - 1)
WIDE = (2**32, 2**32 + 1, 38 << 32, 0xFFFFFFFF00000000, 2**64 - 1)
OPERATORS = ("NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ")


@st.composite
def arguments(draw: st.DrawFn, values: tuple[int, ...]) -> LinuxSeccompArg:
    arg: LinuxSeccompArg = {
        "index": draw(st.integers(0, 3)),
        "op": "SCMP_CMP_" + draw(st.sampled_from(OPERATORS)),
        "value": draw(st.sampled_from(values)),
    }
    if arg["op"] == "SCMP_CMP_MASKED_EQ":
        arg["valueTwo"] = draw(st.sampled_from(values))
    return arg


@st.composite
def actions(draw: st.DrawFn) -> tuple[str, int | None]:
    action = draw(st.sampled_from(ACTIONS))
    if action in ("SCMP_ACT_ERRNO", "SCMP_ACT_TRACE"):
        return action, draw(st.sampled_from((None, 1, 38)))
    return action, None


@st.composite
def rules(draw: st.DrawFn, values: tuple[int, ...]) -> LinuxSyscall:
    action, code = draw(actions())
    rule: LinuxSyscall = {
        "names": draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=6, unique=True)),
        "action": action,
        "args": draw(st.lists(arguments(values), max_size=3)),
    }
    if code is not None:
        rule["errnoRet"] = code
    return rule


@st.composite
def profiles(
    draw: st.DrawFn, architectures: list[str], values: tuple[int, ...] = VALUES + WIDE
) -> LinuxSeccomp:
    action, code = draw(actions())
    profile: LinuxSeccomp = {
        "defaultAction": action,
        "architectures": architectures,
        "syscalls": draw(st.lists(rules(values), max_size=8)),
    }
    if code is not None:
        profile["defaultErrnoRet"] = code
    return profile
