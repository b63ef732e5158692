"""Lines of /proc/self/mountinfo, as a test wants to look at them."""

from dataclasses import dataclass
from pathlib import Path

from tests.root.runtime.boxes import Box


@dataclass(frozen=True)
class Line:
    """`options` are the mount's own, `tags` its propagation, `super_options` the file system's."""

    root: str
    point: str
    options: frozenset[str]
    tags: frozenset[str]
    fstype: str
    source: str
    super_options: frozenset[str]


def parse(text: str) -> dict[str, Line]:
    """Return the topmost mount at each mount point."""
    lines = {}
    for line in text.splitlines():
        mount, _, filesystem = line.partition(" - ")
        _, _, _, root, point, options, *tags = mount.split(" ")
        fstype, source, super_options = filesystem.split(" ")
        lines[point] = Line(
            root,
            point,
            frozenset(options.split(",")),
            frozenset(tags),
            fstype,
            source,
            frozenset(super_options.split(",")),
        )
    return lines


def mounts_below(directory: Path) -> list[str]:
    """Return the lines of this process that tell of a directory; all others are others' affair."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [line for line in lines if str(directory) in line]


def mounts_of_the_system() -> list[str]:
    """Return the lines of this process that are no test's: the root, and what is in the kernel.

    Others go in all namespaces when their directories are removed.
    """
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    points = [(line, line.split(" ")[4]) for line in lines]
    return [line for line, at in points if at == "/" or at.startswith(("/proc", "/sys", "/dev"))]


def seen_in(box: Box) -> dict[str, Line]:
    """Return what the container sees, by mount point."""
    return parse(box.sh("cat /proc/self/mountinfo"))
