"""A container whose first process mounts its root file system itself: forked, and forked ahead."""

import os
from functools import partial
from pathlib import Path

import pytest
from tests.root.runtime.boxes import Box

from seacan.errors import Internal
from seacan.supervisor import rootfs
from seacan.supervisor.protocol import RootfsRequest

pytestmark = [pytest.mark.root, pytest.mark.usefixtures("every_way")]


@pytest.fixture
def layers(box: Box) -> RootfsRequest:
    """Two directories for an overlay; what the box has as its root is the lower one."""
    box.rootfs.rename(box.path / "lower")
    for name in ("rootfs", "upper", "work"):
        (box.path / name).mkdir()
    request = RootfsRequest(
        directory=str(box.path), lower=["lower"], upper="upper", work="work", shares_mounts=False
    )
    box.mount_layers = partial(rootfs.mount, request, box.rootfs)
    return request


def test_it_is_mounted_in_the_containers_namespace_alone(box: Box, layers: RootfsRequest) -> None:
    result = box.run("sh", "-c", "echo word > /file; cat /file; grep -c ' / overlay ' /proc/mounts")
    assert (result.code, result.out.split()) == (0, ["word", "1"])
    assert (box.path / "upper" / "file").read_text() == "word\n"
    assert os.listdir(box.rootfs) == []
    assert box.leftovers() == []


def test_what_cannot_be_mounted_is_told_and_leaves_nothing(box: Box, layers: RootfsRequest) -> None:
    Path(layers["directory"], "work").rmdir()
    with pytest.raises(Internal, match=r"mount root file system: .*No such file"):
        box.run("true")
    assert box.leftovers() == []
