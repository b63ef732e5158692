"""`seacan stop`: a signal, and SIGKILL if the container does not end in time."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.session import for_each
from seacan.cli.values import INT, TEXT
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("signal", "s", TEXT, "Signal to send, instead of the container's own stop signal"),
    Flag("timeout", "t", INT, "Seconds until SIGKILL; -1: never"),
    Flag("time", "", INT, "", deprecated="use --timeout instead"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    timeout_s = timeout_of(values)
    signal = values.text("signal") or None
    containers = session.client.containers

    def stop(name: str) -> None:
        containers.stop(name, timeout_s=timeout_s, signal=signal)

    return for_each(arguments, stop)


def timeout_of(values: Values) -> int | None:
    """Return the seconds of --timeout or the older --time; None if neither is given."""
    if values.is_given("time") and values.is_given("timeout"):
        raise InvalidArgument("conflicting options: cannot specify both --timeout and --time")
    for name in ("timeout", "time"):
        if values.is_given(name):
            return values.number(name)
    return None
