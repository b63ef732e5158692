"""AppArmor: the profile that containers are confined by where the kernel has it.

Its name is Docker's, so that what an administrator or another engine has loaded under that name
holds here as well. Ours says the same as Docker's: within the container's own limits all files,
networks and capabilities; no mounts, no writing to what of /proc and /sys belongs to the host, and
signals and traces among the container's own processes alone.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from seacan.errors import Internal
from seacan.runtime.labels import has_apparmor

DEFAULT: Final = "docker-default"
UNCONFINED: Final = "unconfined"

_SECURITYFS: Final = Path("/sys/kernel/security/apparmor")
_PARSER: Final = "apparmor_parser"
_PARSER_PATH: Final = "/usr/sbin:/sbin:/usr/bin:/bin"  # a daemon's PATH may be a user's
_DEADLINE_S: Final = 30

# What a glob cannot say at once is said by its first letters: of /proc/sys all but kernel/shm*, of
# /sys all but fs/cgroup. Source: apparmor.d(5); Docker's template, profiles/apparmor.
_POLICY: Final = f"""
profile {DEFAULT} flags=(attach_disconnected, mediate_deleted) {{
  file,
  network,
  capability,
  unix,
  umount,
  deny mount,

  signal (receive) peer=unconfined,
  signal (send, receive) peer={DEFAULT},
  ptrace (trace, read, tracedby, readby) peer={DEFAULT},

  deny /proc/* w,
  deny /proc/{{[^1-9],[^1-9][^0-9],[^1-9s][^0-9y][^0-9s],[^1-9][^0-9][^0-9][^0-9/]*}}/** w,
  deny /proc/sys/[^k]** w,
  deny /proc/sys/kernel/{{?,??,[^s][^h][^m]**}} w,
  deny /proc/sysrq-trigger rwklx,
  deny /proc/kcore rwklx,

  deny /sys/[^f]*/** wklx,
  deny /sys/f[^s]*/** wklx,
  deny /sys/fs/[^c]*/** wklx,
  deny /sys/fs/c[^g]*/** wklx,
  deny /sys/fs/cg[^r]*/** wklx,
  deny /sys/firmware/** rwklx,
  deny /sys/devices/virtual/powercap/** rwklx,
  deny /sys/kernel/security/** rwklx,
}}
"""


def is_there() -> bool:
    """Tell whether containers can be confined: by the kernel, and with a parser for profiles.

    Not in a container of another engine, whose own profile holds for what is in it.
    """
    has_profiles = _SECURITYFS.is_dir() and not os.environ.get("container")  # noqa: SIM112
    return has_profiles and has_apparmor() and _parser() is not None


def of_container(asked: str, *, privileged: bool) -> str:
    """Return the profile of a container that has `asked` for one, or for none."""
    return asked or (UNCONFINED if privileged else DEFAULT)


def load_default() -> None:
    """Have the default profile in the kernel, unless it is. Blocks. Raises Internal.

    At each start: whoever reloads the host's profiles may have taken it away.
    """
    try:
        if _is_loaded(DEFAULT):
            return
        subprocess.run(
            [_parser() or _PARSER, "--replace", "--skip-cache"],
            input=_POLICY,
            text=True,
            capture_output=True,
            check=True,
            timeout=_DEADLINE_S,
        )
    except (OSError, subprocess.SubprocessError) as err:
        said = getattr(err, "stderr", None) or err
        why = f"the {DEFAULT} profile could not be loaded: {said}"
        raise Internal(f"AppArmor enabled on system but {why}".rstrip()) from err


def _is_loaded(name: str) -> bool:
    with open(_SECURITYFS / "profiles") as profiles:
        return any(line.rpartition(" (")[0] == name for line in profiles)


def _parser() -> str | None:
    return shutil.which(_PARSER, path=_PARSER_PATH)
