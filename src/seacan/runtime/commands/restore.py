"""restore: a container of the files of a checkpoint, whose processes go on where they were."""

from seacan.errors import InvalidArgument, Unsupported
from seacan.kernel import this_process
from seacan.runtime import bundle as bundles
from seacan.runtime import create_restored, criu
from seacan.runtime.commandline import Options
from seacan.runtime.commands import handles
from seacan.runtime.commands.checkpoint import criu_flags, image_path
from seacan.runtime.container import Container
from seacan.runtime.foreground import Foreground


def run(options: Options) -> int:
    if options.no_pivot:
        raise Unsupported("restore: --no-pivot is not supported by this runtime")
    if options.console_socket:
        raise InvalidArgument("--console-socket is only for a detached process with a terminal")
    if options.detach:
        _restore(options)
        return 0
    if not options.no_subreaper:
        this_process.set_child_subreaper(True)
    with Foreground(terminal=False) as foreground:
        container = _restore(options)
        try:
            return foreground.wait(container.pid)
        finally:
            container.delete(force=True)


def _restore(options: Options) -> Container:
    bundle = bundles.load(options.bundle or ".")
    criu.check(bundle)
    criu.program()
    flags = list(criu_flags(options))
    for flag, value in (
        ("--lsm-profile", options.lsm_profile),
        ("--lsm-mount-context", options.lsm_mount_context),
    ):
        if value:
            flags += [flag, value]
    container = create_restored.create_restored(
        options.root,
        options.arguments[0],
        bundle,
        lambda cgroup, path, pid_file: criu.restore(
            bundle, cgroup, path, image_path(options), pid_file, flags
        ),
    )
    try:
        handles.publish(options, container.pid, None)
    except BaseException:
        container.delete(force=True)
        raise
    return container
