"""`seacan system check`: whether the daemon's store of images is whole.

Asks the daemon; or reads a data root itself, in a process of its own, if no daemon has it.
"""

from __future__ import annotations

import contextlib
import itertools

from seacan.cli.flags import Flag
from seacan.cli.values import TEXT
from seacan.client.client import messages
from seacan.errors import Internal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (Flag("data-root", "", TEXT, "Check this data root, which no daemon may have"),)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    """Print what is wrong, and what was looked at; return 1 if something is wrong, else 0."""
    if root := values.text("data-root"):
        with _offline(root) as found:
            return _report(found)
    with session.client.system.check() as reply:
        return _report(messages(reply.pieces()))


@contextlib.contextmanager
def _offline(root: str) -> Iterator[Iterator[dict[str, Any]]]:
    """Yield the findings in a data root. Raises Internal if it cannot be checked."""
    import subprocess
    import sys

    command = [sys.executable, "-P", "-m", "seacan.daemon.check", root]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        found = messages(process.stdout)
        first = next(found, None)
        if first is None:
            raise Internal(process.stderr.read().decode(errors="replace").strip())
        yield itertools.chain([first], found)


def _report(findings: Iterable[dict[str, Any]]) -> int:
    problems = 0
    checked: dict[str, int] = {}
    for finding in findings:
        if "problem" in finding:
            problems += 1
            print(finding["problem"], flush=True)
        checked = finding.get("checked", checked)
    if not checked:
        raise Internal("the check was cut short")
    counts = ", ".join(f"{count} {kind}" for kind, count in checked.items())
    verdict = f"{problems} {'problem' if problems == 1 else 'problems'}"
    print(f"Checked {counts}: {verdict if problems else 'all is well'}")
    return 1 if problems else 0
