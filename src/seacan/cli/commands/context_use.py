"""`seacan context use`: the context of all commands from now on, in config.json."""

from __future__ import annotations

import os

from seacan.cli.session import complain
from seacan.cli.values import go_quote
from seacan.client.contexts import check_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Flag, Values
    from seacan.cli.session import Session

FLAGS: tuple[Flag, ...] = ()


def run(session: Session, values: Values, arguments: list[str]) -> int:
    [name] = arguments
    if name != "default":
        check_name(name)
        session.choice.contexts.get(name)
    session.use_context("" if name == "default" else name)
    print(name)
    complain(f"Current context is now {go_quote(name)}")
    if name != "default" and os.environ.get("DOCKER_HOST"):
        complain(
            "Warning: DOCKER_HOST environment variable overrides the active context. To use "
            f"{go_quote(name)}, either set the global --context flag, or unset DOCKER_HOST "
            "environment variable."
        )
    return 0
