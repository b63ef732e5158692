"""Builds of repositories, from servers on this machine: by HTTP, git's own protocol, and ssh."""

import contextlib
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.conformance.docker_cli import Result
from tests.daemon import Daemon, running_daemon, wait_until
from tests.fakes.git_server import SECONDS, Repository, over_git, over_http, over_ssh

pytestmark = [pytest.mark.root, pytest.mark.conformance]

DOCKERFILE = "FROM busybox\nCOPY . /got/\nRUN cat /got/which && ls -a /got > /list\n"


@dataclass
class Served:
    """Repositories `app`, with a submodule `lib`, and how they are reached."""

    root: Path
    app: Repository
    commits: dict[str, str]
    urls: dict[str, str] = field(default_factory=dict)
    key: Path = Path()


@pytest.fixture(scope="module")
def daemon(busybox_tar: Path) -> Iterator[Daemon]:
    with running_daemon() as daemon:
        daemon.load(busybox_tar)
        yield daemon


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    root = tmp_path_factory.mktemp("git")
    app, commits = _repositories(root / "served")
    served = Served(root / "served", app, commits, key=root / "ssh" / "key")
    (root / "ssh").mkdir()
    with ExitStack() as held:
        http = held.enter_context(over_http(served.root))
        served.urls["http"] = f"http://127.0.0.1:{http.server_port}/app/.git"
        served.urls["git"] = f"{held.enter_context(over_git(served.root))}/app/.git"
        base = held.enter_context(over_ssh(root / "ssh"))
        served.urls["ssh"] = f"{base}{served.root}/app/.git"
        yield served


def _repositories(root: Path) -> tuple[Repository, dict[str, str]]:
    lib, app = Repository(root / "lib"), Repository(root / "app")
    of_lib = lib.commit({"code": "of the library"})
    (app.path / "sub").mkdir()
    (app.path / "sub" / "program").write_text("#!/bin/sh\n")
    (app.path / "sub" / "program").chmod(0o755)
    (app.path / "out").symlink_to("../../../../etc")
    (app.path / "aside").symlink_to("sub")
    app.git("add", ".")
    files = {"Dockerfile": DOCKERFILE, "which": "first", "sub/Dockerfile": DOCKERFILE}
    files |= {"sub/which": "first", ".gitattributes": "* export-ignore\nwhich export-subst\n"}
    commits = {"v1": app.commit(files)}
    app.git("tag", "-a", "-m", "m", "v1")
    app.link("lib", "../../lib/.git", of_lib)
    commits["main"] = app.commit({"which": "second $Format:%H$", "sub/which": "second"})
    return app, commits


def seacan(daemon: Daemon, *words: str, stdin: str = "", **environment: str) -> Result:
    done = subprocess.run(
        [sys.executable, "-m", "seacan.cli.main", "-H", daemon.host, *words],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, **environment},
    )
    return Result(done.returncode, done.stdout, done.stderr)


def files_of(daemon: Daemon, out: Path, *words: str, stdin: str = "") -> Path:
    """Build; return the directory that the image's files are in then."""
    done = seacan(daemon, "build", "-q", "--network=none", "-o", str(out), *words, stdin=stdin)
    assert done.status == 0, done.err
    return out


@pytest.mark.parametrize("kind", ["http", "git", "ssh"])
@pytest.mark.parametrize(
    ("fragment", "which"),
    [
        ("", "second $Format:%H$"),
        ("#v1", "first"),
        ("#main:sub", "second"),
        ("#v1:aside/", "first"),
    ],
)
def test_contexts(
    daemon: Daemon, served: Served, tmp_path: Path, kind: str, fragment: str, which: str
) -> None:
    key = ["--ssh", f"default={served.key}"] if kind == "ssh" else []
    got = files_of(daemon, tmp_path / "out", *key, f"{served.urls[kind]}{fragment}") / "got"
    assert (got / "which").read_text() == which
    assert int((got / "which").stat().st_mtime) == SECONDS
    assert not (got / ".git").exists()
    if fragment == "":
        assert (got / "lib" / "code").read_text() == "of the library"
        assert (got / "sub" / "program").stat().st_mode & 0o777 == 0o755
        assert (got / "out").readlink() == Path("../../../../etc")


def test_a_commit_and_its_directory(daemon: Daemon, served: Served, tmp_path: Path) -> None:
    url = f"{served.urls['http']}#{served.commits['v1']}"
    keep = ("--build-arg", "BUILDKIT_CONTEXT_KEEP_GIT_DIR=1")
    got = files_of(daemon, tmp_path / "out", *keep, url) / "got"
    command = ["git", "-c", "safe.directory=*", "-C", str(got)]

    def git(*words: str) -> str:
        return subprocess.run([*command, *words], capture_output=True, check=True, text=True).stdout

    assert git("rev-parse", "HEAD").strip() == served.commits["v1"]
    assert git("status", "--porcelain") == ""
    assert git("remote", "get-url", "origin").strip() == served.urls["http"]


