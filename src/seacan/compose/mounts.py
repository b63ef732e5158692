"""What a service mounts, as the API's Binds and Mounts: volumes, secrets, configs.

Secrets and configs that are files are bound read-only; those that are a text are written into the
container before it starts (file_contents.py).
"""

from __future__ import annotations

import os

from seacan.errors import Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from seacan.compose.model.project import Project

    Mount = dict[str, Any]

SECRETS = "/run/secrets/"
_RECURSIVE = {
    "disabled": "NonRecursive",
    "writable": "ReadOnlyNonRecursive",
    "readonly": "ReadOnlyForceRecursive",
}


def mounts_of(
    project: Project, service: Mapping[str, Any], inherited: Mapping[str, Mount]
) -> tuple[list[str], list[Mount]]:
    """Return Binds and Mounts. `inherited`: volumes of the container that this one follows."""
    mounts = dict(inherited)
    binds: dict[str, str] = {}
    for volume in service.get("volumes", ()):
        target = volume.get("target", "")
        if not volume.get("source") and target in inherited:
            continue
        bind = _bind_text(project, volume)
        if bind:
            mounts.pop(target, None)
            binds[target] = bind
        else:
            mounts[target] = _mount(project, volume)
    for target, source in file_mounts(project, service).items():
        if target not in binds and target not in mounts:
            mounts[target] = {
                "Type": "bind",
                "Source": source,
                "Target": target,
                "ReadOnly": True,
            }
    return list(binds.values()), list(mounts.values())


def _bind_text(project: Project, volume: Mapping[str, Any]) -> str:
    """Return `source:target:options`, or nothing for what only a Mount can say."""
    source = volume.get("source", "")
    bind, named = volume.get("bind", {}), volume.get("volume", {})
    if volume.get("type") == "bind":
        if not bind.get("create_host_path") or bind.get("propagation") or bind.get("recursive"):
            return ""
    elif volume.get("type") == "volume" and source in project.volumes:
        if named:
            return ""
        source = project.volumes[source]["name"]
    else:
        return ""
    options = ["ro" if volume.get("read_only") else "rw"]
    options += [bind["selinux"]] if bind.get("selinux") else []
    return f"{source}:{volume['target']}:{','.join(options)}"


def _mount(project: Project, volume: Mapping[str, Any]) -> Mount:
    source, kind = volume.get("source", ""), volume.get("type", "volume")
    if kind == "volume" and source in project.volumes:
        source = project.volumes[source]["name"]
    mount = {
        "Type": kind,
        "Source": source,
        "Target": volume.get("target", ""),
        "ReadOnly": volume.get("read_only", False),
        "Consistency": volume.get("consistency", ""),
    }
    options = volume.get(kind)
    if options is not None and kind in _OPTIONS:
        field, translate = _OPTIONS[kind]
        mount[field] = translate(options)
    return mount


def _bind_options(bind: Mapping[str, Any]) -> dict[str, Any]:
    options = {
        "Propagation": bind.get("propagation", ""),
        "CreateMountpoint": bind.get("create_host_path", False),
    }
    if bind.get("recursive") in _RECURSIVE:
        options[_RECURSIVE[bind["recursive"]]] = True
    return options


def _volume_options(volume: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "NoCopy": volume.get("nocopy", False),
        "Subpath": volume.get("subpath", ""),
        "Labels": volume.get("labels"),
    }


def _tmpfs_options(tmpfs: Mapping[str, Any]) -> dict[str, Any]:
    return {"SizeBytes": int(tmpfs.get("size", 0)), "Mode": tmpfs.get("mode", 0)}


def _image_options(image: Mapping[str, Any]) -> dict[str, Any]:
    return {"Subpath": image.get("subpath", "")}


_OPTIONS = {
    "bind": ("BindOptions", _bind_options),
    "volume": ("VolumeOptions", _volume_options),
    "tmpfs": ("TmpfsOptions", _tmpfs_options),
    "image": ("ImageOptions", _image_options),
}


def file_mounts(project: Project, service: Mapping[str, Any]) -> dict[str, str]:
    """Return the files of secrets and configs, by their path in the container."""
    found: dict[str, str] = {}
    for kind, entry, defined in references(project, service):
        for key in ("driver", "template_driver"):
            if key in defined:
                raise Unsupported(f"{kind}s.{entry['source']}.{key}: not supported on one engine")
        if defined.get("external"):
            raise Unsupported(f"unsupported external {kind} {defined['name']}")
        if "file" in defined:
            found.setdefault(target_of(kind, entry), os.path.abspath(defined["file"]))
    return found


def references(
    project: Project, service: Mapping[str, Any]
) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Return kind, reference and definition of each secret and config of a service."""
    pairs = [("secret", entry, project.secrets) for entry in service.get("secrets", ())]
    pairs += [("config", entry, project.configs) for entry in service.get("configs", ())]
    return [(kind, entry, defined[entry["source"]]) for kind, entry, defined in pairs]


def target_of(kind: str, entry: Mapping[str, Any]) -> str:
    """Return where a secret or config is to be found in the container."""
    target = str(entry.get("target") or entry["source"])
    directory = SECRETS if kind == "secret" else "/"
    return target if target.startswith("/") else directory + target
