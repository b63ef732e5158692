"""`seacan completion`: the script that makes a shell complete the words of `seacan`."""

from __future__ import annotations

import os

from seacan.cli import completion
from seacan.cli.values import go_quote
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Flag, Values
    from seacan.cli.session import Session

FLAGS: tuple[Flag, ...] = ()

SCRIPTS = {
    "bash": "seacan.bash",
    "fish": "seacan.fish",
    "powershell": "seacan.ps1",
    "zsh": "seacan.zsh",
}


def run(session: Session, values: Values, arguments: list[str]) -> int:
    [shell] = arguments
    if shell not in SCRIPTS:
        raise InvalidArgument(f"no completion for {go_quote(shell)}: there is {', '.join(SCRIPTS)}")
    directory = os.path.dirname(completion.__file__)
    with open(os.path.join(directory, SCRIPTS[shell]), encoding="utf-8") as script:
        print(script.read(), end="")
    return 0
