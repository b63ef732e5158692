"""The schema of the compose specification, and what of a model does not fit it.

Of all that is wrong, the error tells what is deepest: of a service that may be written in two ways,
it is not the other way that its author meant. Validators of JSON schemas tell the first that they
find, or bring more than a whole run of compose takes (docs/adr/ has the measures).

The keywords are those that the schema uses. Source: JSON Schema draft 7.
"""

from __future__ import annotations

import os

from seacan import json_text
from seacan.compose.model.scalars import go_text
from seacan.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

Path = tuple[str, ...]


@record
class Misfit:
    """What is wrong at `path`. `place`: the part that shows it, a key that is unknown for one."""

    path: Path
    text: str
    place: Path


_FILE = os.path.join(os.path.dirname(__file__), "compose-spec.json")
_EXTENSION, _NAME, _ANYTHING = "^x-", "^[a-zA-Z0-9._-]+$", (".+", "^.+$")
_IN_NAMES = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
_NAMES = {"object": "mapping"}
_read: dict[str, Any] = {}  # the schema, once it has been needed


def misfit(model: dict[str, Any]) -> Misfit | None:
    """Return what in `model` does not fit; None if all does."""
    root = _schema()
    return _deepest(_errors(model, root, (), root["definitions"]))


def _schema() -> dict[str, Any]:
    if not _read:
        with open(_FILE, "rb") as file:
            _read.update(json_text.loads(file.read()))
    return _read


def _deepest(errors: Iterable[Misfit]) -> Misfit | None:
    return max(errors, key=lambda found: len(found.place), default=None)


def _errors(
    value: Any, schema: dict[str, Any], path: Path, definitions: dict[str, Any]
) -> Iterator[Misfit]:
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    if "oneOf" in schema:
        yield from _of_alternatives(value, schema["oneOf"], path, definitions)
    types = schema.get("type")
    if types is not None:
        wanted = types if isinstance(types, list) else [types]
        if not any(_is(value, kind) for kind in wanted):
            yield Misfit(path, f"must be a {_readable(wanted)}", path)
            return
    yield from (Misfit(path, text, path) for text in _of_scalar(value, schema))
    if isinstance(value, dict):
        yield from _of_mapping(value, schema, path, definitions)
    elif isinstance(value, list):
        yield from _of_list(value, schema, path, definitions)


def _of_alternatives(
    value: Any, alternatives: list[dict[str, Any]], path: Path, definitions: dict[str, Any]
) -> Iterator[Misfit]:
    failures = []
    for alternative in alternatives:
        failure = _deepest(_errors(value, alternative, path, definitions))
        if failure is None:
            return
        failures.append(failure)
    yield max(failures, key=lambda found: len(found.place))


def _of_scalar(value: Any, schema: dict[str, Any]) -> Iterator[str]:
    if "enum" in schema and value not in schema["enum"]:
        choices = ", ".join(f"'{choice}'" for choice in schema["enum"])
        yield f"value must be {'one of ' if len(schema['enum']) > 1 else ''}{choices}"
    if "pattern" in schema and isinstance(value, str) and not _fits(value, schema["pattern"]):
        yield f"'{value}' does not match pattern '{schema['pattern']}'"
    if _is(value, "number"):
        if value < schema.get("minimum", value):
            yield f"must be greater than or equal to {schema['minimum']}"
        if value > schema.get("maximum", value):
            yield f"must be less than or equal to {schema['maximum']}"


def _of_mapping(
    value: dict[str, Any], schema: dict[str, Any], path: Path, definitions: dict[str, Any]
) -> Iterator[Misfit]:
    missing = [f"'{name}'" for name in schema.get("required", ()) if name not in value]
    if missing:
        kind = "property" if len(missing) == 1 else "properties"
        yield Misfit(path, f"missing {kind} {', '.join(missing)}", path)
    named, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    others = schema.get("additionalProperties", True)
    unknown = []
    for key, item in value.items():
        schemas = [named[key]] if key in named else []
        schemas += [below for pattern, below in patterns.items() if _fits(key, pattern)]
        if not schemas and isinstance(others, dict):
            schemas = [others]
        elif not schemas and not others:
            unknown.append(key)
        for below in schemas:
            yield from _errors(item, below, (*path, key), definitions)
    if unknown:
        names = ", ".join(f"'{key}'" for key in unknown)
        yield Misfit(path, f"additional properties {names} not allowed", (*path, unknown[0]))


def _fits(text: str, pattern: str) -> bool:
    """Whether `pattern` is found in `text`; what all keys are looked at for, without an import."""
    if pattern == _EXTENSION:
        return text.startswith("x-")
    if pattern == _NAME:
        return bool(text) and _IN_NAMES.issuperset(text)
    if pattern in _ANYTHING and "\n" not in text:
        return bool(text)
    import re

    return re.search(pattern, text) is not None


def _of_list(
    value: list[Any], schema: dict[str, Any], path: Path, definitions: dict[str, Any]
) -> Iterator[Misfit]:
    if schema.get("uniqueItems"):
        seen: dict[Any, int] = {}
        for at, item in enumerate(value):
            before = seen.setdefault(_identity(item), at)
            if before != at:
                yield Misfit(path, f"items at {before} and {at} are equal", path)
    if "items" in schema:
        for at, item in enumerate(value):
            yield from _errors(item, schema["items"], (*path, str(at)), definitions)


def _identity(value: Any) -> Any:
    """Return what is equal for equal values, and can be looked up; true is not equal to 1."""
    if isinstance(value, dict):
        return tuple((key, _identity(item)) for key, item in sorted(value.items()))
    if isinstance(value, list):
        return tuple(map(_identity, value))
    return isinstance(value, bool), value


def _is(value: Any, kind: str) -> bool:
    match kind:
        case "null":
            return value is None
        case "object":
            return isinstance(value, dict)
        case "array":
            return isinstance(value, list)
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "number":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
    # A whole number is an integer however it is written.
    return _is(value, "number") and go_text(value).lstrip("-").isdecimal()


def _readable(wanted: list[str]) -> str:
    names = sorted(_NAMES.get(kind, kind) for kind in wanted)
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} or {names[-1]}"
