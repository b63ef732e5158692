"""Fields of a container that concern others: names, networks, namespaces and mounts they share."""

import hashlib
import io
import json
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.docker_cli import Docker, Engine
from tests.daemon import wait_until

pytestmark = [pytest.mark.root, pytest.mark.conformance]

NONE = ("--network", "none")


def _run(docker: Docker, script: str, *options: str) -> str:
    return docker.ok("run", "--rm", *options, "busybox", "sh", "-c", script)


def _start(docker: Docker, *options: str, script: str = "exec sleep 600") -> str:
    return docker.ok("run", "-d", *options, "busybox", "sh", "-c", script)


# --- /etc -------------------------------------------------------------------------------------


def test_added_hosts_are_in_etc_hosts(docker: Docker) -> None:
    hosts = _run(
        docker, "cat /etc/hosts", *NONE, "--add-host", "a:1.2.3.4", "--add-host", "b:::1"
    ).splitlines()
    assert hosts[:2] == ["127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback"]
    assert hosts[-2:] == ["1.2.3.4\ta", "::1\tb"]


def test_hosts_of_the_hosts_network_are_the_hosts(docker: Docker, engine: Engine) -> None:
    if engine.daemon is None:
        pytest.skip("may see another /etc/hosts")
    assert (
        _run(docker, "cat /etc/hosts", "--network", "host")
        == Path("/etc/hosts").read_text().strip()
    )


@pytest.mark.parametrize("network", ["none", "host"])
def test_dns_is_in_resolv_conf(docker: Docker, network: str) -> None:
    text = _run(
        docker, "cat /etc/resolv.conf", "--network", network, "--dns", "10.1.1.1",
        "--dns", "127.0.0.1", "--dns-search", "a.example", "--dns-option", "ndots:3",
    )  # fmt: skip
    assert [line for line in text.splitlines() if line and not line.startswith("#")] == [
        "nameserver 10.1.1.1",
        "nameserver 127.0.0.1",
        "search a.example",
        "options ndots:3",
    ]


def test_resolv_conf_is_written_at_each_start(docker: Docker) -> None:
    container = docker.ok(
        "create", *NONE, "--dns", "10.1.1.1", "busybox", "sh", "-c",
        "grep -c ^nameserver /etc/resolv.conf; echo nameserver 1.1.1.1 >>/etc/resolv.conf",
    )  # fmt: skip
    assert docker.ok("start", "-a", container) == "1"
    assert docker.ok("start", "-a", container) == "1"


# --- namespaces -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "option", "donor"),
    [
        ("net", "--network", NONE),
        ("ipc", "--ipc", (*NONE, "--ipc", "shareable")),
        ("pid", "--pid", NONE),
    ],
)
def test_a_namespace_of_another_is_joined(
    docker: Docker, kind: str, option: str, donor: tuple[str, ...]
) -> None:
    other = _start(docker, *donor)
    theirs = docker.ok("exec", other, "readlink", f"/proc/self/ns/{kind}")
    own = () if kind == "net" else NONE
    assert _run(docker, f"readlink /proc/self/ns/{kind}", option, f"container:{other}", *own) == (
        theirs
    )
    assert _run(docker, f"readlink /proc/self/ns/{kind}", *NONE) != theirs


def test_with_a_network_come_name_and_files(docker: Docker) -> None:
    other = _start(docker, *NONE, "-h", "theirs", "--add-host", "a:1.2.3.4", "--dns", "10.1.1.1")
    shared = ("--network", f"container:{other}")
    out = _run(docker, "hostname; cat /etc/hostname; tail -1 /etc/hosts", *shared)
    assert out.splitlines() == ["theirs", "theirs", "1.2.3.4\ta"]
    joined = _start(docker, *shared)
    assert docker.inspect(joined, "{{.HostConfig.NetworkMode}}") == f"container:{other}"
    assert docker.inspect(joined, "{{.HostsPath}}") == docker.inspect(other, "{{.HostsPath}}")
    assert docker.inspect(joined, "{{json .NetworkSettings.Networks}}") == "{}"
    # The network lasts while somebody is in it, and by way of the joined one others come in.
    docker.ok("rm", "-f", other)
    third = _run(docker, "hostname", "--network", f"container:{joined}")
    assert third == "theirs"


def test_memory_is_shared_with_the_ipc_namespace(docker: Docker) -> None:
    other = _start(docker, *NONE, "--ipc", "shareable", "--shm-size", "1m")
    shared = (*NONE, "--ipc", f"container:{other}")
    _run(docker, "echo hello >/dev/shm/file", *shared)
    assert docker.ok("exec", other, "cat", "/dev/shm/file") == "hello"
    assert _run(docker, "df -k /dev/shm | tail -1 | awk '{print $2}'", *shared) == "1024"
    joined = _start(docker, *shared)
    docker.ok("restart", "-t", "0", other)
    assert docker.ok("exec", other, "ls", "/dev/shm") == ""
    docker.ok("rm", "-f", other)
    assert docker.ok("exec", joined, "cat", "/dev/shm/file") == "hello"  # it has it still


