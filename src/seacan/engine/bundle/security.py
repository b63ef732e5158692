"""HostConfig.SecurityOpt: what a container is allowed beyond, or denied below, the default."""

from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec.structs import replace

from seacan.errors import InvalidArgument, Unsupported

# Go's strconv.ParseBool, which clients of Docker rely on.
_TRUE: Final = ("1", "t", "T", "true", "TRUE", "True")
_FALSE: Final = ("0", "f", "F", "false", "FALSE", "False")

UNCONFINED: Final = "unconfined"
BUILTIN: Final = "builtin"


class Security(msgspec.Struct, frozen=True):
    """`seccomp` is `unconfined`, `builtin`, a profile's JSON, or empty if nothing was said.

    `apparmor` is the name of a profile, `unconfined`, or empty.
    """

    no_new_privileges: bool = False
    seccomp: str = ""
    apparmor: str = ""
    writable_cgroups: bool | None = None

    def has_writable_cgroups(self, *, privileged: bool) -> bool:
        """Tell whether the container may write /sys/fs/cgroup; privileged ones may unless told."""
        return privileged if self.writable_cgroups is None else self.writable_cgroups


def parse(options: Iterable[str]) -> Security:
    """Return what `options` ask for; the later one counts.

    Raises InvalidArgument in Docker's words, Unsupported for a confinement that is not there:
    SELinux labels.
    """
    security = Security()
    for option in options:
        security = _apply(security, option)
    return security


def _apply(security: Security, option: str) -> Security:
    if option == "no-new-privileges":
        return replace(security, no_new_privileges=True)
    if option == "writable-cgroups":
        return replace(security, writable_cgroups=True)
    if option == "disable":  # of SELinux labels, without its `label=`
        return security
    key, separator, value = option.partition("=" if "=" in option else ":")
    if not separator:
        raise InvalidArgument(f'invalid --security-opt 1: "{option}"')
    match key:
        case "no-new-privileges":
            return replace(security, no_new_privileges=_flag(value, option))
        case "writable-cgroups":
            return replace(security, writable_cgroups=_flag(value, option))
        case "seccomp":
            return replace(security, seccomp=value)
        case "apparmor":
            return replace(security, apparmor=value)
        case "label" if value == "disable":
            return security
        case "label":
            raise Unsupported(f"security option {key}={value} is not supported")
    raise InvalidArgument(f'invalid --security-opt 2: "{option}"')


def _flag(value: str, option: str) -> bool:
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise InvalidArgument(f'invalid --security-opt 2: "{option}"')
