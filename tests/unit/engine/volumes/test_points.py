import pytest

from seacan.engine.creation.mount_points import MountPoint
from seacan.engine.volumes import points as volume_points
from seacan.errors import InvalidArgument
from seacan.spec.engine_api import ContainerConfig


def test_a_volume_for_each_path_where_nothing_else_is_mounted() -> None:
    bind = MountPoint("bind", "/a", "/host")
    config: ContainerConfig = {"Volumes": {"/a": {}, "/b/../c/": {}}}
    points = volume_points.wanted([bind], config, "")
    assert points[0] is bind
    assert [point.destination for point in points] == ["/a", "/c"]
    name = points[1].name
    assert len(name) == 64
    assert not points[1].is_named
    assert points[1].labels == {"com.docker.volume.anonymous": ""}
    assert points[1].to_wire() == {
        "Type": "volume",
        "Name": name,
        "Source": "",
        "Destination": "/c",
        "Driver": "local",
        "Mode": "",
        "RW": True,
        "Propagation": "",
    }


def test_a_driver_makes_the_volumes_of_the_image() -> None:
    (point,) = volume_points.wanted([], {"Volumes": {"/v": {}}}, "other")
    assert point.driver == "other"


def test_a_volume_of_another_container_keeps_its_name() -> None:
    theirs = MountPoint("volume", "/v", "/local/nn", name="nn", driver="local")
    found = volume_points.wanted([theirs], {"Volumes": {"/v": {}}}, "")
    assert found == (theirs,)


def test_a_name_that_was_asked_for_is_kept() -> None:
    asked = MountPoint("volume", "/v", name="nn", is_named=True)
    (point,) = volume_points.wanted([asked], {}, "")
    assert (point.name, point.labels) == ("nn", {})
    assert volume_points.anonymous([point]) == []


def test_the_root_is_no_volume() -> None:
    with pytest.raises(InvalidArgument, match="destination can't be '/'"):
        volume_points.wanted([], {"Volumes": {"/a/..": {}}}, "")


def test_more_volumes_than_a_container_may_have_mounts() -> None:
    with pytest.raises(InvalidArgument, match="4096 mounts at most"):
        volume_points.wanted([], {"Volumes": {f"/v/{number}": {} for number in range(4097)}}, "")
