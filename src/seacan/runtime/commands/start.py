"""start: the process of a created container executes its command."""

from seacan.errors import Conflict
from seacan.runtime import container as containers
from seacan.runtime.commandline import Options


def run(options: Options) -> int:
    container = containers.load(options.root, options.arguments[0])
    if container.is_paused():
        raise Conflict("cannot start a container in the paused state")
    container.start()
    return 0
