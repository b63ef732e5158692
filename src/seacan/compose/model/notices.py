"""What compose tells beside its results: warnings, each said once."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Notices:
    """Passes each warning on to `say` the first time."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._said: set[str] = set()

    def warn(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._say(text)

    def unset_variable(self, name: str) -> None:
        self.warn(f'The "{name}" variable is not set. Defaulting to a blank string.')
