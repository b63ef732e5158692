"""delete: nothing is left of a container."""

from seacan.errors import NotFound
from seacan.runtime import container as containers
from seacan.runtime import state
from seacan.runtime.commandline import Options


def run(options: Options) -> int:
    root, container_id = options.root, options.arguments[0]
    try:
        container = containers.load(root, container_id)
    except NotFound:
        # What a create left that was killed before it could write a state.
        state.directory(root, container_id).remove()
        if not options.force:
            raise
        return 0
    container.delete(force=options.force)
    return 0
