"""Limits for a process of this host: `python -m seacan.hood.limit add PID | rm PID… | ls`.

What `seacan limit` asks, which has checked its flags; `--cpus` is in billionths. Prints lines of
JSON (spec/limits.py).
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from seacan import paths
from seacan.errors import SeacanError
from seacan.hood.limit_records import LimitRecord
from seacan.hood.limits import Limits, Wanted, open_cgroup
from seacan.hood.process_use import Reading, read_use
from seacan.spec.limits import Limited, Line, Use

_INTERVAL_S: Final = 1.0


def main(argv: Sequence[str]) -> int:
    given = _parser().parse_args(argv)
    limits = Limits(given.exec_root)
    try:
        match given.verb:
            case "add":
                _add(limits, given)
            case "rm":
                _remove(limits, given.pids)
            case "ls":
                for record in limits.list():
                    _print({"Limited": _limited(record)})
    except PermissionError:
        print("only root can limit processes", file=sys.stderr)
        return 1
    except (SeacanError, OSError) as err:
        print(err, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass  # the end of --watch; the limit stays
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="seacan.hood.limit")
    parser.add_argument("--exec-root", type=Path, default=paths.DEFAULT_EXEC_ROOT)
    verbs = parser.add_subparsers(dest="verb", required=True)
    add = verbs.add_parser("add")
    add.add_argument("pid", type=int)
    for name in ("--cpus", "--memory", "--pids-limit"):
        add.add_argument(name, type=int, default=0)
    add.add_argument("--watch", action="store_true")
    verbs.add_parser("rm").add_argument("pids", type=int, nargs="+")
    verbs.add_parser("ls")
    return parser


def _print(line: Line) -> None:
    print(json.dumps(line), flush=True)


def _add(limits: Limits, given: argparse.Namespace) -> None:
    wanted = Wanted(given.cpus / 1e9, given.memory, given.pids_limit)
    if given.watch:
        before = read_use([given.pid])
        time.sleep(_INTERVAL_S)
        _print({"Before": _use(before, read_use([given.pid]), 0)})
    record = limits.add(given.pid, wanted)
    lowered = [
        flag
        for flag, asked, has in (
            ("--cpus", wanted.cpus, record.cpus),
            ("--memory", wanted.memory_bytes, record.memory_bytes),
            ("--pids-limit", wanted.pids, record.pids),
        )
        if has < asked
    ]
    _print({"Limited": _limited(record) | {"Lowered": lowered}})
    if given.watch:
        _watch(record)


def _remove(limits: Limits, pids: Sequence[int]) -> None:
    for pid in pids:
        try:
            limits.remove(pid)
            _print({"Removed": pid})
        except SeacanError as err:
            _print({"Error": str(err)})


def _watch(record: LimitRecord) -> None:
    """Print, once a second, what is used under a limit, until nothing is left to watch."""
    cgroup = open_cgroup(record)
    before = read_use(cgroup.pids())
    while pids := cgroup.pids():
        time.sleep(_INTERVAL_S)
        now = read_use(pids)
        _print({"Now": _use(before, now, cgroup.stats().cpu.throttled_periods)})
        before = now


def _use(before: Reading, now: Reading, held_back: int) -> Use:
    return {
        "Cpus": now.cpus_since(before),
        "Memory": now.memory_bytes,
        "Processes": now.processes,
        "HeldBack": held_back,
    }


def _limited(record: LimitRecord) -> Limited:
    used = open_cgroup(record).stats()
    return {
        "Pid": record.pid,
        "Command": record.command,
        "Cpus": record.cpus or None,
        "Memory": record.memory_bytes or None,
        "MemoryUsed": used.memory.memory.usage,
        "Pids": record.pids or None,
        "PidsUsed": used.pids.current,
        "Cgroup": record.cgroup,
        "Origins": record.origins,
        "Lowered": [],
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
