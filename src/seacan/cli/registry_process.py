"""The process of the registry, which this one becomes: it needs more than the standard library."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import NoReturn

    from seacan.cli.flags import Flag, Values


def become(command: str, flags: Iterable[Flag], values: Values) -> NoReturn:
    """Execute `seacan.registry`, which checks what the flags are set to."""
    sys.stdout.flush()
    os.execv(sys.executable, command_line(command, flags, values))


def command_line(command: str, flags: Iterable[Flag], values: Values) -> list[str]:
    """Return the words to execute: the flags that were given, in the order of their table."""
    words = [sys.executable, "-P", "-m", "seacan.registry", command]
    for flag in flags:
        if not values.is_given(flag.name):
            continue
        if flag.kind.implied is not None:
            words += [f"--{flag.name}"] if values.on(flag.name) else []
        elif flag.kind.word == "list":
            words += [f"--{flag.name}={text}" for text in values.texts(flag.name)]
        else:
            words.append(f"--{flag.name}={values.text(flag.name)}")
    return words
