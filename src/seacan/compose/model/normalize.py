"""What a model says without saying it: the default network, names, dependencies."""

from __future__ import annotations

import posixpath

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_NAMESPACES = ("network_mode", "ipc", "pid", "uts", "cgroup")


def normalize(model: dict[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """Return `model`, which has its `name`, with all of that filled in."""
    _use_default_network(model)
    for service in (model.get("services") or {}).values():
        _complete_build(service, environment)
        if service.get("pull_policy") == "if_not_present":
            service["pull_policy"] = "missing"
        if "environment" in service:
            service["environment"] = _resolved(service["environment"], environment, keep=True)
        for mount in service.get("volumes") or ():
            if isinstance(mount, dict) and "target" in mount:
                mount["target"] = posixpath.normpath(mount["target"])
        dependencies = _implied_dependencies(service)
        if dependencies or service.get("depends_on"):
            service["depends_on"] = {**dependencies, **(service.get("depends_on") or {})}
    _name_resources(model)
    return model


def _use_default_network(model: dict[str, Any]) -> None:
    networks = model.get("networks") or {}
    for service in (model.get("services") or {}).values():
        if "provider" in service or "network_mode" in service:
            continue
        if not service.get("networks"):
            service["networks"] = {"default": None}
        if "default" in service["networks"]:
            networks.setdefault("default", None)
    if networks:
        model["networks"] = networks


def _complete_build(service: dict[str, Any], environment: Mapping[str, str]) -> None:
    build = service.get("build")
    if build is None:
        return
    build.setdefault("context", ".")
    if build.get("dockerfile") is None and build.get("dockerfile_inline") is None:
        build["dockerfile"] = "Dockerfile"
    if "args" in build:
        build["args"] = _resolved(build["args"], environment, keep=False)


def _resolved(values: Any, environment: Mapping[str, str], *, keep: bool) -> Any:
    """Give names without a value that of the environment; without that they stay if `keep`."""
    if isinstance(values, dict):
        known = {
            name: environment.get(name) if value is None else value
            for name, value in values.items()
        }
        return {name: value for name, value in known.items() if keep or value is not None}
    lines = []
    for line in values or ():
        if isinstance(line, str) and "=" not in line:
            if line in environment:
                line = f"{line}={environment[line]}"
            elif not keep:
                continue
        lines.append(line)
    return lines


def _implied_dependencies(service: dict[str, Any]) -> dict[str, Any]:
    """Return those on services whose names, namespaces or volumes this one uses."""
    found: dict[str, bool] = {}  # whether it is restarted with the other
    for link in service.get("links") or ():
        found.setdefault(link.split(":")[0] if link.count(":") == 1 else link, True)
    for namespace in _NAMESPACES:
        reference = service.get(namespace) or ""
        if reference.startswith("service:"):
            found.setdefault(reference.removeprefix("service:"), True)
    for source in service.get("volumes_from") or ():
        if not source.startswith("container:"):
            found.setdefault(source.split(":")[0], False)
    return {
        name: {"condition": "service_started", "restart": restart, "required": True}
        for name, restart in found.items()
    }


def _name_resources(model: dict[str, Any]) -> None:
    for kind in ("networks", "volumes", "configs", "secrets"):
        resources = model.get(kind) or {}
        for key, resource in resources.items():
            named = resource or {}
            if named.get("name") is None:
                named["name"] = key if named.get("external") else f"{model['name']}_{key}"
            resources[key] = named