def test_processes_of_another_are_seen_and_end_with_it(docker: Docker) -> None:
    other = _start(docker, *NONE, script="exec sleep 777")
    joined = _start(docker, *NONE, "--pid", f"container:{other}", "--init")
    assert "sleep 777" in docker.ok("exec", joined, "ps")
    docker.ok("kill", other)
    assert docker.ok("wait", joined) == "137"


def test_the_other_must_be_there_and_run(docker: Docker) -> None:
    name = docker.name
    docker.ok("create", *NONE, "--name", name, "busybox", "true")
    for option, message in (
        (
            "--network",
            "cannot join network namespace of a non running container: "
            f"container {name} is created",
        ),
        ("--ipc", "failed to join IPC namespace: container "),
        ("--pid", "failed to join PID namespace: container "),
    ):
        own = () if option == "--network" else NONE
        result = docker("run", "--rm", option, f"container:{name}", *own, "busybox", "true")
        assert message in result.err
        assert result.status == 125
    result = docker("run", "--rm", *NONE, "--pid", "container:none-such", "busybox", "true")
    assert "No such container: none-such" in result.err


def test_private_ipc_is_not_joined(docker: Docker) -> None:
    other = _start(docker, *NONE)
    result = docker("run", "--rm", *NONE, "--ipc", f"container:{other}", "busybox", "true")
    assert "non-shareable IPC (hint: use IpcMode:shareable for the donor container)" in result.err


def test_a_joined_network_leaves_no_choice(docker: Docker) -> None:
    other = _start(docker, *NONE)
    for options, message in (
        (("--dns", "1.1.1.1"), "conflicting options: dns and the network mode"),
        (("--add-host", "a:1.1.1.1"), "custom host-to-IP mapping and the network mode"),
        (("--expose", "80"), "port exposing and the container type network mode"),
    ):
        result = docker("run", "--network", f"container:{other}", *options, "busybox", "true")
        assert message in result.err, options


# --- mounts -----------------------------------------------------------------------------------


