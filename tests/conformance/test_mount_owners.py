"""uid=, gid=, mode=, idmap= of -v and --mount: beyond Docker, by its own command line too."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conformance.docker_cli import Docker, Engine
from tests.daemon import Daemon

pytestmark = [pytest.mark.root, pytest.mark.conformance]

NONE = ("--network", "none")
STAT = ("busybox", "stat", "-c", "%u %g %a", "/v")


@pytest.fixture
def daemon(engine: Engine) -> Daemon:
    if engine.daemon is None:
        pytest.skip("only seacan has these options")
    return engine.daemon


def seacan(daemon: Daemon, *words: str) -> str:
    command = [sys.executable, "-m", "seacan.cli.main", "-H", daemon.host, *words]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    return (done.stdout + done.stderr).decode().strip()


def _run(docker: Docker, *words: str) -> str:
    return docker.ok("run", "--rm", *NONE, *words)


def test_an_empty_volume_gets_its_owner(docker: Docker, daemon: Daemon) -> None:
    name = docker.name
    try:
        volume = f"{name}:/v:uid=1000,gid=1001,mode=2750"
        assert _run(docker, "-v", volume, *STAT) == "1000 1001 2750"
        assert _run(docker, "-v", f"{name}:/v", *STAT) == "1000 1001 2750"
        assert _run(docker, "-v", f"{name}:/v:uid=7", *STAT) == "7 1001 2750", "it is empty still"
        _run(docker, "-v", f"{name}:/v", "busybox", "touch", "/v/file")
        assert _run(docker, "-v", f"{name}:/v:uid=0", *STAT) == "7 1001 2750"
    finally:
        docker.ok("volume", "rm", "-f", name)


def test_a_copy_of_the_image_gets_it_too(docker: Docker, daemon: Daemon) -> None:
    words = ("-v", "/etc:uid=5", "busybox", "stat", "-c", "%u", "/etc")
    assert docker("run", "--rm", *NONE, *words).status == 125, "no name, no options"
    name = docker.name
    try:
        stat = ("busybox", "stat", "-c", "%u", "/etc", "/etc/passwd")
        assert _run(docker, "-v", f"{name}:/etc:uid=5", *stat) == "5\n0"
    finally:
        docker.ok("volume", "rm", "-f", name)


def test_a_directory_that_is_made(docker: Docker, daemon: Daemon, tmp_path: Path) -> None:
    made = tmp_path / "made"
    assert _run(docker, "-v", f"{made}:/v:uid=1000,mode=700", *STAT) == "1000 0 700"
    assert _run(docker, "-v", f"{made}:/v:uid=7", *STAT) == "1000 0 700", "it was there"


def test_ids_are_mapped(docker: Docker, daemon: Daemon, tmp_path: Path) -> None:
    os.chown(tmp_path, 1000, 1000)
    words = ("-v", f"{tmp_path}:/v:idmap=uids=1000-0-1;gids=1000-5-1", *STAT)
    assert _run(docker, *words).startswith("0 5 ")
    script = "touch /v/file"
    mapped = f"{tmp_path}:/v:idmap=uids=1000-0-1"
    _run(docker, "-v", mapped, "busybox", "sh", "-c", script)
    assert (tmp_path / "file").stat().st_uid == 1000


def test_ids_are_mapped_for_cp_too(docker: Docker, daemon: Daemon, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    os.chown(tmp_path / "there", 1000, 1000)
    (tmp_path / "file").write_text("x")
    mapped = f"{tmp_path}/there:/v:idmap=uids=1000-0-1"
    container = docker.ok("create", *NONE, "-v", mapped, "busybox", "true")
    docker.ok("cp", str(tmp_path / "file"), f"{container}:/v/file")
    assert (tmp_path / "there/file").stat().st_uid == 1000


def test_seacans_own_flag(docker: Docker, daemon: Daemon, tmp_path: Path) -> None:
    run = ("run", "--rm", "--network", "none", "--mount")
    volume = f"type=volume,src={docker.name},dst=/v,uid=1000,gid=7,mode=0711"
    try:
        assert seacan(daemon, *run, volume, *STAT) == "1000 7 711"
    finally:
        docker.ok("volume", "rm", "-f", docker.name)
    assert seacan(daemon, *run, "type=tmpfs,dst=/v,uid=3,mode=0700", *STAT) == "3 0 700"
    bind = f"type=bind,src={tmp_path},dst=/v,idmap=uids=0-9-1"
    assert seacan(daemon, *run, bind, *STAT).startswith("9 9 ")
    assert "idmap is for binds and volumes" in seacan(
        daemon, *run, "type=tmpfs,dst=/v,idmap=uids=0-9-1", *STAT
    )


@pytest.mark.parametrize("option", ["uid=x", "mode=9", "idmap=0-1-1", "owner=5"])
def test_refusals(docker: Docker, daemon: Daemon, option: str) -> None:
    result = docker("run", "--rm", *NONE, "-v", f"some-volume:/v:{option}", *STAT)
    assert (result.status, "invalid" in result.err) == (125, True)
    assert docker("volume", "inspect", "some-volume").status == 1
