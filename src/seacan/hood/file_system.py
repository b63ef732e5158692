"""What a process sees as its files: the layers of its root, and its mounts.

Source: proc_pid_mountinfo(5); the kernel's overlayfs.rst.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from seacan.hood.namespaces import is_shared
from seacan.kernel import procfs
from seacan.spec.explanation import FileSystem, Layer, Mount


def read(pid: int, diff_ids: Sequence[str], layers_in: Path | None) -> FileSystem:
    """Return root and mounts; `diff_ids` are those of the container's image, the lowest first.

    `layers_in` is the directory that relative paths of an overlay start from, if it is known.
    """
    mounts = _mounts(pid)
    root = next((mount for mount in reversed(mounts) if mount["Target"] == "/"), None)
    options = root["FileSystemOptions"] if root else []
    shared = is_shared(pid, "mnt")
    return {
        "IsShared": shared,
        "RootType": root["Type"] if root else "",
        "Writable": _whole(_option(options, "upperdir"), layers_in),
        "Layers": _layers(_option(options, "lowerdir"), diff_ids, layers_in),
        "Mounts": [] if shared else mounts,
        "See": [f"cat /proc/{pid}/mountinfo", f"ls /proc/{pid}/root/"],
    }


def _layers(lower: str, diff_ids: Sequence[str], layers_in: Path | None) -> list[Layer]:
    directories = [_whole(each, layers_in) for each in lower.split(":") if each]
    # An engine may have one more on top, with files of its own: dockerd's ends in -init.
    digests = ["" for _ in directories[len(diff_ids) :]]
    digests += list(reversed(diff_ids))[: len(directories)]
    return [
        {"Directory": directory, "DiffId": digest}
        for directory, digest in zip(directories, digests, strict=True)
    ]


def _whole(path: str, layers_in: Path | None) -> str:
    return os.path.normpath(layers_in / path) if path and layers_in else path


def _option(options: Sequence[str], name: str) -> str:
    return next((o.partition("=")[2] for o in options if o.startswith(f"{name}=")), "")


def _mounts(pid: int) -> list[Mount]:
    return [_mount(os.fsdecode(line)) for line in procfs.read(f"{pid}/mountinfo").splitlines()]


def _mount(line: str) -> Mount:
    # 36 35 98:0 /root /point rw,noatime master:1 - ext4 /dev/root rw,errors=continue
    before, _, after = line.partition(" - ")
    _, _, _, root, target, options, *_ = before.split(" ")
    fstype, source, of_file_system = after.split(" ", 2)
    return {
        "Target": _unescaped(target),
        "Type": fstype,
        "Source": _unescaped(source if root == "/" else f"{source}[{root}]"),
        "Options": options.split(","),
        "FileSystemOptions": of_file_system.split(","),
    }


def _unescaped(text: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, character)
    return text
