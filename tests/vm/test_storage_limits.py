"""Sizes of containers and volumes, on file systems with project quotas."""

import contextlib
import http.client
import itertools
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from tests.daemon import Daemon, running_daemon, wait_until
from tests.images.busybox import busybox_archive

from seacan.engine.bundle.project_quotas import ProjectQuotas
from seacan.kernel import project_quotas, syscalls
from seacan.paths import DataRoot

pytestmark = pytest.mark.vm

NO_QUOTAS: Final = "--storage-opt is supported only for overlay over xfs with 'pquota' mount option"
_Q_XGETNEXTQUOTA: Final = 0x5809 << 8 | 2
MAKE: Final = {
    "ext4": ["mkfs.ext4", "-q", "-O", "quota,project", "-E", "quotatype=prjquota"],
    "xfs": ["mkfs.xfs", "-q"],
}
ALL: Final = "/containers/json?all=1"
FULL: Final = ("No space left on device", "Disk quota exceeded")
FILL: Final = (
    "f=${1:-/}; dd if=/dev/zero of=$f/file bs=64k count=512 2>&1; "
    "stat -c 'size %s' $f/file; df -k $f"
)


@contextlib.contextmanager
def mounted(kind: str, options: str) -> Iterator[Path]:
    """Mount a new file system, and make temporary directories there meanwhile."""
    if not shutil.which(MAKE[kind][0]):
        pytest.skip(f"needs {MAKE[kind][0]}")
    for module in ("loop", "quota_v2", kind):
        subprocess.run(["busybox", "modprobe", module], check=True)
    before = tempfile.gettempdir()
    with tempfile.TemporaryDirectory() as text:
        image, point = Path(text, "image"), Path(text, "m")
        point.mkdir()
        with image.open("wb") as file:
            file.truncate(400 << 20)
        subprocess.run([*MAKE[kind], image], check=True)
        subprocess.run(["mount", "-t", kind, "-o", f"loop,{options}", image, point], check=True)
        tempfile.tempdir = str(point)
        try:
            yield point
        finally:
            tempfile.tempdir = before
            subprocess.run(["umount", point], check=True)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return busybox_archive(tmp_path_factory.mktemp("image") / "busybox.tar")


@pytest.fixture(scope="module", params=sorted(MAKE))
def engine(request: pytest.FixtureRequest, archive: Path) -> Iterator[Daemon]:
    with mounted(request.param, "prjquota"), running_daemon() as daemon:
        daemon.load(archive)
        yield daemon


@pytest.fixture(autouse=True)
def _everything_is_given_back(engine: Daemon) -> Iterator[None]:
    yield
    engine.remove_containers()
    for volume in engine.request("GET", "/volumes")[1]["Volumes"] or []:
        engine.request("DELETE", f"/volumes/{volume['Name']}")
    assert_in_use(engine, set())


def projects_in_use(directory: Path) -> set[int]:
    """Return the projects of which the file system knows anything, but for 0."""
    found: set[int] = set()
    fd = os.open(directory, os.O_RDONLY)
    try:
        number = 1
        while True:
            quota = bytearray(112)
            syscalls.quotactl_fd(fd, _Q_XGETNEXTQUOTA, number, quota)
            number = int.from_bytes(quota[4:8], sys.byteorder)
            if project_quotas.is_in_use(fd, number):
                found.add(number)
            number += 1
    except OSError:  # ENOENT: no more
        return found
    finally:
        os.close(fd)


def project(directory: Path) -> int:
    fd = os.open(directory, os.O_RDONLY)
    try:
        return project_quotas.project_of(fd)
    finally:
        os.close(fd)


def project_of(engine: Daemon, container: str) -> int:
    """Return the project of a container, which its two directories have."""
    directory = DataRoot(engine.data_root).container(container)
    numbers = {project(directory.upper), project(directory.work)}
    assert len(numbers) == 1
    return numbers.pop()


def create(engine: Daemon, **host_config: Any) -> str:
    host_config["NetworkMode"] = "none"
    body = {"Image": "busybox", "Cmd": ["true"], "HostConfig": host_config}
    status, answer = engine.request("POST", "/containers/create", body)
    assert status == 201, answer
    return str(answer["Id"])


def assert_in_use(engine: Daemon, projects: set[int]) -> None:
    """What was removed may be counted a moment longer."""
    wait_until(lambda: projects_in_use(engine.data_root) == projects, f"no others than {projects}")


