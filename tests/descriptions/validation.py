"""Answers of the Engine API against the published description of their version."""

import functools
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import fastjsonschema
from tests.descriptions.deviations import FIELDS, STATUSES, TYPES

VERSIONS: Final = ("1.41", "1.43", "1.51")
_ANY_MAY_HAVE: Final = (400, 500)
_REFUSED: Final = 501  # seacan's own: what it has not, by name
_BODILESS: Final = (101, 204, 304)
_ERROR: Final = {
    "type": "object",
    "properties": {"message": {"type": "string"}},
    "required": ["message"],
    "additionalProperties": False,
}


def complaints(
    version: str, method: str, path: str, status: int, content_type: str, body: bytes
) -> list[str]:
    """Return in which way an answer is not as described; nothing of what is not described at all.

    `path` is without version and query. Of a stream, `body` may be the part up to now.
    """
    if version not in VERSIONS:
        return []
    operation = _find(version, method, path)
    if operation is None:
        return []
    name, described = operation
    found = [f"{version} {name} {status}: {what}" for what in (
        *_of_status(name, described, status),
        *_of_type(name, described, status, content_type),
        *_of_body(version, name, described, status, content_type, body),
    )]  # fmt: skip
    return found


def _of_status(name: str, described: dict[str, Any], status: int) -> Iterator[str]:
    is_known = str(status) in described["responses"] or (name, status) in STATUSES
    if not is_known and status not in (*_ANY_MAY_HAVE, _REFUSED):
        yield "no such status"


def _of_type(name: str, described: dict[str, Any], status: int, content_type: str) -> Iterator[str]:
    kind = content_type.partition(";")[0]
    if not kind or status in _BODILESS:
        return
    if status >= 400:
        if kind != "application/json":
            yield f"an error of type {kind}"
    elif kind not in described["produces"] and (name, kind) not in TYPES:
        yield f"type {kind}, not one of {described['produces']}"


def _of_body(
    version: str,
    name: str,
    described: dict[str, Any],
    status: int,
    content_type: str,
    body: bytes,
) -> Iterator[str]:
    has_schema = described["responses"].get(str(status)) is not None or status >= 400
    if not (body and has_schema and content_type == "application/json"):
        return
    for line in body.splitlines():
        try:
            _validator(version, name, status)(json.loads(line))
        except fastjsonschema.JsonSchemaValueException as err:
            yield f"{err.message.removeprefix('data')}: {str(err.value)[:100]}"


@functools.cache
def _description(version: str) -> dict[str, Any]:
    path = Path(__file__).with_name(f"engine-api-{version}.json")
    description: dict[str, Any] = _with_nulls(json.loads(path.read_text()))
    for field in FIELDS:
        if tuple(map(int, version.split("."))) < field.before:
            target = _target(description, field.where)
            target["properties"][field.name] = field.schema
    return description


def _target(description: dict[str, Any], where: str) -> dict[str, Any]:
    """Return the schema of an object: `Definition`, `Definition.name` or `METHOD /path`."""
    if " " in where:
        found: dict[str, Any] = description["operations"][where]["responses"]["200"]
        return found
    name, *rest = where.split(".")
    found = description["definitions"][name]
    for step in rest:
        found = found["properties"][step]
    return found


def _with_nulls(value: Any) -> Any:
    """Let lists and maps be null, as Go writes those that were never made."""
    if isinstance(value, list):
        return [_with_nulls(one) for one in value]
    if not isinstance(value, dict):
        return value
    value = {key: _with_nulls(one) for key, one in value.items()}
    is_map = value.get("type") == "object" and "properties" not in value
    if is_map or value.get("type") == "array":
        value["type"] = [value["type"], "null"]
    return value


def _find(version: str, method: str, path: str) -> tuple[str, dict[str, Any]] | None:
    operations = _description(version)["operations"]
    for name, pattern in _patterns(version):
        if pattern.fullmatch(f"{method} {path}"):
            return name, operations[name]
    return None


@functools.cache
def _patterns(version: str) -> list[tuple[str, re.Pattern[str]]]:
    """Return the operations and what they match; those without a name in their path first."""
    names = sorted(_description(version)["operations"], key=lambda name: name.count("{"))
    return [(name, re.compile(re.sub(r"\{\w+\}", _given(name), name))) for name in names]


def _given(operation: str) -> str:
    """Return a pattern of what may stand for a name in a path: that of an image has slashes."""
    return "[^ ]+" if re.search("/(images|distribution)/", operation) else "[^ /]+"


@functools.cache
def _validator(version: str, name: str, status: int) -> Callable[[Any], Any]:
    description = _description(version)
    schema = description["operations"][name]["responses"].get(str(status)) or _ERROR
    whole = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "definitions": description["definitions"],
        **(schema if "$ref" not in schema else {"allOf": [schema]}),
    }
    validate: Callable[[Any], Any] = fastjsonschema.compile(whole)
    return validate
