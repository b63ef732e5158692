"""From a container's log options to what its shim is told, and to the file that `logs` reads."""

from pathlib import Path

import msgspec

from seacan.engine.containers.container import Container
from seacan.engine.logs import attributes as log_attributes
from seacan.engine.logs import options as log_options
from seacan.engine.logs import receivers as log_receivers
from seacan.paths import ContainerDirectory
from seacan.spec.engine_api import HostConfig
from seacan.supervisor.protocol import LogFileRequest, LogRequest


class Readable(msgspec.Struct, frozen=True):
    """The file that has what a container printed."""

    path: Path
    format: str  # json-file, local


def readable(container: Container, directory: ContainerDirectory) -> Readable | None:
    """Return where the log can be read; None for a driver without, and no cache either."""
    log_config = container.host_config.get("LogConfig") or {}
    if log_options.file_limits(log_config) is None:
        return None
    match log_config.get("Type") or log_options.DEFAULT_DRIVER:
        case "json-file":
            return Readable(directory.log, "json-file")
        case "local":
            return Readable(directory.local_log, "local")
        case _:
            return Readable(directory.cached_log, "local")


def request(container: Container, directory: ContainerDirectory) -> LogRequest | None:
    """Return what to log and where to; None for nothing.

    Blocks: names are looked up. Raises Internal in dockerd's words if there is no receiver.
    """
    log_config = container.host_config.get("LogConfig") or {}
    driver, options = log_config.get("Type") or "", log_config.get("Config") or {}
    receiver = None
    if driver in log_receivers.OPTIONS:
        buffer_bytes = log_options.buffer_bytes(options)
        receiver = log_receivers.request(container, driver, options, buffer_bytes)
    file = _file(container, directory)
    if file is None and receiver is None:
        return None
    return LogRequest(file=file, receiver=receiver)


def _file(container: Container, directory: ContainerDirectory) -> LogFileRequest | None:
    log_config = container.host_config.get("LogConfig") or {}
    limits, found = log_options.file_limits(log_config), readable(container, directory)
    if limits is None or found is None:
        return None
    if found.path.parent != directory.path:
        found.path.parent.mkdir(mode=0o700, exist_ok=True)
    attributes = {}
    if found.format == "json-file":
        options = log_config.get("Config") or {}
        attributes = log_attributes.extra(container, options)
        if tag := log_attributes.tag(container, options, default=""):
            attributes["tag"] = tag
    return LogFileRequest(
        path=str(found.path),
        format=found.format,
        max_size_bytes=limits.max_size_bytes,
        max_files=limits.max_files,
        compress=limits.compress,
        attributes=attributes,
    )


def log_path(host_config: HostConfig, directory: ContainerDirectory) -> str:
    """Return what inspect shows: a json-file alone, as other formats are nobody's business."""
    driver = (host_config.get("LogConfig") or {}).get("Type")
    return str(directory.log) if driver == "json-file" else ""
