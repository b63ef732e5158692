"""seacand: read the flags, hold the lock, listen, serve, until a signal ends it.

SIGHUP has it read daemon.json anew.
"""

import os
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import anyio
from anyio import CancelScope
from anyio.abc import TaskStatus

from seacan import errors, log
from seacan.api import server
from seacan.api.listeners import Listener
from seacan.daemon import flags, locks, sockets
from seacan.daemon.configuration import Configuration
from seacan.daemon.flags import Flags
from seacan.engine import engine
from seacan.version import VERSION

# The exit status of a daemon whose roots another one has: clients that start one on demand look on.
RUNS_ALREADY: Final = 75  # EX_TEMPFAIL, sysexits.h


def main(argv: Sequence[str] | None = None) -> None:
    given = flags.parse(argv)
    if given.only_validates:
        print("configuration OK", file=sys.stderr)
        return
    log.set_level(given.log_level)
    if os.geteuid() != 0:
        sys.exit("seacand: it needs to be root, to make namespaces, mounts and cgroups")
    try:
        with ExitStack() as held:
            if not _lock(given, held):
                print("seacand: another daemon has these roots", file=sys.stderr)
                sys.exit(RUNS_ALREADY)
            listeners = [_listening(host, given, held) for host in given.hosts]
            anyio.run(_serve, given, listeners, argv)
    except (errors.SeacanError, OSError) as err:
        sys.exit(f"seacand: {err}")


def _lock(given: Flags, held: ExitStack) -> bool:
    """Be the only daemon of these roots, until the end of the process; False if there is one."""
    for root in (given.settings.exec_root.path, given.settings.data_root.path):
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not locks.lock(root, held):
            return False
    if given.pidfile is not None:
        given.pidfile.write_text(f"{os.getpid()}\n")
        held.callback(given.pidfile.unlink, missing_ok=True)
    return True


def _listening(host: str, given: Flags, held: ExitStack) -> Listener:
    listener = sockets.listen(host, given.tls, given.group)
    held.enter_context(listener.socket)
    if listener.socket.family == socket.AF_UNIX:
        held.callback(Path(listener.socket.getsockname()).unlink, missing_ok=True)
    return listener


async def _serve(given: Flags, listeners: list[Listener], argv: Sequence[str] | None) -> None:
    async with engine.running(given.settings) as parts, anyio.create_task_group() as tasks:
        await tasks.start(_heed_signals, tasks.cancel_scope, Configuration(given, argv, parts))
        hosts = " ".join(sockets.url_of(listener) for listener in listeners)
        log.info("seacand serves", version=VERSION, hosts=hosts)
        await server.serve(parts, listeners)


async def _heed_signals(
    scope: CancelScope,
    configuration: Configuration,
    *,
    task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
        task_status.started()
        async for number in signals:
            if number == signal.SIGHUP:
                configuration.reload()
                continue
            log.info("seacand ends", signal=signal.Signals(number).name)
            scope.cancel()
            return


if __name__ == "__main__":
    main()
