from pathlib import Path

import pytest

from seacan.engine.bundle import mounts
from seacan.engine.creation.mount_points import MountPoint, parse_bind
from seacan.errors import InvalidArgument


def test_a_missing_source_of_a_bind_is_made(tmp_path: Path) -> None:
    source = tmp_path / "a/b"
    mounts.prepare_sources([parse_bind(f"{source}:/x")])
    assert source.is_dir()


def test_a_source_that_is_a_file_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    mounts.prepare_sources([parse_bind(f"{file}:/x")])
    assert file.read_text() == "x"


def test_a_source_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    source = tmp_path / "file/x"
    with pytest.raises(InvalidArgument) as caught:
        mounts.prepare_sources([parse_bind(f"{source}:/x")])
    assert str(caught.value) == (
        f"error while creating mount source path '{source}': Not a directory"
    )


def test_a_source_that_has_gone_is_refused(tmp_path: Path) -> None:
    point = MountPoint("bind", "/x", str(tmp_path / "gone"), propagation="rprivate")
    with pytest.raises(InvalidArgument, match=f"bind source path does not exist: {tmp_path}/gone"):
        mounts.prepare_sources([point])


@pytest.mark.parametrize(
    ("raw", "propagation"),
    [
        ("/:/x", "rslave"),
        ("/var/lib/seacan:/x:ro", "rslave"),
        ("/var/lib/seacan/volumes:/x", "rslave"),
        ("/var/lib/sea:/x", "rprivate"),
        ("/home:/x", "rprivate"),
        ("/:/x:private", "private"),
        ("name:/x", ""),
    ],
)
def test_what_has_the_daemons_data_in_it_follows_the_host(
    monkeypatch: pytest.MonkeyPatch, raw: str, propagation: str
) -> None:
    mark = "shared:1"
    monkeypatch.setattr(mounts, "_mount_of", lambda source: [*"123456", mark, "-", "ext4"])
    points = [parse_bind(raw)]
    (found,) = mounts.with_propagation(points, Path("/var/lib/seacan"))
    assert found.propagation == propagation
    mark = "propagate_from:2"  # there is nothing to follow
    (found,) = mounts.with_propagation(points, Path("/var/lib/seacan"))
    assert found.propagation == propagation.replace("rslave", "rprivate")


def test_a_mount_of_the_request_takes_the_place_of_the_systems() -> None:
    points = [parse_bind("/a:/dev"), parse_bind("/b:/etc/hosts")]
    made = mounts.to_oci(
        {}, points, {"/etc/hosts": "/ours"}, init=None, shm="", writable_cgroups=False
    )
    by_destination = {mount["destination"]: mount["source"] for mount in made}
    assert by_destination == {
        "/proc": "proc",
        "/sys": "sysfs",
        "/sys/fs/cgroup": "cgroup",
        "/dev": "/a",
        "/etc/hosts": "/b",
    }


def test_cgroups_are_written_only_where_that_was_asked_for() -> None:
    for writable in (True, False):
        made = mounts.to_oci({}, [], {}, init=None, shm="", writable_cgroups=writable)
        options = {mount["destination"]: mount["options"] for mount in made}
        assert ("ro" in options["/sys/fs/cgroup"]) is not writable
        assert "ro" in options["/sys"]


def test_init_is_shown_read_only() -> None:
    made = mounts.to_oci({}, [], {}, init="/init", shm="", writable_cgroups=False)
    assert made[-1] == {
        "destination": "/sbin/docker-init",
        "type": "bind",
        "source": "/init",
        "options": ["bind", "ro"],
    }


def test_the_memory_of_another_is_shown_in_place_of_ones_own() -> None:
    made = mounts.to_oci({}, [], {}, init=None, shm="/there/shm", writable_cgroups=False)
    assert [m for m in made if m["destination"] == "/dev/shm"] == [
        {
            "destination": "/dev/shm",
            "type": "bind",
            "source": "/there/shm",
            "options": ["rbind", "rprivate"],
        }
    ]


def test_a_volume_is_bound_as_docker_does() -> None:
    point = MountPoint("volume", "/v", "/data/volumes/x/_data", name="x", is_writable=False)
    made = mounts.to_oci({}, [point], {}, init=None, shm="", writable_cgroups=False)
    assert made[-1] == {
        "destination": "/v",
        "type": "bind",
        "source": "/data/volumes/x/_data",
        "options": ["rbind", "rro"],
    }


@pytest.mark.parametrize(
    ("propagations", "root"),
    [
        (("rprivate",), None),
        (("rslave", "private"), "rslave"),
        (("slave", "rshared"), "shared"),
        ((), None),
    ],
)
def test_the_root_lets_through_what_a_bind_asks_for(
    propagations: tuple[str, ...], root: str | None
) -> None:
    points = [MountPoint("bind", f"/{p}", "/a", propagation=p) for p in propagations]
    assert mounts.root_propagation(points) == root
