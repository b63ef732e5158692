"""What COPY and ADD take of a context, of the Dockerfile itself, of the network."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from seacan.build import archives
from seacan.build.context_index import ContextEntry
from seacan.build.context_tree import ContextTree
from seacan.build.dockerfile.instructions import Add, Copy, Document
from seacan.build.downloads import download, is_url
from seacan.build.git.repositories import Commit, Repositories
from seacan.build.selection import Choice, resolve
from seacan.errors import InvalidArgument
from seacan.files import write_all
from seacan.images import tar_writer
from seacan.images.sparse import Segment
from seacan.images.tar import Kind, Member
from seacan.records import replace
from seacan.spec import git_urls
from seacan.spec.git_urls import Repository

_DOCUMENT_MODE: Final = 0o644


class Source(msgspec.Struct, frozen=True):
    """One or more files to be copied. Its digest is of content, not of times."""

    digest: str
    write: Callable[[int], None]  # the members of an archive of them, to a pipe
    count: int = 1  # of what is named, wildcards replaced
    is_directory: bool = False  # what it has goes into the destination
    is_archive: bool = False  # the same, and it says whose its members are
    fetch: Callable[[], None] | None = None  # to be called before `write`; blocks
    listed: "Listed | None" = None  # the members, if they are of a context


class Listed(msgspec.Struct, frozen=True):
    """What a context has, with offsets in its contents."""

    members: Callable[[], Iterator[tuple[Member, int]]]
    contents_fd: int


class Sources:
    def __init__(self, contexts: Mapping[str, ContextTree], repositories: Repositories) -> None:
        """Keep downloads where `repositories` are kept, in files without names."""
        self._contexts = contexts
        self._repositories = repositories

    def of(self, instruction: Copy | Add, context: str) -> list[Source]:
        """Return what an instruction takes of a context; blocks.

        Raises InvalidArgument in Docker's words, Internal for what cannot be downloaded.
        """
        tree = self._tree(context)
        found: list[Source] = []
        if isinstance(instruction, Copy):
            if instruction.paths:
                found.append(_files(tree, _choice(instruction, instruction.paths)))
        else:
            found += [self._added(tree, instruction, path) for path in instruction.paths]
        return found + [_document(document) for document in instruction.documents]

    def whole(self, context: str) -> Source:
        """Return all that is in a context; blocks."""
        return _files(self._tree(context), Choice(["."], [], False))

    def _tree(self, context: str) -> ContextTree:
        tree = self._contexts.get(context)
        if tree is None:
            raise InvalidArgument(f"no build context {context}")
        return tree

    def _added(self, tree: ContextTree, instruction: Add, path: str) -> Source:
        if repository := git_urls.parse(path):
            return self._of_repository(instruction, repository)
        if is_url(path):
            return self._downloaded(instruction, path)
        if instruction.checksum:
            raise InvalidArgument("checksum can't be specified for local sources")
        if instruction.unpacks is not False:
            entry = _single_file(tree, path)
            if entry is not None and archives.is_archive(lambda: tree.open_content(entry)):
                return _unpacked(entry.digest, lambda: tree.open_content(entry))
        return _files(tree, _choice(instruction, [path]))

    def _of_repository(self, instruction: Add, repository: Repository) -> Source:
        """Return the files of a commit; they are not fetched yet, since the cache may have them."""
        if instruction.checksum:
            checksum = git_urls.checked_checksum(instruction.checksum)
            repository = replace(repository, checksum=checksum)
        commit = self._repositories.resolve(
            repository, keeps_git_directory=instruction.keeps_git_directory
        )
        files = _CommitFiles(commit, self._repositories, instruction)
        return Source(commit.digest, files.write, is_directory=True, fetch=files.fetch)

    def _downloaded(self, instruction: Add, url: str) -> Source:
        repositories = self._repositories
        cancellation = repositories.access.cancellation
        file = download(url, repositories.directory, instruction.checksum, cancellation)
        if instruction.unpacks and archives.is_archive(file.open):
            return _unpacked(file.digest, file.open)
        is_place = instruction.destination.endswith("/")
        if is_place and not file.name:
            raise InvalidArgument(f"cannot determine filename from url: {url}")

        def write(out_fd: int) -> None:
            member = Member(
                file.name or "download",
                Kind.FILE,
                0o600,
                0,
                0,
                file.modified_ns,
                file.size_bytes,
                segments=(Segment(0, file.size_bytes),) if file.size_bytes else (),
            )
            with file.open() as content:
                archives.write_member(member, content.read, out_fd)

        return Source(file.digest, write)


class _CommitFiles:
    """The files of a commit: fetched, then written once."""

    def __init__(self, commit: Commit, repositories: Repositories, instruction: Add) -> None:
        self._commit = commit
        self._repositories = repositories
        self._instruction = instruction
        self._tree: ContextTree | None = None

    def fetch(self) -> None:
        tree = ContextTree(self._repositories.directory)
        try:
            self._repositories.receive(self._commit, tree)
        except BaseException:
            tree.close()
            raise
        self._tree = tree

    def write(self, out_fd: int) -> None:
        assert self._tree is not None
        with self._tree as tree:
            _files(tree, _choice(self._instruction, ["."])).write(out_fd)


def _choice(instruction: Copy | Add, paths: Sequence[str]) -> Choice:
    has_parents = isinstance(instruction, Copy) and instruction.has_parents
    return Choice([*paths], [*instruction.excludes], has_parents)


def _files(tree: ContextTree, choice: Choice) -> Source:
    taken = tree.take(choice)
    return Source(
        taken.digest,
        lambda out_fd: tree.write_members(tree.choose(choice), out_fd),
        count=taken.sources,
        is_directory=taken.is_directory,
        listed=Listed(lambda: tree.list_members(tree.choose(choice)), tree.contents_fd),
    )


def _single_file(tree: ContextTree, path: str) -> ContextEntry | None:
    """Return the file that a path without wildcards leads to, if it is one."""
    try:
        sources = resolve(tree, Choice([path], [], False))
    except InvalidArgument:
        return None  # which is said where it is to be copied
    if len(sources) != 1:
        return None
    entry = tree.entry(sources[0][1])
    return entry if entry.member.kind is Kind.FILE else None


def _unpacked(content_digest: str, open_archive: archives.Open) -> Source:
    return Source(
        f"{content_digest}",
        lambda out_fd: archives.write_members(open_archive, out_fd),
        is_directory=True,
        is_archive=True,
    )


def _document(document: Document) -> Source:
    content = document.content.encode()

    def write(out_fd: int) -> None:
        member = Member(
            document.name,
            Kind.FILE,
            _DOCUMENT_MODE,
            0,
            0,
            0,
            len(content),
            segments=(Segment(0, len(content)),) if content else (),
        )
        write_all(out_fd, tar_writer.head(member) + content + tar_writer.padding(len(content)))

    said = hashlib.sha256(document.name.encode() + b"\0" + content)
    return Source(said.hexdigest(), write)
