"""Another name for a container, whatever it does at the moment."""

from seacan import errors
from seacan.engine.containers.names import Names
from seacan.engine.running.running import Entry


async def rename(entry: Entry, names: Names, name: str) -> None:
    """Give the container `name`.

    Both are its own until the new one is on disk: nobody finds it under neither, and nobody gets
    the old one too early. Raises InvalidArgument, Conflict.
    """
    async with entry.changing:
        record = entry.record
        old = record.name
        if name.removeprefix("/") == old:
            raise errors.InvalidArgument(
                "Renaming a container with the same name as its current name"
            )
        try:
            new = names.take(f"/{name.removeprefix('/')}", record.id)
        except (errors.InvalidArgument, errors.Conflict) as err:
            raise type(err)(f"Error when allocating new name: {err}") from err
        record.name = new
        try:
            await entry.save()
        except BaseException:
            record.name = old
            names.give_back(new)
            raise
        names.give_back(old)
        entry.tell("rename", {"oldName": f"/{old}"})
