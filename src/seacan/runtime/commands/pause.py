"""pause: all processes of a container stand still, until resume."""

from seacan.runtime import container as containers
from seacan.runtime.commandline import Options


def run(options: Options) -> int:
    containers.load(options.root, options.arguments[0]).pause()
    return 0
