"""Who this daemon is: an id that stays the same on this machine and data root."""

import uuid
from pathlib import Path


def daemon_id(data_root: Path) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{_machine_id()}{data_root}"))


def _machine_id() -> str:
    try:
        return Path("/etc/machine-id").read_text().strip()
    except OSError:
        return ""
