"""Progress of a transfer, as the messages of the API: how many bytes of which layer are done."""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

Message: TypeAlias = dict[str, Any]
Progress: TypeAlias = Callable[[Message], None]

_STEP_BYTES: Final = 4 << 20


class Meter:
    """Tells of bytes as they pass, in steps and at the end; a total of 0 is not known."""

    def __init__(self, status: str, name: str, total_bytes: int, progress: Progress) -> None:
        self._status = status
        self._name = name
        self._total_bytes = total_bytes
        self._progress = progress
        self._next_bytes = 0
        self.current_bytes = 0

    def __call__(self, data: memoryview | bytes) -> None:
        self.current_bytes += len(data)
        due_bytes = min(self._next_bytes, self._total_bytes or self._next_bytes)
        if self.current_bytes >= due_bytes and len(data):
            self._next_bytes = self.current_bytes + _STEP_BYTES
            self.tell()

    def tell(self) -> None:
        self._progress(
            bytes_message(self._status, self._name, self.current_bytes, self._total_bytes)
        )


def message(status: str, name: str) -> Message:
    """Return a message about one layer, without bytes."""
    return {"status": status, "progressDetail": {}, "id": name}


def bytes_message(status: str, name: str, current_bytes: int, total_bytes: int) -> Message:
    """Return a message about the bytes of a layer, or of what has no `name`."""
    detail: dict[str, int] = {"current": current_bytes}
    if total_bytes:
        detail["total"] = total_bytes
    told: Message = {"status": status, "progressDetail": detail}
    return {**told, "id": name} if name else told
