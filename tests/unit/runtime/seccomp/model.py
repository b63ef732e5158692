"""What a profile means, said as plainly as can be: the reference for the compiled program."""

from collections.abc import Sequence

from seacan.spec.runtime import LinuxSeccomp, LinuxSeccompArg, LinuxSyscall

RET = {
    "SCMP_ACT_KILL": 0,
    "SCMP_ACT_KILL_THREAD": 0,
    "SCMP_ACT_KILL_PROCESS": 0x80000000,
    "SCMP_ACT_TRAP": 0x30000,
    "SCMP_ACT_ERRNO": 0x50000,
    "SCMP_ACT_NOTIFY": 0x7FC00000,
    "SCMP_ACT_TRACE": 0x7FF00000,
    "SCMP_ACT_LOG": 0x7FFC0000,
    "SCMP_ACT_ALLOW": 0x7FFF0000,
}
ENOSYS = 0x50000 | 38


def ret(action: str, code: int | None) -> int:
    if action in ("SCMP_ACT_ERRNO", "SCMP_ACT_TRACE"):
        return RET[action] | (1 if code is None else code)
    return RET[action]


def default(profile: LinuxSeccomp) -> int:
    return ret(profile["defaultAction"], profile.get("defaultErrnoRet"))


def newest(profile: LinuxSeccomp, table: dict[str, int]) -> int:
    named = {table[n] for s in profile["syscalls"] for n in s["names"] if n in table}
    return max((n for n in named if not 0xF0000 <= n < 0x100000), default=2**32)


def expected(profile: LinuxSeccomp, table: dict[str, int], number: int, args: Sequence[int]) -> int:
    """The answer for the call `number` of the ABI with the numbers `table` (not i386)."""
    names = [name for name, n in table.items() if n == number]
    otherwise = default(profile)
    rules = [
        (rule, ret(rule["action"], rule.get("errnoRet")))
        for rule in profile["syscalls"]
        if set(names) & set(rule["names"])
    ]
    is_named = bool(rules)
    rules = [(rule, value) for rule, value in rules if value != otherwise]
    for rule, value in rules:
        if not rule.get("args"):
            return value
    for rule, value in rules:
        if matches(rule, args):
            return value
    is_permissive = profile["defaultAction"] in ("SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE")
    last = newest(profile, table)
    return ENOSYS if not is_named and number > last and not is_permissive else otherwise


def matches(rule: LinuxSyscall, args: Sequence[int]) -> bool:
    held = [holds(arg, args[arg["index"]]) for arg in rule["args"]]
    indexes = [arg["index"] for arg in rule["args"]]
    return any(held) if len(set(indexes)) < len(indexes) else all(held)


def holds(arg: LinuxSeccompArg, actual: int) -> bool:
    value = arg.get("value", 0)
    return {
        "SCMP_CMP_NE": actual != value,
        "SCMP_CMP_LT": actual < value,
        "SCMP_CMP_LE": actual <= value,
        "SCMP_CMP_EQ": actual == value,
        "SCMP_CMP_GE": actual >= value,
        "SCMP_CMP_GT": actual > value,
        "SCMP_CMP_MASKED_EQ": (actual ^ arg.get("valueTwo", 0)) & value == 0,
    }[arg["op"]]
