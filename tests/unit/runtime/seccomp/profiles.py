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
    "SCMP_ACT_NOTIFY",
    "SCMP_ACT_TRACE",
    "SCMP_ACT_LOG",
    "SCMP_ACT_ALLOW",
)
WITHOUT_ARGUMENTS = ("getpid", "getppid", "gettid", "getuid", "geteuid", "getgid", "getegid")
VALUES = (0, 1, 2, 37, 38, 39, 0x20008, 0x7E020000, 2**31, 2**32 - 1)
WIDE = (2**32, 2**32 + 1, 38 << 32, 0xFFFFFFFF00000000, 2**64 - 1)
OPERATORS = ("NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ")


@st.composite
def arguments(
    draw: st.DrawFn, values: tuple[int, ...], operators: tuple[str, ...] = OPERATORS
) -> LinuxSeccompArg:
    arg: LinuxSeccompArg = {
        "index": draw(st.integers(0, 3)),
        "op": "SCMP_CMP_" + draw(st.sampled_from(operators)),
        "value": draw(st.sampled_from(values)),
    }
    if arg["op"] == "SCMP_CMP_MASKED_EQ":
        arg["valueTwo"] = draw(st.sampled_from(values))
    return arg


@st.composite
def actions(draw: st.DrawFn, *, is_default: bool = False) -> tuple[str, int | None]:
    action = draw(st.sampled_from(ACTIONS))
    if is_default and action == "SCMP_ACT_NOTIFY":
        action = "SCMP_ACT_ERRNO"
    if action in ("SCMP_ACT_ERRNO", "SCMP_ACT_TRACE"):
        return action, draw(st.sampled_from((None, 1, 38)))
    return action, None


@st.composite
def rules(draw: st.DrawFn, values: tuple[int, ...], names: tuple[str, ...]) -> LinuxSyscall:
    chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=6, unique=True))
    return _rule(draw(actions()), chosen, draw(st.lists(arguments(values), max_size=3)))


def _rule(
    action: tuple[str, int | None], names: list[str], args: list[LinuxSeccompArg]
) -> LinuxSyscall:
    rule: LinuxSyscall = {"names": names, "action": action[0], "args": args}
    if action[1] is not None:
        rule["errnoRet"] = action[1]
    if action[0] == "SCMP_ACT_NOTIFY":
        rule["names"] = [name for name in names if name != "write"] or ["read"]
    return rule


@st.composite
def profiles(
    draw: st.DrawFn,
    architectures: list[str],
    values: tuple[int, ...] = VALUES + WIDE,
    names: tuple[str, ...] = NAMES,
) -> LinuxSeccomp:
    calls = draw(st.lists(rules(values, names), max_size=8))
    return _profile(draw(actions(is_default=True)), architectures, calls)


@st.composite
def profiles_for_libseccomp(
    draw: st.DrawFn, architectures: list[str], values: tuple[int, ...], names: tuple[str, ...]
) -> LinuxSeccomp:
    """What libseccomp answers as its manual says.

    It sorts the conditions of a call into one tree, and looks at an argument once on the way. So
    several actions for a call come in an order of its own; with several rules, LT and LE (which it
    stores as GE and GT turned round) and combinations of conditions do not always hold: libseccomp
    2.5.4 has `a0 < 1` or `a0 < 2**32` fail for 5. For a name there is here one action, and either
    one rule with conditions of any kind, or up to four of one condition each.
    """
    calls: list[LinuxSyscall] = []
    shuffled, size = list(draw(st.permutations(names))), draw(st.integers(1, 6))
    for _ in range(draw(st.integers(1, 4))):
        group, shuffled = shuffled[:size], shuffled[size:]
        action = draw(actions())
        if draw(st.booleans()):
            by_index = {arg["index"]: arg for arg in draw(st.lists(arguments(values), max_size=4))}
            calls.append(_rule(action, group, list(by_index.values())))
        else:
            single = arguments(values, ("NE", "EQ", "GE", "GT", "MASKED_EQ"))
            args = draw(st.lists(single, min_size=2, max_size=4))
            calls += [_rule(action, group, [arg]) for arg in args]
    return _profile(draw(actions(is_default=True)), architectures, draw(st.permutations(calls)))


def _profile(
    action: tuple[str, int | None], architectures: list[str], calls: list[LinuxSyscall]
) -> LinuxSeccomp:
    profile: LinuxSeccomp = {
        "defaultAction": action[0],
        "architectures": architectures,
        "listenerPath": "/agent",
        "syscalls": calls,
    }
    if action[1] is not None:
        profile["defaultErrnoRet"] = action[1]
    return profile
