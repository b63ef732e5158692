import struct
import subprocess
from pathlib import Path

import pytest
from tests.unit.elf.programs import command

from seacan.elf.hello import GREETING
from seacan.elf.programs import Name, program
from seacan.errors import Unsupported

machines = pytest.mark.parametrize("machine", ["amd64", "arm64"])


@machines
def test_hello_prints_the_greeting(tmp_path: Path, machine: str) -> None:
    done = subprocess.run(command(tmp_path, "hello", machine), capture_output=True, check=True)
    assert done.stdout.decode() == GREETING
    assert done.stderr == b""


@machines
@pytest.mark.parametrize("name", ["hello", "init", "first_stage"])
def test_file_is_a_static_executable_without_writable_code(name: Name, machine: str) -> None:
    content = program(name, machine)
    header = struct.unpack_from("<16sHHIQQQIHHHHHH", content)
    ident, kind, number, _, entry, offset, _, _, header_size, size, count, *_ = header
    assert ident[:7] == b"\x7fELF\x02\x01\x01"
    assert (kind, number) == (2, {"amd64": 62, "arm64": 183}[machine])
    assert (header_size, offset, size) == (64, 64, 56)
    segments = [struct.unpack_from("<IIQQQQQQ", content, 64 + 56 * i) for i in range(count)]
    text, writable, stack = segments
    assert text[:2] == (1, 5)
    assert text[3] <= entry < text[3] + text[5]
    assert text[5] == len(content)
    assert writable[:2] == (1, 6)
    assert writable[3] >= text[3] + text[6]
    assert stack[:2] == (0x6474E551, 6)
    assert len(content) < 4096


def test_an_unknown_machine_is_refused() -> None:
    with pytest.raises(Unsupported, match="no assembler for machine riscv64"):
        program("hello", "riscv64")
