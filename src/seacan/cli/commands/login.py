"""`seacan login`: show a registry who one is, and keep that for later."""

from __future__ import annotations

import os
import sys

from seacan.cli.credentials import Credentials, server_key
from seacan.cli.flags import Flag
from seacan.cli.session import complain
from seacan.cli.terminal import is_terminal
from seacan.cli.values import SWITCH, TEXT
from seacan.errors import InvalidArgument, SeacanError, Unauthorized

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("password", "p", TEXT, "Password or access token"),
    Flag("password-stdin", "", SWITCH, "Read the password from standard input"),
    Flag("username", "u", TEXT, "Name of the user"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    key = server_key(arguments[0] if arguments else "")
    kept = Credentials(session.config_path)
    name, password = values.text("username"), _given_password(values)
    if not name and not password and _log_in_as_before(session, kept, key):
        return 0
    name, password = _asked(name, password, kept.get(key).get("username", ""))
    _log_in(session, kept, {"username": name, "password": password, "serveraddress": key})
    return 0


def _given_password(values: Values) -> str:
    password = values.text("password")
    if values.on("password-stdin"):
        if password:
            raise InvalidArgument(
                "conflicting options: cannot specify both --password and --password-stdin"
            )
        if not values.text("username"):
            raise InvalidArgument("the --password-stdin option requires --username to be set")
        return sys.stdin.read().rstrip("\r\n")
    if password:
        complain("WARNING! Using --password via the CLI is insecure. Use --password-stdin.")
    return password


def _log_in_as_before(session: Session, kept: Credentials, key: str) -> bool:
    known = kept.get(key)
    if not known:
        return False
    print("Authenticating with existing credentials...", flush=True)
    try:
        _log_in(session, kept, known)
    except SeacanError as err:
        if not isinstance(err, Unauthorized) and "401" not in str(err):
            raise
        complain(f"Login did not succeed, error: {err}")
        return False
    return True


def _asked(name: str, password: str, usual_name: str) -> tuple[str, str]:
    """Return name and password, from the terminal what was not given."""
    if name and password:
        return name, password
    if not is_terminal(0):
        raise InvalidArgument("Error: Cannot perform an interactive login from a non TTY device")
    if not name:
        print(f"Username ({usual_name}): " if usual_name else "Username: ", end="", flush=True)
        name = sys.stdin.readline().strip() or usual_name
        if not name:
            raise InvalidArgument("username is required")
    if not password:
        password = _typed_unseen("Password: ")
        if not password:
            raise InvalidArgument("password is required")
    return name, password


def _typed_unseen(question: str) -> str:
    import termios

    print(question, end="", flush=True)
    before = termios.tcgetattr(0)
    silent = [*before]
    silent[3] &= ~termios.ECHO
    termios.tcsetattr(0, termios.TCSAFLUSH, silent)
    try:
        return sys.stdin.readline().rstrip("\r\n")
    finally:
        termios.tcsetattr(0, termios.TCSAFLUSH, before)
        print()


def _log_in(session: Session, kept: Credentials, known: dict[str, str]) -> None:
    answer = session.client.registries.login(known)
    if token := answer.get("IdentityToken"):
        known = {**known, "identitytoken": token, "password": ""}
    key = known["serveraddress"]
    kept.store(key, known)
    if not kept.helper(key):
        complain(
            f"WARNING! Your credentials are stored unencrypted in '{os.path.abspath(kept.path)}'.\n"
            "A credential helper (credsStore) keeps them better."
        )
    print(answer.get("Status", "Login Succeeded"))
