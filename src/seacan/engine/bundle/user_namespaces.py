"""--userns-remap: containers whose root is, on the host, a user without rights.

A container then has a user namespace of its own, in which ids of the host, of /etc/subuid, are 0
and on. What it has on disk stays as it is without: its layers and volumes lie in mounts that map
their ids (Linux 5.19). So one can be told `--userns=host`, and the daemon to remap or not, at any
time. Source: user_namespaces(7), mount_setattr(2); dockerd(8).
"""

import os
from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from seacan.engine.bundle.namespaces import HOST
from seacan.engine.bundle.sharing import Shared
from seacan.engine.host import OWN_RUNTIME
from seacan.errors import InvalidArgument, Unsupported
from seacan.spec.engine_api import HostConfig
from seacan.supervisor.protocol import IdMap

_LEAST_KERNEL: Final = (5, 19)
_HOSTS: Final[Mapping[str, str]] = {
    "PidMode": "cannot share the host PID namespace when user namespaces are enabled",
    "NetworkMode": "cannot share the host's network namespace when user namespaces are enabled",
}


def of_container(host_config: HostConfig, id_map: IdMap | None) -> IdMap | None:
    """Return the mappings of a container; None in the host's user namespace."""
    return None if host_config.get("UsernsMode") == HOST else id_map


def check_kernel(id_map: IdMap | None, kernel: tuple[int, int]) -> None:
    """Raise Unsupported for mappings where layers cannot lie in a mount that maps ids."""
    if id_map is not None and kernel < _LEAST_KERNEL:
        raise Unsupported("--userns-remap needs Linux 5.19 or newer")


def check(host_config: HostConfig, id_map: IdMap | None) -> None:
    """Refuse what is not in a user namespace. Raises InvalidArgument, Unsupported."""
    if of_container(host_config, id_map) is None:
        return
    if host_config.get("Privileged"):
        raise InvalidArgument(
            "privileged mode is incompatible with user namespaces.  You must run the container in "
            "the host namespace when running privileged mode"
        )
    values: Mapping[str, object] = host_config
    for field, words in _HOSTS.items():
        if values.get(field) == HOST:
            raise InvalidArgument(words)
    if (runtime := host_config.get("Runtime") or OWN_RUNTIME) != OWN_RUNTIME:
        raise Unsupported(f"runtime {runtime} with --userns-remap: add --userns=host")


def joined(shared: Shared, own: str) -> Shared:
    """Return `shared` with the user namespace of a container: that of whose network it joins.

    `own` is the one that its shim has made. Raises Unsupported if what else it joins is of another:
    it could not be root in there.
    """
    donors = {kind: _user_of(path) for kind, path in shared.namespaces.items()}
    user = donors.get("network", own)
    for kind, donor in donors.items():
        if not os.path.samefile(donor, user):
            raise Unsupported(
                f"{kind} namespace of another container with --userns-remap: share its network, too"
            )
    if os.path.samefile(user, "/proc/self/ns/user"):
        raise InvalidArgument(
            "the container whose network is joined runs with --userns=host: add that here, too"
        )
    return replace(shared, namespaces={**shared.namespaces, "user": user})


def _user_of(path: str) -> str:
    return f"{path.rpartition('/')[0]}/user"  # beside /proc/PID/ns/net