def assert_limited(output: str, mib: int) -> None:
    assert any(words in output for words in FULL), output
    size = int(output.split("size ")[1].split()[0])
    assert (mib - 1) << 20 < size <= mib << 20
    assert output.splitlines()[-1].split()[1] == str(mib << 10)  # what df says


def test_a_layer_that_is_full(engine: Daemon) -> None:
    assert_limited(engine.output(FILL, StorageOpt={"size": "10m"}), 10)


def test_what_is_copied_up_counts_and_files_move_within_the_layer(engine: Daemon) -> None:
    script = "cp /bin/busybox /big; mkdir /a /b; echo x >/a/f; mv /a/f /b/f && mv /b /c && cat /c/f"
    assert engine.output(script, StorageOpt={"size": "20m"}) == "x\n"
    output = engine.output("chmod 700 /bin/busybox; echo $?", StorageOpt={"size": "1m"})
    assert any(words in output for words in FULL), output


def test_without_a_limit(engine: Daemon) -> None:
    for options in ({}, {"size": "0"}):
        container = create(engine, StorageOpt=options)
        assert project_of(engine, container) == 0
    output = engine.output(FILL)
    assert "size 33554432" in output


def test_copying_into_a_full_layer(engine: Daemon, tmp_path: Path) -> None:
    container = create(engine, StorageOpt={"size": "1m"})
    with (tmp_path / "file").open("wb") as file:
        file.write(os.urandom(4 << 20))
    subprocess.run(["tar", "-C", tmp_path, "-cf", tmp_path / "tar", "file"], check=True)
    status, _, answer = engine.raw(
        "PUT", f"/containers/{container}/archive?path=/", (tmp_path / "tar").read_bytes()
    )
    assert status == 500
    assert any(words.lower() in answer.decode().lower() for words in FULL), answer


def test_no_two_have_one_project_whoever_dies(engine: Daemon) -> None:
    first = [create(engine, StorageOpt={"size": "10m"}) for _ in range(3)]
    engine.kill()
    engine.start()
    second = [create(engine, StorageOpt={"size": "12m"}) for _ in range(3)]
    projects = {project_of(engine, container) for container in first + second}
    assert len(projects - {0}) == 6
    for container in (first[0], second[0]):
        assert engine.request("POST", f"/containers/{container}/start")[0] == 204


def test_limit_over_a_restart_of_daemon_and_container(engine: Daemon) -> None:
    script = f"[ -e /some ] || exec dd if=/dev/zero of=/some bs=1M count=4; rm /some; {FILL}"
    container = engine.run(script, StorageOpt={"size": "10m"})
    engine.request("POST", f"/containers/{container}/wait")
    engine.kill()
    engine.start()
    assert engine.request("POST", f"/containers/{container}/start")[0] == 204
    engine.request("POST", f"/containers/{container}/wait")
    body = engine.request("GET", f"/containers/{container}/logs?stdout=1")[1]
    assert_limited(body.decode(errors="replace"), 10)


def test_daemon_that_dies_while_it_makes_and_removes(engine: Daemon) -> None:
    """At whatever line it dies: each container has a project, and no project is nobody's."""

    def work() -> None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            for _ in itertools.count():
                container = create(engine, StorageOpt={"size": "10m"})
                if secrets.randbelow(2):
                    engine.request("DELETE", f"/containers/{container}")

    for _ in range(3):
        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        threads[0].join(0.2 + secrets.randbelow(1000) / 1000)
        engine.kill()
        for thread in threads:
            thread.join()
        engine.start()
        containers = [one["Id"] for one in engine.request("GET", ALL)[1]]
        projects = {project_of(engine, container) for container in containers}
        assert len(projects - {0}) == len(containers)
        assert_in_use(engine, projects)


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_what_a_dead_daemon_left_half_made(engine: Daemon, steps: int) -> None:
    engine.kill()
    directory = DataRoot(engine.data_root).container("0" * 64)
    directory.path.mkdir()
    directory.upper.mkdir()
    if steps > 1:
        directory.work.mkdir()
        quotas = ProjectQuotas(engine.data_root)
        quotas.assign([directory.upper, directory.work][: steps - 1], 1 << 20)
        (directory.upper / "file").write_bytes(bytes(1000))
    engine.start()
    assert not directory.path.exists()
    assert_in_use(engine, set())


