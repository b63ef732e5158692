import struct


def run(program: bytes, kind: int, access: int, major: int, minor: int) -> int:
    """What a device program answers: the few instructions that ours have."""
    context = struct.pack("<III", access << 16 | kind, major, minor)
    code = list(struct.iter_unpack("<BBhI", program))
    registers = [0] * 11
    at = 0
    for _ in range(10_000):
        opcode, both, offset, value = code[at]
        dst, src = both & 15, both >> 4
        at += 1
        match opcode:
            case 0x61:
                assert src == 1
                (registers[dst],) = struct.unpack_from("<I", context, offset)
            case 0xBC:
                registers[dst] = registers[src]
            case 0x54:
                registers[dst] &= value
            case 0x74:
                registers[dst] >>= value
            case 0xB7:
                registers[dst] = value
            case 0x16:
                at += offset if registers[dst] == value else 0
            case 0x56:
                at += offset if registers[dst] != value else 0
            case 0x95:
                return registers[0]
            case _:
                raise AssertionError(f"instruction {opcode:#x}")
    raise AssertionError("no end")
