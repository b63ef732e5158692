"""What others read out of an archive of `save`: dockerd, podman, umoci, skopeo, and seacan again.

A container changes a tree of every kind of file, and is committed; each reader is to have the same
tree, file by file, and the digests that were saved.
"""

import contextlib
import hashlib
import io
import json
import os
import shutil
import stat
import subprocess
import tarfile
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.conformance.docker_cli import Docker, Engine
from tests.conformance.other_engines import other_engine
from tests.images import archives, busybox
from tests.images.archives import directory, member, symlink

pytestmark = [pytest.mark.root, pytest.mark.conformance]

# CAP_NET_RAW, permitted and effective, in the kernel's revision 2.
CAPABILITY = bytes.fromhex("0100000200200000000000000000000000000000")
ODD_NAME = "t/odd \udcff\n name"
LONG = ["t/" + "/".join(f"{part}" * 90 for part in range(depth)) for depth in range(1, 5)]
LOWER = [
    directory("t"),
    member("t/gone", b"x"),
    directory("t/gone_too"),
    member("t/gone_too/x", b"x"),
    directory("t/hides"),
    member("t/hides/old", b"x"),
    member("t/becomes_directory", b"x"),
    directory("t/becomes_file"),
    member("t/becomes_file/x", b"x"),
    member("t/changed", b"old", mode=0o600, uid=1, gid=2),
    member("t/capable", b"x", mode=0o755, pax_headers={
        "SCHILY.xattr.security.capability": CAPABILITY.decode("latin-1"),
    }),
    member("t/one", b"linked", mtime=1600000000),
    # Some take the time of a link for the file's, others do not: here it is the same.
    member("t/two", type=tarfile.LNKTYPE, linkname="t/one", mtime=1600000000),
    symlink("t/link", "../nowhere"),
    member(ODD_NAME, b"odd"),
    *(directory(name, mtime=1500000000.75) for name in LONG),
    member(f"{LONG[-1]}/file", b"long", mtime=1500000000.25),
]  # fmt: skip
CHANGES = r"""
set -e; cd /t
rm gone; rm -r gone_too hides becomes_directory becomes_file
mkdir hides becomes_directory; echo new > hides/new; echo file > becomes_file
echo more >> changed; chown 70000:123456 changed; chmod 4711 changed
echo x > three; ln three four; ln -s /absolute absolute
mknod null c 1 3; mknod disk b 7 9; mkfifo fifo; chmod 1777 hides
head -c 100000 /dev/zero | tr '\\0' x > data
truncate -s 20M sparse; echo end >> sparse
touch -d '2001-02-03 04:05:06' data becomes_directory
mkdir -p "$(printf 'name of \\376 bytes')/below"
"""


class Entry(NamedTuple):
    type: str
    mode: int
    owner: tuple[int, int]
    mtime_s: int
    link: str = ""
    device: tuple[int, int] = (0, 0)
    content: str = ""
    capability: bytes = b""


Tree = tuple[dict[str, Entry], set[frozenset[str]]]  # and the names of each file with several


class Saved(NamedTuple):
    archive: Path
    name: str
    image_id: str
    tree: Tree


@pytest.fixture(scope="module")
def saved(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Saved]:
    if shutil.which("docker") is None:
        pytest.skip("there is no docker CLI here")
    place = tmp_path_factory.mktemp("saved")
    docker = Docker(engine.host, place)
    name = f"{docker.name}:1"
    with tarfile.open(fileobj=io.BytesIO(busybox.rootfs())) as opened:
        system = [
            (found, (opened.extractfile(found) or io.BytesIO()).read() if found.isreg() else b"")
            for found in opened.getmembers()
        ]
    docker.ok("import", "-c", 'CMD ["sh"]', "-", name, stdin=archives.tar([*system, *LOWER]))
    try:
        docker.ok("run", "--network", "none", "--name", docker.name, name, "sh", "-c", CHANGES)
        image_id = docker.ok("commit", docker.name, name)
        docker.ok("save", "-o", str(place / "saved.tar"), name)
        exported = subprocess.run(
            docker.command("export", docker.name), env=docker.env, capture_output=True, check=True
        ).stdout
        yield Saved(place / "saved.tar", name, image_id, tree_of_tar(exported))
    finally:
        docker.remove_containers()
        docker.ok("rmi", "-f", name)


def tree_of_tar(archive: bytes) -> Tree:
    entries: dict[str, Entry] = {}
    names: dict[str, set[str]] = defaultdict(set)
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        for found in opened.getmembers():
            name = found.name.removeprefix("./")
            if not name.startswith("t/"):
                continue
            if found.islnk():
                first = found.linkname.removeprefix("./")
                entries[name] = entries[first]
                names[first] |= {first, name}
                continue
            content = opened.extractfile(found) if found.isreg() else None
            xattr = found.pax_headers.get("SCHILY.xattr.security.capability", "")
            entries[name] = Entry(
                type={b"0": "-", b"1": "-", b"2": "l", b"3": "c", b"4": "b", b"5": "d", b"6": "p",
                      b"S": "-"}[found.type],
                mode=0 if found.issym() else found.mode & 0o7777,  # some add the type
                owner=(found.uid, found.gid),
                mtime_s=int(found.mtime),
                link=found.linkname if found.issym() else "",
                device=(found.devmajor, found.devminor) if found.isdev() else (0, 0),
                content=hashlib.sha256(content.read()).hexdigest() if content else "",
                capability=xattr.encode("utf-8", "surrogateescape"),
            )  # fmt: skip
    return entries, {frozenset(group) for group in names.values()}


