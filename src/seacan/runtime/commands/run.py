"""run: create and start; in the foreground wait for the end, and delete."""

from seacan.kernel import this_process
from seacan.runtime import bundle as bundles
from seacan.runtime.bundle import Bundle
from seacan.runtime.commandline import Options
from seacan.runtime.commands import handles
from seacan.runtime.commands.create import make
from seacan.runtime.foreground import Foreground


def run(options: Options) -> int:
    bundle = bundles.load(options.bundle or ".")
    terminal = bundle.process.get("terminal", False)
    handles.check_console(terminal, options.detach, options.console_socket)
    if options.detach:
        _start_detached(options, bundle)
        return 0
    if not options.no_subreaper:
        # Orphans of a container without a pid namespace become children of ours, and are reaped.
        this_process.set_child_subreaper(True)
    with Foreground(terminal) as foreground:
        foreground.give_size(bundle.process)
        container = make(options, bundle, foreground.console)
        try:
            container.start()
            return foreground.wait(container.pid)
        finally:
            if not options.keep:
                container.delete(force=True)


def _start_detached(options: Options, bundle: Bundle) -> None:
    container = make(options, bundle)
    try:
        container.start()
    except BaseException:
        if not options.keep:
            container.delete(force=True)
        raise
