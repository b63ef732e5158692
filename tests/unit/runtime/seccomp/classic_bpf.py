import struct
from collections.abc import Iterator, Sequence


def instructions(program: bytes) -> list[tuple[int, int, int, int]]:
    return list(struct.iter_unpack("=HBBI", program))


def answer(program: bytes, arch: int, number: int, args: Sequence[int] = ()) -> int:
    """What the kernel would answer: SECCOMP_RET_*."""
    return run(instructions(program), arch, number, args)


def run(code: list[tuple[int, int, int, int]], arch: int, number: int, args: Sequence[int]) -> int:
    padded = (*args, 0, 0, 0, 0, 0, 0)[:6]
    data = struct.pack("<IIQ6Q", number, arch, 0x1000, *padded)
    value, at = 0, 0
    while True:
        op, yes, no, k = code[at]
        at += 1
        match op:
            case 0x20:  # ld [k]
                assert k % 4 == 0
                (value,) = struct.unpack_from("<I", data, k)
            case 0x54:  # and #k
                value &= k
            case 0x05:  # ja
                at += k
            case 0x15:
                at += yes if value == k else no
            case 0x25:
                at += yes if value > k else no
            case 0x35:
                at += yes if value >= k else no
            case 0x45:
                at += yes if value & k else no
            case 0x06:
                return k
            case _:
                raise AssertionError(f"instruction {op:#x}")


def reachable(code: list[tuple[int, int, int, int]]) -> Iterator[int]:
    seen, todo = set[int](), [0]
    while todo:
        at = todo.pop()
        if at in seen:
            continue
        seen.add(at)
        yield at
        op, yes, no, k = code[at]
        if op == 0x05:
            todo.append(at + 1 + k)
        elif op & 7 == 5:
            todo += [at + 1 + yes, at + 1 + no]
        elif op != 0x06:
            todo.append(at + 1)
