"""seacand: read the flags, hold the lock, listen, serve, until a signal ends it.

SIGHUP has it read daemon.json anew.
"""

import gc
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
from seacan.daemon import flags, locks, sockets, systemd
from seacan.daemon.configuration import Configuration
from seacan.daemon.flags import Flags
from seacan.daemon.systemd import Notifier
from seacan.engine import engine
from seacan.engine.engine import Engine
from seacan.kernel import this_process
from seacan.version import VERSION

# The exit status of a daemon whose roots another one has: clients that start one on demand look on.
RUNS_ALREADY: Final = 75  # EX_TEMPFAIL, sysexits.h
# Objects: those of a context of many files are made together, and none of them is garbage. 200,000
# are looked at in some 40 ms, during which nobody is answered.
_COLLECT_AFTER: Final = (25_000, 7, 100)
_STATUS_S: Final = 60.0  # from one word to systemd to the next but one, without a watchdog


def main(argv: Sequence[str] | None = None) -> None:
    given = flags.parse(argv)
    if given.only_validates:
        print("configuration OK", file=sys.stderr)
        return
    log.set_level(given.log_level)
    if os.geteuid() != 0:
        sys.exit("seacand: it needs to be root, to make namespaces, mounts and cgroups")
    this_process.take_all_descriptors()
    try:
        with ExitStack() as held:
            if not _lock(given, held):
                print("seacand: another daemon has these roots", file=sys.stderr)
                sys.exit(RUNS_ALREADY)
            notifier = Notifier(os.environ)
            passed = systemd.take_sockets(os.environ)
            listeners = [
                listener
                for host in given.hosts
                for listener in _listening(host, given, passed, held)
            ]
            metrics = [
                held.enter_context(sockets.listen_plainly(*address))
                for address in given.metrics_addresses
            ]
            gc.freeze()  # what was imported stays
            gc.set_threshold(*_COLLECT_AFTER)
            anyio.run(_serve, given, listeners, metrics, argv, notifier)
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


def _listening(
    host: str, given: Flags, passed: Sequence[socket.socket], held: ExitStack
) -> list[Listener]:
    """Return what listens for one -H; sockets that were passed are left where they are."""
    if host == sockets.PASSED:
        return sockets.adopt(passed)
    listener = sockets.listen(host, given.tls, given.group)
    held.enter_context(listener.socket)
    if listener.socket.family == socket.AF_UNIX:
        held.callback(Path(listener.socket.getsockname()).unlink, missing_ok=True)
    return [listener]


async def _serve(
    given: Flags,
    listeners: list[Listener],
    metrics: list[socket.socket],
    argv: Sequence[str] | None,
    notifier: Notifier,
) -> None:
    async with engine.running(given.settings) as parts, anyio.create_task_group() as tasks:
        configuration = Configuration(given, argv, parts)
        serving = CancelScope()
        await tasks.start(_heed_signals, [serving, tasks.cancel_scope], configuration, notifier)
        hosts = " ".join(sockets.url_of(listener) for listener in listeners)
        log.info("seacand serves", version=VERSION, hosts=hosts)
        for each in metrics:
            log.info("metrics are shown", at=sockets.url_of(Listener(each)))
        notifier.ready(_status(parts))
        if notifier.is_asked:
            tasks.start_soon(_tell_status, parts, notifier)
        with serving:
            await server.serve(parts, listeners, metrics)
        notifier.stopping(containers_go_on=parts.context.settings.live_restore)
        await parts.shut_down()
        tasks.cancel_scope.cancel()


async def _tell_status(parts: Engine, notifier: Notifier) -> None:
    """Show a watchdog that this loop turns, and `systemctl status` what there is."""
    pause_s = (notifier.watchdog_s or _STATUS_S) / 2
    while True:
        await anyio.sleep(pause_s)
        notifier.alive(_status(parts))


def _status(parts: Engine) -> str:
    records = parts.containers.all_records()
    running = sum(record.is_active for record in records)
    return f"{running} of {len(records)} containers run; version {VERSION}"


async def _heed_signals(
    scopes: Sequence[CancelScope],
    configuration: Configuration,
    notifier: Notifier,
    *,
    task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
) -> None:
    """Cancel the scopes, one at each signal to end: the next one waits for nothing any more."""
    left = iter(scopes)
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
        task_status.started()
        async for number in signals:
            if number == signal.SIGHUP:
                notifier.reloading()
                await configuration.reload()
                notifier.ready("Configuration read anew")
                continue
            log.info("seacand ends", signal=signal.Signals(number).name)
            next(left).cancel()


if __name__ == "__main__":
    main()