def test_project_of_the_whole_data_root_stays(engine: Daemon) -> None:
    """Somebody may have limited all of it: that is not a container's to lift."""
    fd = os.open(engine.data_root / "containers", os.O_RDONLY)
    project_quotas.set_project(fd, 999)
    project_quotas.set_limit(fd, 999, 300 << 20)
    try:
        limited, free = create(engine, StorageOpt={"size": "10m"}), create(engine)
        assert project_of(engine, limited) not in (0, 999)
        assert project_of(engine, free) == 999
        deep = DataRoot(engine.data_root).container(limited).upper / "a/b/c"
        deep.mkdir(parents=True)
        engine.remove_containers()
        assert os.listdir(engine.data_root / "containers") == []
        assert project_quotas.is_in_use(fd, 999)
    finally:
        project_quotas.set_limit(fd, 999, 0)
        project_quotas.set_project(fd, 0)
        os.close(fd)


@pytest.mark.parametrize("client", ["docker", "seacan"])
def test_command_lines(engine: Daemon, client: str) -> None:
    command = ["docker"] if client == "docker" else [sys.executable, "-m", "seacan.cli.main"]
    options = ["--rm", "--network", "none", "--storage-opt", "size=10m"]
    result = subprocess.run(
        [*command, "-H", engine.host, "run", *options, "busybox", "sh", "-c", FILL],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120,
    )  # fmt: skip
    assert_limited(result.stdout, 10)


def test_another_daemon_on_the_file_system_with_a_size_for_all(
    engine: Daemon, archive: Path
) -> None:
    container = create(engine, StorageOpt={"size": "10m"})
    with running_daemon("--storage-opt", "overlay2.size=12m") as other:
        other.load(archive)
        assert_limited(other.output(FILL), 12)
        assert_limited(other.output(FILL, StorageOpt={"size": "8m"}), 8)
        projects = {project_of(other, one["Id"]) for one in other.request("GET", ALL)[1]}
        assert len(projects | {0, project_of(engine, container)}) == 4


def test_inspect_and_info(engine: Daemon) -> None:
    container = create(engine, StorageOpt={"size": "10m"})
    shown = engine.request("GET", f"/containers/{container}/json")[1]
    assert shown["HostConfig"]["StorageOpt"] == {"size": "10m"}
    status = engine.request("GET", "/info")[1]["DriverStatus"]
    assert status[0] in (["Backing Filesystem", "ext4"], ["Backing Filesystem", "xfs"])


def create_volume(engine: Daemon, size: str) -> str:
    body = {"DriverOpts": {"size": size}}
    status, answer = engine.request("POST", "/volumes/create", body)
    assert status == 201, answer
    assert answer["Options"] == {"size": size}
    return str(answer["Name"])


def test_a_volume_that_is_full(engine: Daemon) -> None:
    volume = create_volume(engine, "10m")
    free = create_volume(engine, "0")
    binds = [f"{volume}:/v", f"{free}:/free"]
    assert_limited(engine.output(f"set -- /v; {FILL}", Binds=binds), 10)
    assert "size 33554432" in engine.output(f"set -- /free; {FILL}", Binds=binds)
    engine.kill()
    engine.start()
    assert_limited(engine.output(f"rm /v/file; set -- /v; {FILL}", Binds=binds), 10)
    first = DataRoot(engine.data_root).volumes / volume / "_data"
    second = DataRoot(engine.data_root).volumes / create_volume(engine, "10m") / "_data"
    assert len({0, project(first), project(second)}) == 3


def test_a_volume_with_a_limit_gets_what_the_image_has(engine: Daemon) -> None:
    volume = create_volume(engine, "10m")
    expected = engine.output("ls -A /bin")
    assert engine.output("ls -A /bin", Binds=[f"{volume}:/bin"]) == expected


def test_what_is_mounted_at_a_volume_has_no_limit(engine: Daemon) -> None:
    body = {"Name": "data", "DriverOpts": {"size": "1m", "type": "tmpfs", "device": "tmpfs"}}
    status, answer = engine.request("POST", "/volumes/create", body)
    message = "create data: quota size requested of what is mounted from elsewhere"
    assert (status, answer) == (400, {"message": message})


def test_a_file_system_whose_quotas_are_off(engine: Daemon) -> None:
    """It could, but was not told to."""
    kind = engine.request("GET", "/info")[1]["DriverStatus"][0][1]
    with mounted(kind, "noquota"), running_daemon() as other:
        body = {"Image": "hello-world", "HostConfig": {"StorageOpt": {"size": "10m"}}}
        assert other.request("POST", "/containers/create", body) == (501, {"message": NO_QUOTAS})
        body = {"Name": "data", "DriverOpts": {"size": "10m"}}
        status, answer = other.request("POST", "/volumes/create", body)
        message = "create data: quota size requested but no quota support"
        assert (status, answer) == (400, {"message": message})
