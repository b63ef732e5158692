"""What a seccomp profile answers to each call: `linux.seccomp` of config.json, judged and sorted.

    LinuxSeccomp ──read_policy──▸ Policy, by name ──ranges──▸ answers to all numbers of an ABI

Where several rules name one call, a rule without conditions decides, the first of them; else the
first whose conditions hold; else the default. libseccomp, and so runc, make the same of a list.
"""

from __future__ import annotations

import errno

from seacan.errors import InvalidArgument
from seacan.records import record
from seacan.runtime.seccomp.syscall_numbers import ARM_PRIVATE, X32_BIT, numbers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final

    from seacan.spec.runtime import LinuxSeccomp, LinuxSeccompArg, LinuxSyscall

# linux/seccomp.h: the answer of a filter, with 16 bits of data for errno and trace.
RET_KILL_PROCESS: Final = 0x80000000
RET_ERRNO: Final = 0x00050000
RET_ENOSYS: Final = RET_ERRNO | errno.ENOSYS

ACTIONS: Final = {
    "SCMP_ACT_KILL": 0,
    "SCMP_ACT_KILL_THREAD": 0,
    "SCMP_ACT_KILL_PROCESS": RET_KILL_PROCESS,
    "SCMP_ACT_TRAP": 0x00030000,
    "SCMP_ACT_ERRNO": RET_ERRNO,
    "SCMP_ACT_NOTIFY": 0x7FC00000,
    "SCMP_ACT_TRACE": 0x7FF00000,
    "SCMP_ACT_LOG": 0x7FFC0000,
    "SCMP_ACT_ALLOW": 0x7FFF0000,
}
_WITH_ERRNO: Final = ("SCMP_ACT_ERRNO", "SCMP_ACT_TRACE")
_PERMISSIVE: Final = ("SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE")
_MAX_ERRNO: Final = 4095  # linux/err.h

NOTIFY: Final = "SCMP_ACT_NOTIFY"
_MASKED_EQ: Final = "SCMP_CMP_MASKED_EQ"
_COMPARISONS: Final = tuple(f"SCMP_CMP_{op}" for op in ("NE", "LT", "LE", "EQ", "GE", "GT"))
OPERATORS: Final = (*_COMPARISONS, _MASKED_EQ)
_ARGUMENTS: Final = 6

# i386 has these calls twice: of their own, and as a number in argument 0 of a shared call.
# linux/net.h, linux/ipc.h.
_I386_SHARED: Final = {
    "socketcall": {
        "socket": 1,
        "bind": 2,
        "connect": 3,
        "listen": 4,
        "accept": 5,
        "getsockname": 6,
        "getpeername": 7,
        "socketpair": 8,
        "send": 9,
        "recv": 10,
        "sendto": 11,
        "recvfrom": 12,
        "shutdown": 13,
        "setsockopt": 14,
        "getsockopt": 15,
        "sendmsg": 16,
        "recvmsg": 17,
        "accept4": 18,
        "recvmmsg": 19,
        "sendmmsg": 20,
    },
    "ipc": {
        "semop": 1,
        "semget": 2,
        "semctl": 3,
        "semtimedop": 4,
        "msgsnd": 11,
        "msgrcv": 12,
        "msgget": 13,
        "msgctl": 14,
        "shmat": 21,
        "shmdt": 22,
        "shmget": 23,
        "shmctl": 24,
    },
}


@record
class Condition:
    """`argument` (0 to 5), masked by `mask`, compared as 64 bits without sign to `value`."""

    argument: int
    operator: str
    value: int
    mask: int = 2**64 - 1


@record
class Rule:
    """`ret` (SECCOMP_RET_*) if all the conditions hold."""

    conditions: tuple[Condition, ...]
    ret: int


@record
class Conditional:
    """The answer of the first rule that holds, else `otherwise`."""

    rules: tuple[Rule, ...]
    otherwise: int


Answer = int | Conditional
Ranges = list[tuple[int, Answer]]  # ascending; each holds up to the next one's first number


@record
class Policy:
    """A profile read: `rules` by the names of calls, also those that no ABI here has."""

    default: int
    beyond: int  # the answer to calls newer than any that the profile names
    rules: dict[str, list[Rule]]

    def ranges(self, abi: str) -> Ranges:
        """Return the answers to every number of `abi`, from its first."""
        table = numbers(abi)
        first = X32_BIT if abi == "x32" else 0
        named = {table[name] for name in self.rules if name in table}
        newest = max((n for n in named if n < ARM_PRIVATE or n >= X32_BIT), default=None)
        answers = dict.fromkeys(named, self.default) | dict(self._answers(abi, table))
        ranges: dict[int, Answer] = {first: self.default}  # in ascending order
        for number in sorted(answers):
            ranges[number] = answers[number]
            is_older = newest is None or number < newest
            ranges[number + 1] = self.default if is_older else self.beyond
        return list(ranges.items())

    def _answers(self, abi: str, table: dict[str, int]) -> Iterator[tuple[int, Answer]]:
        by_name = _with_shared(self.rules) if abi == "i386" else self.rules
        for name, rules in by_name.items():
            if name in table and (answer := self._answer(rules)) is not None:
                yield table[name], answer

    def _answer(self, rules: list[Rule]) -> Answer | None:
        # Asked for each call of each ABI, and most have one rule.
        for rule in rules:
            if not rule.conditions and rule.ret != self.default:
                return rule.ret
        telling = tuple(rule for rule in rules if rule.ret != self.default)
        return Conditional(telling, self.default) if telling else None


