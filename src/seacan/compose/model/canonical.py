"""From what may be written to what is meant: short syntax to long, defaults, absolute paths."""

from __future__ import annotations

import os

from seacan.compose.model import short_syntax
from seacan.compose.model.path_table import Path, PathTable, joined, rewrite
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from seacan.compose.model.notices import Notices
    from seacan.compose.model.path_table import Rewrite

_REMOTE = ("https://", "http://", "git://", "ssh://", "github.com/", "git@")


def to_long_syntax(
    model: dict[str, Any], notices: Notices, *, lenient: bool = False
) -> dict[str, Any]:
    """Return `model` with everything in the long syntax. Raises InvalidArgument.

    `lenient`: a text that cannot be taken apart stays, as its variables are not replaced yet.
    """
    table = PathTable({path: _maybe(change, lenient) for path, change in _LONG.items()})
    rewrite(model, table)
    for kind in ("volumes", "networks", "secrets", "configs"):
        for name, resource in (model.get(kind) or {}).items():
            if resource is not None:
                _plain_external(resource, f"{kind}.{name}", notices)
    return model


def _maybe(change: Rewrite, lenient: bool) -> Rewrite:
    def changed(value: Any, path: Path) -> Any:
        try:
            return change(value, path)
        except InvalidArgument:
            if lenient:
                return value
            raise

    return changed


def _plain_external(resource: dict[str, Any], where: str, notices: Notices) -> None:
    """`external: {name: x}` is an old spelling of `external: true` and `name: x`."""
    external = resource.get("external")
    if not isinstance(external, dict):
        return
    resource["external"] = True
    if "name" in external:
        notices.warn(f"{where}: external.name is deprecated. Please set name and external: true")
        if resource.setdefault("name", external["name"]) != external["name"]:
            raise InvalidArgument(f"{where}: name and external.name conflict; only use name")


def _under(key: str) -> Rewrite:
    """Return what makes of a bare text a mapping with `key` alone."""
    return lambda value, _: {key: value} if isinstance(value, str) else value


def _listed(value: Any, _: Path) -> Any:
    return [value] if isinstance(value, str) else value


def _as_text(value: Any, _: Path) -> Any:
    from seacan.compose.model.scalars import go_text

    return value if isinstance(value, str) else go_text(value)


def _dependencies(value: Any, _: Path) -> Any:
    found = {name: {} for name in value} if isinstance(value, list) else value
    for dependency in found.values():
        dependency.setdefault("condition", "service_started")
        dependency.setdefault("required", True)
    return found


def _env_files(value: Any, _: Path) -> Any:
    files = [value] if isinstance(value, str) else value
    return [
        {"path": file, "required": True} if isinstance(file, str) else {"required": True, **file}
        for file in files
    ]


def _gpus(value: Any, _: Path) -> Any:
    return [{"count": "all"}] if isinstance(value, str) else value


def _names(value: Any, _: Path) -> Any:
    return dict.fromkeys(value) if isinstance(value, list) else value


def _pairs(value: Any, path: Path) -> Any:
    if isinstance(value, dict):
        return value
    for line in value:
        if "=" not in line:
            raise InvalidArgument(f"{joined(path)}: invalid value {line}, expected key=value")
    return {key: item for key, _, item in (line.partition("=") for line in value)}


def _ports(value: Any, _: Path) -> Any:
    return [
        port
        for entry in value
        for port in ([entry] if isinstance(entry, dict) else short_syntax.ports(str(entry)))
    ]


def _ssh(value: Any, _: Path) -> Any:
    if isinstance(value, dict):
        return value
    keys: dict[str, str | None] = {}
    for line in value:
        key, equals, path = line.partition("=")
        if not equals and key != "default":
            raise InvalidArgument(f'invalid ssh key "{line}"')
        keys[key] = path if equals else None
    return keys


def _taken_apart(parse: Callable[[str], dict[str, Any]]) -> Rewrite:
    return lambda value, _: parse(value) if isinstance(value, str) else value


