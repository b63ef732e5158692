"""cp, diff, export, commit with the docker CLI."""

import io
import json
import os
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.docker_cli import Docker
from tests.daemon import wait_until

pytestmark = [pytest.mark.root, pytest.mark.conformance]

# A file, links to it, a directory, a FIFO, attributes; then what is removed and replaced.
SCRIPT = """
mkdir -p /d/sub; echo hi > /d/f; chown 7:8 /d/f; chmod 4751 /d/f; ln /d/f /d/hard; mkfifo /d/fifo
ln -s /d/f /to-file; ln -s d /to-d; ln -s nowhere/x /dangling; ln -s ../../../../etc /out
touch /etc/new; rm /etc/group; chmod 700 /home; rm -rf /usr; mkdir -p /usr/bin; echo > /usr/bin/x
echo ready; exec sleep 600
"""


@pytest.fixture(params=["running", "stopped"])
def container(docker: Docker, request: pytest.FixtureRequest) -> str:
    name = f"{docker.name}-files"
    docker.ok("run", "-d", "--network", "none", "--name", name, "busybox", "sh", "-c", SCRIPT)
    wait_until(lambda: "ready" in docker.ok("logs", name), "the files")
    if request.param == "stopped":
        docker.ok("kill", name)
        docker.ok("wait", name)
    return name


@pytest.fixture
def image(docker: Docker) -> Iterator[str]:
    """A name for an image that is removed afterwards, and the containers first."""
    name = f"{docker.name}:made"
    yield name
    docker.remove_containers()
    docker.ok("rmi", "-f", name)


def members(data: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {member.name: member for member in archive}


def binary(docker: Docker, *words: str) -> bytes:
    return subprocess.run(
        docker.command(*words), env=docker.env, check=True, capture_output=True, timeout=60
    ).stdout


def test_a_file_comes_out(docker: Docker, container: str, tmp_path: Path) -> None:
    docker.ok("cp", f"{container}:/d/f", str(tmp_path / "f"))
    assert (tmp_path / "f").read_text() == "hi\n"
    assert (tmp_path / "f").stat().st_mode & 0o7777 == 0o4751
    found = members(binary(docker, "cp", f"{container}:/d/f", "-"))["f"]
    assert (found.uid, found.gid, found.mode, found.size) == (7, 8, 0o4751, 3)


def test_a_directory_comes_out(docker: Docker, container: str, tmp_path: Path) -> None:
    docker.ok("cp", f"{container}:/d", str(tmp_path))
    docker.ok("cp", f"{container}:/d/.", str(tmp_path / "content"))
    for place in (tmp_path / "d", tmp_path / "content"):
        assert sorted(os.listdir(place)) == ["f", "fifo", "hard", "sub"]
        assert (place / "f").stat().st_ino == (place / "hard").stat().st_ino
        assert (place / "fifo").is_fifo()


def test_links_are_followed_when_asked(docker: Docker, container: str, tmp_path: Path) -> None:
    docker.ok("cp", f"{container}:/to-file", str(tmp_path / "link"))
    assert os.readlink(tmp_path / "link") == "/d/f"
    docker.ok("cp", "-L", f"{container}:/to-file", str(tmp_path / "file"))
    assert (tmp_path / "file").read_text() == "hi\n"
    docker.ok("cp", f"{container}:/to-d/f", str(tmp_path / "through"))
    assert (tmp_path / "through").read_text() == "hi\n"


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/d", ["d", "d/f", "d/fifo", "d/hard", "d/sub"]),
        ("/d/.", [".", "./f", "./fifo", "./hard", "./sub"]),
        ("d/../d/", ["d", "d/f", "d/fifo", "d/hard", "d/sub"]),
        ("/to-d/", ["to-d", "to-d/f", "to-d/fifo", "to-d/hard", "to-d/sub"]),
        ("/dangling", ["dangling"]),
        ("/out/passwd", ["passwd"]),
    ],
)
def test_names_in_the_archive(docker: Docker, container: str, path: str, names: list[str]) -> None:
    found = members(binary(docker, "cp", f"{container}:{path}", "-"))
    assert [*found] == names
    if "d/hard" in found:
        assert (found["d/hard"].islnk(), found["d/hard"].linkname) == (True, "d/f")


def test_what_is_not_there(docker: Docker, container: str, tmp_path: Path) -> None:
    result = docker("cp", f"{container}:/nope", str(tmp_path))
    assert result.status == 1
    assert f"Could not find the file /nope in container {container}" in result.err


