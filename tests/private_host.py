"""A host within this one: its own network and own, empty places for what programs keep.

/run, /var/lib and /var/log are empty; what is written to /etc, /root and /usr/local, no other sees.
"""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.daemon import wait_until

_OWN: Final = """set -e
mount -t tmpfs none /run
mount -t tmpfs none /var/lib
mount -t tmpfs none /var/log
for place in etc root usr/local; do
    mkdir -p /run/.own/$place/upper /run/.own/$place/work
    mount -t overlay -o lowerdir=/$place,upperdir=/run/.own/$place/upper,workdir=/run/.own/$place/work none /$place
done
ip link set lo up
exec sleep infinity
"""  # noqa: E501


class PrivateHost:
    """Commands run in it see no daemon but those started in it. To be closed."""

    def __init__(self) -> None:
        command = ["unshare", "--mount", "--net", "--propagation", "private", "sh", "-c", _OWN]
        self._holder = subprocess.Popen(command)
        # The shell has the word, too, before it has mounted anything.
        command_line = Path(f"/proc/{self.pid}/cmdline")
        wait_until(lambda: command_line.read_bytes().startswith(b"sleep"), "the namespace")

    @property
    def pid(self) -> int:
        """The process that has its namespaces."""
        return self._holder.pid

    def command(self, *words: str) -> list[str]:
        return ["nsenter", "--mount", "--net", "--target", str(self.pid), "--", *words]

    def environment(self, **changes: str) -> dict[str, str]:
        """Return this process's environment, with no daemon named and `seacan` in the PATH."""
        plain = {k: v for k, v in os.environ.items() if not k.startswith("DOCKER_")}
        path = f"{Path(sys.executable).parent}:/usr/local/bin:{os.environ['PATH']}"
        return {**plain, "PATH": path, "HOME": "/root", **changes}

    def run(
        self, *words: str, stdin: str | None = None, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words),
            env=self.environment(**(environment or {})),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    def seacan(
        self, *words: str, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, "-m", "seacan.cli.main", *words, environment=environment)

    def daemons(self) -> list[int]:
        """Return the pids of the daemons in it."""
        return self.processes(b"seacan.daemon.main", b"/seacand\0")

    def processes(self, *words: bytes) -> list[int]:
        """Return the pids of what has one of `words` in its command line."""
        own = os.readlink(f"/proc/{self.pid}/ns/mnt")
        found = []
        for process in Path("/proc").iterdir():
            try:
                command_line = (process / "cmdline").read_bytes()
                is_one = any(word in command_line for word in words)
                if is_one and os.readlink(process / "ns/mnt") == own:
                    found.append(int(process.name))
            except (OSError, ValueError):
                continue
        return found

    def close(self) -> None:
        for pid in self.daemons():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not self.daemons(), "the daemons to end")
        self._holder.kill()
        self._holder.wait()


def join(one: PrivateHost, other: PrivateHost, addresses: tuple[str, str]) -> None:
    """Put a cable between them."""
    make = ["ip", "link", "add", "cable0", "netns", str(one.pid), "type", "veth"]
    subprocess.run([*make, "peer", "cable0", "netns", str(other.pid)], check=True)
    for host, address in zip((one, other), addresses, strict=True):
        for words in (["addr", "add", f"{address}/24", "dev"], ["link", "set", "up", "dev"]):
            assert host.run("ip", *words, "cable0").returncode == 0
