#!/usr/bin/env python3
"""The script `seacan-runtime.py`: what elf/first_stage.py has the interpreter run, or people.

The first stage has it leave out `site`, which takes longer to find seacan than all of this. Where
that does not find it, the script starts once more, with `site` and the environment to tell.
"""

import gc
import os
import sys

gc.disable()  # nothing lives for long here


def add_seacan(prefix: str) -> None:
    """Let seacan be imported from below `prefix`, if an installer has put it there."""
    library = f"{prefix}/lib/python{sys.version_info[0]}.{sys.version_info[1]}"
    for directory in (f"{library}/site-packages", f"{library}/dist-packages"):
        if os.path.isfile(f"{directory}/seacan/__init__.py"):
            sys.path.append(directory)
        elif os.path.isfile(f"{directory}/_editable_impl_seacan.pth"):
            with open(f"{directory}/_editable_impl_seacan.pth") as file:
                sys.path.append(file.read().strip())


if sys.flags.no_site:
    add_seacan(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
try:
    from seacan.runtime.__main__ import main
except ModuleNotFoundError:
    if not sys.flags.no_site:
        raise
    os.execv(__file__, [__file__, *sys.argv[1:]])
main()
