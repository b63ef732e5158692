"""`--mount type=…,source=…,target=…` → a Mount of the Engine API. Imported when there is one."""

from __future__ import annotations

import csv
import os

from seacan.cli.values import read_bool, read_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seacan.spec.engine_api import Mount

_TOP = {
    "type": "Type",
    "source": "Source",
    "src": "Source",
    "target": "Target",
    "dst": "Target",
    "destination": "Target",
    "consistency": "Consistency",
}
_READ_ONLY = ("readonly", "ro")
# Key: the type of mount that it is for, and its place in that type's options.
_TEXTS = {
    "bind-propagation": ("bind", "Propagation"),
    "volume-subpath": ("volume", "Subpath"),
    "image-subpath": ("image", "Subpath"),
}
_SWITCHES = {"bind-nonrecursive": ("bind", "NonRecursive"), "volume-nocopy": ("volume", "NoCopy")}
_OWNERS = ("uid", "gid", "mode", "idmap")
_RECURSIVE = ("enabled", "disabled", "writable", "readonly")


def read_mount(text: str) -> Mount:
    """Return the mount, of a volume unless it says otherwise. Raises ValueError, in Docker's words.

    Fields are those of a line of CSV: one with a comma in it stands in quotes.
    """
    if not text:
        raise ValueError("EOF")
    mount: dict[str, Any] = {"Type": "volume"}
    options: dict[str, dict[str, Any]] = {}
    recursion = ""
    for field in next(csv.reader([text])):
        name, equals, value = field.partition("=")
        key = name.lower()
        if not equals and key not in (*_READ_ONLY, *_SWITCHES):
            raise ValueError(f"invalid field '{field}' must be a key=value pair")
        if key in _TOP:
            mount[_TOP[key]] = value.lower() if key == "type" else value
        elif key in _READ_ONLY:
            mount["ReadOnly"] = _switch(key, equals, value)
        elif key in _OWNERS:
            mount.setdefault("OwnerOptions", []).append(f"{key}={value}")
        elif key == "bind-recursive":
            recursion = _recursion(value)
        else:
            kind, place, setting = _option(key, equals, value, field)
            _put(options.setdefault(kind, {}), place, setting)
    if mount["Type"] == "bind" and mount.get("Source", "").startswith("."):
        mount["Source"] = os.path.abspath(mount["Source"])
    if recursion:
        _set_recursion(mount, options.setdefault("bind", {}), recursion)
    return _whole(mount, options)


def _option(key: str, equals: str, value: str, field: str) -> tuple[str, str, Any]:
    """Return the type of mount, the place in its options, and what goes there."""
    if key in _TEXTS:
        return *_TEXTS[key], value
    if key in _SWITCHES:
        return *_SWITCHES[key], _switch(key, equals, value)
    name, _, content = value.partition("=")
    match key:
        case "volume-label":
            return "volume", "Labels", {name: content}
        case "volume-driver":
            return "volume", "DriverConfig", {"Name": value}
        case "volume-opt":
            return "volume", "DriverConfig", {"Options": {name: content}}
        case "tmpfs-size":
            return "tmpfs", "SizeBytes", _number(key, value, read_bytes)
        case "tmpfs-mode":
            return "tmpfs", "Mode", _number(key, value, lambda text: int(text, 8))
    raise ValueError(f"unexpected key '{key}' in '{field}'")


def _put(options: dict[str, Any], place: str, setting: Any) -> None:
    """Set it; of labels and options of a driver there may be several."""
    if isinstance(setting, dict):
        for name, value in setting.items():
            _put(options.setdefault(place, {}), name, value)
    else:
        options[place] = setting


def _switch(key: str, equals: str, value: str) -> bool:
    if not equals:
        return True
    return bool(_number(key, value, read_bool))


def _number(key: str, value: str, read: Any) -> Any:
    try:
        return read(value)
    except ValueError:
        raise ValueError(f"invalid value for {key}: {value}") from None


def _recursion(value: str) -> str:
    if value not in _RECURSIVE:
        raise ValueError(
            f"invalid value for bind-recursive: {value} "
            '(must be "enabled", "disabled", "writable", or "readonly")'
        )
    return value


def _set_recursion(mount: dict[str, Any], bind: dict[str, Any], recursion: str) -> None:
    if recursion == "disabled":
        bind["NonRecursive"] = True
    if recursion in ("writable", "readonly") and not mount.get("ReadOnly"):
        raise ValueError(
            f"option 'bind-recursive={recursion}' requires 'readonly' "
            "to be specified in conjunction"
        )
    if recursion == "writable":
        bind["ReadOnlyNonRecursive"] = True
    if recursion == "readonly":
        if bind.get("Propagation") != "rprivate":
            raise ValueError(
                "option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' "
                "to be specified in conjunction"
            )
        bind["ReadOnlyForceRecursive"] = True


def _whole(mount: dict[str, Any], options: dict[str, dict[str, Any]]) -> Mount:
    if not mount.get("Target"):
        raise ValueError("target is required")
    for kind, of_kind in options.items():
        if of_kind and kind != mount["Type"]:
            raise ValueError(f"cannot mix '{kind}-*' options with mount type '{mount['Type']}'")
        if of_kind:
            mount[f"{kind.capitalize()}Options"] = of_kind
    return mount  # type: ignore[return-value]
