"""An image's root file system with real servers in it, unpacked from Debian's packages.

No package is configured: what its scripts would have done and a server needs is done here. The
archive is kept in a cache, for a day's packages are as good as another's.
"""

import hashlib
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Final

CACHE: Final = Path(os.environ.get("SEACAN_TEST_CACHE") or Path.home() / ".cache" / "seacan-tests")
SUITE: Final = "bookworm"
MIRROR: Final = "http://deb.debian.org/debian"
PACKAGES: Final = (
    *("base-files", "base-passwd", "coreutils", "dash", "grep", "sed"),
    *("nginx-light", "postgresql", "python3-psycopg2", "python3-redis", "redis-server"),
)
_HOOKS: Final = "/usr/share/mmdebstrap/hooks/merged-usr"  # /bin leads to /usr/bin
_FETCH_S: Final = 240
# What base-passwd and postgresql-common do, then documents and the compiler of queries removed.
_FINISH: Final = """
set -e
cd "$1"
cp usr/share/base-passwd/passwd.master etc/passwd
cp usr/share/base-passwd/group.master etc/group
echo postgres:x:100:100::/var/lib/postgresql:/bin/sh >>etc/passwd
echo postgres:x:100: >>etc/group
rm -rf usr/share/doc usr/share/man usr/share/locale usr/share/i18n var/cache/apt var/lib/apt
rm -f usr/lib/*/libLLVM* usr/lib/*/libz3* usr/lib/postgresql/*/lib/llvmjit*
rm -rf usr/lib/postgresql/*/lib/bitcode
"""


class Unavailable(Exception):
    """There is no archive, and none can be made here; its text says why."""


def servers_archive() -> Path:
    """Return a tar of the root file system, made if it is not in the cache.

    Raises Unavailable.
    """
    recipe = repr((SUITE, PACKAGES, _FINISH)).encode()
    path = CACHE / f"servers-{hashlib.sha256(recipe).hexdigest()[:12]}.tar"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE, prefix=".new-") as text:
            new = Path(text) / "rootfs.tar"
            _make(new)
            new.rename(path)  # whole or not at all, whoever else makes one
    return path


def _make(path: Path) -> None:
    command = [
        "mmdebstrap", "--mode=root", "--variant=extract", "--quiet", f"--hook-dir={_HOOKS}",
        f"--include={','.join(PACKAGES)}", f"--extract-hook={_FINISH}",
        SUITE, str(path), MIRROR,
    ]  # fmt: skip
    try:
        subprocess.run(command, capture_output=True, text=True, timeout=_FETCH_S, check=True)
    except FileNotFoundError:
        raise Unavailable("no mmdebstrap: apt-get install mmdebstrap") from None
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{MIRROR} takes too long") from None
    except subprocess.CalledProcessError as err:
        raise Unavailable(f"packages of {MIRROR} cannot be had: {err.stderr[-300:]}") from None
