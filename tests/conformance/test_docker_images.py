"""docker image: save and load, history, the list's filters, rmi of parents, prune."""

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.docker_cli import Docker, Engine
from tests.images import archives

pytestmark = [pytest.mark.root, pytest.mark.conformance]

ROOTFS = archives.tar([archives.member("f", b"hi\n")])


@pytest.fixture
def image(docker: Docker) -> Iterator[str]:
    """An image of the test's own, `NAME:base`, with the label NAME; all of that label goes."""
    name = docker.name
    docker.ok("import", "-c", f"LABEL {name}=1", "-c", 'CMD ["x"]', "-", f"{name}:base",
              stdin=ROOTFS)  # fmt: skip
    yield f"{name}:base"
    docker.remove_containers()
    docker.ok("image", "prune", "-af", "--filter", f"label={name}")
    assert docker.ok("images", "-aq", "--filter", f"label={name}") == ""


def commit_child(docker: Docker, image: str, tag: str) -> str:
    """Make an image of `image` with the label `child`; return its name."""
    container = docker.ok("create", "--network", "none", image)
    child = f"{docker.name}:{tag}"
    docker.ok("commit", "-c", "LABEL child=1", container, child)
    docker.ok("rm", container)
    return child


def members(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        return {
            member.name: (archive.extractfile(member) or io.BytesIO()).read()
            for member in archive.getmembers()
        }


def test_saved_images_come_back(docker: Docker, image: str, tmp_path: Path) -> None:
    path = tmp_path / "saved.tar"
    docker.ok("tag", image, f"{docker.name}:other")
    image_id = docker.inspect(image, "{{.Id}}")
    docker.ok("save", "-o", str(path), image, f"{docker.name}:other", "busybox")
    docker.ok("rmi", image, f"{docker.name}:other")
    assert docker("inspect", image).status == 1
    loaded = docker.ok("load", "-i", str(path)).splitlines()
    assert {*loaded} >= {f"Loaded image: {image}", f"Loaded image: {docker.name}:other"}
    assert docker.inspect(image, "{{.Id}}") == image_id
    found = members(path)
    tags = [entry["RepoTags"] for entry in json.loads(found["manifest.json"])]
    assert tags == [[image, f"{docker.name}:other"], ["busybox:latest"]]
    assert {"index.json", "oci-layout", "repositories", "blobs/sha256/"} <= {
        f"{name}/" if name == "blobs/sha256" else name for name in found
    }
    for name, content in found.items():
        if name.startswith("blobs/sha256/"):
            assert archives.digest(content).endswith(name.rpartition("/")[2])


def test_save_by_id_has_no_name(docker: Docker, image: str, tmp_path: Path) -> None:
    image_id = docker.inspect(image, "{{.Id}}")
    docker.ok("save", "-o", str(tmp_path / "saved.tar"), image_id[7:19])
    found = members(tmp_path / "saved.tar")
    (entry,) = json.loads(found["manifest.json"])
    assert (entry["Config"], entry["RepoTags"]) == (f"blobs/sha256/{image_id[7:]}", None)
    (manifest,) = json.loads(found["index.json"])["manifests"]
    assert "annotations" not in manifest
    docker.ok("rmi", image)
    assert docker.ok("load", "-i", str(tmp_path / "saved.tar")) == f"Loaded image ID: {image_id}"


def test_save_of_a_repository_has_all_its_tags(docker: Docker, image: str, tmp_path: Path) -> None:
    docker.ok("tag", image, f"{docker.name}:a")
    docker.ok("save", "-o", str(tmp_path / "saved.tar"), docker.name)
    (entry,) = json.loads(members(tmp_path / "saved.tar")["manifest.json"])
    assert sorted(entry["RepoTags"]) == [f"{docker.name}:a", f"{docker.name}:base"]


def test_history(docker: Docker, image: str) -> None:
    child = commit_child(docker, image, "child")
    steps = docker.ok("history", "--no-trunc", "--format", "{{.ID}}|{{.Size}}|{{.Comment}}", child)
    assert steps.splitlines() == [
        f"{docker.inspect(child, '{{.Id}}')}|0B|",
        f"{docker.inspect(image, '{{.Id}}')}|3B|Imported from -",
    ]


def test_filters_of_the_list(docker: Docker, image: str) -> None:
    child = commit_child(docker, image, "child")
    docker.ok("tag", child, f"{docker.name}-two:x")

    def listed(*filters: str) -> set[str]:
        words = [word for one in filters for word in ("--filter", one)]
        template = "{{.Repository}}:{{.Tag}}"
        return {*docker.ok("images", "--format", template, *words).splitlines()}

    everything = {image, child, f"{docker.name}-two:x"}
    assert listed(f"label={docker.name}") == everything
    assert listed(f"label={docker.name}", "label=child=1") == everything - {image}
    assert listed(f"reference={docker.name}") == {image, child}
    assert listed(f"reference={docker.name}-t?o") == {f"{docker.name}-two:x"}
    assert listed(f"reference={docker.name}*:[a-c]*") == {image, child}
    assert listed(f"label={docker.name}", f"since={image}") == everything - {image}
    assert listed(f"label={docker.name}", f"before={child}") == {image}
    assert listed(f"label={docker.name}", "until=1h") == set()
    assert listed(f"label={docker.name}", "dangling=true") == set()


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("images", "--filter", "nope=x"), "invalid filter 'nope'"),
        (("images", "--filter", "dangling=x"), "invalid filter 'dangling=[x]'"),
        (("images", "--filter", "before=nosuch"), "No such image: nosuch:latest"),
        (("images", "--filter", "until=x"), 'failed to parse value as time or duration: "x"'),
        (("images", "--filter", "reference=["), "syntax error in pattern"),
        (("image", "prune", "-f", "--filter", "nope=x"), "invalid filter 'nope'"),
        (("image", "prune", "-f", "--filter", "until=x"), "failed to parse value as time"),
        (("history", "nosuch"), "No such image: nosuch:latest"),
        (("image", "inspect", "--platform", "linux/vax", "busybox"), "does not match the specif"),
        (("rmi", "--platform", "linux/vax", "busybox:latest"), "does not match the specified"),
        (("history", "--platform", "linux/vax", "busybox"), "does not match the specified pla"),
    ],
)
def test_refusals(docker: Docker, words: tuple[str, ...], error: str) -> None:
    result = docker(*words)
    assert (result.status, error in result.err) == (1, True), result


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("nosuch",), "No such image: nosuch"),
        (("--platform", "linux/vax", "busybox"), "no suitable export target found for platform"),
    ],
)
def test_refusals_of_save(docker: Docker, words: tuple[str, ...], error: str) -> None:
    with docker.popen("save", *words) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert error in process.stdout.read()


