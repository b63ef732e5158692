"""ps: the processes in a container's cgroup, as ps(1) of the host shows them, or their pids."""

import json
import subprocess

from seacan.errors import Internal, Unavailable, Unsupported
from seacan.runtime import container as containers
from seacan.runtime.commandline import Options
from seacan.runtime.failures import cause


def run(options: Options) -> int:
    container_id, *ps_options = options.arguments
    container = containers.load(options.root, container_id)
    if not container.record.cgroup:
        raise Unsupported("ps: the container has no cgroup to tell its processes by")
    pids = container.cgroup.pids()
    if options.format == "json":
        print(json.dumps(pids))
    else:
        for line in select(_ps(ps_options or ["-ef"]), set(pids)):
            print(line)
    return 0


def _ps(arguments: list[str]) -> str:
    try:
        done = subprocess.run(["ps", *arguments], capture_output=True, text=True, check=False)
    except OSError as err:
        raise Unavailable(f"ps: {cause(err)}") from err
    if done.returncode:
        said = " ".join(done.stderr.split())
        raise Internal(f"ps {' '.join(arguments)}: exit status {done.returncode}: {said}")
    return done.stdout


def select(table: str, pids: set[int]) -> list[str]:
    """Return the head of what ps(1) prints, and the lines of `pids`."""
    head, *lines = table.splitlines()
    titles = head.split()
    if "PID" not in titles:
        raise Internal("ps: there is no column PID in its output")
    column = titles.index("PID") - len(titles) * (titles[-1] == "PID")
    try:
        return [head, *(line for line in lines if int(line.split()[column]) in pids)]
    except (ValueError, IndexError) as err:
        raise Internal("ps: the column PID comes behind one that holds blanks") from err
