"""The model as text: YAML and JSON, laid out as docker compose writes them."""

from __future__ import annotations

from seacan.compose.model import kinds, shapes
from seacan.compose.model.scalars import go_float, needs_quotes, plain_value
from seacan.compose.model.shape import ABSENT, ListOf, MapOf, Shape
from seacan.json_text import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seacan.compose.model.project import Project

_TAGS = {
    kind: f"tag:yaml.org,2002:{name}"
    for kind, name in (
        (type(None), "null"),
        (bool, "bool"),
        (int, "int"),
        (float, "float"),
        (str, "str"),
    )
}


def yaml_of(project: Project) -> str:
    return yaml_text(written(_model(project), shapes.PROJECT))


def json_of(project: Project) -> str:
    model = written(_model(project), shapes.PROJECT, as_json=True)
    model.pop("models", None)  # docker compose leaves them out
    model.update(_free(project.extensions, True))
    return json_text(dict(sorted(model.items())), indent=2)


def _model(project: Project) -> dict[str, Any]:
    sections = ("networks", "volumes", "secrets", "configs", "models")
    used = {kind: getattr(project, kind) for kind in sections if getattr(project, kind)}
    for kind in ("secrets", "configs"):
        for name, one in used.get(kind, {}).items():
            if "environment" in one and "content" in one:
                shown = {key: value for key, value in one.items() if key != "content"}
                used[kind] = {**used[kind], name: shown}
    return {"name": project.name, "services": project.services, **used, **project.extensions}


def written(value: Any, kind: Any, *, as_json: bool = False) -> Any:
    """Return `value`, which is of `kind`, as it is written: in order, and what is `always` there.

    JSON has no extensions (`x-…`), YAML has them last.
    """
    if value is None:
        return None
    if kind is shapes.ENV_FILE and value["required"]:
        return value["path"]
    if isinstance(kind, Shape):
        return _written_shape(value, kind, as_json)
    if isinstance(kind, ListOf):
        return [written(item, kind.item, as_json=as_json) for item in value]
    if isinstance(kind, MapOf):
        items = _in_order(value, as_json)
        return {key: written(item, kind.item, as_json=as_json) for key, item in items}
    if kind is kinds.ulimit and isinstance(value, dict):
        return {key: limit for key, limit in value.items() if limit or not as_json}
    return _free(value, as_json)


def _free(value: Any, as_json: bool) -> Any:
    """Return a value of no shape with its keys in order."""
    if isinstance(value, dict):
        return {key: _free(item, as_json) for key, item in _in_order(value, as_json)}
    return [_free(item, as_json) for item in value] if isinstance(value, list) else value


def _in_order(value: dict[str, Any], as_json: bool) -> list[tuple[str, Any]]:
    return sorted(value.items(), key=None if as_json else lambda item: _natural(item[0]))


def _natural(key: str) -> list[tuple[int, int]]:
    """Return what puts `a2` before `a10`, and signs before digits before letters."""
    import re

    return [
        (1, int(part)) if part.isdecimal() else (2 if part.isalpha() else 0, ord(part))
        for part in re.findall(r"\d+|\D", key)
    ]


def _written_shape(value: dict[str, Any], shape: Shape, as_json: bool) -> dict[str, Any]:
    found = {}
    for field in shape.fields:
        name = field.json_name or field.name if as_json else field.name
        if field.name in value:
            found[name] = written(value[field.name], field.kind, as_json=as_json)
        elif as_json and field.always is not ABSENT:
            found[name] = field.always
    if as_json:
        return found
    extensions = {key: item for key, item in value.items() if key.startswith("x-")}
    return {**found, **_free(extensions, as_json)}


def json_text(value: Any, *, indent: int | None = None) -> str:
    """Return `value` as Go writes JSON."""
    text = _laid_out(_whole(value), indent) if indent else dumps(_whole(value))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _laid_out(value: Any, indent: int) -> str:
    import json

    return json.dumps(value, indent=indent, ensure_ascii=False)


def _whole(value: Any) -> Any:
    """Return `value` with whole numbers as such, as Go has no other way to write `2.0`."""
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value == int(value) else value


def yaml_text(model: Any) -> str:
    """Return `model` as YAML that readers of version 1.1 understand, too."""
    import yaml

    class Dumper(yaml.SafeDumper):  # type: ignore[misc]  # yaml has no types
        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
            super().increase_indent(flow, False)

        def ignore_aliases(self, data: Any) -> bool:
            return True

        def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
            if kind is yaml.ScalarNode:
                return _TAGS[type(plain_value(value))] if implicit[0] else _TAGS[str]
            return str(super().resolve(kind, value, implicit))

    def text(dumper: Any, value: str) -> Any:
        style = "|" if "\n" in value else '"' if needs_quotes(value) else None
        return dumper.represent_scalar(_TAGS[str], value, style)

    def real(dumper: Any, value: float) -> Any:
        return dumper.represent_scalar(_TAGS[type(plain_value(go_float(value)))], go_float(value))

    Dumper.add_representer(str, text)
    Dumper.add_representer(float, real)
    written = yaml.dump(
        model, Dumper=Dumper, sort_keys=False, width=float("inf"), allow_unicode=True
    )
    return str(written)
