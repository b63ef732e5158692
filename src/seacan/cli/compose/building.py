"""The image of a service built, as `seacan build` does it."""

from __future__ import annotations

import os

from seacan.cli.compose.one_container import delegate
from seacan.compose import names
from seacan.compose.names import image_of
from seacan.errors import Internal, Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from seacan.cli.compose.composition import Composition
    from seacan.compose.model.project import Project

# What is said by the flag of the same meaning.
_TEXTS = {"target": "target", "network": "network", "shm_size": "shm-size"}
_LISTS = {"cache_from": "cache-from", "cache_to": "cache-to", "tags": "tag"}
_SWITCHES = {"no_cache": "no-cache", "pull": "pull"}
_DONE_HERE = {
    "context",
    "extra_hosts",
    "dockerfile",
    "dockerfile_inline",
    "args",
    "labels",
    "additional_contexts",
    "secrets",
    "ssh",
    "ulimits",
    "platforms",
    *_TEXTS,
    *_LISTS,
    *_SWITCHES,
}


def build(
    composition: Composition, project: Project, name: str, extra: tuple[str, ...] = ()
) -> None:
    """Build the image of service `name`; `extra`: more flags. Raises Internal if it fails."""
    if delegate_build(composition, project, name, extra):
        image = image_of(project, name, project.services[name])
        raise Internal(f'target {name}: failed to build: "{image}"')


def delegate_build(
    composition: Composition, project: Project, name: str, extra: tuple[str, ...]
) -> int:
    """Run `seacan build` for service `name`, with `extra` flags; return its exit code."""
    import tempfile

    service = project.services[name]
    with tempfile.TemporaryDirectory(prefix="seacan-compose-") as directory:
        words = [*build_words(project, name, service, directory), *extra]
        return delegate(composition, "build", [*words, "--", service["build"]["context"]])


def build_words(
    project: Project, name: str, service: Mapping[str, Any], directory: str
) -> list[str]:
    """Return the flags of `seacan build` for a service; files of its own go to `directory`.

    Raises Unsupported for a key that means something here and cannot be had.
    """
    section = service["build"]
    for key in section:
        if key not in _DONE_HERE and not key.startswith("x-"):
            raise Unsupported(f"services.{name}.build.{key}: not supported")
    words = [f"--tag={image_of(project, name, service)}"]
    words += [f"--{flag}={section[key]}" for key, flag in _TEXTS.items() if key in section]
    for key, flag in _LISTS.items():
        words += [f"--{flag}={text}" for text in section.get(key, ())]
    words += [f"--add-host={_host(text)}" for text in section.get("extra_hosts", ())]
    words += [f"--{flag}" for key, flag in _SWITCHES.items() if section.get(key)]
    words += [f"--ssh={text.replace(': ', '=', 1)}" for text in section.get("ssh", ())]
    words += _pairs("build-arg", section.get("args", {}))
    words += _pairs("label", {**section.get("labels", {}), **_labels(project, name)})
    words += _pairs("build-context", _contexts(project, section))
    words += list(_ulimits(section.get("ulimits", {})))
    words += list(_secrets(project, section, directory))
    return [*words, f"--file={_dockerfile(section, directory)}", *_platform(service, section)]


def _host(text: str) -> str:
    name, equals, address = text.partition("=")
    return f"{name}:{address}" if equals and "/" not in name else text


def _pairs(flag: str, values: Mapping[str, str | None]) -> list[str]:
    return [
        f"--{flag}={name}" if value is None else f"--{flag}={name}={value}"
        for name, value in values.items()
    ]


def _labels(project: Project, name: str) -> dict[str, str]:
    return {
        names.PROJECT: project.name,
        names.SERVICE: name,
        names.VERSION_LABEL: names.VERSION,
        names.IMAGE_BUILDER: "classic",
    }


def _contexts(project: Project, section: Mapping[str, Any]) -> dict[str, str]:
    """Return the named contexts; the image of another service is one by its name."""
    services = {**project.disabled, **project.services}
    found = {}
    for key, source in section.get("additional_contexts", {}).items():
        other = source.removeprefix("service:")
        if other != source:
            source = f"docker-image://{image_of(project, other, services[other])}"
        found[key] = source
    return found


def _ulimits(ulimits: Mapping[str, Any]) -> Iterator[str]:
    for name, limit in ulimits.items():
        both = limit if isinstance(limit, int) else f"{limit['soft']}:{limit['hard']}"
        yield f"--ulimit={name}={both}"


def _secrets(project: Project, section: Mapping[str, Any], directory: str) -> Iterator[str]:
    for entry in section.get("secrets", ()):
        defined = project.secrets[entry["source"]]
        file = defined.get("file", "")
        if not file and "environment" not in defined:
            raise Unsupported(f"unsupported external secret {defined['name']}")
        if not file:
            file = os.path.join(directory, f"secret-{entry['source'].replace('/', '_')}")
            _write(file, str(defined.get("content", "")))
        yield f"--secret=id={entry.get('target') or entry['source']},src={file}"


def _dockerfile(section: Mapping[str, Any], directory: str) -> str:
    if "dockerfile_inline" in section:
        path = os.path.join(directory, "Dockerfile")
        _write(path, section["dockerfile_inline"])
        return path
    context = section["context"]
    named = str(section.get("dockerfile", "Dockerfile"))
    return os.path.join(context, named) if os.path.isdir(context) else named


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8", errors="surrogateescape", opener=_private) as file:
        file.write(text)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _platform(service: Mapping[str, Any], section: Mapping[str, Any]) -> list[str]:
    platforms = section.get("platforms", ())
    if len(platforms) > 1 and "platform" not in service:
        raise Unsupported("build.platforms: an image for several platforms is not supported")
    platform = service.get("platform") or next(iter(platforms), "")
    return [f"--platform={platform}"] if platform else []
