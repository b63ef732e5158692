"""resume: the processes of a paused container go on."""

from seacan.runtime import container as containers
from seacan.runtime.commandline import Options


def run(options: Options) -> int:
    containers.load(options.root, options.arguments[0]).resume()
    return 0
