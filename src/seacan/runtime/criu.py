"""A container into files and back, by the program criu.

    checkpoint ─▸ criu dump ─▸ DIR/*.img, DIR/descriptors.json ─▸ criu restore ─▸ a child of ours

What of the container comes from outside of it is named, so that criu asks for it again: binds,
joined network and pid namespaces, and the pipes or files that are its standard streams (in
descriptors.json, by their names, as runc keeps them). Source: criu(8); runc, criu_linux.go.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from seacan.errors import Internal, Unavailable, Unsupported
from seacan.kernel import mounts, procfs, syscalls
from seacan.kernel.cgroups.cgroup import Cgroup
from seacan.kernel.cgroups.hierarchy import detect
from seacan.kernel.namespaces import CLONE_NEWNS
from seacan.runtime.bundle import Bundle
from seacan.runtime.container import Container
from seacan.spec.runtime import NamespaceType

DESCRIPTORS: Final = "descriptors.json"
_JOINED: Final[tuple[tuple[NamespaceType, str, str], ...]] = (
    ("network", "net", "extRootNetNS"),
    ("pid", "pid", "extRootPidNS"),
)


def program() -> str:
    """Return the path of criu. Raises Unavailable."""
    path = shutil.which("criu")
    if path is None:
        raise Unavailable("criu is not installed: checkpoint and restore are its work")
    return path


def check(bundle: Bundle) -> None:
    """Raise Unsupported for what cannot be brought back."""
    if bundle.process.get("terminal", False):
        raise Unsupported("checkpoint and restore of a container with a terminal: not supported")
    if any(bundle.config.get("hooks", {}).values()):
        raise Unsupported("checkpoint and restore of a container with hooks: not supported")
    if bundle.namespace("user"):
        raise Unsupported("checkpoint and restore with a user namespace: not supported")


def dump(container: Container, bundle: Bundle, images: Path, flags: Sequence[str]) -> None:
    """Write the processes of the container to `images`. Raises Internal with what criu says."""
    pid = container.pid
    descriptors = [_descriptor(pid, fd) for fd in range(3)]
    arguments = [
        *("dump", "--tree", str(pid), "--images-dir", str(images), "--empty-ns", "net"),
        *("--root", bundle.rootfs, "--freeze-cgroup", container.cgroup.freezer),
        *_dumped_cgroups(),
        *_external_files(descriptors),
        *_external_namespaces(bundle),
        *flags,
    ]
    for destination, _ in _binds(bundle, container.record.cgroup):
        arguments += ("--external", f"mnt[{destination}]:{destination}")
    _run(arguments, images, "dump")
    (images / DESCRIPTORS).write_text(json.dumps(descriptors))


def pre_dump(container: Container, images: Path, flags: Sequence[str]) -> None:
    """Write the memory alone, for a dump that names `images` as its parent."""
    arguments = ("pre-dump", "--tree", str(container.pid), "--images-dir", str(images), *flags)
    _run(arguments, images, "pre-dump")


def restore(
    bundle: Bundle, cgroup: Cgroup, path: str, images: Path, pid_file: str, flags: Sequence[str]
) -> int:
    """Bring the processes back, in the cgroup at `path`; return the pid of the first.

    It is a child of the caller's, with the caller's standard streams for those that the container
    had from outside. criu works in a mount namespace of its own, where the root is a mount point.
    """
    rootfs = bundle.rootfs
    descriptors = json.loads((images / DESCRIPTORS).read_text())
    with _joined_namespaces(bundle) as (fds, joined):
        arguments = [
            *("restore", "--images-dir", str(images), "--empty-ns", "net", "--root", rootfs),
            *("--restore-detached", "--restore-sibling", "--pidfile", pid_file),
            *_cgroup_roots(path),
            "--evasive-devices",
            *_inherited(descriptors),
            *joined,
            *flags,
        ]
        for destination, source in _binds(bundle, path):
            arguments += ("--external", f"mnt[{destination}]:{source}")

        def enter() -> None:
            cgroup.join(0)
            syscalls.unshare(CLONE_NEWNS)
            syscalls.mount(None, "/", None, mounts.MS_SLAVE | mounts.MS_REC)
            syscalls.mount(rootfs, rootfs, None, mounts.MS_BIND | mounts.MS_REC)

        _run(arguments, images, "restore", enter, fds)
    return int(Path(pid_file).read_text())


def _run(
    arguments: Sequence[str],
    images: Path,
    verb: str,
    enter: Callable[[], None] | None = None,
    pass_fds: Sequence[int] = (),
) -> None:
    log = f"{verb}.log"
    command = [program(), *arguments, "--log-file", log, "-v4"]
    work = Path(command[command.index("--work-dir") + 1] if "--work-dir" in command else images)
    try:
        # It takes long, with the size of the memory: no deadline.
        done = subprocess.run(command, preexec_fn=enter, pass_fds=pass_fds, check=False)
    except subprocess.SubprocessError as err:
        raise Internal(f"criu {verb}: its cgroup or mount namespace could not be made") from err
    if done.returncode:
        raise Internal(f"criu {verb}: {_complaint(work / log)} (log file {work / log})")


def _complaint(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError:
        return "failed without a log"
    errors = [line.partition("Error ")[2].strip() for line in lines if "Error (" in line]
    # The last is that it failed, and the first may have been no reason to.
    return "; ".join(errors[-4:-1] or errors) or "failed without an error in its log"


def _dumped_cgroups() -> Iterator[str]:
    # All below the tasks' own would go with them: of a version 2 beside version 1, where a
    # container is in the root, that were the cgroups of everybody.
    for controller in _controllers_v1():
        yield from ("--cgroup-dump-controller", controller)


def _cgroup_roots(path: str) -> Iterator[str]:
    """Yield what says that the cgroup at `path` takes the place of the one that was left."""
    if detect() == "v2":
        yield from ("--cgroup-root", path)
    for controller in _controllers_v1():
        yield from ("--cgroup-root", f"{controller}:{path}")


def _controllers_v1() -> Iterator[str]:
    for line in procfs.read("self/cgroup").decode().splitlines():
        yield from filter(None, line.split(":")[1].split(","))


# --- what comes from outside ------------------------------------------------------------------


def _descriptor(pid: int, fd: int) -> str:
    """Return the name by which criu knows descriptor `fd` of `pid`, or its path inside."""
    link = os.readlink(f"/proc/{pid}/fd/{fd}")
    if not link.startswith("/"):
        return link  # pipe:[1234]
    info = dict(line.split(":", 1) for line in _lines(f"/proc/{pid}/fdinfo/{fd}"))
    mount = int(info["mnt_id"])
    if any(int(line.split(" ", 1)[0]) == mount for line in _lines(f"/proc/{pid}/mountinfo")):
        return link
    return f"file[{mount:x}:{os.stat(f'/proc/{pid}/fd/{fd}').st_ino:x}]"


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()


def _external_files(descriptors: list[str]) -> Iterator[str]:
    for name in sorted(set(descriptors)):
        if name.startswith("file["):
            yield from ("--external", name)


def _inherited(descriptors: list[str]) -> Iterator[str]:
    for fd, name in enumerate(descriptors):
        if name.startswith(("pipe:", "file[")):
            yield from ("--inherit-fd", f"fd[{fd}]:{name}")


def _external_namespaces(bundle: Bundle) -> Iterator[str]:
    for name, key, path in _joined_paths(bundle):
        yield from ("--external", f"{name}[{os.stat(path).st_ino}]:{key}")


@contextmanager
def _joined_namespaces(bundle: Bundle) -> Iterator[tuple[list[int], list[str]]]:
    """Yield descriptors of the joined namespaces, and the flags that tell criu of them."""
    flags: list[str] = []
    with ExitStack() as opened:
        fds: list[int] = []
        for _, key, path in _joined_paths(bundle):
            fds.append(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
            opened.callback(os.close, fds[-1])
            flags += ["--inherit-fd", f"fd[{fds[-1]}]:{key}"]
        yield fds, flags


def _joined_paths(bundle: Bundle) -> Iterator[tuple[str, str, str]]:
    for kind, name, key in _JOINED:
        namespace = bundle.namespace(kind)
        if namespace is not None and namespace.get("path"):
            yield name, key, namespace["path"]


def _binds(bundle: Bundle, cgroup: str) -> Iterator[tuple[str, str]]:
    """Yield what is bound from outside: where to, and of what. `cgroup` is the container's path."""
    for entry in bundle.config.get("mounts", []):
        options = entry.get("options", [])
        if entry.get("type") == "bind" or "bind" in options or "rbind" in options:
            yield entry["destination"], os.path.join(bundle.path, entry["source"])
        elif entry.get("type") == "cgroup":
            # Of version 1 there are binds below a tmpfs, see cgroup_mounts.py.
            for hierarchy in mounts.read_mountinfo("cgroup"):
                name = os.path.basename(hierarchy.mount_point)
                yield f"{entry['destination']}/{name}", hierarchy.mount_point + cgroup
