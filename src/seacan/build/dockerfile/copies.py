"""COPY and ADD."""

from seacan.build.dockerfile.errors import Misplaced
from seacan.build.dockerfile.heredocs import read_mark, without_tabs
from seacan.build.dockerfile.instructions import Add, Copy, Document
from seacan.build.dockerfile.options import Options
from seacan.build.dockerfile.words import json_list, split_blanks
from seacan.build.dockerfile.written import Written
from seacan.errors import InvalidArgument


def read_copy(written: Written) -> Copy:
    """Return the instruction. Raises InvalidArgument."""
    paths, documents, destination = _files(written)
    options = Options(
        written.options,
        texts=["from", "chown", "chmod"],
        flags=["link", "parents"],
        lists=["exclude"],
    )
    return Copy(
        written.source,
        paths,
        documents,
        destination,
        origin=options.text("from"),
        chown=options.text("chown"),
        chmod=options.text("chmod"),
        is_linked=bool(options.is_set("link")),
        has_parents=bool(options.is_set("parents")),
        excludes=options.all("exclude"),
    )


def read_add(written: Written) -> Add:
    """Return the instruction. Raises InvalidArgument."""
    paths, documents, destination = _files(written)
    options = Options(
        written.options,
        texts=["chown", "chmod", "checksum"],
        flags=["link", "keep-git-dir", "unpack"],
        lists=["exclude"],
    )
    return Add(
        written.source,
        paths,
        documents,
        destination,
        chown=options.text("chown"),
        chmod=options.text("chmod"),
        is_linked=bool(options.is_set("link")),
        excludes=options.all("exclude"),
        checksum=options.text("checksum"),
        keeps_git_directory=bool(options.is_set("keep-git-dir")),
        unpacks=options.is_set("unpack"),
    )


def _files(written: Written) -> tuple[tuple[str, ...], tuple[Document, ...], str]:
    """Return the paths and documents to copy, and where to."""
    listed = json_list(written.rest)
    parts = split_blanks(written.rest) if listed is None else listed
    if len(parts) < 2:
        raise InvalidArgument(
            f"{written.keyword} requires at least two arguments, but only one was provided. "
            "Destination could not be determined"
        )
    *paths, destination = parts
    if listed is not None:
        return tuple(paths), (), destination
    if read_mark(destination):
        raise Misplaced(f"{written.keyword} cannot accept a heredoc as a destination", destination)
    contents = {heredoc.name: heredoc for heredoc in written.heredocs}
    plain: list[str] = []
    documents: list[Document] = []
    for path in paths:
        mark = read_mark(path)
        if mark is None or mark.name not in contents:
            plain.append(path)
            continue
        content = contents[mark.name].content
        content = without_tabs(content) if mark.strips_tabs else content
        documents.append(Document(mark.name, content, mark.is_expanded))
    return tuple(plain), tuple(documents), destination
