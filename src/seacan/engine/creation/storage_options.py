"""HostConfig.StorageOpt: how much a container may write into its own layer.

`{"size": "10G"}`, in the units of 1024 that Docker reads; 0 is no limit. The name's case is free.
What dockerd 28 refuses was asked of it.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from seacan.byte_sizes import size_bytes
from seacan.errors import InvalidArgument, Unsupported
from seacan.spec.engine_api import ContainerCreate, HostConfig

_SIZE: Final = "size"
_OF_DAEMON: Final = "overlay2.size"


def check(host_config: HostConfig, is_supported: Callable[[], bool]) -> None:
    """Refuse what a container cannot have.

    `is_supported` tells whether the file system holds directories to a limit; it is asked only for
    a container that wants one. Raises InvalidArgument, Unsupported.
    """
    options = host_config.get("StorageOpt") or {}
    for name in options:
        if name.lower() != _SIZE:
            raise InvalidArgument(f"Unknown option {name}")
    if options and not is_supported():
        raise Unsupported(
            "--storage-opt is supported only for overlay over xfs with 'pquota' mount option"
        )
    limit_bytes(host_config)


def limit_bytes(host_config: HostConfig) -> int:
    """Return how much the layer may take, 0 for no limit. Raises InvalidArgument."""
    sizes = _sizes(host_config.get("StorageOpt") or {})
    return next((size_bytes(text, thousand=1024) for text in sizes), 0)


def _sizes(options: Mapping[str, str]) -> Iterator[str]:
    return (text for name, text in options.items() if name.lower() == _SIZE)


def parse_default(options: Mapping[str, str]) -> int:
    """Return the bytes that the daemon's own options give to each container; 0 is no limit.

    Raises InvalidArgument.
    """
    for name in options:
        if name.lower() != _OF_DAEMON:
            raise InvalidArgument(f"overlay2: unknown option {name.lower()}")
    return next((size_bytes(text, thousand=1024) for text in options.values()), 0)


def check_default(*, is_supported: bool) -> None:
    """Refuse a size for all containers where none can have one. Raises Unsupported."""
    if not is_supported:
        raise Unsupported(
            "Storage option overlay2.size not supported. "
            "Filesystem does not support Project Quota: "
            "xfs mounted with pquota has it, and ext4 with prjquota"
        )


def with_default(request: ContainerCreate, default_bytes: int) -> ContainerCreate:
    """Return `request` with the size that its container gets if it asks for none; 0 is none."""
    host_config = request.get("HostConfig") or {}
    options = host_config.get("StorageOpt") or {}
    if not default_bytes or any(_sizes(options)):
        return request
    merged = {**options, _SIZE: str(default_bytes)}
    return {**request, "HostConfig": {**host_config, "StorageOpt": merged}}
