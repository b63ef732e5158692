"""The files that a compose file names, called otherwise in its text, all else as it was."""

from __future__ import annotations

import yaml

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any


def with_other_names(
    text: str,
    env_file: Callable[[str], str | None],
    extended: Callable[[str], str | None],
) -> str:
    """Return `text` with each `env_file` and `extends.file` of its services called otherwise.

    The functions return the new name of a file, or None if it keeps its own.
    """
    found: dict[tuple[int, int], str] = {}
    for document in yaml.compose_all(text, Loader=yaml.CSafeLoader):
        for service in _values(_value(document, "services")):
            files = [(node, env_file) for node in _env_files(_value(service, "env_file"))]
            files.append((_value(_value(service, "extends"), "file"), extended))
            for node, rename in files:
                name = rename(node.value) if isinstance(node, yaml.ScalarNode) else None
                if name is not None:
                    found[node.start_mark.index, node.end_mark.index] = name
    for begin, end in sorted(found, reverse=True):
        text = f"{text[:begin]}{found[begin, end]}{text[end:]}"
    return text


def _env_files(node: Any) -> Iterator[Any]:
    for item in node.value if isinstance(node, yaml.SequenceNode) else [node]:
        yield item if isinstance(item, yaml.ScalarNode) else _value(item, "path")


def _value(node: Any, key: str) -> Any:
    """Return the node of a key; None if it has none."""
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for name, value in node.value if name.value == key), None)


def _values(node: Any) -> list[Any]:
    return [value for _, value in node.value] if isinstance(node, yaml.MappingNode) else []
