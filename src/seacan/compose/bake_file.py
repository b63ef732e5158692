"""The images of a project as buildx's bake has them: `compose build --print`.

Source: docker compose 2.40, what its `build --print` prints; docs.docker.com, Bake file reference.
"""

from __future__ import annotations

import os

from seacan.compose import names
from seacan.compose.names import image_of
from seacan.errors import Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from seacan.compose.model.project import Project

_TARGET = (
    *("context", "contexts", "dockerfile", "dockerfile-inline", "args", "labels", "tags"),
    *("cache-from", "cache-to", "target", "secret", "ssh", "platforms", "pull", "no-cache"),
    *("network", "no-cache-filter", "shm-size", "ulimits", "call", "entitlements", "extra-hosts"),
    *("output", "attest"),
)
_SAME = ("target", "network")  # as a string
_SAME_LISTS = ("cache_from", "cache_to", "no_cache_filter")


def bake_file(
    project: Project, wanted: Iterable[str], given: Mapping[str, Any], *, push: bool
) -> dict[str, Any]:
    """Return the file: a target for each service that is built, and the group of those `wanted`.

    `given`: `args` and `ssh` by name, and what each target gets besides. Raises Unsupported.
    """
    targets = {}
    for name, service in sorted(project.services.items()):
        if "build" in service:
            target = _target(project, name, given, push=push)
            targets[_target_name(name)] = {key: target[key] for key in _TARGET if target.get(key)}
    return {
        "group": {"default": {"targets": [_target_name(name) for name in wanted]}},
        "target": targets,
    }


def _target(project: Project, name: str, given: Mapping[str, Any], *, push: bool) -> dict[str, Any]:
    service = project.services[name]
    section = service["build"]
    found = {
        **{key: section.get(key) for key in _SAME},
        **{key.replace("_", "-"): section.get(key) for key in _SAME_LISTS},
        "contexts": dict(sorted(_contexts(section))),
        "labels": _texts({**section.get("labels", {}), **_labels(project, name)}),
        "tags": [*section.get("tags", ()), image_of(project, name, service)],
        "secret": list(_secrets(project, section)),
        "platforms": _platforms(service, section),
        "pull": section.get("pull"),
        "no-cache": section.get("no_cache"),
        "shm-size": section.get("shm_size"),
        "ulimits": list(_ulimits(section)),
        "entitlements": _entitlements(section),
        "extra-hosts": _hosts(section),
        "attest": list(_attestations(section)),
        **_dockerfile(section),
        **given,
        "args": _texts({**section.get("args", {}), **given["args"]}),
        "ssh": list(_agents(section, given["ssh"])),
    }
    return found if "call" in found else {**found, "output": [_output(service, found, push=push)]}


def _target_name(service: str) -> str:
    return service.replace(".", "_")


def _texts(values: Mapping[str, str | None]) -> dict[str, str]:
    """Return what has a value, so that bake takes each for what it is, and no expression."""
    known = sorted((name, value) for name, value in values.items() if value is not None)
    return {name: _literal(value) for name, value in known}


def _literal(text: str) -> str:
    return text.replace("${", "$${").replace("%{", "%%{")


def _labels(project: Project, name: str) -> dict[str, str]:
    return {names.PROJECT: project.name, names.SERVICE: name, names.VERSION_LABEL: names.VERSION}


def _contexts(section: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, source in section.get("additional_contexts", {}).items():
        other = source.removeprefix("service:")
        yield key, source if other == source else f"target:{_target_name(other)}"


def _dockerfile(section: Mapping[str, Any]) -> dict[str, str]:
    context = section["context"]
    if "dockerfile_inline" in section:
        return {"context": context, "dockerfile-inline": _literal(section["dockerfile_inline"])}
    path = section.get("dockerfile", "Dockerfile")
    is_here = os.path.isabs(context)
    return {"context": context, "dockerfile": os.path.join(context, path) if is_here else path}


def _secrets(project: Project, section: Mapping[str, Any]) -> Iterator[str]:
    for entry in section.get("secrets", ()):
        defined = project.secrets[entry["source"]]
        name = entry.get("target") or entry["source"]
        if "environment" in defined:
            yield f"id={name},type=env,env={defined['environment']}"
        elif "file" in defined:
            yield f"id={name},type=file,src={defined['file']}"
        else:
            raise Unsupported(f"unsupported external secret {defined['name']}")


def _agents(section: Mapping[str, Any], given: Mapping[str, str]) -> Iterator[str]:
    pairs = (text.partition(": ") for text in section.get("ssh", ()))
    for name, path in {**{name: path for name, _, path in pairs}, **given}.items():
        yield f"{name}={path}"


def _platforms(service: Mapping[str, Any], section: Mapping[str, Any]) -> list[str]:
    one = [service["platform"]] if "platform" in service else []
    return list(section.get("platforms") or one)


def _ulimits(section: Mapping[str, Any]) -> Iterator[str]:
    for name, limit in section.get("ulimits", {}).items():
        both = limit if isinstance(limit, int) else f"{limit['soft']}:{limit['hard']}"
        yield f"{name}={both}"


def _entitlements(section: Mapping[str, Any]) -> list[str]:
    more = ["security.insecure"] if section.get("privileged") else []
    return [*section.get("entitlements", ()), *more]


def _hosts(section: Mapping[str, Any]) -> dict[str, str]:
    """Return the addresses of each name, behind one another."""
    found: dict[str, list[str]] = {}
    for text in section.get("extra_hosts", ()):
        name, _, address = text.partition("=")
        found.setdefault(name, []).append(address)
    return {name: ",".join(addresses) for name, addresses in found.items()}


def _attestations(section: Mapping[str, Any]) -> Iterator[str]:
    for kind in ("provenance", "sbom"):
        wish = section.get(kind, "false")
        if wish != "false":
            yield f"type={kind}" if wish == "true" else f"type={kind},{wish}"


def _output(service: Mapping[str, Any], target: Mapping[str, Any], *, push: bool) -> str:
    pushes = push and "image" in service  # a name made up here is no registry's
    if len(target["platforms"]) > 1:
        return f"type=image,push={str(pushes).lower()}"
    return "type=registry" if pushes else "type=docker"
