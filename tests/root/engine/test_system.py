"""What the daemon says of the host, on hosts that are not as usual."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.root

_ASK = """
import os, pathlib, subprocess, sys
from seacan.engine import system
subprocess.run(["mount", "-t", "tmpfs", "none", os.fsencode(sys.argv[1])], check=True)
print(system._file_system(pathlib.Path("/proc")), system._file_system(pathlib.Path(sys.argv[1])))
"""


def test_a_mount_whose_path_is_no_utf_8(tmp_path: Path) -> None:
    place = os.fsdecode(bytes(tmp_path) + b"/\xff")
    os.mkdir(place)
    command = ["unshare", "--mount", sys.executable, "-c", _ASK, place]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "proc tmpfs\n", done.stderr
