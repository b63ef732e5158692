"""linux.seccomp → a classic BPF program.

    arch ─▸ AUDIT_ARCH_X86_64: number ─▸ binary search over ranges ─▸ answer
         │                                                         └▸ tests of arguments ─▸ answer
         ├▸ AUDIT_ARCH_I386:   number ─▸ …
         └▸ any other: kill the process

x32 has the arch of x86-64 and bit 30 in its numbers, so both are one search in one line of ranges.
Neighbours with the same answer are one range. Only instructions that the kernel can follow in
advance come before an answer without conditions, so that it need not run the filter for such a
call (seccomp's action cache, Linux 5.11).
"""

from __future__ import annotations

from seacan import json_text
from seacan.errors import InvalidArgument, Unsupported
from seacan.runtime.seccomp.assembler import (
    DATA_ARCH,
    DATA_ARGS,
    DATA_NR,
    JMP_JEQ_K,
    JMP_JGE_K,
    JMP_JGT_K,
    Assembler,
    Label,
)
from seacan.runtime.seccomp.policy import (
    RET_KILL_PROCESS,
    Answer,
    Condition,
    Conditional,
    Policy,
    Ranges,
    read_policy,
)
from seacan.runtime.seccomp.syscall_numbers import X32_BIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from seacan.spec.runtime import LinuxSeccomp

# linux/audit.h
AUDIT_ARCH_X86_64: Final = 0xC000003E
AUDIT_ARCH_I386: Final = 0x40000003
AUDIT_ARCH_AARCH64: Final = 0xC00000B7
AUDIT_ARCH_ARM: Final = 0x40000028

_MACHINES: Final = ("x86_64", "aarch64")
# OCI runtime-spec 1.2, config-linux.md#seccomp
ARCHITECTURES: Final = frozenset(
    f"SCMP_ARCH_{name}"
    for name in (
        *("X86", "X86_64", "X32", "ARM", "AARCH64", "RISCV64", "LOONGARCH64", "M68K", "SH", "SHEB"),
        *("MIPS", "MIPS64", "MIPS64N32", "MIPSEL", "MIPSEL64", "MIPSEL64N32", "PARISC", "PARISC64"),
        *("PPC", "PPC64", "PPC64LE", "S390", "S390X"),
    )
)


_MOST_KEPT: Final = 8
_kept: dict[tuple[str, str], bytes] = {}  # by profile and machine


def compile_filter(seccomp: LinuxSeccomp, arch: str) -> bytes:
    """Return `seccomp` as an array of struct sock_filter for a machine `arch` (x86_64, aarch64).

    The machine's own ABI is always in the filter. Architectures whose calls the machine cannot make
    take no code, names of calls that no kernel here knows take none: as with libseccomp. The last
    few programs are kept: nearly all containers have the same one.
    Raises InvalidArgument and Unsupported.
    Source: OCI runtime-spec 1.2, config-linux.md#seccomp; seccomp(2).
    """
    key = (json_text.dumps(seccomp), arch)
    if key not in _kept:
        while len(_kept) >= _MOST_KEPT:
            del _kept[next(iter(_kept))]
        _kept[key] = _compile(seccomp, arch)
    return _kept[key]


def _compile(seccomp: LinuxSeccomp, arch: str) -> bytes:
    listed = _architectures(seccomp, arch)
    policy = read_policy(seccomp)
    compiler = _Compiler()
    entry = compiler.assembler.ret(RET_KILL_PROCESS)
    for audit_arch, ranges in reversed(_sections(policy, listed, arch)):
        section = compiler.search(ranges)
        entry = compiler.assembler.branch(JMP_JEQ_K, audit_arch, section, entry)
    compiler.assembler.load(DATA_ARCH, entry)
    return compiler.assembler.program()


def _architectures(seccomp: LinuxSeccomp, arch: str) -> set[str]:
    if arch not in _MACHINES:
        raise Unsupported(f"seccomp: no filter for a machine {arch}")
    listed = set(seccomp.get("architectures") or [])
    if unknown := listed - ARCHITECTURES:
        raise InvalidArgument(f"seccomp: unknown architecture {min(unknown)!r}")
    return listed


