"""What `seacan-runtime` imports, each start pays for: half of its time."""

import subprocess
import sys
from pathlib import Path

import pytest

import seacan

SOURCE = Path(seacan.__file__).parents[1]
# With what they import, of 1 to 7 ms each.
SLOW = {"pathlib", "socket", "selectors", "subprocess", "dataclasses", "logging", "shutil"}
# These bring one another, and take longer than all of seacan that is there with them.
SLOW |= {"typing", "re", "enum", "signal", "json", "contextlib", "functools", "collections"}


@pytest.mark.parametrize("command", ["create", "start", "run", "exec", "state", "kill", "delete"])
def test_what_is_slow_to_import_is_not_needed(command: str) -> None:
    script = f"""
import sys
sys.path.append({str(SOURCE)!r})
import seacan.runtime.main, seacan.runtime.commands.{command}
print(*sys.modules)
"""
    words = [sys.executable, "-ISc", script]
    imported = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    assert SLOW.isdisjoint(imported), SLOW.intersection(imported)
