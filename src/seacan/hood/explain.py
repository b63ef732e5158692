"""One process of this host, explained: `python -m seacan.hood.explain PID`.

Prints an Explanation (spec/explanation.py) as JSON, its container left to the caller, who may say
what the engine knows of it: --bundle, --layers-in, and the --diff-id of each layer of its image.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from seacan.hood import (
    cgroups,
    file_system,
    namespaces,
    network_path,
    privileges,
    process_tree,
)
from seacan.spec.explanation import Explanation


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="seacan.hood.explain")
    parser.add_argument("pid", type=int)
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--layers-in", type=Path)
    parser.add_argument("--diff-id", action="append", default=[])
    given = parser.parse_args(argv)
    try:
        found = explain(given.pid, given.bundle, given.layers_in, given.diff_id)
    except PermissionError:
        print(f"process {given.pid}: only root may look at it", file=sys.stderr)
        return 1
    except (FileNotFoundError, ProcessLookupError):
        print(f"No such process: {given.pid}", file=sys.stderr)
        return 1
    json.dump(found, sys.stdout)
    return 0


def explain(
    pid: int, bundle: Path | None, layers_in: Path | None, diff_ids: Sequence[str]
) -> Explanation:
    """Return all that there is to say. Raises OSError if the process is gone or not ours to see."""
    os.stat(f"/proc/{pid}")
    processes = process_tree.read(pid)
    tree = list(process_tree.pids(processes["Tree"]))
    return {
        "Pid": pid,
        "Container": None,
        "Processes": processes,
        "Namespaces": namespaces.read(pid),
        "Cgroups": cgroups.read(pid),
        "Capabilities": privileges.read_capabilities(pid),
        "Seccomp": privileges.read_seccomp(pid, bundle),
        "FileSystem": file_system.read(pid, diff_ids, layers_in),
        "Network": network_path.read(pid, tree),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