@pytest.mark.usefixtures("garbage_of_docker_py")
def test_the_docker_cli_and_docker_py(daemon: Daemon, served: Served, tmp_path: Path) -> None:
    """The first clones by itself, and leaves the clone; the second asks the daemon to."""
    url = f"{served.urls['git']}#main:sub"
    done = subprocess.run(
        ["docker", "-H", daemon.host, "build", "-q", "--network=none", url],
        env={**os.environ, "DOCKER_BUILDKIT": "0", "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    docker = pytest.importorskip("docker")
    client = docker.DockerClient(base_url=daemon.host)
    with contextlib.closing(client):
        image, _ = client.images.build(path=url, network_mode="none")
    assert image.id == done.stdout.strip()


def test_add(daemon: Daemon, served: Served, tmp_path: Path) -> None:
    url, commit = served.urls["http"], served.commits["main"]
    text = f"FROM busybox\nADD --checksum={commit[:12]} {url}#main /whole/\n"
    text += f"ADD --keep-git-dir=true --chown=7:8 {url}#v1 /kept\n"
    text += f"ADD --exclude=which {url}#{commit}:sub /part\n"
    text += f"ADD {url}?tag=v1&keep-git-dir&checksum={served.commits['v1']}&subdir=/ /asked\n"
    text += f"ADD {url}?branch=main&submodules=0 /alone\n"
    out = files_of(daemon, tmp_path / "out", "-", stdin=text)
    assert (out / "whole" / "lib" / "code").read_text() == "of the library"
    assert (out / "kept" / ".git" / "HEAD").read_text().strip() == served.commits["v1"]
    assert (out / "kept" / "which").stat().st_uid == 7
    assert sorted(each.name for each in (out / "part").iterdir()) == ["Dockerfile", "program"]
    assert (out / "asked" / "which").read_text() == "first"
    assert (out / "asked" / ".git" / "HEAD").exists()
    assert list((out / "alone" / "lib").iterdir()) == []
    wrong = seacan(daemon, "build", "-", stdin=f"FROM scratch\nADD --checksum=abcdef1 {url} /\n")
    assert f"expected checksum to match abcdef1, got {commit}" in wrong.err


def test_a_commit_that_the_cache_has_is_not_fetched(
    daemon: Daemon, served: Served, tmp_path: Path
) -> None:
    with over_http(served.root) as server:
        text = f"FROM busybox\nADD http://127.0.0.1:{server.server_port}/lib/.git#{{}} /cached\n"
        files_of(daemon, tmp_path / "out", "-", stdin=text.format("main"))
        again = seacan(daemon, "build", "--progress=plain", "-", stdin=text.format("main"))
    assert "CACHED" in again.err
    text = text.format(served.app.git("rev-parse", "main:lib"))
    assert "CACHED" in seacan(daemon, "build", "--progress=plain", "-", stdin=text).err


def test_a_named_context(daemon: Daemon, served: Served, tmp_path: Path) -> None:
    text = "FROM busybox\nCOPY --from=src which /\nRUN --mount=from=src,target=/m cat /m/which\n"
    words = ("--build-context", f"src={served.urls['git']}#v1:sub")
    assert (files_of(daemon, tmp_path / "out", *words, "-", stdin=text) / "which").read_text() == (
        "first"
    )


def test_a_token_is_for_its_host_alone(daemon: Daemon, served: Served, tmp_path: Path) -> None:
    secret = Repository(tmp_path / "private" / "r")
    of_lib = served.app.git("rev-parse", "main:lib")
    with (
        over_http(tmp_path / "private", token="t0ken") as private,
        over_http(served.root) as public,
    ):
        secret.link("lib", f"http://127.0.0.1:{public.server_port}/lib/.git", of_lib)
        secret.commit({"f": "private"})
        text = f"FROM busybox\nADD http://127.0.0.1:{private.server_port}/r/.git /r\n"
        refused = seacan(daemon, "build", "-", stdin=text)
        token = ("--secret", "id=GIT_AUTH_TOKEN,env=T0")
        allowed = seacan(daemon, "build", *token, "-", stdin=text, T0="t0ken")
    assert "could not read Username" in refused.err
    assert allowed.status == 0, allowed.err
    assert set(public.authorizations) == {""}


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{http}#--upload-pack=touch", "invalid ref '--upload-pack=touch'"),
        ("{http}#main --x", "invalid ref"),
        ("ssh://-oProxyCommand=touch/x.git", "invalid URL of a repository"),
        ("git@-oProxyCommand=touch:x.git", "could not be recognized as URL"),
        ("{http}#none", "it has no ref 'none'"),
        ("{http}#main:none", "there is no directory none"),
        ("{http}#main:out", "there is no directory out"),
        ("{http}#main:which", "there is no directory which"),
        ("{ssh}", "no ssh agent was forwarded from the client (--ssh default)"),
    ],
)
def test_what_is_refused(daemon: Daemon, served: Served, source: str, said: str) -> None:
    done = seacan(daemon, "build", source.format(**served.urls))
    assert done.status == 1
    assert said in done.err, done.err


