"""kill: a signal to the first process; SIGKILL reaches all, in a pid namespace or not."""

from seacan.errors import InvalidArgument
from seacan.kernel import signals
from seacan.runtime import container as containers
from seacan.runtime.commandline import Options
from seacan.runtime.container import NotRunning


def run(options: Options) -> int:
    container = containers.load(options.root, options.arguments[0])
    number = signal_number((options.arguments[1:] or ["SIGTERM"])[0])
    try:
        container.kill(number)
    except NotRunning:
        if not options.all:
            raise
    return 0


def signal_number(text: str) -> int:
    """Return the number of `9`, `KILL` or `SIGKILL`."""
    if text.isdecimal() and 0 <= int(text) < signals.NSIG:
        return int(text)
    from signal import Signals  # slow to import, and engines send numbers

    name = text.upper()
    try:
        return Signals[name if name.startswith("SIG") else f"SIG{name}"]
    except KeyError as err:
        raise InvalidArgument(f"unknown signal {text!r}") from err