_LONG: dict[str, Rewrite] = {
    "services.*.build": _under("context"),
    "services.*.build.secrets.*": _under("source"),
    "services.*.build.provenance": _as_text,
    "services.*.build.sbom": _as_text,
    "services.*.build.additional_contexts": _pairs,
    "services.*.build.ssh": _ssh,
    "services.*.configs.*": _under("source"),
    "services.*.depends_on": _dependencies,
    "services.*.develop.watch.*.ignore": _listed,
    "services.*.develop.watch.*.include": _listed,
    "services.*.devices.*": _taken_apart(short_syntax.device),
    "services.*.dns": _listed,
    "services.*.env_file": _env_files,
    "services.*.extends": _under("service"),
    "services.*.gpus": _gpus,
    "services.*.label_file": _listed,
    "services.*.models": _names,
    "services.*.networks": _names,
    "services.*.ports": _ports,
    "services.*.secrets.*": _under("source"),
    "services.*.volumes.*": _taken_apart(short_syntax.volume),
}


def without_empty_entries(model: dict[str, Any]) -> dict[str, Any]:
    """Return `model` without empty DNS servers, which a variable may leave."""
    for service in (model.get("services") or {}).values():
        if isinstance(service, dict) and isinstance(service.get("dns"), list):
            service["dns"] = [server for server in service["dns"] if server]
    return model


def with_defaults(model: dict[str, Any]) -> dict[str, Any]:
    """Return `model` with the values that the specification has for what is not said."""
    rewrite(model, _DEFAULTS)
    return model


def _default(**values: Any) -> Rewrite:
    return lambda value, _: {**values, **value} if isinstance(value, dict) else value


def _secret_target(value: Any, _: Path) -> Any:
    return {"target": f"/run/secrets/{value.get('source')}", **value}


def _all_devices(value: Any, _: Path) -> Any:
    return value if "count" in value or "device_ids" in value else {**value, "count": "all"}


_DEFAULTS = PathTable(
    {
        "services.*.build": _default(context="."),
        "services.*.secrets.*": _secret_target,
        "services.*.ports.*": _default(protocol="tcp", mode="ingress"),
        "services.*.deploy.resources.reservations.devices.*": _all_devices,
        "services.*.gpus.*": _all_devices,
    }
)


def _is_windows_path(path: str) -> bool:
    return path[1:3] in (":\\", ":/") or path.startswith("\\\\")


def with_absolute_paths(model: dict[str, Any], directory: str) -> dict[str, Any]:
    """Return `model` with paths of this host taken from `directory`."""

    def absolute(value: Any, _: Path) -> Any:
        if isinstance(value, list):
            return [absolute(item, ()) for item in value]
        if not isinstance(value, str) or not value or value.startswith("/"):
            return value
        return os.path.normpath(os.path.join(directory, os.path.expanduser(value)))

    def of_the_daemon(value: Any, path: Path) -> Any:
        """Return a path that the daemon looks up: on Windows, perhaps."""
        if not isinstance(value, str) or _is_windows_path(value):
            return value
        return absolute(value or ".", path)

    def context(value: Any, path: Path) -> Any:
        is_path = not ("://" in value or value.startswith(("service:", *_REMOTE)))
        return absolute(value, path) if is_path else value

    def mount(value: Any, path: Path) -> Any:
        if not isinstance(value, dict) or value.get("type") != "bind":
            return value
        if "source" not in value:
            raise InvalidArgument(
                'invalid mount config for type "bind": field Source must not be empty'
            )
        return {**value, "source": of_the_daemon(value["source"], path)}

    def real(value: Any, path: Path) -> Any:
        return os.path.realpath(absolute(value, path))

    def volume(value: Any, path: Path) -> Any:
        options = (value or {}).get("driver_opts") or {}
        is_bind = "device" in options and options.get("o") == "bind"
        if value and value.get("driver") == "local" and is_bind:
            options["device"] = of_the_daemon(options["device"], path)
        return value

    rewrite(
        model,
        PathTable(
            {
                "services.*.build.context": context,
                "services.*.build.additional_contexts.*": context,
                "services.*.build.ssh.*": of_the_daemon,
                "services.*.env_file.*.path": absolute,
                "services.*.label_file.*": absolute,
                "services.*.extends.file": absolute,
                "services.*.develop.watch.*.path": real,
                "services.*.volumes.*": mount,
                "configs.*.file": of_the_daemon,
                "secrets.*.file": of_the_daemon,
                "volumes.*": volume,
            }
        ),
    )
    return model