def test_files_go_in(docker: Docker, container: str, tmp_path: Path) -> None:
    (tmp_path / "tree/sub").mkdir(parents=True)
    (tmp_path / "tree/sub/file").write_text("in\n")
    (tmp_path / "tree/link").symlink_to("sub/file")
    docker.ok("cp", str(tmp_path / "tree"), f"{container}:/new")
    docker.ok("cp", str(tmp_path / "tree/sub/file"), f"{container}:/d/f")
    docker.ok("cp", f"{tmp_path}/tree/.", f"{container}:/out")
    found = members(binary(docker, "cp", f"{container}:/new", "-"))
    assert sorted(found) == ["new", "new/link", "new/sub", "new/sub/file"]
    assert found["new/link"].linkname == "sub/file"
    assert "etc/sub/file" in members(binary(docker, "cp", f"{container}:/etc", "-"))
    with tarfile.open(fileobj=io.BytesIO(binary(docker, "cp", f"{container}:/d/f", "-"))) as tar:
        file = tar.extractfile("f")
        assert file is not None
        assert file.read() == b"in\n"


def test_an_archive_goes_in_with_its_owners(docker: Docker, container: str) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        member = tarfile.TarInfo("owned")
        member.uid, member.gid, member.mode = 1234, 4321, 0o6755
        archive.addfile(member)
    docker.ok("cp", "-", f"{container}:/d", stdin=buffer.getvalue())
    found = members(binary(docker, "cp", f"{container}:/d", "-"))["d/owned"]
    assert (found.uid, found.gid, found.mode) == (1234, 4321, 0o6755)


def test_a_directory_does_not_replace_a_file(
    docker: Docker, container: str, tmp_path: Path
) -> None:
    (tmp_path / "f").mkdir()
    assert docker("cp", str(tmp_path / "f"), f"{container}:/d").status == 1
    (tmp_path / "sub").touch()
    assert docker("cp", str(tmp_path / "sub"), f"{container}:/d/f/").status == 1
    result = docker("cp", "-", f"{container}:/d/f", stdin=b"")
    assert result.status == 1
    assert "must be a directory" in result.err


def test_owners_are_the_containers_user_when_asked(docker: Docker, tmp_path: Path) -> None:
    name = docker.name
    docker.ok("create", "--name", name, "--user", "1000:10", "busybox")
    (tmp_path / "file").touch()
    os.chown(tmp_path / "file", 5, 6)
    docker.ok("cp", "-a", str(tmp_path / "file"), f"{name}:/tmp")
    docker.ok("cp", str(tmp_path / "file"), f"{name}:/home")
    owned = members(binary(docker, "cp", f"{name}:/tmp/file", "-"))["file"]
    plain = members(binary(docker, "cp", f"{name}:/home/file", "-"))["file"]
    assert (plain.uid, plain.gid) == (5, 6)
    assert (owned.uid, owned.gid) == (1000, 10)


@pytest.mark.parametrize("is_running", [True, False])
def test_volumes_are_where_the_container_has_them(
    docker: Docker, tmp_path: Path, is_running: bool
) -> None:
    name = docker.name
    for directory in ("rw", "ro"):
        (tmp_path / directory).mkdir()
        (tmp_path / directory / "there").write_text(directory)
    docker.ok(
        "create", "--name", name, "--network", "none", "--read-only",
        "-v", f"{tmp_path}/rw:/mnt/rw", "-v", f"{tmp_path}/ro:/mnt/ro:ro",
        "busybox", "sleep", "1000",
    )  # fmt: skip
    if is_running:
        docker.ok("start", name)
    (tmp_path / "file").write_text("in")
    docker.ok("cp", str(tmp_path / "file"), f"{name}:/mnt/rw/")
    assert (tmp_path / "rw/file").read_text() == "in"
    found = members(binary(docker, "cp", f"{name}:/mnt/ro", "-"))
    assert sorted(found) == ["ro", "ro/there"]
    result = docker("cp", str(tmp_path / "file"), f"{name}:/mnt/ro/")
    assert (result.status, "mounted volume is marked read-only" in result.err) == (1, True)
    result = docker("cp", str(tmp_path / "file"), f"{name}:/etc/")
    assert (result.status, "container rootfs is marked read-only" in result.err) == (1, True)


def test_diff(docker: Docker, container: str) -> None:
    lines = docker.ok("diff", container).splitlines()
    assert sorted(lines) == [
        "A /d", "A /d/f", "A /d/fifo", "A /d/hard", "A /d/sub", "A /dangling", "A /etc/new",
        "A /out", "A /to-d", "A /to-file", "A /usr/bin/x", "C /etc", "C /home", "C /usr",
        "C /usr/bin", "D /etc/group", "D /usr/sbin",
    ]  # fmt: skip
    assert lines.index("C /etc") < lines.index("A /etc/new")


