"""User namespaces made for their mappings alone."""

import os
from pathlib import Path

import pytest
from tests import descriptors

from seacan.kernel import idmaps, syscalls
from seacan.kernel.namespaces import CLONE_NEWUSER
from seacan.spec.runtime import IDMapping

pytestmark = pytest.mark.root

UIDS: list[IDMapping] = [
    {"containerID": 0, "hostID": 100000, "size": 10},
    {"containerID": 20, "hostID": 200000, "size": 5},
]
GIDS: list[IDMapping] = [{"containerID": 0, "hostID": 300000, "size": 7}]


def maps_inside(namespace: int) -> list[str]:
    """Return uid_map and gid_map as a process in the namespace reads them."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            syscalls.setns(namespace, CLONE_NEWUSER)
            for name in ("uid_map", "gid_map"):
                os.write(writer, Path(f"/proc/self/{name}").read_bytes() + b";")
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as output:
        maps = output.read().split(";")[:-1]
    os.waitpid(pid, 0)
    return [" ".join(text.split()) for text in maps]


def test_namespace_has_the_mappings_and_nobody_in_it() -> None:
    children = Path("/proc/thread-self/children").read_text()
    with descriptors.none_kept():
        namespace = idmaps.user_namespace(UIDS, GIDS)
        try:
            assert os.readlink(f"/proc/self/fd/{namespace}").startswith("user:[")
            assert maps_inside(namespace) == ["0 100000 10 20 200000 5", "0 300000 7"]
        finally:
            os.close(namespace)
    assert Path("/proc/thread-self/children").read_text() == children


def test_mappings_that_the_kernel_refuses_leave_nothing() -> None:
    children = Path("/proc/thread-self/children").read_text()
    refusal = r"write '0 1 0.n': Invalid argument: '/proc/\d+/uid_map'"
    with descriptors.none_kept(), pytest.raises(OSError, match=refusal):
        idmaps.user_namespace([{"containerID": 0, "hostID": 1, "size": 0}], GIDS)
    assert Path("/proc/thread-self/children").read_text() == children
