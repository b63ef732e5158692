"""The commands of `seacan-runtime`, one function each: options in, exit status out.

Source: OCI runtime-spec, runtime.md#operations, and runc's manual for the options.
"""

import json
import os
import signal
import socket
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast

from seacan.errors import InvalidArgument, NotFound, Unsupported
from seacan.runtime import bundle as bundles
from seacan.runtime import container as containers
from seacan.runtime.container import Container
from seacan.runtime.create import create
from seacan.runtime.exec import exec_process
from seacan.runtime.failures import cause
from seacan.runtime.foreground import Foreground
from seacan.runtime.launch import Stdio
from seacan.runtime.settings import Settings
from seacan.spec.runtime import Process

_STDIO: Final[Stdio] = (0, 1, 2)


def run(options: Namespace) -> int:
    """Run the command of `options`; return the exit status."""
    if options.rootless == "true":
        raise Unsupported("--rootless=true is not supported by this runtime")
    return _COMMANDS[options.command](options)


def _create(options: Namespace) -> int:
    with _console(options.console_socket) as console:
        container = _create_container(options, console)
    _write_pid(options.pid_file, container.pid)
    return 0


def _create_container(options: Namespace, console: socket.socket | None) -> Container:
    return create(
        Path(options.root),
        options.id,
        Path(options.bundle),
        stdio=_STDIO,
        console=console,
        preserve_fds=options.preserve_fds,
        settings=Settings(options.no_pivot, options.no_new_keyring, options.systemd_cgroup),
    )


def _start(options: Namespace) -> int:
    _load(options).start()
    return 0


def _state(options: Namespace) -> int:
    print(json.dumps(_load(options).state(), indent=2))
    return 0


def _kill(options: Namespace) -> int:
    _load(options).kill(_signal_number(options.signal), all=options.all)
    return 0


def _delete(options: Namespace) -> int:
    try:
        _load(options).delete(force=options.force)
    except NotFound:
        if not options.force:
            raise
    return 0


def _run(options: Namespace) -> int:
    terminal = bundles.load(Path(options.bundle)).process.get("terminal", False)
    _check_console(terminal, options)
    if options.detach:
        with _console(options.console_socket) as console:
            container = _create_container(options, console)
        _write_pid(options.pid_file, container.pid)
        container.start()
        return 0
    with Foreground(terminal) as foreground:
        container = _create_container(options, foreground.console)
        try:
            _write_pid(options.pid_file, container.pid)
            container.start()
            return foreground.wait(container.pid)
        finally:
            container.delete(force=True)


def _exec(options: Namespace) -> int:
    container = _load(options)
    process = _process(options, container)
    terminal = process.get("terminal", False)
    _check_console(terminal, options)
    if options.detach:
        with _console(options.console_socket) as console:
            pid = _exec_process(options, container, process, console)
        _write_pid(options.pid_file, pid)
        return 0
    with Foreground(terminal) as foreground:
        pid = _exec_process(options, container, process, foreground.console)
        _write_pid(options.pid_file, pid)
        return foreground.wait(pid)


def _exec_process(
    options: Namespace, container: Container, process: Process, console: socket.socket | None
) -> int:
    return exec_process(
        container, process, stdio=_STDIO, console=console, preserve_fds=options.preserve_fds
    )


def _process(options: Namespace, container: Container) -> Process:
    """Return the process to start: of --process, or the container's own with changes."""
    if options.process:
        if options.args:
            raise InvalidArgument("exec: either --process or a command, not both")
        return cast(Process, bundles.read_json(Path(options.process)))
    args = options.args[1:] if options.args[:1] == ["--"] else options.args
    if not args:
        raise InvalidArgument("exec: no command given")
    process: dict[str, Any] = dict(bundles.load(container.bundle).process)
    process["args"] = args
    process["terminal"] = options.tty
    process["env"] = [*process.get("env", []), *options.env]
    if options.cwd:
        process["cwd"] = options.cwd
    if options.no_new_privs:
        process["noNewPrivileges"] = True
    if options.user or options.additional_gids:
        process["user"] = _user(options)
    if options.cap:
        sets = dict(process.get("capabilities", {}))
        for kind in ("bounding", "effective", "permitted"):
            sets[kind] = [*sets.get(kind, []), *options.cap]
        process["capabilities"] = sets
    return cast(Process, process)


def _user(options: Namespace) -> dict[str, Any]:
    numbers = (options.user or "0").split(":")
    if len(numbers) > 2 or not all(text.isdecimal() and text.isascii() for text in numbers):
        raise InvalidArgument(f"exec: --user is not UID or UID:GID in numbers: {options.user}")
    return {
        "uid": int(numbers[0]),
        "gid": int(numbers[-1]) if len(numbers) > 1 else 0,
        "additionalGids": options.additional_gids,
    }


def _list(options: Namespace) -> int:
    found = [(entry, entry.state()) for entry in containers.list_all(Path(options.root))]
    if options.quiet:
        for _, state in found:
            print(state["id"])
    elif options.format == "json":
        print(json.dumps([{**state, "created": _created(entry)} for entry, state in found]))
    else:
        rows: list[tuple[str, ...]] = [("ID", "PID", "STATUS", "BUNDLE", "CREATED")]
        for entry, state in found:
            about = (state["id"], str(state["pid"]), state["status"], state["bundle"])
            rows.append((*about, _created(entry)))
        _print_table(rows)
    return 0


def _created(container: Container) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(container.record.created_at))


def _print_table(rows: list[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def _load(options: Namespace) -> Container:
    return containers.load(Path(options.root), options.id)


def _signal_number(text: str) -> int:
    """Return the number of `9`, `KILL` or `SIGKILL`."""
    if text.isdecimal() and 0 <= int(text) < signal.NSIG:
        return int(text)
    name = text.upper()
    try:
        return signal.Signals[name if name.startswith("SIG") else f"SIG{name}"]
    except KeyError as err:
        raise InvalidArgument(f"unknown signal {text!r}") from err


def _check_console(terminal: bool, options: Namespace) -> None:
    if terminal and options.detach and not options.console_socket:
        raise InvalidArgument(
            "cannot allocate tty if the runtime will detach without setting console socket"
        )
    if options.console_socket and not (terminal and options.detach):
        raise InvalidArgument("--console-socket is only for a detached process with a terminal")


@contextmanager
def _console(path: str) -> Iterator[socket.socket | None]:
    """Connect to --console-socket for the time of a `with`; None without one."""
    if not path:
        yield None
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as console:
        try:
            console.connect(path)
        except OSError as err:
            raise InvalidArgument(f"--console-socket {path}: {cause(err)}") from err
        yield console


def _write_pid(path: str, pid: int) -> None:
    # Whoever watches for the file must not find half of it.
    if path:
        place = Path(path)
        temporary = place.with_name(f".{place.name}.{os.getpid()}.tmp")
        temporary.write_text(str(pid))
        temporary.rename(place)


_COMMANDS: Final[dict[str, Callable[[Namespace], int]]] = {
    "create": _create,
    "start": _start,
    "state": _state,
    "kill": _kill,
    "delete": _delete,
    "run": _run,
    "exec": _exec,
    "list": _list,
}
