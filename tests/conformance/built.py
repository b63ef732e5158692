"""Contexts to build, and what an image comes to: config, history, and its files, times aside."""

import gzip
import hashlib
import io
import json
import re
import tarfile
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tests.images.archives import directory, member, symlink, tar

BASE: Final = "seacan-test-base:1"  # of tests.images.busybox.rootfs(), imported
_DIGEST: Final = re.compile(r"\b(file|dir|multi):[0-9a-f]{64}")


def _gzip(data: bytes) -> bytes:
    """Return the same bytes from every Python: 3.13 names another system in the header."""
    packed = gzip.compress(data, mtime=0)
    return packed[:9] + b"\x03" + packed[10:]


_NESTED: Final = tar(
    [
        directory("in", 0o750, uid=3, gid=4),
        member("in/file", b"archived", mode=0o640, uid=5, gid=6),
        symlink("in/link", "file", uid=7),
        symlink("way-out", "/etc"),
    ]
)
CONTEXT: Final = [
    member("a.txt", b"a\n", mode=0o644, uid=1000),
    member("b.txt", b"b\n", mode=0o600, gid=1000),
    member("run.sh", b"#!/bin/sh\necho ran\n", mode=0o755),
    member("nested.tar", _NESTED),
    member("nested.tar.gz", _gzip(_NESTED)),
    directory("dir", 0o700),
    member("dir/one", b"1"),
    directory("dir/sub", 0o711),
    member("dir/sub/two", b"2", mode=0o4755),
    symlink("dir/link", "sub/two"),
    directory("dir/empty", 0o755),
    symlink("to-dir", "dir"),
    symlink("to-file", "dir/one"),
    symlink("out", "../../../../etc/passwd"),
]


# Of `docker build`, by the name of the Dockerfile.
OPTIONS: Final[Mapping[str, Sequence[str]]] = {
    "metadata": ("--label", "z=$1 2", "--build-arg", "X=given"),
    "target": ("--target", "b"),
}


def context(dockerfile: str) -> bytes:
    return tar([member("Dockerfile", dockerfile.encode()), *CONTEXT])


def come_to(archive: bytes) -> dict[str, Any]:
    """Return what an archive of `docker save` has of its one image."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as saved:
        (entry,) = json.loads(_read(saved, "manifest.json"))
        config = json.loads(_read(saved, entry["Config"]))
        files: dict[str, str] = {}
        for name in entry["Layers"]:
            _apply(files, _read(saved, name))
    return {
        "author": config.get("author") or "",
        "config": {
            name: value
            for name, value in sorted(config["config"].items())
            if value and name != "Image"  # of the step before: an image that only dockerd makes
        },
        "history": [_history(entry) for entry in config["history"]],
        "layers": len(config["rootfs"]["diff_ids"]),
        "files": dict(sorted(files.items())),
    }


def _read(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file is not None
    return file.read()


def _history(entry: dict[str, Any]) -> dict[str, Any]:
    """Return an entry without its time, and without digests, which each builder takes its way."""
    words = _DIGEST.sub(r"\1:…", entry.get("created_by") or "")
    return {"created_by": words, "empty_layer": bool(entry.get("empty_layer"))}


def _apply(files: dict[str, str], layer: bytes) -> None:
    """Lay a layer over what is there: path → kind, mode, owner, content."""
    with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
        members = archive.getmembers()
        for info in members:
            path = info.name.strip("/").removeprefix("./")
            parent, _, name = path.rpartition("/")
            if name == ".wh..wh..opq":
                _remove(files, parent, keeps_top=True)
            elif name.startswith(".wh."):
                _remove(files, f"{parent}/{name.removeprefix('.wh.')}".lstrip("/"))
        for info in members:
            path = info.name.strip("/").removeprefix("./")
            if path not in ("", ".") and not path.rpartition("/")[2].startswith(".wh."):
                if not info.isdir():
                    _remove(files, path)
                files[path] = _said(archive, info)


def _remove(files: dict[str, str], path: str, *, keeps_top: bool = False) -> None:
    for name in [name for name in files if name.startswith(f"{path}/")]:
        del files[name]
    if not keeps_top:
        files.pop(path, None)


def _said(archive: tarfile.TarFile, info: tarfile.TarInfo) -> str:
    kinds = {b"0": "file", b"1": "link", b"2": "symlink", b"3": "char", b"5": "dir", b"6": "fifo"}
    said = f"{kinds[info.type]} {info.mode & 0o7777:o} {info.uid}:{info.gid}"
    if info.isfile():
        file = archive.extractfile(info)
        assert file is not None
        return f"{said} {hashlib.sha256(file.read()).hexdigest()[:12]}"
    return f"{said} {info.linkname}" if info.issym() or info.islnk() else said


def differences(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    """Return a line for each thing that differs."""
    found = []
    for part in theirs:
        mine, other = _flat(ours[part]), _flat(theirs[part])
        for name in sorted({*mine, *other}, key=str):
            if mine.get(name) != other.get(name):
                found.append(f"{part} {name}: {mine.get(name)} and not {other.get(name)}")
    return found


def _flat(value: Any) -> dict[Any, Any]:
    if isinstance(value, list):
        return dict(enumerate(value))
    return value if isinstance(value, dict) else {"": value}
