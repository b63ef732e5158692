"""create: a container of a bundle, whose process waits to be started."""

from __future__ import annotations

from seacan.runtime import bundle as bundles
from seacan.runtime.bundle import Bundle
from seacan.runtime.commandline import Options
from seacan.runtime.commands import handles
from seacan.runtime.container import Container
from seacan.runtime.create import create
from seacan.runtime.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from socket import socket  # slow to import


def run(options: Options) -> int:
    make(options, bundles.load(options.bundle or "."))
    return 0


def make(options: Options, bundle: Bundle, console: socket | None = None) -> Container:
    """Make a container of `bundle` with what the caller wants; nothing is left of one that fails.

    `console` is for a terminal that is not for the caller's --console-socket.
    """
    sockets = handles.activation_fds()
    handles.check_preserved(options, sockets)
    if sockets:
        handles.tell_of_sockets(bundle.process, sockets)
    with (
        handles.connection(options.console_socket, "--console-socket") as console_socket,
        handles.connection(options.pidfd_socket, "--pidfd-socket") as pidfd_socket,
    ):
        container = create(
            options.root,
            options.arguments[0],
            bundle,
            stdio=handles.STDIO,
            console=console or console_socket,
            preserve_fds=sockets + options.preserve_fds,
            settings=Settings(
                options.no_pivot,
                options.no_new_keyring,
                options.systemd_cgroup,
                options.rootless,
            ),
        )
        try:
            handles.publish(options, container.pid, pidfd_socket)
        except BaseException:
            container.delete(force=True)
            raise
    return container
