"""`seacan start`: containers that exist already, in the background or joined to this terminal."""

from __future__ import annotations

from seacan.cli.attachment import Attachment
from seacan.cli.commands.run import exit_code
from seacan.cli.container_flags import DETACH_KEYS
from seacan.cli.detach_keys import chosen_keys
from seacan.cli.flags import Flag
from seacan.cli.session import complain
from seacan.cli.values import SWITCH, TEXT
from seacan.errors import InvalidArgument, SeacanError, Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("attach", "a", SWITCH, "Show the output, and pass signals on"),
    Flag("checkpoint", "", TEXT, "Go on where a checkpoint was made; not supported"),
    Flag("checkpoint-dir", "", TEXT, "Where checkpoints are; not supported"),
    DETACH_KEYS,
    Flag("interactive", "i", SWITCH, "Attach standard input"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    for name in ("checkpoint", "checkpoint-dir"):
        if values.text(name):
            raise Unsupported(f"--{name} is not supported: the daemon has no checkpoints")
    if values.on("attach") or values.on("interactive"):
        if len(arguments) > 1:
            raise InvalidArgument("you cannot start and attach multiple containers at once")
        return _start_attached(session, values, arguments[0])
    failed = []
    for name in arguments:
        try:
            session.client.containers.start(name)
            print(name, flush=True)
        except SeacanError as err:
            complain(str(err))
            failed.append(name)
    if failed:
        complain(f"Error: failed to start containers: {', '.join(failed)}")
    return 1 if failed else 0


def _start_attached(session: Session, values: Values, name: str) -> int:
    containers = session.client.containers
    container = containers.inspect(name)
    container_id, tty = container["Id"], container["Config"]["Tty"]
    stdin = values.on("interactive") and container["Config"]["OpenStdin"]
    keys = chosen_keys(session, values)
    condition = "removed" if container["HostConfig"]["AutoRemove"] else "next-exit"
    with (
        containers.attach(container_id, stdin=stdin, detach_keys=keys) as stream,
        containers.wait(container_id, condition) as waiting,
        Attachment(
            stream,
            stdin=stdin,
            tty=tty,
            detach_keys=keys,
            resize=lambda rows, columns: containers.resize(
                container_id, rows=rows, columns=columns
            ),
            kill=None if tty else lambda signal: containers.kill(container_id, signal),
        ) as attachment,
    ):
        try:
            containers.start(container_id)
        except SeacanError:
            if condition == "removed":
                exit_code(waiting)
            raise
        return exit_code(waiting) if attachment.follow(waiting) else 0
