"""`seacan container inspect`: all that the daemon knows of containers."""

from __future__ import annotations

from seacan.cli.commands.inspect import FORMAT, SIZE, print_kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (FORMAT, SIZE)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    containers = session.client.containers
    size = values.on("size")
    return print_kind(
        "container",
        arguments,
        lambda name: containers.inspect(name, size=size),
        values.text("format"),
    )
