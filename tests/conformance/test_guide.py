"""docs/guide.md: each of its commands is run as it stands, in one shell, and shows what it says."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from tests.daemon import Daemon
from tests.ports import free_port

pytestmark = [pytest.mark.root, pytest.mark.conformance]

_GUIDE: Final = Path(__file__).parents[2] / "docs" / "guide.md"
_BLOCK: Final = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PORT: Final = "18080"  # the guide's; the test takes a free one

# What the output of each block has to have: its number, from 1, and patterns of lines.
SHOWN: Final = {
    1: (r"net +\d+  the host's$", r"cpu +no limit", r"uts -> uts:\[\d+\]"),
    2: (r"process \d+ .*: at most 0\.1 CPUs, 20 processes", r"0\.1 ", r":/seacan-limits",
        r"cpu +at most 0\.1 CPUs", r"pids +at most 20"),
    3: (r"^\d+$",),
    4: (r"^inside$", r"^ +lo:", r"uts +\d+  its own", r"net +\d+  its own"),
    5: (r"web, container [0-9a-f]{12}", r"httpd -f -p 80", r"memory +at most 64MiB",
        r"effective, permitted, bounding: 14", r"refused: \d+ calls", r"^ +1 root .*httpd"),
    6: (r"CapEff:\t00000000a80425fb", r"Seccomp:\t2", r"lowerdir="),
    7: (r"eth0", r"rule +nft inet \S+ map", r"path +\S+ → veth\S+ → eth0 → [\d.]+/\d+",
        r"socket +tcp .*:80 → process \d+"),
    8: (r"client +command line read", r"init +mount proc /proc", r"init +pivot",
        r"init +load seccomp", r"starter +execve done", r"client +told of the end"),
    9: (r"A /greeting", r"changes  .*/upper"),
    10: (r"^hello$", r"sha256:|<missing>|[0-9a-f]{12}"),
    11: (r"manifest\.json", r"^web$", r"Untagged: greeting:latest"),
}  # fmt: skip


@pytest.fixture(scope="module")
def shown(own_daemon: Daemon, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What each block printed; of one that failed, and those behind it, there is nothing."""
    directory = tmp_path_factory.mktemp("guide")
    _write_command(directory / "seacan", own_daemon, directory / "run")
    blocks = _BLOCK.findall(_GUIDE.read_text())
    script = "".join(f"{block}\necho '--- shown'\n" for block in blocks)
    with subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", script.replace(_PORT, str(free_port()))],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PATH": f"{directory}:{os.environ['PATH']}"},
        start_new_session=True,
        text=True,
    ) as shell:
        try:
            output, _ = shell.communicate(timeout=240)
        finally:
            # What it has left in the background, if it did not come to the end.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)
    *pieces, rest = output.split("--- shown\n")
    assert shell.returncode == 0, rest
    return pieces


def _write_command(path: Path, daemon: Daemon, exec_root: Path) -> None:
    """Write a `seacan` that asks the test's daemon, and limits below an exec root of the test's."""
    path.write_text(
        f"""#!{sys.executable} -P
import os, sys
words = [sys.executable, "-P", "-m", "seacan.cli.main", "-H", "{daemon.host}", *sys.argv[1:]]
if sys.argv[1] == "limit":
    words.append("--exec-root={exec_root}")
os.execv(sys.executable, words)
"""
    )
    path.chmod(0o755)


@pytest.mark.parametrize("block", SHOWN)
def test_a_block_shows_what_it_is_there_for(shown: list[str], block: int) -> None:
    text = shown[block - 1]
    for pattern in SHOWN[block]:
        assert re.search(pattern, text, re.MULTILINE), f"{pattern} is not in\n{text}"


def test_every_block_is_looked_at(shown: list[str]) -> None:
    assert sorted(SHOWN) == list(range(1, len(shown) + 1))