def _with_shared(rules: dict[str, list[Rule]]) -> dict[str, list[Rule]]:
    """Add to socketcall(2) and ipc(2) what the profile says of the calls inside them.

    Argument 0 is the number of the inner call there, and its own arguments are out of a filter's
    sight: conditions on argument 0 are dropped, as libseccomp does.
    """
    result = dict(rules)
    for shared, inner in _I386_SHARED.items():
        for name, number in inner.items():
            selected = Condition(0, "SCMP_CMP_EQ", number)
            result[shared] = result.get(shared, []) + [
                Rule((selected, *(c for c in rule.conditions if c.argument != 0)), rule.ret)
                for rule in rules.get(name, [])
            ]
    return result


# --- reading ----------------------------------------------------------------------------------


def read_policy(seccomp: LinuxSeccomp) -> Policy:
    """Return `seccomp` as rules by name.

    Calls newer than any that the profile names get ENOSYS when the default is a refusal, so that
    a C library tries an older call: the profile's author cannot have meant them.
    Raises InvalidArgument.
    Source: OCI runtime-spec 1.2, config-linux.md#seccomp; runc, libcontainer/seccomp/patchbpf.
    """
    _check_listener(seccomp)
    action = seccomp.get("defaultAction", "")
    default = _ret(action, seccomp.get("defaultErrnoRet"))
    beyond = default if action in _PERMISSIVE else RET_ENOSYS
    rules: dict[str, list[Rule]] = {}
    for syscall in seccomp.get("syscalls") or []:
        read = list(_rules(syscall))
        for name in syscall.get("names") or []:
            rules.setdefault(name, []).extend(read)
    return Policy(default, beyond, rules)


def has_listener(seccomp: LinuxSeccomp) -> bool:
    """Tell whether calls are answered by an agent, through a descriptor of notifications."""
    return any(syscall.get("action") == NOTIFY for syscall in seccomp.get("syscalls") or [])


def _check_listener(seccomp: LinuxSeccomp) -> None:
    """Judge what belongs to notifications; without them, a path alone has no meaning.

    The process under the filter says with write(2) where its descriptor is: until then nobody
    could answer a notification, so write may not be one.
    """
    path = seccomp.get("listenerPath")
    if seccomp.get("listenerMetadata") and not path:
        raise InvalidArgument("seccomp: listenerMetadata without a listenerPath")
    if seccomp.get("defaultAction") == NOTIFY:
        raise InvalidArgument(f"seccomp: {NOTIFY} cannot be the default action")
    if has_listener(seccomp) and not path:
        raise InvalidArgument(f"seccomp: {NOTIFY} without a listenerPath")
    for syscall in seccomp.get("syscalls") or []:
        if syscall.get("action") == NOTIFY and "write" in (syscall.get("names") or []):
            raise InvalidArgument(f"seccomp: {NOTIFY} cannot be the action of write")


def _ret(action: str, errno_ret: int | None) -> int:
    if action not in ACTIONS:
        raise InvalidArgument(f"seccomp: unknown action {action!r}")
    if action not in _WITH_ERRNO:
        if errno_ret is not None:
            raise InvalidArgument(f"seccomp: {action} takes no errnoRet")
        return ACTIONS[action]
    code = errno.EPERM if errno_ret is None else errno_ret
    if not 0 <= code <= _MAX_ERRNO:
        raise InvalidArgument(f"seccomp: errnoRet {code} is not within 0 and {_MAX_ERRNO}")
    return ACTIONS[action] | code


def _rules(syscall: LinuxSyscall) -> Iterator[Rule]:
    ret = _ret(syscall.get("action", ""), syscall.get("errnoRet"))
    conditions = tuple(_condition(arg) for arg in syscall.get("args") or [])
    if len({condition.argument for condition in conditions}) == len(conditions):
        yield Rule(conditions, ret)
    else:
        # Two conditions on one argument are alternatives: so runc reads them, for old profiles.
        yield from (Rule((condition,), ret) for condition in conditions)


def _condition(arg: LinuxSeccompArg) -> Condition:
    index, operator = arg.get("index", 0), arg.get("op", "")
    value, value_two = arg.get("value", 0), arg.get("valueTwo", 0)
    if not 0 <= index < _ARGUMENTS:
        raise InvalidArgument(f"seccomp: a call has no argument {index}")
    if not 0 <= value < 2**64 or not 0 <= value_two < 2**64:
        raise InvalidArgument(f"seccomp: a value of argument {index} is not within 64 bits")
    if operator == _MASKED_EQ:
        return Condition(index, "SCMP_CMP_EQ", value_two & value, mask=value)
    if operator not in _COMPARISONS:
        raise InvalidArgument(f"seccomp: unknown operator {operator!r}")
    return Condition(index, operator, value)
