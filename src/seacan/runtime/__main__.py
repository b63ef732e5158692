"""Where `seacan-runtime` starts in Python: what enters a container does so from a sealed copy.

elf/first_stage.py has made that copy, as a rule. Where it could not, and for `seacan-runtime.py`,
it is made here, and the interpreter starts again: what is imported before that is next to nothing.
"""

import gc
import os
import sys

if __name__ == "__main__":
    # A sealed interpreter knows the standard library alone.
    sys.path.append(os.path.abspath(f"{__file__}/../../.."))

from seacan.runtime import interpreter

_ENTERING = frozenset(("create", "run", "exec", "restore"))  # as in elf/first_stage.py


def main() -> None:
    """Run the command of the process's arguments and exit with its status."""
    gc.disable()  # nothing lives for long here
    # An argument of that name which is no command costs some milliseconds, and nothing else.
    if not _ENTERING.isdisjoint(sys.argv) and not interpreter.is_sealed():
        interpreter.run_sealed(__file__)
    from seacan.runtime.main import main as run

    status = run()
    # What the interpreter would tidy up, the end of the process does: in a tenth of the time.
    os._exit(status)


if __name__ == "__main__":
    main()
