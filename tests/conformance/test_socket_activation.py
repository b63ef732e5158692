"""A daemon that gets its socket from systemd, and starts when the first client comes."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.calls import UnixConnection
from tests.daemon import empty_configuration, wait_until

pytestmark = [pytest.mark.root, pytest.mark.conformance]


@pytest.fixture
def directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sc-") as path:
        yield Path(path)


def test_it_starts_with_the_first_client(directory: Path) -> None:
    activate = shutil.which("systemd-socket-activate")
    if activate is None:
        pytest.skip("there is no systemd-socket-activate here")
    path = directory / "s.sock"
    flags = ["--data-root", str(directory / "d"), "--exec-root", str(directory / "r"),
             "--pidfile", str(directory / "pid"), "-H", "fd://",
             *empty_configuration(directory)]  # fmt: skip
    with subprocess.Popen(
        [activate, "-l", str(path), sys.executable, "-P", "-m", "seacan.daemon.main", *flags],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as daemon:  # which it becomes
        try:
            wait_until(path.exists, "the socket")
            assert not (directory / "pid").exists()
            connection = UnixConnection(path)
            connection.request("GET", "/_ping")
            assert connection.getresponse().read() == b"OK"
            connection.close()
            assert (directory / "pid").read_text() == f"{daemon.pid}\n"
            children = Path(f"/proc/{daemon.pid}/task/{daemon.pid}/children").read_text().split()
            for child in children:
                with contextlib.suppress(OSError):  # it has ended meanwhile
                    assert "LISTEN_FDS" not in Path(f"/proc/{child}/environ").read_text()
        finally:
            daemon.terminate()
            _, complaints = daemon.communicate(timeout=60)
    assert daemon.returncode == 0, complaints.decode()
    assert path.exists()  # it is systemd's, for the next one


def test_without_a_socket_it_says_what_is_missing(directory: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "seacan.daemon.main", "-H", "fd://",
         "--data-root", str(directory / "d"), "--exec-root", str(directory / "r"),
         *empty_configuration(directory)],
        check=False, capture_output=True, text=True, timeout=120,
        env={name: value for name, value in os.environ.items() if not name.startswith("LISTEN")},
    )  # fmt: skip
    assert done.returncode == 1
    assert "no socket was passed; it is for socket activation by systemd" in done.stderr
