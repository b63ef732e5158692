"""What a wheel has beside Python modules: the executable `seacan-runtime`, for one machine.

    SEACAN_MACHINE=aarch64 pip wheel .      for another machine than this one

The executable depends on no C library, whichever it is. For machines that it cannot be assembled
for, a script stands in its place, which takes longer to start.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
SCRIPT = b'#!/bin/sh\nexec "$(readlink -f "$0").py" "$@"\n'


class FirstStage(BuildHookInterface):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        machine = os.environ.get("SEACAN_MACHINE", os.uname().machine)
        self._directory = tempfile.TemporaryDirectory(prefix="seacan-build-")
        executable = Path(self._directory.name) / "seacan-runtime"
        executable.write_bytes(self._first_stage(machine))
        executable.chmod(0o755)
        build_data["shared_scripts"][str(executable)] = executable.name
        if machine in MACHINES:
            build_data["tag"] = f"py3-none-manylinux2014_{machine}.musllinux_1_1_{machine}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        self._directory.cleanup()

    def _first_stage(self, machine: str) -> bytes:
        sys.path.insert(0, f"{self.root}/src")
        from seacan.elf.programs import program

        return program("first_stage", MACHINES[machine]) if machine in MACHINES else SCRIPT