def test_a_host_whose_key_has_changed(daemon: Daemon, served: Served, tmp_path: Path) -> None:
    errors, port = [], 0
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        with over_ssh(tmp_path / name, port) as base:
            port = int(base.rpartition(":")[2])
            text = f"FROM scratch\nADD {base}{served.root}/lib/.git /\n"
            ssh = ("--ssh", f"default={tmp_path / name / 'key'}")
            errors.append(seacan(daemon, "build", *ssh, "-", stdin=text).err)
    assert "ERROR" not in errors[0]
    assert "Host key verification failed" in errors[1]


@pytest.mark.parametrize(
    "place", ["file://{root}/lib/.git", "ext::sh -c id", "{root}/lib", "../../../x"]
)
def test_submodules_that_lead_out(
    daemon: Daemon, served: Served, tmp_path: Path, place: str
) -> None:
    bad = Repository(tmp_path / "bad")
    bad.link("lib", place.format(root=served.root), served.app.git("rev-parse", "v1^{}"))
    bad.commit()
    with over_http(tmp_path) as server:
        url = f"http://127.0.0.1:{server.server_port}/bad/.git"
        done = seacan(daemon, "build", "-", stdin=f"FROM scratch\nADD {url} /\n")
    assert done.status == 1
    assert "is not the URL of a repository" in done.err or "leads out of" in done.err, done.err


def test_paths_that_lead_out(daemon: Daemon, served: Served, tmp_path: Path) -> None:
    """A tree may have any names, and .gitmodules any paths, of which git would refuse some."""
    bad = Repository(tmp_path / "bad")
    bad.link("lib", "x", "1" * 40, at="../../escaped")
    with over_http(tmp_path) as server:
        url = f"http://127.0.0.1:{server.server_port}/bad/.git"
        text = f"FROM scratch\nADD {url} /\n"
        bad.commit()
        named = seacan(daemon, "build", "-", stdin=text)
        blob = bad.git("hash-object", "-w", "--stdin", stdin="x")
        inner = bad.git("mktree", stdin=f"100644 blob {blob}\tescaped\n")
        outer = bad.git("mktree", stdin=f"040000 tree {inner}\t..\n")
        bad.git("update-ref", "HEAD", bad.git("commit-tree", "-m", "m", outer))
        walked = seacan(daemon, "build", "-", stdin=text)
    assert "no url found for submodule path 'lib'" in named.err
    assert "invalid path '../escaped'" in walked.err


@pytest.mark.parametrize("how", ["client", "daemon"])
def test_what_is_cut_short_leaves_no_git(daemon: Daemon, tmp_path: Path, how: str) -> None:
    before = daemon.leftovers()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        url = f"git://127.0.0.1:{server.getsockname()[1]}/silent.git"
        client = subprocess.Popen(
            [sys.executable, "-m", "seacan.cli.main", "-H", daemon.host, "build", "-"],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert client.stdin
        client.stdin.write(f"FROM scratch\nADD {url} /\n".encode())
        client.stdin.close()
        connection, _ = server.accept()
        with connection:
            assert _processes(url)
            if how == "client":
                client.kill()
            else:
                daemon.kill()
            client.wait()
            wait_until(lambda: not _processes(url), "git to end")
    if how == "daemon":
        daemon.start()
    daemon.assert_nothing_left(before=before)


def test_trees_that_have_one_another(daemon: Daemon, tmp_path: Path) -> None:
    """10^12 files of a few KB: git has no end of memory for them."""
    bad = Repository(tmp_path / "bad")
    blob = bad.git("hash-object", "-w", "--stdin", stdin="x")
    tree = bad.git("mktree", stdin="".join(f"100644 blob {blob}\t{n}\n" for n in range(1000)))
    for _ in range(3):
        tree = bad.git("mktree", stdin="".join(f"040000 tree {tree}\t{n}\n" for n in range(1000)))
    commit = bad.git("commit-tree", "-m", "m", tree)
    bad.git("update-ref", "HEAD", commit)
    with over_http(tmp_path) as server:
        url = f"http://127.0.0.1:{server.server_port}/bad/.git"
        client = subprocess.Popen(
            [sys.executable, "-m", "seacan.cli.main", "-H", daemon.host, "build", "-"],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert client.stdin
        client.stdin.write(f"FROM scratch\nADD {url} /\n".encode())
        client.stdin.close()
        wait_until(lambda: bool(_processes(commit, "archive")), "git to be at it")
        limits = Path(_processes(commit, "archive")[0]).with_name("limits").read_text()
        client.kill()
        client.wait()
        wait_until(lambda: not _processes(commit), "git to end")
    assert re.search(r"Max data size +4294967296", limits)


def _processes(*words: str) -> list[str]:
    """Return the command lines of git that have the words in them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = path.read_bytes().split(b"\0")
            wanted = {word.encode() for word in words}
            if wanted <= {*line} and Path(line[0].decode()).name in ("git", "unshare"):
                found.append(str(path))
    return found