def test_a_parent_loses_its_name_and_goes_with_its_child(docker: Docker, image: str) -> None:
    parent_id = docker.inspect(image, "{{.Id}}")
    child = commit_child(docker, image, "child")
    assert docker.ok("rmi", image) == f"Untagged: {image}"
    assert docker.inspect(child, "{{.Parent}}") == parent_id
    refused = docker("rmi", "-f", parent_id)
    assert refused.status == 1
    assert "(cannot be forced) - image has dependent child images" in refused.err
    hidden = docker.ok("images", "-q", "--no-trunc", "--filter", f"label={docker.name}")
    assert parent_id not in hidden
    shown = docker.ok("images", "-aq", "--no-trunc", "--filter", f"label={docker.name}")
    assert parent_id in shown
    gone = docker.ok("rmi", child).splitlines()
    assert f"Deleted: {parent_id}" in gone


def test_a_parent_stays_with_no_prune(docker: Docker, image: str) -> None:
    parent_id = docker.inspect(image, "{{.Id}}")
    child = commit_child(docker, image, "child")
    docker.ok("rmi", image)
    assert parent_id not in docker.ok("rmi", "--no-prune", child)
    assert docker.inspect(parent_id, "{{.Id}}") == parent_id


def test_system_prune(docker: Docker) -> None:
    done = docker.ok("system", "prune", "-af", "--filter", f"label={docker.name}")
    assert done == "Total reclaimed space: 0B"


def test_prune(docker: Docker, image: str) -> None:
    label = ("--filter", f"label={docker.name}")
    child = commit_child(docker, image, "child")
    image_id = docker.inspect(child, "{{.Id}}")
    used = docker.ok("create", "--network", "none", child)
    assert docker.ok("image", "prune", "-f", *label) == "Total reclaimed space: 0B"
    assert "until" not in docker.ok("image", "prune", "-af", *label, "--filter", "until=1h")
    pruned = docker.ok("image", "prune", "-af", *label)
    assert image_id not in pruned
    docker.ok("rm", used)
    docker.ok("tag", "busybox", child)  # the child has no name any more
    try:
        pruned = docker.ok("image", "prune", "-f", *label)
    finally:
        docker.ok("rmi", child)
    assert f"deleted: {image_id}" in pruned
    assert pruned.endswith("Total reclaimed space: 3B")
    assert docker("image", "inspect", image_id).status == 1


def test_the_tree_of_images(docker: Docker, image: str, engine: Engine) -> None:
    if engine.daemon is None:
        pytest.skip("an engine with graph drivers knows no manifests")
    docker.ok("create", image)

    tree = docker.ok("images", "--tree", image)

    platform = docker.inspect(image, "{{.Os}}/{{.Architecture}}")
    named, under = tree.splitlines()[-2:]
    assert named.startswith(image)
    assert under.startswith(f"└─ {platform}")
    assert engine.daemon.request("GET", f"/images/{image}/json?manifests=1")
