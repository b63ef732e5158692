"""`seacan context rm`: contexts forgotten, with their keys."""

from __future__ import annotations

import os

from seacan.cli.flags import Flag
from seacan.cli.session import complain
from seacan.cli.values import SWITCH, go_quote
from seacan.errors import Conflict, InvalidArgument, NotFound, SeacanError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (Flag("force", "f", SWITCH, "Remove one in use, too; one that is not there is no error"),)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    code = 0
    for name in arguments:
        try:
            _remove(session, name, is_forced=values.on("force"))
            print(name)
        except SeacanError as err:
            complain(str(err))
            code = 1
    return code


def _remove(session: Session, name: str, *, is_forced: bool) -> None:
    contexts = session.choice.contexts
    if name == "default":
        raise InvalidArgument('context "default" cannot be removed')
    if name == session.context:
        if not is_forced:
            raise Conflict(f"context {go_quote(name)} is in use, set -f flag to force remove")
        session.use_context("")
    if not is_forced and not os.path.exists(contexts.metadata_path(name)):
        raise NotFound(f"context {go_quote(name)} does not exist")
    contexts.remove(name)
