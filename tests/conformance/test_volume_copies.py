"""seacan volume rename, clone, export, import: beyond Docker."""

import io
import json
import os
import stat
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.daemon import Daemon, running_daemon

pytestmark = [pytest.mark.root, pytest.mark.conformance]


@pytest.fixture(scope="module")
def shared(busybox_tar: Path) -> Iterator[Daemon]:
    with running_daemon() as daemon:
        daemon.load(busybox_tar)
        yield daemon


@pytest.fixture
def daemon(shared: Daemon) -> Iterator[Daemon]:
    yield shared
    shared.remove_containers()
    for volume in shared.request("GET", "/volumes")[1]["Volumes"]:
        assert shared.request("DELETE", f"/volumes/{volume['Name']}")[0] == 204
    assert list((shared.data_root / "volumes").iterdir()) == []


@pytest.fixture
def data(daemon: Daemon) -> Path:
    """A volume `source` with all kinds of things in it."""
    body = {"Name": "source", "Labels": {"a": "b"}}
    data = Path(daemon.request("POST", "/volumes/create", body)[1]["Mountpoint"])
    (data / "sub").mkdir()
    (data / "sub" / "file").write_text("deep")
    (data / "sub" / "file").chmod(0o4751)
    os.link(data / "sub" / "file", data / "twin")
    os.symlink("/etc/passwd", data / "link")
    os.mkfifo(data / "fifo", 0o620)
    os.setxattr(data / "sub", "user.note", b"kept")
    os.mknod(data / "whiteout", stat.S_IFCHR, os.makedev(0, 0))
    with (data / "sparse").open("wb") as file:
        file.truncate(64 << 20)
    os.chown(data / "sub", 1000, 1001)
    os.utime(data / "sub" / "file", ns=(1, 2_000_000_000))
    os.chown(data, 70, 71)
    data.chmod(0o2770)
    return data


