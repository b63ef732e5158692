"""`seacan tls init`: certificates for a daemon on tcp and its clients."""

from __future__ import annotations

import importlib.util
import os
import sys

from seacan.cli.flags import Flag
from seacan.cli.values import TEXT, TEXTS, one, read_int
from seacan.errors import InvalidArgument, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

_DEFAULT_DAYS = 825

FLAGS = (
    Flag(
        "days",
        "",
        one("int", _DEFAULT_DAYS, read_int),
        "How long the certificates are valid",
        shown=str(_DEFAULT_DAYS),
    ),
    Flag("directory", "", TEXT, "Where to, a directory to be made", shown='"/etc/seacan/tls"'),
    Flag("host", "", TEXTS, "Name or address that clients call the daemon's host (repeatable)"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    """Become `seacan.certificates`, which needs more than the standard library."""
    hosts, days = values.texts("host"), values.number("days")
    if not hosts:
        raise InvalidArgument("say by which names or addresses clients reach the daemon: --host")
    if not 0 < days <= 36500:
        raise InvalidArgument(f"--days {days}: it has to be from 1 to 36500")
    if importlib.util.find_spec("cryptography") is None:
        raise Unavailable("the package cryptography is needed: pip install 'seacan[tls]'")
    words = [sys.executable, "-P", "-m", "seacan.certificates", f"--days={days}"]
    words += [f"--host={host}" for host in hosts]
    if directory := values.text("directory"):
        words.append(f"--directory={directory}")
    sys.stdout.flush()
    os.execv(sys.executable, words)
