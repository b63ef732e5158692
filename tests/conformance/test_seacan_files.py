"""diff, export, commit with seacan's own command line."""

import io
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from tests.daemon import Daemon

pytestmark = [pytest.mark.root, pytest.mark.conformance]


def seacan(daemon: Daemon, *words: str) -> bytes:
    command = [sys.executable, "-m", "seacan.cli.main", "-H", daemon.host, *words]
    return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout


def test_diff_export_commit(daemon: Daemon, busybox_tar: Path, tmp_path: Path) -> None:
    daemon.load(busybox_tar)
    container = daemon.run("echo own > /own; rm /etc/group; chmod 700 /home")
    daemon.request("POST", f"/containers/{container}/wait")
    assert seacan(daemon, "diff", container).decode().split("\n") == [
        "C /etc", "D /etc/group", "C /home", "A /own", "",
    ]  # fmt: skip
    with tarfile.open(fileobj=io.BytesIO(seacan(daemon, "export", container))) as archive:
        assert archive.getmember("own").size == 4
    seacan(daemon, "export", "-o", str(tmp_path / "out.tar"), container)
    assert tarfile.is_tarfile(tmp_path / "out.tar")
    assert [path.name for path in tmp_path.iterdir()] == ["out.tar"]
    words = ("-m", "why", "-a", "me", "-c", "USER 7", "-p=false", container, "made:1")
    image_id = seacan(daemon, "commit", *words).decode().strip()
    image = daemon.request("GET", "/images/made:1/json")[1]
    assert (image["Id"], image["Comment"], image["Author"]) == (image_id, "why", "me")
    assert image["Config"]["User"] == "7"
