"""Programs of `seacan.hood`, which look at this host: they need more than the command line has."""

from __future__ import annotations

import sys

from seacan.errors import Internal, Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from seacan.cli.session import Session


def require_this_host(session: Session, command: str) -> None:
    """Raise Unsupported if the daemon that the user has chosen is elsewhere; none is started."""
    session.starts_daemon = False
    endpoint = session.client.endpoint
    if endpoint.scheme != "unix":
        raise Unsupported(
            f"it is about the host that it runs on, and the daemon is at {endpoint}: "
            f"run `seacan {command}` there"
        )


def command_line(program: str, words: Sequence[str]) -> list[str]:
    return [sys.executable, "-P", "-m", f"seacan.hood.{program}", *words]


def ask(program: str, words: Sequence[str]) -> Any:
    """Return the JSON value that a program prints. Raises Internal with what it complains of."""
    values = list(lines(program, words))
    return values[0]


def lines(program: str, words: Sequence[str]) -> Iterator[Any]:
    """Yield the JSON values that a program prints, as they come. Raises Internal at the end."""
    import json
    import subprocess

    with subprocess.Popen(
        command_line(program, words),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        yield from map(json.loads, process.stdout)
        complaints = process.stderr.read()
    if process.returncode:
        raise _failure(program, complaints, process.returncode)


def _failure(program: str, complaints: str, status: int) -> Internal:
    last = complaints.strip().splitlines()[-1:]
    return Internal(last[0] if last else f"seacan.hood.{program} ended with {status}")
