"""Beyond Docker: what a container has logged so far is removed, while it runs or not.

The files belong to the shim as long as it logs, and it is asked; afterwards to nobody. What a
receiver (syslog, journald, …) has got is not concerned, only the copy that is kept here of it.
"""

import contextlib
import os
from pathlib import Path

import anyio

from seacan import errors
from seacan.engine.logs.plan import readable
from seacan.engine.running.running import Entry
from seacan.paths import DataRoot
from seacan.supervisor.logs.rotation import replace_all
from seacan.supervisor.shim_client import Shim


async def clear(entry: Entry, data_root: DataRoot) -> None:
    """Remove it; where that is cut short, the newest entries are left, whole.

    Raises Unsupported if none is kept here, Internal.
    """
    record = entry.record
    found = readable(record, data_root.container(record.id))
    if found is None:
        driver = (record.host_config.get("LogConfig") or {}).get("Type")
        raise errors.Unsupported(
            f"clear log of container {record.id}: its logging driver {driver} keeps none here"
        )
    asked = entry.shim
    if await _is_cleared_by(asked):
        return
    async with entry.lock:
        # It may have been started while this was waited for.
        if entry.shim is not asked and await _is_cleared_by(entry.shim):
            return
        await anyio.to_thread.run_sync(_remove, found.path)


async def _is_cleared_by(shim: Shim | None) -> bool:
    """Have the shim do it; False if there is none that logs."""
    if shim is None:
        return False
    try:
        await shim.clear_log()
    except errors.Conflict:
        return False
    return True


def _remove(path: Path) -> None:
    try:
        with contextlib.suppress(FileNotFoundError):  # nothing was ever logged, or it is removed
            os.close(replace_all(str(path)))
    except OSError as err:
        raise errors.Internal(f"clear log {path}: {err.strerror}") from err
