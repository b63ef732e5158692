"""A daemon that no client of BuildKit's comes to pays nothing for its protocol."""

import subprocess
import sys


def test_nothing_of_the_protocol_is_imported_at_the_start() -> None:
    code = """
import sys, seacan.api.server
print(*sorted(name for name in sys.modules if name.startswith(("h2", "seacan.grpc", "hpack"))))
print(*sorted(name for name in sys.modules if name.startswith("seacan.api.buildkit")))
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []
