"""What is mounted at volumes, by their options, and for whom: until the last of them has ended.

A mount outlasts the daemon, the list of its users does not: the next daemon is told of those that
go on (`adopt`), and unmounts what is left (`unused`). Blocks; who calls has the volume's turn.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from seacan.volumes import mounting


class Uses:
    def __init__(self, path_of: Callable[[str], Path]) -> None:
        self._path_of = path_of
        self._mounted: set[str] = set()
        self._users: dict[str, set[str]] = {}

    def restore(self, names: Iterable[str]) -> None:
        """Find out which of the volumes `names` are mounted."""
        by_path = {self._path_of(name): name for name in names}
        self._mounted = {by_path[path] for path in mounting.mounted(by_path)}

    def take(self, name: str, options: Mapping[str, str], user: str) -> None:
        """Have a volume mounted for `user`. Raises Internal."""
        if name not in self._mounted:
            mounting.mount(options, self._path_of(name))
            self._mounted.add(name)
        self.adopt(name, user)

    def adopt(self, name: str, user: str) -> None:
        """Note that `user` has it mounted already."""
        self._users.setdefault(name, set()).add(user)

    def leave(self, name: str, user: str) -> None:
        """Unmount it if nobody but `user` has it, who may not have had it either."""
        users = self._users.get(name, set())
        users.discard(user)
        if not users:
            self._users.pop(name, None)
            self.unmount(name)

    def unmount(self, name: str) -> None:
        if name in self._mounted:
            mounting.unmount(self._path_of(name))
            self._mounted.discard(name)

    def unused(self) -> list[str]:
        """Return the volumes that are mounted for nobody."""
        return [name for name in self._mounted if not self._users.get(name)]
