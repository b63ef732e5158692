"""`seacan network inspect`: all that the daemon knows of networks."""

from __future__ import annotations

from seacan.cli.commands.inspect import FORMAT, print_kind
from seacan.cli.flags import Flag
from seacan.cli.values import SWITCH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (FORMAT, Flag("verbose", "v", SWITCH, "Show more of networks of swarms"))


def run(session: Session, values: Values, arguments: list[str]) -> int:
    networks, verbose = session.client.networks, values.on("verbose")
    return print_kind(
        "network",
        arguments,
        lambda name: networks.inspect(name, verbose=verbose),
        values.text("format"),
    )
