"""`seacan system install`: units for systemd, which starts the daemon with the host or the client.

Nothing is started: what to say to systemd for that is printed.
"""

from __future__ import annotations

import os
import sys

from seacan.cli.flags import Flag
from seacan.cli.systemd_units import SERVICE, SOCKET, units
from seacan.cli.values import SWITCH, TEXT
from seacan.errors import Conflict, Forbidden

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

_DIRECTORY = "/etc/systemd/system"

FLAGS = (
    Flag("directory", "", TEXT, "Where the units go", shown=f'"{_DIRECTORY}"'),
    Flag("force", "f", SWITCH, "Write over units that say something else"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    directory = values.text("directory") or _DIRECTORY
    texts = units([sys.executable, "-P", "-m", "seacan.daemon.main"], _group())
    paths = {f"{directory}/{name}": text for name, text in texts.items()}
    if not values.on("force"):
        for path, text in paths.items():
            _refuse_other(path, text)
    for path, text in paths.items():
        _write(path, text)
        print(path)
    print(f"\nTo start seacan now, and with the host:\n\n  systemctl daemon-reload\n"
          f"  systemctl enable --now {SOCKET} {SERVICE}")  # fmt: skip
    return 0


def _group() -> str:
    """Return who may connect beside root: the group docker, if there is one."""
    import grp

    try:
        return grp.getgrnam("docker").gr_name
    except KeyError:
        return "root"


def _refuse_other(path: str, text: str) -> None:
    try:
        with open(path) as file:
            other = file.read()
    except FileNotFoundError:
        return
    if other != text:
        raise Conflict(f"{path} is there and says something else: --force writes over it")


def _write(path: str, text: str) -> None:
    """Write a unit whole or not at all."""
    new = f"{path}.new"
    try:
        with open(new, "w") as file:
            file.write(text)
        os.chmod(new, 0o644)
        os.replace(new, path)
    except PermissionError:
        raise Forbidden(f"{path}: only root can write there") from None
