"""Who may open which device: the ordered rules of the OCI, made into exceptions from a default.

Version 1 keeps such exceptions in the kernel, version 2 asks an eBPF program for each access. Both
follow from the same reading of the rules, which is the kernel's of v1 (security/device_cgroup.c):
a rule for `a` sets the default and drops all before it; another one adds to, or takes from, the
exception for exactly its device numbers.
Source: OCI runtime-spec 1.2, config-linux.md#allowed-device-list.
"""

from __future__ import annotations

import errno

from seacan.kernel.bpf import (
    ALU64_MOV_K,
    ALU_AND_K,
    ALU_MOV_X,
    ALU_RSH_K,
    EXIT,
    JMP32_JEQ_K,
    JMP32_JNE_K,
    LDX_W,
    instruction,
)
from seacan.records import record, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from seacan.spec.runtime import LinuxDeviceCgroup

# linux/bpf.h: BPF_DEVCG_ACC_*, BPF_DEVCG_DEV_*
_ACCESS: Final = {"m": 1, "r": 2, "w": 4}
_KIND: Final = {"b": 1, "c": 2}
_ALL_ACCESS: Final = 7

ANY: Final = -1


@record
class Device:
    """`kind` is b or c; ANY is every number."""

    kind: str
    major: int
    minor: int


@record
class Access:
    """`allow` by default; `exceptions` have bits of r, w, m that are the other way."""

    allow: bool
    exceptions: dict[Device, int]


def read_rules(rules: list[LinuxDeviceCgroup]) -> Access:
    """Return what `rules` amount to; with none of them nothing is allowed.

    Raises OSError (EINVAL): an unknown type or access, or a rule that takes a part out of a wider
    exception, which v1 would ignore without a word.
    """
    access = Access(False, {})
    for rule in rules:
        allow, kind = rule.get("allow", False), rule.get("type") or "a"
        if kind == "a":
            access = Access(allow, {})
        elif kind in _KIND:
            device = Device(kind, _number(rule, "major"), _number(rule, "minor"))
            _except(access, allow, device, _bits(rule.get("access", "")))
        else:
            raise OSError(errno.EINVAL, f"linux.resources.devices: unknown type {kind!r}")
    return access


def _number(rule: LinuxDeviceCgroup, key: str) -> int:
    number = rule.get(key)
    if number is None or number == ANY:
        return ANY
    if not isinstance(number, int) or not 0 <= number < 2**32:
        raise OSError(errno.EINVAL, f"linux.resources.devices: {key} {number!r}")
    return number


def _bits(access: str) -> int:
    unknown = set(access) - _ACCESS.keys()
    if unknown or not access:
        raise OSError(errno.EINVAL, f"linux.resources.devices: access {access!r} is not of r, w, m")
    return sum(_ACCESS[letter] for letter in set(access))


def _except(access: Access, allow: bool, device: Device, bits: int) -> None:
    held = access.exceptions.get(device, 0)
    if allow != access.allow:
        access.exceptions[device] = held | bits
        return
    for wider in (
        replace(device, major=ANY),
        replace(device, minor=ANY),
        Device(device.kind, ANY, ANY),
    ):
        if wider != device and access.exceptions.get(wider, 0) & bits:
            text = (
                f"linux.resources.devices: {_text(device, bits)} is a part of {_text(wider, bits)}"
            )
            raise OSError(errno.EINVAL, f"{text}, which cannot be taken out of it")
    if held & ~bits:
        access.exceptions[device] = held & ~bits
    else:
        access.exceptions.pop(device, None)


def _text(device: Device, bits: int) -> str:
    letters = "".join(letter for letter in "rwm" if bits & _ACCESS[letter])
    major, minor = ("*" if number == ANY else number for number in (device.major, device.minor))
    return f"{device.kind} {major}:{minor} {letters}"


# --- version 1 --------------------------------------------------------------------------------


def lines_v1(access: Access) -> list[tuple[str, str]]:
    """Return (file, line) pairs that bring a devices cgroup from any state to `access`."""
    default, other = "devices.deny", "devices.allow"
    if access.allow:
        default, other = other, default
    exceptions = [(other, _text(device, bits)) for device, bits in access.exceptions.items()]
    return [(default, "a"), *exceptions]


# --- version 2 --------------------------------------------------------------------------------


def program_v2(access: Access) -> bytes:
    """Return an eBPF program of type BPF_PROG_TYPE_CGROUP_DEVICE that answers 1 or 0.

    R2 type, R3 access, R4 major, R5 minor, from struct bpf_cgroup_dev_ctx in R1.
    """
    head = (
        instruction(LDX_W, dst=2, src=1, offset=0)
        + instruction(ALU_MOV_X, dst=3, src=2)
        + instruction(ALU_AND_K, dst=2, value=0xFFFF)
        + instruction(ALU_RSH_K, dst=3, value=16)
        + instruction(LDX_W, dst=4, src=1, offset=4)
        + instruction(LDX_W, dst=5, src=1, offset=8)
    )
    exceptions = access.exceptions.items()
    blocks = (_block(device, bits, allow=not access.allow) for device, bits in exceptions)
    return head + b"".join(blocks) + _answer(access.allow)


def _answer(allow: bool) -> bytes:
    return instruction(ALU64_MOV_K, dst=0, value=int(allow)) + instruction(EXIT)


def _block(device: Device, bits: int, *, allow: bool) -> bytes:
    """Answer if the request is for `device`; else go on behind the block.

    An exception that allows must cover all of the request, one that denies any part of it.
    """
    tests = [(JMP32_JNE_K, 2, _KIND[device.kind])]
    if device.major != ANY:
        tests.append((JMP32_JNE_K, 4, device.major))
    if device.minor != ANY:
        tests.append((JMP32_JNE_K, 5, device.minor))
    masked = b""
    if bits != _ALL_ACCESS:
        masked = instruction(ALU_MOV_X, dst=1, src=3)
        masked += instruction(ALU_AND_K, dst=1, value=_ALL_ACCESS & ~bits if allow else bits)
        tests.append((JMP32_JNE_K if allow else JMP32_JEQ_K, 1, 0))
    return _tests(tests, masked, _answer(allow))


def _tests(tests: list[tuple[int, int, int]], masked: bytes, answer: bytes) -> bytes:
    # Written from the end, as each jump goes over all that follows; `masked` before its test of R1.
    code = answer
    for opcode, register, value in reversed(tests):
        code = instruction(opcode, dst=register, offset=len(code) // 8, value=value) + code
        if register == 1:
            code = masked + code
    return code