def test_diff_of_what_never_ran(docker: Docker) -> None:
    docker.ok("create", "--name", docker.name, "busybox")
    assert docker.ok("diff", docker.name) == ""


def test_export(docker: Docker, tmp_path: Path) -> None:
    name = docker.name
    (tmp_path / "secret").touch()
    docker.ok(
        "run", "-d", "--network", "none", "--name", name, "-v", f"{tmp_path}:/volume",
        "--tmpfs", "/scratch", "busybox", "sh", "-c", "touch /scratch/x /own; exec sleep 1000",
    )  # fmt: skip
    wait_until(lambda: "A /own" in docker.ok("diff", name), "its file")
    found = members(binary(docker, "export", name))
    assert found["volume"].isdir()
    assert found["bin/busybox"].size > 100_000
    assert found["own"].isfile()
    assert (found["etc/passwd"].uid, found["root"].mode) == (0, 0o700)
    for path in ("volume/secret", "scratch/x", "proc/1", "sys/kernel", "dev/null"):
        assert path not in found


def test_commit(docker: Docker, container: str, image: str) -> None:
    changes = ["ENV GREETING=hello", 'CMD ["sh", "-c", "echo $GREETING; cat /d/f; ls /usr /etc"]']
    flags = [word for change in changes for word in ("--change", change)]
    image_id = docker.ok("commit", "-m", "why", "-a", "me", *flags, container, image)
    assert docker.inspect(image, "{{.Id}} {{.Comment}} {{.Author}}") == f"{image_id} why me"
    parent, layers = docker.inspect(image, "{{.Parent}} {{len .RootFS.Layers}}").split()
    assert (parent, layers) == (docker.inspect(container, "{{.Image}}"), "2")
    lines = docker.ok("run", "--rm", "--network", "none", image).splitlines()
    assert lines[:2] == ["hello", "hi"]
    assert "new" in lines
    assert "group" not in lines
    assert "sbin" not in lines
    assert docker.inspect(container, "{{.State.Paused}}") == "false"


def test_a_committed_image_keeps_attributes_links_and_holes(docker: Docker, image: str) -> None:
    script = (
        "echo x > /f; chown 9:10 /f; chmod 4750 /f; ln /f /g; touch -d @1000000000 /f; "
        "dd if=/dev/zero of=/holes bs=1 count=1 seek=64M 2> /dev/null"
    )
    name = docker.name
    docker.ok("run", "--network", "none", "--name", name, "busybox", "sh", "-c", script)
    docker.ok("commit", name, image)
    show = "stat -c '%a %u %g %h %Y %s' /f /g /holes; du -k /holes | cut -f1"
    lines = docker.ok("run", "--rm", "--network", "none", image, "sh", "-c", show).splitlines()
    assert lines[0] == lines[1] == "4750 9 10 2 1000000000 2"
    assert lines[2].endswith(f" {(64 << 20) + 1}")


def test_what_commit_refuses(docker: Docker, container: str) -> None:
    result = docker("commit", "--change", "RUN x", container)
    assert (result.status, "RUN is not a valid change command" in result.err) == (1, True)
    assert "No such container: nope" in docker("commit", "nope").err


def test_what_is_told_of_it(docker: Docker, image: str, tmp_path: Path) -> None:
    name = docker.name
    since = f"{time.time():.3f}"
    docker.ok("create", "--name", name, "busybox")
    docker.ok("cp", f"{name}:/etc/passwd", str(tmp_path / "out"))
    docker.ok("cp", str(tmp_path / "out"), f"{name}:/in")
    docker.ok("export", "-o", str(tmp_path / "tar"), name)
    image_id = docker.ok("commit", "-m", "why", name, image)
    until = f"{time.time() + 0.1:.3f}"
    lines = docker.ok("events", "--since", since, "--until", until, "--format", "json").splitlines()
    events = [json.loads(line) for line in lines]
    own = [
        event
        for event in events
        if event["Actor"]["Attributes"].get("name") == name or event["Actor"]["ID"] == image_id
    ]
    assert [(event["Type"], event["Action"]) for event in own] == [
        ("container", "create"),
        ("container", "archive-path"),
        ("container", "extract-to-dir"),
        ("container", "export"),
        ("image", "create"),
        ("image", "tag"),
        ("container", "commit"),
    ]
    told = own[-1]["Actor"]["Attributes"]
    assert (told["comment"], told["imageID"], told["imageRef"]) == ("why", image_id, image)
