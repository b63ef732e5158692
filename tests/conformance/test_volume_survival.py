"""Volumes of a daemon that is killed: none is half full, half made or half removed afterwards."""

import contextlib
import http.client
import os
import random
import signal
import subprocess
import tarfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.daemon import Daemon, running_daemon

pytestmark = [pytest.mark.root, pytest.mark.conformance]

FILES = 1500
ROUNDS = 8


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with an image that takes some time to be copied."""
    archive = tmp_path_factory.mktemp("image") / "image.tar"
    with tarfile.open(archive, "w") as tar:
        for number in range(FILES):
            tar.addfile(tarfile.TarInfo(f"data/{number % 50}/{number}"))
    with running_daemon() as daemon:
        status, _, body = daemon.raw(
            "POST", "/images/create?fromSrc=-&repo=many", archive.read_bytes()
        )
        assert status == 200, body
        yield daemon


def _create(daemon: Daemon, volume: str) -> None:
    body = {
        "Image": "many",
        "Cmd": ["/none"],
        "HostConfig": {"NetworkMode": "none", "Binds": [f"{volume}:/data"]},
    }
    with contextlib.suppress(OSError, http.client.HTTPException):
        daemon.request("POST", "/containers/create", body)


def _files(daemon: Daemon, volume: str) -> int:
    data = daemon.data_root / "volumes" / volume / "_data"
    return sum(path.is_file() for path in data.glob("*/*"))


def _volumes(daemon: Daemon) -> dict[str, dict[str, Any]]:
    listed = daemon.request("GET", "/volumes")[1]["Volumes"]
    return {volume["Name"]: volume for volume in listed}


def _assert_disk_is_true(daemon: Daemon) -> None:
    root = daemon.data_root / "volumes"
    assert sorted(path.name for path in root.iterdir()) == sorted(_volumes(daemon))
    for volume in root.iterdir():
        assert [path.name for path in volume.iterdir()] == ["_data"]


def _kill_meanwhile(daemon: Daemon, work: threading.Thread, wait_s: float) -> None:
    work.start()
    time.sleep(wait_s)
    daemon.kill()
    work.join()
    daemon.start()


def _remove_all(daemon: Daemon) -> None:
    daemon.remove_containers()
    for name in _volumes(daemon):
        assert daemon.request("DELETE", f"/volumes/{name}")[0] == 204
    _assert_disk_is_true(daemon)


@pytest.mark.parametrize("is_there", [False, True], ids=["new", "empty"])
def test_a_copy_is_whole_or_nothing(daemon: Daemon, is_there: bool) -> None:
    started = time.monotonic()
    _create(daemon, "measure")
    takes_s = time.monotonic() - started
    assert _files(daemon, "measure") == FILES
    for number in range(ROUNDS):
        name = f"volume-{number}"
        if is_there:
            daemon.request("POST", "/volumes/create", {"Name": name})
        work = threading.Thread(target=_create, args=(daemon, name))
        _kill_meanwhile(daemon, work, takes_s * random.uniform(0, 1.2))
        _assert_disk_is_true(daemon)
        files = _files(daemon, name)
        assert files in (0, FILES)
        if not is_there:
            assert (name in _volumes(daemon)) is (files == FILES)
        _create(daemon, name)
        assert _files(daemon, name) == FILES
    _remove_all(daemon)


def test_a_removal_is_whole_or_nothing(daemon: Daemon) -> None:
    for number in range(ROUNDS):
        name = f"volume-{number}"
        _create(daemon, name)
        daemon.remove_containers()

        def remove(name: str = name) -> None:
            with contextlib.suppress(OSError, http.client.HTTPException):
                daemon.request("DELETE", f"/volumes/{name}")

        _kill_meanwhile(daemon, threading.Thread(target=remove), random.uniform(0, 0.05))
        _assert_disk_is_true(daemon)
        assert _files(daemon, name) == (FILES if name in _volumes(daemon) else 0)
    _remove_all(daemon)


def test_what_a_container_had_is_still_in_use(daemon: Daemon) -> None:
    _create(daemon, "held")
    daemon.kill()
    daemon.start()
    status, answer = daemon.request("DELETE", "/volumes/held")
    assert (status, answer["message"].startswith("remove held: volume is in use - [")) == (
        409,
        True,
    )
    _remove_all(daemon)


def test_a_part_is_mounted_by_nobody_after_a_crash(daemon: Daemon, busybox_tar: Path) -> None:
    daemon.load(busybox_tar)
    daemon.output("mkdir /v/a; echo x >/v/a/file", Binds=["parts:/v"])
    part = {
        "Type": "volume",
        "Source": "parts",
        "Target": "/w",
        "VolumeOptions": {"Subpath": "a"},
    }
    container = daemon.run("sleep 1000", Mounts=[part])
    mounts = Path("/proc/self/mounts").read_text()
    assert str(daemon.exec_root / "subpaths") not in mounts
    place = daemon.exec_root / "subpaths" / container / "0"
    daemon.kill()
    place.mkdir(parents=True)

    source = daemon.data_root / "volumes/parts/_data/a"
    subprocess.run(["mount", "--bind", source, place], check=True)
    daemon.start()
    assert list((daemon.exec_root / "subpaths").iterdir()) == []
    assert (source / "file").read_text() == "x\n"
    _remove_all(daemon)


# --- options ----------------------------------------------------------------------------------


def _tmpfs(daemon: Daemon, name: str) -> Path:
    """Make a volume that is a tmpfs, and return its directory."""
    options = {"type": "tmpfs", "device": "tmpfs", "o": "size=1m"}
    status, volume = daemon.request(
        "POST", "/volumes/create", {"Name": name, "DriverOpts": options}
    )
    assert status == 201
    return Path(volume["Mountpoint"])


def test_a_mount_lasts_as_long_as_its_users(daemon: Daemon, busybox_tar: Path) -> None:
    daemon.load(busybox_tar)
    place = _tmpfs(daemon, "memory")
    first = daemon.run("echo x >/v/file; exec sleep 1000", Binds=["memory:/v"])
    second = daemon.run("exec sleep 1000", Binds=["memory:/v"])
    daemon.kill()
    daemon.start()
    assert place.is_mount()
    assert daemon.output("cat /v/file", Binds=["memory:/v"]) == "x\n"
    daemon.request("DELETE", f"/containers/{first}?force=1")
    assert place.is_mount()
    daemon.request("DELETE", f"/containers/{second}?force=1")
    assert not place.is_mount()
    _remove_all(daemon)


def test_a_mount_goes_if_its_users_ended_meanwhile(daemon: Daemon, busybox_tar: Path) -> None:
    daemon.load(busybox_tar)
    place = _tmpfs(daemon, "memory")
    container = daemon.run("exec sleep 1000", Binds=["memory:/v"])
    pid = daemon.state(container)["Pid"]
    daemon.kill()
    os.kill(pid, signal.SIGKILL)
    daemon.wait_for_ends()
    daemon.start()
    assert not place.is_mount()
    _remove_all(daemon)


def test_a_mount_that_nobody_had_yet_goes(daemon: Daemon) -> None:
    """Killed between the mount and the start that it was for."""
    place = _tmpfs(daemon, "memory")
    daemon.kill()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], check=True)
    daemon.start()
    assert not place.is_mount()
    _remove_all(daemon)


def test_a_start_that_fails_leaves_nothing_mounted(daemon: Daemon) -> None:
    places = [_tmpfs(daemon, "memory")]
    options = {"type": "none", "device": "/nosuch", "o": "bind"}
    daemon.request("POST", "/volumes/create", {"Name": "nosuch", "DriverOpts": options})
    body = {
        "Image": "many",
        "Cmd": ["/none"],
        "HostConfig": {"NetworkMode": "none", "Binds": ["memory:/a", "nosuch:/b"]},
    }
    container = daemon.request("POST", "/containers/create", body)[1]["Id"]
    assert daemon.request("POST", f"/containers/{container}/start")[0] == 500
    assert not any(place.is_mount() for place in places)
    daemon.request("DELETE", f"/containers/{container}")
    body["HostConfig"] = {"NetworkMode": "none", "Binds": ["memory:/a"]}
    container = daemon.request("POST", "/containers/create", body)[1]["Id"]
    assert daemon.request("POST", f"/containers/{container}/start")[0] == 400  # no such command
    assert not any(place.is_mount() for place in places)
    _remove_all(daemon)


def test_a_copy_to_another_disk_is_finished_by_the_next(daemon: Daemon, tmp_path: Path) -> None:
    """Killed while it was moved in, of a volume whose files are not in the data root."""
    options = {"type": "none", "device": str(tmp_path), "o": "bind"}
    daemon.request("POST", "/volumes/create", {"Name": "elsewhere", "DriverOpts": options})
    (tmp_path / ".seacan-filling").mkdir()
    (tmp_path / ".seacan-filling" / "half").touch()
    _create(daemon, "elsewhere")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(map(str, range(50)))
    filled = tmp_path / ".seacan-filled"
    filled.mkdir()
    for number in range(20):
        (tmp_path / str(number)).rename(filled / str(number))
    _create(daemon, "elsewhere")
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]
    assert len(list(tmp_path.iterdir())) == 50
    _remove_all(daemon)
