"""Ways to run the assembled programs: amd64 here, arm64 under qemu."""

import os
import shutil
from pathlib import Path

import pytest

from seacan.elf.programs import Name, program

MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
EMULATORS = {"amd64": "qemu-x86_64-static", "arm64": "qemu-aarch64-static"}


def command(directory: Path, name: Name, machine: str) -> list[str]:
    """Write the program to `directory`; return the command line that runs it."""
    path = directory / name
    path.write_bytes(program(name, machine))
    path.chmod(0o755)
    if MACHINES.get(os.uname().machine) == machine:
        return [str(path)]
    if emulator := shutil.which(EMULATORS[machine]):
        return [emulator, str(path)]
    pytest.skip(f"no {EMULATORS[machine]} here (Debian: qemu-user-static)")
