"""What the first stage has the interpreter execute: find seacan, and go on there.

Read when that program is assembled, and imported by nobody. The interpreter was told to leave out
`site`, which would find seacan as well: it takes longer than all of this.
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


del sys.argv[0]  # "-c"
add_seacan(os.path.dirname(os.path.dirname(sys.argv[0])))
try:
    from seacan.runtime.__main__ import main
except ModuleNotFoundError:
    os.execv(sys.argv[0], sys.argv)  # it is elsewhere: `site` and the environment may know
main()
