"""A full disk: the load says so, all is given back, and the daemon goes on."""

import gzip
import http.client
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from tests.daemon import Daemon, running_daemon, wait_until
from tests.images import archives
from tests.images.archives import member, tar

pytestmark = pytest.mark.root

MIB = 1 << 20
DISK_MIB = 24


def on_a_small_disk(directory: Path) -> Sequence[str]:
    """Return what gives the daemon a data root on a tmpfs, in a mount namespace of its own."""
    (directory / "data").mkdir()
    mount = f"mount -t tmpfs -o size={DISK_MIB}m tmpfs {directory}/data"
    return ["unshare", "--mount", "sh", "-c", f'{mount} && exec "$@"', "sh"]


@pytest.fixture
def small() -> Iterator[Daemon]:
    with running_daemon(start_with=on_a_small_disk) as daemon:
        yield daemon


def image(size_bytes: int, tag: str, layers: int = 1) -> bytes:
    content = [tar([member(f"f{n}", os.urandom(size_bytes // layers))]) for n in range(layers)]
    return archives.old_docker_archive(content, [tag])


def bomb() -> bytes:
    """An archive of some kilobytes that unpacks to more than the disk has."""
    layer = gzip.compress(tar([member("f", bytes(2 * DISK_MIB * MIB))]))
    return archives.old_docker_archive([layer], ["big:1"])


def load(daemon: Daemon, archive: bytes) -> bytes:
    try:
        return daemon.raw("POST", "/images/load?quiet=1", archive)[2]
    except (http.client.HTTPException, ConnectionError) as err:
        pytest.fail(f"load: {err!r}; {daemon.log.read_text()}")


def free_bytes(daemon: Daemon) -> int:
    status = os.statvfs(f"/proc/{daemon.pid}/root{daemon.data_root}")
    return status.f_bfree * status.f_frsize


@pytest.mark.parametrize(
    ("size_mib", "layers"),
    [(40, 1), (40, 4), (14, 1), (14, 7), (23, 1), (11.9, 6)],
)
def test_load_on_a_disk_too_small(small: Daemon, size_mib: float, layers: int) -> None:
    check_refusal(small, image(int(size_mib * MIB), "big:1", layers))


def test_a_bomb(small: Daemon) -> None:
    check_refusal(small, bomb())


def check_refusal(small: Daemon, archive: bytes) -> None:
    before = free_bytes(small)
    answer = load(small, archive)
    names = [image["RepoTags"] for image in small.request("GET", "/images/json")[1]]
    assert b"no space left on device" in answer or b"database or disk is full" in answer
    assert names == [["hello-world:latest"]]
    # The database's log has grown; a file system counts what was removed a moment later.
    wait_until(lambda: before - free_bytes(small) < MIB // 2, "the space to be given back")
    status, _, found = small.raw("GET", "/system/check")
    assert (status, b"problem" in found) == (200, False), found
    assert b"Loaded image: small:1" in load(small, image(MIB, "small:1"))
