"""Where `seacan-runtime` starts: a command that enters a container does so from a sealed copy.

What is imported before that is paid for twice, so it is next to nothing.
"""

import os
import sys

if __name__ == "__main__":
    # A sealed interpreter knows the standard library alone.
    sys.path.append(os.path.abspath(f"{__file__}/../../.."))

from seacan.runtime import interpreter

_ENTERING = frozenset(("create", "run", "exec", "restore"))


def main() -> int:
    """Run the command of the process's arguments; return its exit status."""
    # An argument of that name which is no command costs some milliseconds, and nothing else.
    if not _ENTERING.isdisjoint(sys.argv) and not interpreter.is_sealed():
        interpreter.run_sealed(__file__)
    from seacan.runtime.main import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
