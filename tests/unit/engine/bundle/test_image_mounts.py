from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import pytest

from seacan.engine.bundle import image_mounts, mounts
from seacan.engine.creation.mount_points import MountPoint
from seacan.errors import InvalidArgument


class _Snapshots:
    """Of one image, with layers in `directories`, the topmost first; remembers who holds it."""

    def __init__(self, directories: list[Path]) -> None:
        self.directories = directories
        self.holders: list[str] = []

    def hold(self, holder: str, image: object) -> None:
        self.holders.append(holder)

    def release(self, holder: str) -> None:
        self.holders.remove(holder)

    def held_directories(self, holder: str) -> list[Path]:
        assert holder in self.holders
        return self.directories


class _Images:
    def __init__(self, snapshots: _Snapshots) -> None:
        self.snapshots = snapshots

    def get(self, ref: str) -> object:
        return ref


@pytest.fixture
def snapshots(tmp_path: Path) -> _Snapshots:
    layers = [tmp_path / "upper", tmp_path / "lower"]
    for layer in layers:
        (layer / "d").mkdir(parents=True)
    (layers[1] / "below").mkdir()
    (layers[0] / "a:b").mkdir()
    return _Snapshots(layers)


def point(subpath: str = "") -> MountPoint:
    return MountPoint(
        "image", "/i", "sha256:x", name="x", subpath=subpath, is_writable=False,
        propagation="rprivate",
    )  # fmt: skip


def mount(snapshots: _Snapshots, subpath: str) -> dict[str, Any]:
    points = [MountPoint("tmpfs", "/t"), point(subpath)]
    image_mounts.hold("id", points, cast(Any, _Images(snapshots)), ExitStack())
    found = image_mounts.with_directories("id", points, cast(Any, snapshots))
    assert found[0] is points[0]
    made = mounts.to_oci({}, found[1:], {}, init=None, shm="", writable_cgroups=False)
    return cast(dict[str, Any], made[-1])


@pytest.mark.parametrize("subpath", ["", "d", "below/../d/."])
def test_several_layers_are_an_overlay(snapshots: _Snapshots, subpath: str) -> None:
    made = mount(snapshots, subpath)
    upper, lower = (str(layer / "d" if subpath else layer) for layer in snapshots.directories)
    assert (made["type"], made["options"][0]) == ("overlay", f"lowerdir={upper}:{lower}")
    assert "ro" in made["options"]


def test_one_layer_is_bound(snapshots: _Snapshots) -> None:
    made = mount(snapshots, "below")
    assert (made["type"], made["source"]) == ("bind", str(snapshots.directories[1] / "below"))
    assert "rro" in made["options"]


def test_what_is_not_there_or_cannot_be_written_down_is_refused(snapshots: _Snapshots) -> None:
    with pytest.raises(InvalidArgument, match="mount image x: none: no such file or directory"):
        mount(snapshots, "none")
    snapshots.holders.clear()
    with pytest.raises(InvalidArgument, match="a character that cannot be mounted"):
        mount(snapshots, "a:b")


def test_holders_are_a_containers_and_let_go(snapshots: _Snapshots) -> None:
    images, undo = cast(Any, _Images(snapshots)), ExitStack()
    image_mounts.hold("id", [point(), point()], images, undo)
    assert snapshots.holders == ["id:0", "id:1"]
    assert {image_mounts.container_of(holder) for holder in snapshots.holders} == {"id"}
    undo.close()
    assert snapshots.holders == []
