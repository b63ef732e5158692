"""The names of containers: each has one, no two have the same."""

from seacan import ids
from seacan.errors import Conflict, InvalidArgument
from seacan.ids import ContainerId


class Names:
    def __init__(self) -> None:
        self._owners: dict[str, ContainerId] = {}

    def get(self, name: str) -> ContainerId:
        """Return the owner of `name`; an id that nobody has if there is none."""
        return self._owners.get(name, ContainerId(""))

    def take(self, name: str | None, owner: ContainerId) -> str:
        """Give `name`, or a free one of two words, to `owner`; return it without a slash."""
        given = self._free() if not name else name.removeprefix("/")
        if not ids.NAME.fullmatch(given):
            raise InvalidArgument(
                f"Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"
            )
        holder = self._owners.setdefault(given, owner)
        if holder != owner:
            raise Conflict(
                f'Conflict. The container name "/{given}" is already in use by container '
                f'"{holder}". You have to remove (or rename) that container to be able to reuse '
                "that name."
            )
        return given

    def _free(self) -> str:
        attempt = 0
        while (name := ids.random_name(attempt)) in self._owners:
            attempt += 1
        return name

    def give_back(self, name: str) -> None:
        del self._owners[name]
