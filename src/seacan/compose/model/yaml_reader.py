"""YAML text to values, with what compose adds (`!reset`, `!override`) and the line of each.

    read(text, "compose.yaml") → documents, and the lines of their values

A value consists of dicts, lists, str, int, float, bool, None; anchors and merges (<<) are resolved.

Each use of an anchor is a copy of its own, since the model is changed in place. What a document may
grow to thereby is bounded, as is its depth.
"""

from __future__ import annotations

import yaml

from seacan.compose.model.documents import Document
from seacan.compose.model.scalars import plain_value
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from seacan.compose.model.documents import Path

LIMIT_VALUES = 500_000
LIMIT_COPIES = 200_000  # of those: values that aliases stand for
LIMIT_DEPTH = 100

_STANDARD = "tag:yaml.org,2002:"
_PLAIN = f"{_STANDARD}plain"
_STRING = f"{_STANDARD}str"
_TYPES: dict[str, tuple[type, ...]] = {
    "null": (type(None),),
    "bool": (bool,),
    "int": (int,),
    "float": (float, int),
}


class _Loader(yaml.CSafeLoader):  # type: ignore[misc]  # yaml has no types
    """The C parser; what a scalar without a tag means is decided when it is built."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        if kind is yaml.ScalarNode:
            return _PLAIN if implicit[0] else _STRING
        return f"{_STANDARD}{'map' if kind is yaml.MappingNode else 'seq'}"


def read(text: bytes, name: str) -> Iterator[tuple[Document, dict[Path, int]]]:
    """Yield the documents in `text`, each with the line, from 1, of what is at each path.

    Raises InvalidArgument, with `name` and the line.
    """
    try:
        loader = _Loader(text)
        try:
            while loader.check_node():
                yield _Builder(name).document(loader.get_node())
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as err:
        mark = err.problem_mark or err.context_mark
        line = f"line {mark.line + 1}: " if mark else ""
        raise InvalidArgument(f"failed to parse {name}: yaml: {line}{err.problem}") from err
    except yaml.YAMLError as err:
        raise InvalidArgument(f"failed to parse {name}: yaml: {_one_line(err)}") from err
    except RecursionError as err:
        raise InvalidArgument(f"failed to parse {name}: yaml: nested too deeply") from err


def _one_line(err: Exception) -> str:
    return " ".join(str(err).split())


class _Builder:
    def __init__(self, name: str) -> None:
        self._name = name
        self._open: list[Any] = []  # the nodes above the one that is being built
        self._count = 0
        self._built: set[int] = set()  # the nodes so far, by their ids; others are copies
        self._reset: list[Path] = []
        self._lines: dict[Path, int] = {}

    def document(self, node: Any) -> tuple[Document, dict[Path, int]]:
        return Document(self._build(node, ()), self._reset), self._lines

    def _build(self, node: Any, path: Path) -> Any:
        self._count += 1
        self._built.add(id(node))
        if self._count > LIMIT_VALUES or self._count - len(self._built) > LIMIT_COPIES:
            raise self._error(node, "document contains excessive aliasing")
        if len(self._open) > LIMIT_DEPTH:
            raise self._error(node, "nested too deeply")
        if any(node is above for above in self._open):
            raise self._error(node, f"cycle detected: {'.'.join(path)} contains itself")
        self._lines.setdefault(path, node.start_mark.line + 1)
        if node.tag == "!override":
            self._reset.append(path)
        self._open.append(node)
        try:
            return self._content(node, path)
        finally:
            self._open.pop()

    def _content(self, node: Any, path: Path) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if isinstance(node, yaml.SequenceNode):
            places = ((str(at), item) for at, item in enumerate(node.value))
            return [
                self._build(item, (*path, at))
                for at, item in places
                if not self._is_reset(item, (*path, at))
            ]
        return self._mapping(node, path)

    def _is_reset(self, node: Any, path: Path) -> bool:
        if node.tag == "!reset":
            self._reset.append(path)
        return bool(node.tag == "!reset")

    def _mapping(self, node: Any, path: Path) -> dict[str, Any]:
        built: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        seen: dict[str, int] = {}
        for key_node, value_node in node.value:
            key, line = self._key(key_node, path), key_node.start_mark.line + 1
            if key in seen:
                raise self._error(
                    key_node, f'mapping key "{key}" already defined at line {seen[key]}'
                )
            seen[key] = line
            if key_node.tag == _PLAIN and key == "<<":
                for source in self._merged(value_node, path):
                    merged = source | merged
                continue
            below = (*path, key)
            self._lines[below] = line
            if not self._is_reset(value_node, below):
                built[key] = self._build(value_node, below)
        return {**{key: value for key, value in merged.items() if key not in built}, **built}

    def _key(self, node: Any, path: Path) -> str:
        value = self._scalar(node) if isinstance(node, yaml.ScalarNode) else node.value
        if not isinstance(value, str):
            where = f"in {'.'.join(path)}" if path else "at top level"
            raise self._error(node, f"non-string key {where}: {value}")
        return value

    def _merged(self, node: Any, path: Path) -> Iterator[dict[str, Any]]:
        """Yield the mappings that `<<` names, the one that wins first."""
        for source in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            if not isinstance(source, yaml.MappingNode):
                raise self._error(source, "map merge requires map or sequence of maps as the value")
            yield self._build(source, path)

    def _scalar(self, node: Any) -> Any:
        if node.tag == _PLAIN:
            return plain_value(node.value)
        kind = node.tag.removeprefix(_STANDARD)
        if kind in _TYPES:
            value: Any = plain_value(node.value)
            if not isinstance(value, _TYPES[kind]) or isinstance(value, bool) != (kind == "bool"):
                raise self._error(node, f"cannot decode !!str `{node.value}` as a !!{kind}")
            return float(node.value) if kind == "float" else value
        if kind == "binary":
            return self._binary(node)
        return plain_value(node.value) if node.tag == "!override" else node.value

    def _binary(self, node: Any) -> str:
        import base64

        try:
            return base64.b64decode(node.value).decode(errors="surrogateescape")
        except ValueError:
            raise self._error(node, "!!binary value contains invalid base64 data") from None

    def _error(self, node: Any, text: str) -> InvalidArgument:
        return InvalidArgument(
            f"failed to parse {self._name}: line {node.start_mark.line + 1}: {text}"
        )
