"""`seacan attach`: this terminal joined to a container that runs already."""

from __future__ import annotations

from seacan.cli.attachment import Attachment
from seacan.cli.container_flags import DETACH_KEYS
from seacan.cli.detach_keys import chosen_keys
from seacan.cli.flags import Flag
from seacan.cli.session import Exit
from seacan.cli.terminal import require_terminal, size
from seacan.cli.values import SWITCH, SWITCH_ON
from seacan.errors import Conflict, SeacanError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    DETACH_KEYS,
    Flag("no-stdin", "", SWITCH, "Do not attach standard input"),
    Flag("sig-proxy", "", SWITCH_ON, "Pass signals on to the process", shown="true"),
)

_RULED_OUT = (
    ("Paused", "a paused container, unpause it first"),
    ("Restarting", "a restarting container, wait until it is running"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    containers = session.client.containers
    container = containers.inspect(arguments[0])
    _require_running(container)
    container_id, tty = container["Id"], container["Config"]["Tty"]
    require_terminal(stdin=not values.on("no-stdin"), tty=tty)
    stdin = not values.on("no-stdin") and container["Config"]["OpenStdin"]
    keys = chosen_keys(session, values)
    proxied = values.on("sig-proxy") and not tty
    with (
        containers.wait(container_id) as waiting,
        containers.attach(container_id, stdin=stdin, detach_keys=keys) as stream,
        Attachment(
            stream,
            stdin=stdin,
            tty=tty,
            detach_keys=keys,
            resize=lambda rows, columns: containers.resize(
                container_id, rows=rows, columns=columns
            ),
            kill=(lambda name: containers.kill(container_id, name)) if proxied else None,
        ) as attachment,
    ):
        # One that ended before the attach would leave this waiting for output for ever.
        _require_running(containers.inspect(container_id))
        if tty:
            _make_it_redraw(session, container_id)
        if not attachment.follow(waiting):
            raise Exit(1, "read escape sequence")
        return waiting.result()


def _require_running(container: dict[str, Any]) -> None:
    state = container["State"]
    if not state["Running"]:
        raise Conflict("You cannot attach to a stopped container, start it first")
    for key, what in _RULED_OUT:
        if state.get(key):
            raise Conflict(f"You cannot attach to {what}")


def _make_it_redraw(session: Session, container_id: str) -> None:
    """Change the size, which the attachment puts right: a shell prints its prompt again then."""
    rows, columns = size()
    if not rows or not columns:
        return
    try:
        session.client.containers.resize(container_id, rows=rows + 1, columns=columns + 1)
    except SeacanError:
        return  # It is only for the looks.
