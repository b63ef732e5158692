"""Others' clients against our registry: skopeo, umoci, and the docker CLI with its own daemon.

Images go from each kind of place to each other one, and keep what identifies them: the manifest's
digest where the manifest is kept as it is, the config's digest, the image's id, everywhere.
"""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import bcrypt
import pytest
from tests.conformance.other_engines import OtherEngine, running_dockerd
from tests.conformance.skopeo import copy, digest_of, needs, raw, skopeo
from tests.registry.process import Process, running_process

pytestmark = [pytest.mark.conformance, pytest.mark.root]

_THEIRS = """
version: 0.1
storage: {{filesystem: {{rootdirectory: {root}}}}}
http: {{addr: "127.0.0.1:0"}}
"""


@contextmanager
def running_theirs(directory: Path) -> Iterator[int]:
    """Run Debian's docker-registry, which is distribution 2.8; give its port."""
    needs("docker-registry")
    config, log = directory / "config.yml", directory / "theirs.log"
    config.write_text(_THEIRS.format(root=directory / "theirs"))
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["docker-registry", "serve", config], stdout=output, stderr=output
        )
    try:
        deadline = time.monotonic() + 60
        while not (found := re.search(r"listening on 127\.0\.0\.1:(\d+)", log.read_text())):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        yield int(found[1])
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Process]:
    with running_process(tmp_path) as process:
        yield process
    assert process.problems() == ""


@pytest.fixture
def places(tmp_path: Path, ours: Process, busybox_tar: Path) -> Iterator[dict[str, str]]:
    """One name of an image in each kind of place; `layout` has it already."""
    with running_theirs(tmp_path) as port:
        places = {
            "ours": f"docker://127.0.0.1:{ours.port}/team/box:1",
            "theirs": f"docker://127.0.0.1:{port}/team/box:1",
            "layout": f"oci:{tmp_path}/layout:1",
            "archive": f"docker-archive:{tmp_path}/archive.tar:box:1",
        }
        copy(f"docker-archive:{busybox_tar}", places["layout"])
        yield places


def test_a_round_keeps_the_digest(places: dict[str, str], tmp_path: Path) -> None:
    digest = digest_of(places["layout"])
    back = f"oci:{tmp_path}/back:1"
    way = [places["layout"], places["ours"], places["theirs"], back, places["ours"], back]

    for source, target in pairwise(way):
        copy(source, target, "--preserve-digests")
        assert digest_of(target) == digest, (source, target)


@pytest.mark.parametrize("registry", ["ours", "theirs"])
def test_an_archive_keeps_the_image(places: dict[str, str], tmp_path: Path, registry: str) -> None:
    copy(places["layout"], places[registry])
    image = raw(places[registry])["config"]["digest"]

    copy(places[registry], places["archive"])
    other = {"ours": "theirs", "theirs": "ours"}[registry]
    copy(places["archive"], places[other])

    assert raw(places[other])["config"]["digest"] == image
    assert raw(places[other], "--config")["rootfs"] == raw(places["layout"], "--config")["rootfs"]


def test_all_of_an_index_is_copied(places: dict[str, str], ours: Process) -> None:
    copy(places["layout"], places["ours"])
    answer = ours.ask("GET", "/v2/team/box/manifests/1")
    child = {
        "mediaType": answer.headers["content-type"],
        "digest": answer.headers["docker-content-digest"],
        "size": len(answer.body),
        "platform": {"os": "linux", "architecture": "amd64"},
    }
    index_type = "application/vnd.oci.image.index.v1+json"
    index = {"schemaVersion": 2, "mediaType": index_type, "manifests": [child]}
    ours.push_manifest("team/box", "all", index, index_type)

    copy(places["ours"].replace(":1", ":all"), places["theirs"], "--all", "--preserve-digests")

    assert raw(places["theirs"]) == index


def test_umoci_changes_an_image(places: dict[str, str], tmp_path: Path, ours: Process) -> None:
    needs("umoci")
    copy(places["layout"], places["ours"])
    layout = tmp_path / "pulled"
    copy(places["ours"], f"oci:{layout}:1")
    subprocess.run(["umoci", "unpack", "--image", f"{layout}:1", tmp_path / "b"], check=True)
    (tmp_path / "b/rootfs/added").write_text("by umoci")
    subprocess.run(["umoci", "repack", "--image", f"{layout}:2", tmp_path / "b"], check=True)

    changed = places["ours"].replace("box:1", "box:2")
    copy(f"oci:{layout}:2", changed, "--preserve-digests")

    assert len(raw(changed)["layers"]) == len(raw(places["ours"])["layers"]) + 1
    assert ours.ask("GET", "/v2/team/box/tags/list").json["tags"] == ["1", "2"]


@pytest.fixture(scope="module")
def docker(busybox_tar: Path) -> Iterator[OtherEngine]:
    needs("dockerd", "docker")
    directory = Path(tempfile.mkdtemp(prefix="sc-"))
    try:
        with running_dockerd(directory, busybox_tar, shares_loopback=True) as docker:
            yield docker
    finally:
        shutil.rmtree(directory)


