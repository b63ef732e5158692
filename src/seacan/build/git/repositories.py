"""From a ref to a commit, and from a commit to its files, as a context.

    ls-remote ─▶ commit ─▶ fetch, of that commit alone ─▶ archive ─▶ ContextTree
                  └▶ what a key of the cache is made of          └▶ its submodules, below it

A repository is fetched into one that is new and empty, and gone after the one build.
"""

import base64
import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from seacan.build.context_tree import ContextTree
from seacan.build.git.commands import Access, Git
from seacan.build.git.submodules import submodules
from seacan.errors import Internal, InvalidArgument
from seacan.spec.git_urls import Repository, commit_of, is_commit

_DIRECTORY: Final = ".git"
_SHA256_DIGITS: Final = 64
_MOST_SUBMODULES: Final = 500
_MOST_DEEP: Final = 16
# A repository may ask for files to be left out of archives, and to be changed in them.
_WHOLE: Final = "* -export-ignore -export-subst\n"


class Commit(msgspec.Struct, frozen=True):
    """What is taken of a repository, by the id of a commit."""

    repository: Repository
    id: str
    keeps_git_directory: bool = False

    @property
    def digest(self) -> str:
        """A digest of what it comes to; where the repository is has no part in its files."""
        said = [self.id, self.repository.subdirectory]
        if self.keeps_git_directory:
            said += [_DIRECTORY, self.repository.shown]
        if not self.repository.has_submodules:
            said.append("no submodules")
        return hashlib.sha256("\n".join(said).encode(errors="surrogateescape")).hexdigest()


class Repositories(msgspec.Struct, frozen=True):
    """`directory` is where they are while they are read."""

    directory: Path
    access: Access

    def resolve(self, repository: Repository, *, keeps_git_directory: bool = False) -> Commit:
        """Return the commit that its ref is there now; blocks.

        Raises InvalidArgument if there is none, or another than its checksum says; Internal with
        git's words, Cancelled, Unavailable.
        """
        found = repository.ref
        if not is_commit(found):
            ref = found or "HEAD"
            with self._git(repository, repository) as git:
                names = [ref, f"{ref}^{{}}"]  # and what a tag with a message of its own is put on
                listed = git.text("ls-remote", "--quiet", "--", repository.remote, *names)
            found = commit_of(listed, ref)
            if not found:
                raise InvalidArgument(f"{repository.shown}: it has no ref {ref!r}")
        repository.check(found)
        return Commit(repository, found, keeps_git_directory or repository.keeps_git_directory)

    def receive(self, commit: Commit, tree: ContextTree) -> None:
        """Take in the files of a commit, with those of its submodules; blocks.

        Raises InvalidArgument, Internal with git's words, Cancelled, Unavailable.
        """
        todo = [(commit, "", 0)]
        count = 0
        while todo:
            each, prefix, depth = todo.pop()
            count += 1
            if count > _MOST_SUBMODULES or depth > _MOST_DEEP:
                raise InvalidArgument(f"{commit.repository.shown}: too many submodules")
            with self._fetched(each, commit.repository) as git:
                with git.open("archive", f"--prefix={prefix}", each.id) as archive:
                    tree.receive(archive)
                if each.keeps_git_directory and not commit.repository.subdirectory:
                    _add_git_directory(git, each, tree)
                found = []
                if commit.repository.has_submodules:
                    found = submodules(git, each.id, each.repository)
            todo += [
                (Commit(one.repository, one.commit), f"{prefix}{one.path}/", depth + 1)
                for one in found
            ]
        if commit.repository.subdirectory:
            tree.descend(commit.repository.subdirectory)

    @contextmanager
    def _fetched(self, commit: Commit, top: Repository) -> Iterator[Git]:
        """Yield git where it has the commit."""
        with self._git(commit.repository, top) as git:
            form = "sha256" if len(commit.id) == _SHA256_DIGITS else "sha1"
            git.text("init", "--quiet", "--template=", f"--object-format={form}")
            (git.directory / _DIRECTORY / "info").mkdir()
            (git.directory / _DIRECTORY / "info" / "attributes").write_text(_WHOLE)
            _fetch(git, commit)
            yield git

    @contextmanager
    def _git(self, repository: Repository, top: Repository) -> Iterator[Git]:
        """Yield git in a directory of its own; `top`: what was asked for, which this is part of."""
        if repository.is_ssh and self.access.agent is None:
            raise InvalidArgument(
                f"{repository.shown}: no ssh agent was forwarded from the client (--ssh default)"
            )
        settings = authorization(repository, top, self.access.secrets)
        with tempfile.TemporaryDirectory(dir=self.directory) as directory:
            yield Git(Path(directory), self.access, settings)


def authorization(
    repository: Repository, top: Repository, secrets: Mapping[str, bytes]
) -> dict[str, str]:
    """Return the setting by which a server of HTTP is told who asks; none if no secret is for it.

    Secrets are those that BuildKit looks for: GIT_AUTH_HEADER and GIT_AUTH_TOKEN, with .HOST for
    one of a host. One without a host is for that of `top` alone, not for its submodules elsewhere.
    None goes without TLS because a repository has written so of its submodule.
    """
    if not repository.host or repository.is_ssh:
        return {}
    has_tls = repository.remote.startswith("https://")
    if not has_tls and (repository.host != top.host or top.remote.startswith("https://")):
        return {}
    endings = [f".{repository.host}", *([""] if repository.host == top.host else [])]
    for ending in endings:
        if (header := secrets.get(f"GIT_AUTH_HEADER{ending}")) is not None:
            return _header(repository, header)
        if (token := secrets.get(f"GIT_AUTH_TOKEN{ending}")) is not None:
            encoded = base64.b64encode(b"x-access-token:" + token.strip())
            return _header(repository, b"basic " + encoded)
    return {}


def _header(repository: Repository, value: bytes) -> dict[str, str]:
    scheme = repository.remote.partition(":")[0]
    text = value.decode(errors="replace").strip()
    return {f"http.{scheme}://{repository.host}/.extraHeader": f"Authorization: {text}"}


def _fetch(git: Git, commit: Commit) -> None:
    """Fetch one commit; of a server that does not give out single ones, all that refs lead to."""
    fetch = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head")
    where = ("--", commit.repository.remote)
    try:
        git.text(*fetch, "--depth=1", *where, commit.id)
    except Internal as alone:
        try:
            git.text(*fetch, *where, "+refs/*:refs/fetched/*")
            git.text("cat-file", "-e", f"{commit.id}^{{commit}}")
        except Internal as err:
            raise Internal(f"failed to fetch {commit.repository.shown}: {alone}") from err


def _add_git_directory(git: Git, commit: Commit, tree: ContextTree) -> None:
    """Put in the repository itself, as after a checkout of the commit, without who may fetch it."""
    git.text("remote", "add", "origin", commit.repository.shown)
    git.text("update-ref", "--no-deref", "HEAD", commit.id)
    git.text("read-tree", commit.id)
    (git.directory / _DIRECTORY / "info" / "attributes").unlink()
    mtime_ns = int(git.text("show", "--no-patch", "--format=%ct", commit.id)) * 10**9
    for directory, _, names in os.walk(git.directory / _DIRECTORY):
        place = os.path.relpath(directory, git.directory)
        tree.add_directory(place, mtime_ns=mtime_ns)
        for name in names:
            with Path(directory, name).open("rb") as file:
                tree.add_file(f"{place}/{name}", file, mtime_ns=mtime_ns)
