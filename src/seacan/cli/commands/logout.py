"""`seacan logout`: forget who one is to a registry."""

from __future__ import annotations

from seacan.cli.credentials import Credentials, server_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Flag, Values
    from seacan.cli.session import Session

FLAGS: tuple[Flag, ...] = ()


def run(session: Session, values: Values, arguments: list[str]) -> int:
    key = server_key(arguments[0] if arguments else "")
    Credentials(session.config_path).erase(key)
    print(f"Removing login credentials for {key}")
    return 0
