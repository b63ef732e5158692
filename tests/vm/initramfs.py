"""The guest's first file system: busybox, the modules that reach the host's files, a script.

A cpio archive in the "newc" format. Source: Linux, Documentation/driver-api/early-userspace/
buffer-format.rst.
"""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.vm.guest_kernel import GuestKernel

MODULES: Final = ("virtio_pci", "virtio_console", "virtiofs", "overlay")
DIRECTORIES: Final = ("bin", "dev", "proc", "sys", "modules", "host", "memory", "root")
INIT: Final = Path(__file__).with_name("init.sh")


def initramfs(kernel: GuestKernel) -> bytes:
    """Return the archive; its /init is init.sh, which finds the modules as /modules/NN-NAME.ko."""
    entries = b"".join(_entry(*file) for file in _files(kernel))
    return entries + _entry("TRAILER!!!", 0, b"")


def _files(kernel: GuestKernel) -> Iterator[tuple[str, int, bytes]]:
    for directory in DIRECTORIES:
        yield directory, stat.S_IFDIR | 0o755, b""
    yield "init", stat.S_IFREG | 0o755, INIT.read_bytes()
    yield "bin/busybox", stat.S_IFREG | 0o755, Path("/bin/busybox").read_bytes()
    yield "bin/sh", stat.S_IFLNK | 0o777, b"busybox"
    for number, module in enumerate(_in_load_order(kernel)):
        yield f"modules/{number:02}-{module.name}", stat.S_IFREG | 0o644, module.read_bytes()


def _in_load_order(kernel: GuestKernel) -> list[Path]:
    """Return the files of MODULES, each after those that it needs."""
    directory = kernel.modules / kernel.release
    lines = (directory / "modules.dep").read_text().splitlines()
    needs = {path: needed.split() for path, _, needed in (line.partition(":") for line in lines)}
    by_name = {Path(path).stem: path for path in needs}
    order: dict[str, None] = {}

    def add(path: str) -> None:
        for needed in needs[path]:
            add(needed)
        order[path] = None

    for module in MODULES:
        add(by_name[module])
    return [directory / path for path in order]


def _entry(name: str, mode: int, data: bytes) -> bytes:
    """Return one file: header of 13 numbers as 8 hexadecimal digits, name, data, each padded."""
    path = name.encode() + b"\0"
    inode = user = group = modified = major = minor = device_major = device_minor = check = 0
    numbers = (
        inode, mode, user, group, 1, modified, len(data),
        major, minor, device_major, device_minor, len(path), check,
    )  # fmt: skip
    header = b"070701" + b"".join(b"%08x" % number for number in numbers)
    return _padded(header + path) + _padded(data)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