def _sections(policy: Policy, listed: set[str], arch: str) -> list[tuple[int, Ranges]]:
    """Return the ranges for each arch that the kernel of a machine `arch` can report."""
    if arch == "aarch64":
        sections = [(AUDIT_ARCH_AARCH64, policy.ranges("aarch64"))]
        if "SCMP_ARCH_ARM" in listed:
            sections.append((AUDIT_ARCH_ARM, policy.ranges("arm")))
        return sections
    sections = [(AUDIT_ARCH_X86_64, policy.ranges("x86_64") + _x32(policy, listed))]
    if "SCMP_ARCH_X86" in listed:
        sections.append((AUDIT_ARCH_I386, policy.ranges("i386")))
    return sections


def _x32(policy: Policy, listed: set[str]) -> Ranges:
    if "SCMP_ARCH_X32" in listed:
        return policy.ranges("x32")
    # A tracer that cancels a call sets its number to -1: that is not a call of x32.
    return [(X32_BIT, RET_KILL_PROCESS), (0xFFFFFFFF, policy.beyond)]


class _Compiler:
    """Answers to code; equal conditional answers share theirs."""

    def __init__(self) -> None:
        self.assembler = Assembler()
        self._conditionals: dict[Conditional, Label] = {}

    def search(self, ranges: Ranges) -> Label:
        """Load the number of the call and find its range."""
        merged = [entry for i, entry in enumerate(ranges) if i == 0 or entry[1] != ranges[i - 1][1]]
        return self.assembler.load(DATA_NR, self._search(merged))

    def _search(self, ranges: Ranges) -> Label:
        if len(ranges) == 1:
            return self._answer(ranges[0][1])
        middle = len(ranges) // 2
        upper, lower = self._search(ranges[middle:]), self._search(ranges[:middle])
        return self.assembler.branch(JMP_JGE_K, ranges[middle][0], upper, lower)

    def _answer(self, answer: Answer) -> Label:
        if isinstance(answer, int):
            return self.assembler.ret(answer)
        if answer not in self._conditionals:
            label = self.assembler.ret(answer.otherwise)
            for rule in reversed(answer.rules):
                label = self._rule(rule.conditions, self.assembler.ret(rule.ret), label)
            self._conditionals[answer] = label
        return self._conditionals[answer]

    def _rule(self, conditions: tuple[Condition, ...], holds: Label, fails: Label) -> Label:
        for condition in reversed(conditions):
            holds = self._test(condition, holds, fails)
        return holds

    def _test(self, condition: Condition, holds: Label, fails: Label) -> Label:
        """Compare the argument in two halves, the upper first."""
        match condition.operator:
            case "SCMP_CMP_EQ":
                return self._equal(condition, holds, fails)
            case "SCMP_CMP_NE":
                return self._equal(condition, fails, holds)
            case "SCMP_CMP_GT":
                return self._above(JMP_JGT_K, condition, holds, fails)
            case "SCMP_CMP_GE":
                return self._above(JMP_JGE_K, condition, holds, fails)
            case "SCMP_CMP_LE":
                return self._above(JMP_JGT_K, condition, fails, holds)
            case _:  # SCMP_CMP_LT
                return self._above(JMP_JGE_K, condition, fails, holds)

    def _equal(self, condition: Condition, holds: Label, fails: Label) -> Label:
        for half in (0, 1):
            mask, value = _half(condition.mask, half), _half(condition.value, half)
            if mask:
                holds = self.assembler.branch(JMP_JEQ_K, value, holds, fails)
                if mask != 0xFFFFFFFF:
                    holds = self.assembler.mask(mask, holds)
                holds = self._load(condition.argument, half, holds)
        return holds

    def _above(self, test: int, condition: Condition, holds: Label, fails: Label) -> Label:
        lower, upper = _half(condition.value, 0), _half(condition.value, 1)
        tie = self._load(condition.argument, 0, self.assembler.branch(test, lower, holds, fails))
        not_above = self.assembler.branch(JMP_JEQ_K, upper, tie, fails)
        above = self.assembler.branch(JMP_JGT_K, upper, holds, not_above)
        return self._load(condition.argument, 1, above)

    def _load(self, argument: int, half: int, then: Label) -> Label:
        return self.assembler.load(DATA_ARGS + 8 * argument + 4 * half, then)


def _half(value: int, half: int) -> int:
    return value >> 32 * half & 0xFFFFFFFF
