"""version, info, images, load, import, tag, rmi with the docker CLI."""

import functools
import io
import json
import platform
import re
import tarfile
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.conformance.docker_cli import Docker, Engine
from tests.images.busybox import busybox_archive

pytestmark = [pytest.mark.root, pytest.mark.conformance]


def test_version(docker: Docker, engine: Engine) -> None:
    text = docker.ok("version")
    assert "Client:" in text
    assert "Server:" in text
    server = json.loads(docker.ok("version", "-f", "{{json .Server}}"))
    assert (server["Os"], server["Arch"]) == ("linux", "amd64")
    assert server["KernelVersion"] == platform.release()
    if engine.daemon is not None:
        names = [component["Name"].lower() for component in server["Components"]]
        for part in ("engine", "supervisor", "runtime", "init"):
            assert any(part in name for name in names), names
        assert all(component["Version"] for component in server["Components"])
    # inspect-ai refuses less than 24.0.6, Prefect less than 20.10; "+" as Debian's has it.
    release = re.fullmatch(r"(\d+)\.\d+\.\d+(\+[0-9A-Za-z.-]+)?", server["Version"])
    assert release is not None
    assert int(release[1]) >= 28
    assert docker.ok("info", "-f", "{{.ServerVersion}}").strip() == server["Version"]


def test_info(docker: Docker) -> None:
    info = json.loads(docker.ok("info", "-f", "json"))
    assert info["KernelVersion"] == platform.release()
    assert info["OSType"] == "linux"
    is_v2 = Path("/sys/fs/cgroup/cgroup.controllers").exists()
    assert info["CgroupVersion"] == ("2" if is_v2 else "1")
    assert info["CgroupDriver"] == "cgroupfs"
    assert info["Driver"] == "overlay2"
    assert any(option.startswith("name=seccomp") for option in info["SecurityOptions"])
    assert info["DefaultRuntime"] in info["Runtimes"]
    assert info["NCPU"] > 0
    assert info["MemTotal"] > 0
    assert not info.get("ClientInfo", {}).get("Warnings")


def test_info_counts(docker: Docker, engine: Engine) -> None:
    if engine.daemon is None:
        pytest.skip("others make containers there, too")
    counts = "{{.Containers}} {{.ContainersRunning}} {{.ContainersPaused}} {{.ContainersStopped}}"
    before = docker.ok("info", "-f", counts).split()
    docker.ok("create", "busybox")
    docker.ok("run", "-d", "busybox", "sleep", "1000")
    docker.ok("start", "-a", docker.ok("create", "busybox", "true"))
    after = docker.ok("info", "-f", counts).split()
    assert [int(new) - int(old) for old, new in zip(before, after, strict=True)] == [3, 1, 0, 2]


def test_load(docker: Docker, tmp_path: Path) -> None:
    """Under a name of the test's own: the engine may be one that others use, too."""
    name = f"{docker.name}:loaded"
    archive = busybox_archive(tmp_path / "busybox.tar", name)
    try:
        for words, stdin in (
            (("load",), archive.read_bytes()),
            (("load", "-i", str(archive)), b""),
        ):
            assert f"Loaded image: {name}" in docker.ok(*words, stdin=stdin)
        assert docker.ok("run", "--rm", name, "echo", "hi") == "hi"
    finally:
        docker("rmi", name)


def test_import_of_a_root_file_system(docker: Docker) -> None:
    busybox = Path("/bin/busybox")
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(busybox, "bin/busybox")
        link = tarfile.TarInfo("bin/sh")
        link.type, link.linkname = tarfile.SYMTYPE, "busybox"
        tar.addfile(link)
    name = f"{docker.name}:imported"
    changes = ("-c", "ENV A=1", "-c", 'CMD ["sh", "-c", "echo $A"]', "-m", "by hand")
    identity = docker.ok("import", *changes, "-", name, stdin=archive.getvalue())
    try:
        assert identity.startswith("sha256:")
        assert docker.ok("run", "--rm", name) == "1"
    finally:
        docker.ok("rmi", name)


def test_import_from_a_url(docker: Docker, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "root.tar.gz", "w:gz") as tar:
        tar.add("/bin/busybox", "bin/busybox")
    handler = functools.partial(_QuietFiles, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        name = f"{docker.name}:imported"
        try:
            command = 'CMD ["busybox", "echo", "hi"]'
            told = docker.ok("import", "-c", command, f"{url}/root.tar.gz", name)
            assert f"Downloading from {url}/root.tar.gz" in told
            assert docker.ok("run", "--rm", name) == "hi"
            assert f"GET {url}/none with status 404" in docker("import", f"{url}/none").err
        finally:
            docker("rmi", name)
            server.shutdown()
            thread.join()


class _QuietFiles(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def test_tag_and_rmi(docker: Docker) -> None:
    name = f"{docker.name}:other"
    docker.ok("tag", "busybox", name)
    assert docker.inspect(name, "{{.Id}}") == docker.inspect("busybox:latest", "{{.Id}}")
    listed = docker.ok("images", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}")
    assert f"{name} " in listed
    assert f"Untagged: {name}" in docker.ok("rmi", name)
    assert f"No such image: {name}" in docker("rmi", name).err


def test_rmi_of_an_image_in_use(docker: Docker) -> None:
    docker.ok("create", "busybox")
    refused = docker("rmi", "busybox")
    assert refused.status == 1
    assert "conflict: unable to " in refused.err
    assert docker.ok("run", "--rm", "busybox", "echo", "still there") == "still there"


def test_image_inspect(docker: Docker) -> None:
    (found,) = json.loads(docker.ok("image", "inspect", "busybox"))
    assert found["Id"].startswith("sha256:")
    assert "busybox:latest" in found["RepoTags"]
    assert (found["Os"], found["Architecture"]) == ("linux", "amd64")
    assert found["RootFS"]["Type"] == "layers"
    assert found["Config"]["Cmd"] == ["sh"]
