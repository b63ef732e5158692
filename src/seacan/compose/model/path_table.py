"""What is to be done at which places of a model: `services.*.ports` → an entry.

A `*` stands for any one key, and for the places of a list, whose part of a path is `[]`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    Rewrite = Callable[[Any, tuple[str, ...]], Any]

Path = tuple[str, ...]
ITEM = "[]"


class PathTable:
    """Entries by the pattern of their path; in one table, all of one type.

    Of two patterns for one path that counts which names a part that is `*` in the other.
    """

    def __init__(self, entries: Mapping[str, Any]) -> None:
        self._root: dict[str | None, Any] = {}  # by the first part, then likewise; None: the entry
        for pattern, entry in entries.items():
            node = self._root
            for part in pattern.split("."):
                node = node.setdefault(part, {})
            node[None] = entry

    def find(self, path: Path) -> Any:
        """Return the entry for `path`, or None."""
        nodes = [self._root]
        for part in path:
            nodes = [node[key] for node in nodes for key in (part, "*") if key in node]
            if not nodes:
                return None
        return next((node[None] for node in nodes if None in node), None)


def matches(path: Path, pattern: Path) -> bool:
    """Whether `path` is one of those that `pattern` stands for."""
    return len(path) == len(pattern) and all(
        wanted in ("*", part) for part, wanted in zip(path, pattern, strict=True)
    )


def rewrite(value: Any, table: PathTable, path: Path = ()) -> Any:
    """Return `value` with each part that `table` names passed through its function, a Rewrite.

    Parts are changed in place, outer ones before what is in them.
    """
    change = table.find(path)
    if change is not None:
        value = change(value, path)
    if isinstance(value, dict):
        for key, item in value.items():
            value[key] = rewrite(item, table, (*path, key))
    elif isinstance(value, list):
        for at, item in enumerate(value):
            value[at] = rewrite(item, table, (*path, ITEM))
    return value


def joined(path: Path) -> str:
    return ".".join(path)
