"""`rm --link`: a link goes, the containers stay."""

import anyio

from seacan import errors
from seacan.engine.containers.container import Link
from seacan.engine.context import Context
from seacan.engine.networks import etc_files as network_files
from seacan.engine.networks import links
from seacan.engine.networks.links import Find
from seacan.engine.running.running import Entry


async def remove(context: Context, entry: Entry, link: Link, find: Find) -> None:
    """Remove `link` of a container, also from its /etc/hosts; variables stay until its next start.

    Raises NotFound if it has gone meanwhile.
    """
    record = entry.record
    async with entry.lock, entry.networking:
        if link not in record.links:
            raise errors.NotFound(f"No such container: {record.name}/{link.alias}")
        lines = links.hosts_lines(record, link, find) if record.is_running else []
        record.links.remove(link)
        record.host_config["Links"] = links.to_wire(record.links, record.name, find)
        directory = context.data_root.container(record.id)
        await anyio.to_thread.run_sync(network_files.remove_lines, directory, lines)
        await entry.save()
