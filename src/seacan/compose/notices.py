"""What compose tells beside its results: warnings on standard error, each said once."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def warn_on_stderr(text: str) -> None:
    sys.stdout.flush()
    print(f"WARN[0000] {text}", file=sys.stderr, flush=True)


class Notices:
    """Passes each warning on to `say` the first time."""

    def __init__(self, say: Callable[[str], None] = warn_on_stderr) -> None:
        self._say = say
        self._said: set[str] = set()

    def warn(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._say(text)

    def unset_variable(self, name: str) -> None:
        self.warn(f'The "{name}" variable is not set. Defaulting to a blank string.')