def test_volumes_from_another_container(docker: Docker, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("bound")
    other = docker.ok(
        "create", *NONE, "-v", f"{tmp_path}:/bound", "-v", "/anonymous", "busybox", "true"
    )
    taken = ("--volumes-from", other)
    assert _run(docker, "echo kept >/anonymous/file; cat /bound/file", *NONE, *taken) == "bound"
    assert _run(docker, "cat /anonymous/file", *NONE, *taken) == "kept"
    read_only = _run(docker, "touch /bound/x /anonymous/x 2>&1 | grep -c Read-only", *NONE,
                     "--volumes-from", f"{other}:ro")  # fmt: skip
    assert read_only == "2"
    assert _run(docker, "ls /bound", *NONE, *taken, "--tmpfs", "/bound") == ""


def test_an_anonymous_volume_has_what_the_image_has(docker: Docker) -> None:
    container = docker.ok("create", *NONE, "-v", "/etc", "busybox", "cat", "/etc/passwd")
    assert "root:" in docker.ok("start", "-a", container)
    template = (
        "{{range .Mounts}}{{.Type}} {{.Driver}} {{.Destination}} {{.RW}} {{len .Name}}{{end}}"
    )
    assert docker.inspect(container, template) == "volume local /etc true 64"
    assert docker.inspect(container, "{{json .Config.Volumes}}") == '{"/etc":{}}'


def test_an_anonymous_volume_lives_as_docker_has_it(docker: Docker, engine: Engine) -> None:
    if engine.daemon is None:
        pytest.skip("looks at the disk of seacan")
    volumes = engine.daemon.data_root / "volumes"
    script = "echo x >>/v/file; cat /v/file"
    container = docker.ok("create", *NONE, "-v", "/v", "busybox", "sh", "-c", script)
    assert docker.ok("start", "-a", container) == "x"
    assert docker.ok("start", "-a", container) == "x\nx"
    (volume,) = volumes.iterdir()
    assert docker.inspect(container, "{{range .Mounts}}{{.Name}}{{end}}") == volume.name
    other = docker.ok("create", *NONE, "--volumes-from", container, "busybox", "true")
    docker.ok("rm", "-v", container)
    assert [*volumes.iterdir()] == [volume], "another container has it"
    docker.ok("rm", "-v", other)
    assert [*volumes.iterdir()] == []
    _run(docker, "true", *NONE, "-v", "/v")
    wait_until(lambda: not [*volumes.iterdir()], "the volume to go")


def test_volumes_of_an_image(docker: Docker, engine: Engine, tmp_path: Path) -> None:
    """They are there without asking, with what the image has, and go with `--rm`'s kind of rm."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "file").write_text("from the image")
    name = f"{docker.name}-volume"
    with tarfile.open(tmp_path / "image.tar", "w") as archive:
        archive.add(tmp_path / "data", "data")
    docker.ok("import", "--change", "VOLUME /data", str(tmp_path / "image.tar"), name)
    try:
        container = docker.ok("create", *NONE, name, "/none")
        template = "{{range .Mounts}}{{.Type}} {{.Destination}} {{.Source}}{{end}}"
        kind, destination, source = docker.inspect(container, template).split()
        assert (kind, destination) == ("volume", "/data")
        if engine.daemon is not None:
            assert (Path(source) / "file").read_text() == "from the image"
        docker.ok("rm", "-v", container)
        assert not Path(source).exists()
    finally:
        docker.ok("rmi", "-f", name)


@pytest.fixture
def shared_mount(tmp_path: Path) -> Iterator[Path]:
    """A tmpfs of the host that is in a peer group of its own."""
    place = tmp_path / "shared"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", place], check=True)
    subprocess.run(["mount", "--make-shared", place], check=True)
    (place / "sub").mkdir()
    yield place
    subprocess.run(["umount", "-R", place], check=True)


def test_mounts_in_a_shared_bind_reach_the_host(
    docker: Docker, engine: Engine, shared_mount: Path
) -> None:
    if engine.daemon is None:
        pytest.skip("may be in another mount namespace")
    admin = ("--cap-add", "SYS_ADMIN", "--security-opt", "seccomp=unconfined")
    script = "mount -t tmpfs none /m/sub && echo inside >/m/sub/file && exec sleep 600"
    for kind in ("rshared", "rslave"):
        container = _start(docker, *NONE, *admin, "-v", f"{shared_mount}:/m:{kind}", script=script)
        docker.ok("exec", container, "sh", "-c", "until cat /m/sub/file; do sleep 0.1; done")
        assert (shared_mount / "sub" / "file").exists() is (kind == "rshared")
        docker.ok("rm", "-f", container)
        if kind == "rshared":  # it is the host's now
            subprocess.run(["umount", shared_mount / "sub"], check=True)
    host_mounts = Path("/proc/self/mounts").read_text()
    assert "/rootfs " not in "\n".join(
        line for line in host_mounts.splitlines() if str(engine.daemon.directory) in line
    )


def test_a_private_source_cannot_be_shared(docker: Docker, shared_mount: Path) -> None:
    subprocess.run(["mount", "--make-private", shared_mount], check=True)
    result = docker("run", "--rm", *NONE, "-v", f"{shared_mount}:/m:rshared", "busybox", "true")
    assert "but it is not a shared mount" in result.err


# --- images that are mounted ------------------------------------------------------------------


def test_an_image_is_mounted_to_be_read(docker: Docker) -> None:
    whole = "type=image,source=busybox,target=/image"
    script = "ls /image/bin/sh && touch /image/x"
    result = docker("run", "--rm", *NONE, "--mount", whole, "busybox", "sh", "-c", script)
    assert (result.out, result.status) == ("/image/bin/sh\n", 1)
    assert "Read-only file system" in result.err
    part = f"{whole},image-subpath=etc"
    assert _run(docker, "grep -c root: /image/passwd", *NONE, "--mount", part) == "1"


def test_an_image_that_is_mounted_must_be_there(docker: Docker) -> None:
    missing = "type=image,source=none-such,target=/image"
    never = ("--pull", "never")  # the CLI takes it for the container's image
    result = docker("create", *never, *NONE, "--mount", missing, "busybox", "true")
    assert "No such image: none-such:latest" in result.err
    part = "type=image,source=busybox,target=/image,image-subpath=none"
    assert docker("run", "--rm", *NONE, "--mount", part, "busybox", "true").status == 127


def test_layers_that_are_mounted_outlast_their_image(docker: Docker, tmp_path: Path) -> None:
    """Two layers, of which the upper one hides a file of the lower one."""
    name = f"{docker.name}-mounted"
    _load_two_layers(docker, tmp_path, name)
    try:
        mount = f"type=image,source={name},target=/image"
        container = docker.ok(
            "create", *NONE, "--mount", mount, "busybox", "sh", "-c", "cd /image/d; ls; cat file"
        )
    finally:
        docker.ok("rmi", "-f", name)
    assert docker.ok("start", "-a", container).split() == ["file", "upper"]


def _load_two_layers(docker: Docker, directory: Path, name: str) -> None:
    layers = []
    for content, files in (("lower", ("file", "hidden")), ("upper", ("file", ".wh.hidden"))):
        with tarfile.open(directory / f"{content}.tar", "w") as layer:
            for file in files:
                data = b"" if file.startswith(".wh.") else content.encode()
                info = tarfile.TarInfo(f"d/{file}")
                info.size = len(data)
                layer.addfile(info, io.BytesIO(data))
        layers.append((directory / f"{content}.tar").read_bytes())
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {
            "type": "layers",
            "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers],
        },
    }
    manifest = [{"Config": "c.json", "RepoTags": [f"{name}:latest"], "Layers": ["0.tar", "1.tar"]}]
    members = {
        "c.json": json.dumps(config).encode(),
        "manifest.json": json.dumps(manifest).encode(),
    }
    members |= {f"{number}.tar": layer for number, layer in enumerate(layers)}
    with tarfile.open(directory / "image.tar", "w") as archive:
        for path, data in members.items():
            info = tarfile.TarInfo(path)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    docker.ok("load", "-i", str(directory / "image.tar"))
