"""exec: a further process in a container, of a file or made from the container's own and flags."""

from __future__ import annotations

from seacan.errors import Conflict, InvalidArgument
from seacan.kernel.cgroups.hierarchy import detect
from seacan.lean import cast
from seacan.runtime import bundle as bundles
from seacan.runtime import container as containers
from seacan.runtime.commandline import Options
from seacan.runtime.commands import handles
from seacan.runtime.container import Container
from seacan.runtime.exec import exec_process
from seacan.runtime.foreground import Foreground

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from seacan.spec.runtime import Capabilities, Process

_OF_THE_CONTAINER: Final = frozenset(("capabilities", "rlimits"))


def run(options: Options) -> int:
    container = containers.load(options.root, options.arguments[0])
    if container.status() == "stopped":
        raise Conflict("cannot exec in a stopped container")
    if not options.ignore_paused and container.is_paused():
        raise Conflict("cannot exec in a paused container (use --ignore-paused to override)")
    process = _process(options, container)
    terminal = process.get("terminal", False)
    handles.check_console(terminal, options.detach, options.console_socket)
    if options.detach:
        _start(options, container, process)
        return 0
    with Foreground(terminal) as foreground:
        foreground.give_size(process)
        return foreground.wait(_start(options, container, process, foreground))


def _start(
    options: Options,
    container: Container,
    process: Process,
    foreground: Foreground | None = None,
) -> int:
    handles.check_preserved(options)
    with (
        handles.connection(options.console_socket, "--console-socket") as console_socket,
        handles.connection(options.pidfd_socket, "--pidfd-socket") as pidfd_socket,
    ):
        pid = exec_process(
            container,
            process,
            stdio=handles.STDIO,
            console=foreground.console if foreground else console_socket,
            preserve_fds=options.preserve_fds,
            below=cgroups_below(options.cgroup, detect()),
        )
        handles.publish(options, pid, pidfd_socket)
    return pid


def cgroups_below(arguments: list[str], version: str) -> dict[str, str]:
    """Return what --cgroup names: paths below the container's own cgroup by controller.

    With version 2 there is one, of the controller "". Raises InvalidArgument.
    """
    paths: dict[str, str] = {}
    for argument in arguments:
        controllers, has_controllers, path = argument.rpartition(":")
        if bool(has_controllers) != (version == "v1"):
            wanted = "CONTROLLERS:PATH" if version == "v1" else "PATH"
            raise InvalidArgument(f"--cgroup {argument}: {wanted} is wanted with cgroup {version}")
        if ".." in path.split("/") or not path.strip("/"):
            raise InvalidArgument(f"--cgroup {argument}: not a path below the container's cgroup")
        for controller in controllers.split(","):
            if controller in paths or bool(controller) != (version == "v1"):
                raise InvalidArgument(f"--cgroup {argument}: controller missing or there twice")
            paths[controller] = path.strip("/")
    return paths


def _process(options: Options, container: Container) -> Process:
    """Return the process to start: of --process, or the container's own with changes."""
    args = options.arguments[1:]
    if options.process:
        if args:
            raise InvalidArgument("exec: either --process or a command, not both")
        return _completed(bundles.read_json(options.process), container)
    if not args:
        raise InvalidArgument("exec: no command given")
    return _changed(bundles.load(container.bundle).process, args[args[0] == "--" :], options)


def _completed(process: Any, container: Container) -> Process:
    """Return `process` with the container's own for what it does not speak of, as of runc."""
    if isinstance(process, dict) and not process.keys() >= _OF_THE_CONTAINER:
        own = bundles.load(container.bundle).process
        kept = {name: value for name, value in own.items() if name in _OF_THE_CONTAINER}
        process = {**kept, **process}
    return cast("Process", process)


def _changed(process: Process, args: list[str], options: Options) -> Process:
    """Return the container's own process with the changes that `options` ask for."""
    new: dict[str, Any] = {**process, "args": args, "terminal": options.tty}
    new["env"] = [*process.get("env", []), *options.env]
    for key, value in (
        ("cwd", options.cwd),
        ("apparmorProfile", options.apparmor),
        ("selinuxLabel", options.process_label),
    ):
        if value:
            new[key] = value
    if options.no_new_privs is not None:
        new["noNewPrivileges"] = options.no_new_privs
    if options.user or options.additional_gids:
        new["user"] = _user(dict(process.get("user", {})), options)
    if options.cap:
        new["capabilities"] = _capabilities(process.get("capabilities", {}), options.cap)
    return cast("Process", new)


def _user(user: dict[str, Any], options: Options) -> dict[str, Any]:
    for key, number in zip(("uid", "gid"), filter(None, options.user.split(":")), strict=False):
        user[key] = _number("--user", number)
    if options.user.count(":") > 1:
        raise InvalidArgument(f"exec: --user is not UID or UID:GID: {options.user}")
    gids = [_number("--additional-gids", gid) for gid in options.additional_gids]
    return {**user, "additionalGids": [*user.get("additionalGids", []), *gids]}


def _number(flag: str, text: str) -> int:
    if not (text.isdecimal() and text.isascii()):
        raise InvalidArgument(f"exec: {flag}: not a number: {text}")
    return int(text)


def _capabilities(sets: Capabilities, names: list[str]) -> dict[str, Any]:
    # A capability that is not inheritable cannot be an ambient one.
    ambient = [name for name in names if name in sets.get("inheritable", [])]
    added = {"bounding": names, "effective": names, "permitted": names, "ambient": ambient}
    held: dict[str, Any] = dict(sets)
    return held | {kind: [*held.get(kind, []), *more] for kind, more in added.items() if more}
