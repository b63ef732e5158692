"""An image goes from each kind of place to each other one by skopeo, and its digest stays.

Of an archive, that is what `save` writes; into one, that it is loaded, and saved again.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import pytest
from tests.conformance.docker_cli import Docker, Engine
from tests.conformance.skopeo import copy, digest_of, needs
from tests.images.docker_registry import docker_registry
from tests.registry.process import running_process

pytestmark = [pytest.mark.conformance, pytest.mark.root]

KINDS = ("ours", "theirs", "saved", "layout")


@dataclass(frozen=True)
class Places:
    """Each kind has the image under the tag `from`."""

    docker: Docker
    directory: Path
    digest: str
    registries: dict[str, str]  # kind → HOST:PORT

    def name(self, kind: str, tag: str) -> str:
        if kind == "layout":
            return f"oci:{self.directory}/layout:{tag}"
        if kind == "saved":
            return f"oci-archive:{self.directory}/{tag}.tar:box:{tag}"
        return f"docker://{self.registries[kind]}/team/box:{tag}"


def save(docker: Docker, image: str, path: Path) -> None:
    path.unlink(missing_ok=True)
    docker.ok("save", "-o", str(path), image)


@pytest.fixture(scope="module")
def places(engine: Engine) -> Iterator[Places]:
    needs("skopeo", "docker-registry", "docker")
    directory = Path(tempfile.mkdtemp(prefix="sc-copies-"))
    docker = Docker(engine.host, directory)
    try:
        with running_process(directory) as ours, docker_registry(directory / "theirs") as theirs:
            registries = {"ours": f"127.0.0.1:{ours.port}", "theirs": theirs.host}
            docker.ok("tag", "busybox", "box:from")
            save(docker, "box:from", directory / "from.tar")
            docker.ok("rmi", "box:from", "busybox")
            places = Places(docker, directory, "", registries)
            saved = f"oci-archive:{directory}/from.tar"
            for kind in ("ours", "theirs", "layout"):
                copy(saved, places.name(kind, "from"), "--preserve-digests")
            yield Places(docker, directory, digest_of(saved), registries)
    finally:
        shutil.rmtree(directory)


@pytest.mark.parametrize(("source", "target"), list(permutations(KINDS, 2)))
def test_the_digest_stays(places: Places, source: str, target: str) -> None:
    tag = f"from-{source}"
    begin = places.name(source, "from")
    if source == "saved":
        begin = begin.removesuffix(":box:from")
    end = places.name(target, tag)

    copy(begin, end, "--preserve-digests")
    if target == "saved":
        archive = places.directory / f"{tag}.tar"
        places.docker.ok("load", "-i", str(archive))
        os.unlink(archive)
        save(places.docker, f"box:{tag}", archive)
        places.docker.ok("rmi", f"box:{tag}")
        end = f"oci-archive:{archive}"

    assert digest_of(end) == places.digest
