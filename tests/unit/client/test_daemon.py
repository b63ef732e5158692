import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from seacan import paths
from seacan.client import daemon
from seacan.client.endpoint import Endpoint
from seacan.errors import Forbidden, Unavailable

LISTEN = """
import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
with open(sys.argv[1] + ".pid", "w") as file:
    file.write(f"{os.getpid()} {os.getsid(0)} {os.getcwd()}")
print("up", flush=True)
while True:
    listener.accept()
"""


@pytest.fixture(autouse=True)
def _own_log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(daemon, "LOG_DIRECTORY", str(tmp_path))
    monkeypatch.setattr(daemon, "LOG_FILE", str(tmp_path / "seacand.log"))
    monkeypatch.setattr(os, "geteuid", lambda: 0)


def test_log_is_in_the_daemons_own_directory() -> None:
    assert str(paths.DEFAULT_EXEC_ROOT) == "/run/seacan"


def test_daemon_that_listens_already_is_left_alone(tmp_path: Path) -> None:
    path = str(tmp_path / "d.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        daemon.ensure_running(Endpoint("unix", path=path))
    assert not (tmp_path / "seacand.log").exists()


def test_daemon_is_started_in_a_session_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = str(tmp_path / "d.sock")
    monkeypatch.setattr(daemon, "_COMMAND", (sys.executable, "-c", LISTEN, path))
    daemon.ensure_running(Endpoint("unix", path=path))
    # The script writes its pid after it listens.
    record = tmp_path / "d.sock.pid"
    while not (record.exists() and record.read_text()):
        os.sched_yield()
    pid, session, directory = record.read_text().split()
    os.kill(int(pid), signal.SIGKILL)
    os.waitpid(int(pid), 0)
    assert (session, directory) == (pid, "/")


def test_daemon_that_fails_is_told_of_with_its_last_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = "import sys; print('why'); sys.exit(1)"
    monkeypatch.setattr(daemon, "_COMMAND", (sys.executable, "-c", script))
    with pytest.raises(Unavailable, match="seacand did not start: why"):
        daemon.ensure_running(Endpoint("unix", path=str(tmp_path / "d.sock")))


def test_daemon_that_cannot_be_executed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(daemon, "_COMMAND", ("/nonexistent", "x"))
    with pytest.raises(Unavailable, match=r"start /nonexistent x: .*No such file"):
        daemon.ensure_running(Endpoint("unix", path=str(tmp_path / "d.sock")))


def test_only_root_starts_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Forbidden, match="only root can start one"):
        daemon.ensure_running(Endpoint("unix", path=str(tmp_path / "d.sock")))
