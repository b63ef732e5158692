"""Names and types of the Engine API, derived from its published description.

    python -m tests.descriptions.derive v1.41.yaml v1.43.yaml v1.51.yaml

writes engine-api-VERSION.json beside this file. The descriptions are moby's, docs/api/vVERSION.yaml
at https://github.com/moby/moby (Apache-2.0): what answers an operation has, and of what types they
are, is taken; no text is. What changes there with a release is seen in the diff.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

import yaml

SOURCE: Final = (
    "derived by tests/descriptions/derive.py from github.com/moby/moby, docs/api (Apache-2.0): "
    "names and types"
)
_PLAIN: Final = ("type", "enum", "required", "$ref")
Schema = dict[str, Any]


def derive(document: dict[str, Any]) -> dict[str, Any]:
    """Return the operations of a Swagger 2.0 document, and the definitions that they refer to."""
    definitions = {
        name: _schema(value, document) for name, value in document["definitions"].items()
    }
    operations = {
        f"{method.upper()} {path}": _operation(operation, document)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    used: set[str] = set()
    _collect(operations, definitions, used)
    return {
        "source": SOURCE,
        "version": document["info"]["version"],
        "operations": operations,
        "definitions": {name: definitions[name] for name in sorted(used)},
    }


def _operation(operation: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    return {
        "produces": operation.get("produces", document["produces"]),
        "responses": {
            str(status): _schema(response["schema"], document) if "schema" in response else None
            for status, response in operation["responses"].items()
        },
    }


def _schema(schema: Schema, document: dict[str, Any]) -> Schema:
    """Return a JSON schema of draft 7: without prose; of an object that has names, all of them."""
    if parts := schema.get("allOf"):
        return _nullable(schema, _merge(parts, document))
    plain: Schema = {key: schema[key] for key in _PLAIN if key in schema}
    if "properties" in schema:
        properties = schema["properties"].items()
        plain["properties"] = {name: _schema(value, document) for name, value in properties}
        plain["additionalProperties"] = False
        if "required" in plain:  # some are that there are not
            plain["required"] = [n for n in plain["required"] if n in plain["properties"]]
    if isinstance(values := schema.get("additionalProperties"), dict):
        plain["additionalProperties"] = _schema(values, document)
    if "items" in schema:
        plain["items"] = _schema(schema["items"], document)
    return _nullable(schema, plain)


def _merge(parts: list[Schema], document: dict[str, Any]) -> Schema:
    """Return one object that has the names of all `parts`; a single one stays what it is."""
    named = [part for part in parts if "$ref" in part or "properties" in part or "allOf" in part]
    if len(named) == 1:
        return _schema(named[0], document)
    merged: Schema = {"type": "object", "properties": {}, "additionalProperties": False}
    for part in named:
        target = part
        if "$ref" in part:
            target = document["definitions"][part["$ref"].rpartition("/")[2]]
        whole = _schema({**target, "x-nullable": False}, document)
        merged["properties"] |= whole.get("properties", {})
    return merged


def _nullable(schema: Schema, derived: Schema) -> Schema:
    return {"anyOf": [derived, {"type": "null"}]} if schema.get("x-nullable") else derived


def _collect(value: Any, definitions: dict[str, Schema], used: set[str]) -> None:
    """Add to `used` the names of definitions that `value` leads to."""
    if isinstance(value, list):
        for one in value:
            _collect(one, definitions, used)
    if not isinstance(value, dict):
        return
    name = value.get("$ref")
    if isinstance(name, str):
        name = name.rpartition("/")[2]
        if name not in used:
            used.add(name)
            _collect(definitions[name], definitions, used)
    for one in value.values():
        _collect(one, definitions, used)


def _text(derived: dict[str, Any]) -> str:
    """Return JSON with a line for each operation and definition, so that a diff can be read."""
    parts = []
    for key, value in derived.items():
        if isinstance(value, dict):
            lines = (f"  {json.dumps(k)}: {_line(v)}" for k, v in value.items())
            parts.append(f"{json.dumps(key)}: {{\n" + ",\n".join(lines) + "\n}")
        else:
            parts.append(f"{json.dumps(key)}: {_line(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _line(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def main(paths: list[str]) -> None:
    if not paths:
        sys.exit("usage: python -m tests.descriptions.derive v1.51.yaml...")
    for path in paths:
        derived = derive(yaml.load(Path(path).read_text(), yaml.CSafeLoader))
        target = Path(__file__).with_name(f"engine-api-{derived['version']}.json")
        target.write_text(_text(derived))


if __name__ == "__main__":
    main(sys.argv[1:])
