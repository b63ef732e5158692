"""checkpoint: the processes of a container go to files; the container ends, unless asked not to."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from seacan.errors import Conflict, InvalidArgument, Unsupported
from seacan.runtime import bundle as bundles
from seacan.runtime import container as containers
from seacan.runtime import criu
from seacan.runtime.commandline import Options

_MODES: Final = ("soft", "full", "strict", "ignore")
# Flags of runc's, and what criu calls them.
_SWITCHES: Final = (
    ("tcp_established", "--tcp-established"),
    ("ext_unix_sk", "--ext-unix-sk"),
    ("shell_job", "--shell-job"),
    ("file_locks", "--file-locks"),
    ("auto_dedup", "--auto-dedup"),
    ("tcp_skip_in_flight", "--skip-in-flight"),
    ("link_remap", "--link-remap"),
)
_REFUSED: Final = (
    ("lazy_pages", "--lazy-pages"),
    ("page_server", "--page-server"),
    ("status_fd", "--status-fd"),
)


def run(options: Options) -> int:
    container = containers.load(options.root, options.arguments[0])
    status = container.status()
    if status in ("created", "stopped"):
        raise Conflict(f"container cannot be checkpointed in {status} state")
    bundle = bundles.load(container.bundle)
    criu.check(bundle)
    criu.program()
    flags = list(criu_flags(options))
    images = image_path(options)
    images.mkdir(mode=0o700, parents=True, exist_ok=True)
    if options.parent_path:
        flags += ["--prev-images-dir", _parent(images, options.parent_path), "--track-mem"]
    if options.pre_dump:
        criu.pre_dump(container, images, [*flags, "--track-mem"])
        return 0
    if options.leave_running:
        flags.append("--leave-running")
    criu.dump(container, bundle, images, flags)
    if not options.leave_running:
        container.delete(force=True)
    return 0


def image_path(options: Options) -> Path:
    """Return the directory of the files, absolute: criu changes its own."""
    return Path(options.image_path or "checkpoint").absolute()


def criu_flags(options: Options) -> Iterator[str]:
    """Yield criu's flags for what checkpoint and restore have in common."""
    for attribute, flag in _REFUSED:
        if getattr(options, attribute, None):
            raise Unsupported(f"{flag} is not supported by this runtime")
    if options.manage_cgroups_mode not in _MODES:
        raise InvalidArgument(f"--manage-cgroups-mode: not of {', '.join(_MODES)}")
    if unknown := set(options.empty_ns) - {"network"}:
        raise Unsupported(f"--empty-ns: namespace {min(unknown)} is not supported")
    yield f"--manage-cgroups={options.manage_cgroups_mode}"
    if options.work_path:
        work = Path(options.work_path).absolute()
        work.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield from ("--work-dir", str(work))
    for attribute, flag in _SWITCHES:
        if getattr(options, attribute, False):
            yield flag


def _parent(images: Path, parent: str) -> str:
    if parent.startswith("/"):
        raise InvalidArgument("--parent-path: must be relative")
    if not (images / parent).is_dir():
        raise InvalidArgument(f"--parent-path: not a directory: {images / parent}")
    return parent