def push_and_pull(docker: OtherEngine, ours: Process) -> None:
    name = f"127.0.0.1:{ours.port}/team/box:1"
    image = docker("image", "inspect", "--format", "{{.Id}}", "busybox")
    docker("tag", "busybox", name)
    pushed = docker("push", name)
    docker("rmi", name)
    assert docker("pull", "--quiet", name) == name
    assert docker("image", "inspect", "--format", "{{.Id}}", name) == image
    found = re.search(r"digest: (sha256:\S+)", pushed)
    assert found
    by_digest = f"127.0.0.1:{ours.port}/team/box@{found[1]}"
    assert docker("pull", "--quiet", by_digest) == by_digest
    docker("rmi", name)


def test_docker_pushes_and_pulls(docker: OtherEngine, ours: Process) -> None:
    push_and_pull(docker, ours)


def htpasswd(directory: Path) -> Path:
    path = directory / "htpasswd"
    path.write_bytes(b"ci:" + bcrypt.hashpw(b"secret", bcrypt.gensalt(4)))
    return path


@pytest.mark.parametrize("rules", [(), ("--allow=anonymous:pull:*", "--allow=ci:*:*")])
def test_docker_logs_in(docker: OtherEngine, tmp_path: Path, rules: tuple[str, ...]) -> None:
    with running_process(tmp_path, f"--htpasswd={htpasswd(tmp_path)}", *rules) as ours:
        server = f"127.0.0.1:{ours.port}"
        wrong = docker.call("login", "--username=ci", "--password=wrong", server)
        assert wrong.status == 1
        assert "401" in wrong.err or "unauthorized" in wrong.err
        docker("tag", "busybox", f"{server}/team/box:1")
        refused = docker.call("push", f"{server}/team/box:1")
        assert refused.status == 1

        docker("login", "--username=ci", "--password=secret", server)
        push_and_pull(docker, ours)
        docker("logout", server)

        pulled = docker.call("pull", f"{server}/team/box:1")
        assert pulled.status == (0 if rules else 1), pulled
        docker.call("rmi", f"{server}/team/box:1")


def test_skopeo_with_a_password_over_tls(places: dict[str, str], tmp_path: Path) -> None:
    directory = tmp_path / "tls"
    directory.mkdir()
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key", "-out",
         "ca.crt", "-days", "2", "-subj", "/CN=r", "-addext", "subjectAltName=IP:127.0.0.1"],
        cwd=directory, check=True, capture_output=True,
    )  # fmt: skip
    flags = (f"--tls-cert={directory}/ca.crt", f"--tls-key={directory}/key")
    with running_process(directory, *flags, f"--htpasswd={htpasswd(tmp_path)}") as ours:
        (directory / "key").rename(directory / "read")  # skopeo takes it for a client's
        image = f"docker://127.0.0.1:{ours.port}/team/box:1"
        skopeo(
            *("copy", "--quiet", "--preserve-digests", "--dest-creds=ci:secret"),
            *(f"--dest-cert-dir={directory}", places["layout"], image),
        )
        found = skopeo(
            *("inspect", "--creds=ci:secret", f"--cert-dir={directory}", "--format={{.Digest}}"),
            image,
        )
        assert found.strip() == digest_of(places["layout"])
    assert os.listdir(directory / "registry" / "uploads") == []


def test_a_cache_of_theirs(places: dict[str, str], tmp_path: Path) -> None:
    copy(places["layout"], places["theirs"])
    port = places["theirs"].split(":")[2].partition("/")[0]
    directory = tmp_path / "cache"
    directory.mkdir()
    with running_process(directory, f"--proxy=http://127.0.0.1:{port}") as cache:
        image = places["theirs"].replace(f":{port}/", f":{cache.port}/")
        back = f"oci:{tmp_path}/back:1"
        copy(image, back, "--preserve-digests")
        assert digest_of(back) == digest_of(places["layout"])
    assert cache.problems() == ""


def test_docker_pulls_through_a_cache(docker: OtherEngine, ours: Process, tmp_path: Path) -> None:
    docker("tag", "busybox", f"127.0.0.1:{ours.port}/team/box:1")
    docker("push", f"127.0.0.1:{ours.port}/team/box:1")
    directory = tmp_path / "cache"
    directory.mkdir()
    with running_process(directory, f"--proxy=http://127.0.0.1:{ours.port}") as cache:
        name = f"127.0.0.1:{cache.port}/team/box:1"
        assert docker("pull", "--quiet", name) == name
        refused = docker.call("push", name)
        assert refused.status == 1
        assert "cache" in refused.err
        docker("rmi", name, f"127.0.0.1:{ours.port}/team/box:1")


def test_a_cache_is_a_mirror_for_docker(
    places: dict[str, str], ours: Process, tmp_path: Path, busybox_tar: Path
) -> None:
    needs("dockerd", "docker")
    copy(places["layout"], places["ours"].replace("team/box", "library/box"))
    directory = Path(tempfile.mkdtemp(prefix="sc-"))
    (tmp_path / "cache").mkdir()
    try:
        with (
            running_process(tmp_path / "cache", f"--proxy=http://127.0.0.1:{ours.port}") as cache,
            running_dockerd(
                directory,
                busybox_tar,
                f"--registry-mirror=http://127.0.0.1:{cache.port}",
                shares_loopback=True,
            ) as docker,
        ):
            docker("pull", "box:1")  # of Docker Hub, which nobody asks
            assert b"library/box" in cache.ask("GET", "/v2/_catalog").body
    finally:
        shutil.rmtree(directory)