def tree_of_directory(root: Path) -> Tree:
    entries: dict[str, Entry] = {}
    names: dict[int, set[str]] = defaultdict(set)
    for path in sorted((root / "t").rglob("*")):
        status = path.lstat()
        name = str(path.relative_to(root))
        is_device = stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode)
        is_file = stat.S_ISREG(status.st_mode)
        if is_file and status.st_nlink > 1:
            names[status.st_ino].add(name)
        entries[name] = Entry(
            type=stat.filemode(status.st_mode)[0],
            mode=0 if path.is_symlink() else stat.S_IMODE(status.st_mode),
            owner=(status.st_uid, status.st_gid),
            mtime_s=int(status.st_mtime),
            link=os.readlink(path) if path.is_symlink() else "",
            device=(os.major(status.st_rdev), os.minor(status.st_rdev)) if is_device else (0, 0),
            content=hashlib.sha256(path.read_bytes()).hexdigest() if is_file else "",
            capability=_capability(path) if is_file else b"",
        )
    return entries, {frozenset(group) for group in names.values()}


def _capability(path: Path) -> bytes:
    with contextlib.suppress(OSError):
        return os.getxattr(path, "security.capability")
    return b""


def compare(found: Tree, wanted: Tree) -> None:
    assert found[0].keys() == wanted[0].keys()
    different = {
        name: (entry, wanted[0][name])
        for name, entry in found[0].items()
        if entry != wanted[0][name]
    }
    assert different == {}
    assert found[1] == wanted[1]


def run(*words: str | Path) -> str:
    done = subprocess.run([*map(str, words)], capture_output=True, check=False)
    assert done.returncode == 0, (words, done)
    return done.stdout.decode()


def need(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed here")


def test_the_tree_is_of_all_kinds(saved: Saved) -> None:
    entries, links = saved.tree
    assert {entry.type for entry in entries.values()} == {*"-dlcbp"}
    assert links == {frozenset({"t/one", "t/two"}), frozenset({"t/three", "t/four"})}
    assert {"t/gone", "t/gone_too", "t/hides/old", "t/becomes_file/x"}.isdisjoint(entries)
    assert (entries["t/changed"].mode, entries["t/changed"].owner) == (0o4711, (70000, 123456))
    assert entries["t/capable"].capability == CAPABILITY
    assert ODD_NAME in entries


@pytest.mark.parametrize("name", ["dockerd", "podman"])
def test_other_engines(saved: Saved, name: str) -> None:
    with other_engine(name, saved.archive) as other:
        container = other("create", *_limits(other.options), saved.name)
        with tempfile.NamedTemporaryFile() as file:
            other("export", "-o", file.name, container)
            exported = Path(file.name).read_bytes()
        shown = other("image", "inspect", "--format", "{{.Id}}", saved.name)
        other("rm", container)
    assert shown.removeprefix("sha256:") == saved.image_id.removeprefix("sha256:")
    compare(tree_of_tar(exported), saved.tree)


def _limits(options: Sequence[str]) -> list[str]:
    return [option for option in options if option.startswith("--ulimit")]


def test_seacan_again(saved: Saved, engine: Engine, docker: Docker) -> None:
    docker.ok("load", "-i", str(saved.archive))
    container = docker.ok("create", "--network", "none", saved.name)
    exported = subprocess.run(
        docker.command("export", container), env=docker.env, capture_output=True, check=True
    ).stdout
    compare(tree_of_tar(exported), saved.tree)


def test_umoci(saved: Saved, tmp_path: Path) -> None:
    need("umoci")
    with tarfile.open(saved.archive) as opened:
        opened.extractall(tmp_path / "layout", filter="data")
    run("umoci", "unpack", "--image", f"{tmp_path}/layout:1", tmp_path / "bundle")
    compare(tree_of_directory(tmp_path / "bundle/rootfs"), saved.tree)


@pytest.mark.parametrize("form", ["docker-archive", "oci-archive"])
def test_skopeo_and_back(
    saved: Saved, engine: Engine, docker: Docker, tmp_path: Path, form: str
) -> None:
    """The image's id, and with OCI its manifest too, stay the same."""
    need("skopeo")
    if form == "oci-archive" and engine.daemon is None:
        pytest.skip("dockerd on graph drivers loads docker's archives alone")
    shown = json.loads(run("skopeo", "inspect", "--raw", f"oci-archive:{saved.archive}"))
    assert shown["config"]["digest"] == saved.image_id
    copied = tmp_path / "copied.tar"
    source = f"{form}:{saved.archive}"
    as_it_is = ["--dest-oci-accept-uncompressed-layers"] if form == "oci-archive" else []
    words = ["skopeo", "--insecure-policy", "copy", *as_it_is, source]
    run(*words, f"{form}:{copied}:{saved.name}")
    docker.ok("rmi", "-f", saved.name)
    assert f"Loaded image: {saved.name}" in docker.ok("load", "-i", str(copied))
    assert docker.inspect(saved.name, "{{.Id}}") == saved.image_id
    if form == "oci-archive":
        again = json.loads(run("skopeo", "inspect", "--raw", f"oci-archive:{copied}"))
        assert again == shown