def seacan(daemon: Daemon, *words: str, given: bytes = b"") -> tuple[int, bytes, str]:
    command = [sys.executable, "-m", "seacan.cli.main", "-H", daemon.host, "volume", *words]
    done = subprocess.run(command, input=given, capture_output=True, timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr.decode().strip()


def _path(daemon: Daemon, name: str) -> Path:
    status, volume = daemon.request("GET", f"/volumes/{name}")
    assert status == 200
    return Path(volume["Mountpoint"])


def _assert_same(copy: Path) -> None:
    assert sorted(os.listdir(copy)) == ["fifo", "link", "sparse", "sub", "twin", "whiteout"]
    status = (copy / "twin").stat()
    assert (copy / "sub/file").stat().st_ino == status.st_ino
    assert (stat.S_IMODE(status.st_mode), status.st_mtime_ns) == (0o4751, 2_000_000_000)
    assert (copy / "twin").read_text() == "deep"
    assert os.readlink(copy / "link") == "/etc/passwd"
    assert stat.S_IFMT((copy / "fifo").stat().st_mode) == stat.S_IFIFO
    assert stat.S_IFMT((copy / "whiteout").stat().st_mode) == stat.S_IFCHR
    sparse = (copy / "sparse").stat()
    assert (sparse.st_size, sparse.st_blocks * 512 < 1 << 20) == (64 << 20, True)
    sub = (copy / "sub").stat()
    assert (sub.st_uid, sub.st_gid) == (1000, 1001)
    top = copy.stat()
    assert (top.st_uid, top.st_gid, stat.S_IMODE(top.st_mode)) == (70, 71, 0o2770)
    assert os.getxattr(copy / "sub", "user.note") == b"kept"


@pytest.mark.usefixtures("data")
def test_a_clone_has_all_that_its_source_has(daemon: Daemon) -> None:
    assert seacan(daemon, "clone", "source", "copy") == (0, b"copy\n", "")
    _assert_same(_path(daemon, "copy"))
    assert daemon.request("GET", "/volumes/copy")[1]["Labels"] == {"a": "b"}
    (_path(daemon, "copy") / "twin").write_text("changed")
    assert (_path(daemon, "source") / "twin").read_text() == "deep"
    code, _, error = seacan(daemon, "clone", "source", "copy")
    assert (code, "there is a volume copy" in error) == (1, True)
    code, _, error = seacan(daemon, "clone", "none", "other")
    assert (code, "get none: no such volume" in error) == (1, True)
    code, _, error = seacan(daemon, "clone", "source", "a")
    assert (code, "volume name is too short" in error) == (1, True)


@pytest.mark.usefixtures("data")
def test_what_is_exported_can_be_imported(daemon: Daemon, tmp_path: Path) -> None:
    archive = tmp_path / "archive.tar"
    assert seacan(daemon, "export", "-o", str(archive), "source") == (0, b"", "")
    assert archive.stat().st_size < 1 << 20, "holes take up nothing"
    words = ("import", "--label", "x=y", "copy", str(archive))
    assert seacan(daemon, *words) == (0, b"copy\n", "")
    _assert_same(_path(daemon, "copy"))
    assert daemon.request("GET", "/volumes/copy")[1]["Labels"] == {"x": "y"}
    code, _, error = seacan(daemon, "import", "copy", str(archive))
    assert (code, "there is a volume copy" in error) == (1, True)


def test_others_read_what_is_exported(daemon: Daemon) -> None:
    body = {"Name": "source"}
    place = Path(daemon.request("POST", "/volumes/create", body)[1]["Mountpoint"])
    (place / "file").write_text("x")
    _, data, _ = seacan(daemon, "export", "source")
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert archive.getnames() == [".", "file"]


def test_an_archive_never_leads_out_of_the_volume(daemon: Daemon, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, str(outside)
        archive.addfile(link)
        archive.addfile(tarfile.TarInfo("link/file"))
    seacan(daemon, "import", "evil", "-", given=data.getvalue())
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("archive", [b"x" * 2000, b"\x1f\x8b broken"])
def test_half_an_import_leaves_nothing(daemon: Daemon, archive: bytes) -> None:
    code, _, error = seacan(daemon, "import", "half", "-", given=archive)
    assert (code, bool(error)) == (1, True)
    assert daemon.request("GET", "/volumes/half")[0] == 404
    assert list((daemon.data_root / "volumes").iterdir()) == []


@pytest.mark.usefixtures("data")
def test_a_new_name(daemon: Daemon) -> None:
    assert seacan(daemon, "rename", "source", "renamed") == (0, b"", "")
    assert daemon.request("GET", "/volumes/source")[0] == 404
    _assert_same(_path(daemon, "renamed"))
    daemon.kill()
    daemon.start()
    _assert_same(_path(daemon, "renamed"))
    daemon.request("POST", "/volumes/create", {"Name": "source"})
    daemon.kill()
    daemon.start()
    _assert_same(_path(daemon, "renamed"))
    assert list(_path(daemon, "source").iterdir()) == []
    code, _, error = seacan(daemon, "rename", "renamed", "source")
    assert (code, "there is a volume source" in error) == (1, True)


@pytest.mark.usefixtures("data")
def test_one_that_a_container_has_keeps_its_name(daemon: Daemon) -> None:
    container = daemon.run("true", Binds=["source:/v"])
    code, _, error = seacan(daemon, "rename", "source", "renamed")
    assert (code, f"rename source: volume is in use - [{container}]" in error) == (1, True)


@pytest.mark.usefixtures("data")
def test_a_rename_is_whole_or_nothing(daemon: Daemon) -> None:
    name, other = "source", "target"
    for number in range(8):
        work = threading.Thread(target=seacan, args=(daemon, "rename", name, other))
        work.start()
        time.sleep(0.05 + number * 0.015)
        daemon.kill()
        work.join()
        daemon.start()
        names = [one["Name"] for one in daemon.request("GET", "/volumes")[1]["Volumes"]]
        assert names in ([name], [other])
        assert [path.name for path in (daemon.data_root / "volumes").iterdir()] == names
        if names == [other]:
            name, other = other, name
        _assert_same(_path(daemon, name))


def test_a_rename_that_was_cut_short_is_finished(daemon: Daemon) -> None:
    """Killed between the row and the directory."""
    daemon.request("POST", "/volumes/create", {"Name": "source"})
    (_path(daemon, "source") / "file").write_text("x")
    daemon.request("POST", "/volumes/source/rename?name=target")
    daemon.kill()
    root = daemon.data_root / "volumes"
    (root / "target").rename(root / "source")
    daemon.start()
    assert (_path(daemon, "target") / "file").read_text() == "x"
    assert [path.name for path in root.iterdir()] == ["target"]


def test_what_is_mounted_is_cloned_and_exported(daemon: Daemon, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    options = {"type": "none", "device": str(tmp_path), "o": "bind"}
    daemon.request("POST", "/volumes/create", {"Name": "bound", "DriverOpts": options})
    assert seacan(daemon, "clone", "bound", "copy")[0] == 0
    assert (_path(daemon, "copy") / "file").read_text() == "x"
    assert daemon.request("GET", "/volumes/copy")[1]["Options"] is None
    _, data, _ = seacan(daemon, "export", "bound")
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert archive.getnames() == [".", "file"]
    assert not _path(daemon, "bound").is_mount()


def test_errors_of_the_endpoints(daemon: Daemon) -> None:
    for path in ("rename", "clone"):
        status, answer = daemon.request("POST", f"/volumes/x/{path}")
        assert (status, answer["message"]) == (400, "bad parameter: name cannot be empty")
    assert daemon.request("POST", "/volumes/xx/rename?name=yy")[0] == 404
    assert daemon.request("GET", "/volumes/xx/export")[0] == 404
    assert json.dumps(daemon.request("GET", "/volumes")[1]["Volumes"]) == "[]"
