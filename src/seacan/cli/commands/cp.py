"""`seacan cp`: files from a container, or into one.

Beside what Docker has: `CONTAINER:/var/log/*.log` copies all that match into a directory; with
--archive, what comes from a container keeps its owners as well.
"""

from __future__ import annotations

import os

from seacan.cli.copying.places import (
    GLOB_LETTERS,
    Destination,
    absolute,
    is_contents,
    local_destination,
    split,
    split_place,
)
from seacan.cli.flags import Flag
from seacan.cli.output.meter import Meter
from seacan.cli.output.stream import write_all
from seacan.cli.terminal import is_terminal
from seacan.cli.values import SWITCH
from seacan.errors import InvalidArgument, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("archive", "a", SWITCH, "Keep the numbers of users and groups"),
    Flag("follow-link", "L", SWITCH, "Copy what SRC_PATH leads to, if it is a link"),
    Flag("quiet", "q", SWITCH, "Do not show how much is copied, as without a terminal"),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    for what, text in zip(("source", "destination"), arguments, strict=True):
        if not text:
            raise InvalidArgument(f"{what} can not be empty")
    (container, source), (other, destination) = map(split_place, arguments)
    if container and other:
        raise InvalidArgument("copying between containers is not supported")
    if container:
        _copy_from(session, values, container, source, destination)
    elif other:
        _copy_to(session, values, source, other, destination)
    else:
        raise InvalidArgument("must specify at least one container source")
    return 0


def _is_quiet(values: Values) -> bool:
    return values.on("quiet") if values.is_given("quiet") else not is_terminal(1)


def _copy_from(
    session: Session, values: Values, container: str, source: str, destination: str
) -> None:
    files = session.client.files
    has_glob = any(letter in source for letter in GLOB_LETTERS)
    if destination == "-":
        if has_glob:
            raise InvalidArgument("what matches a pattern cannot be copied to standard output")
        with files.read(container, source)[1] as reply:
            for piece in reply.pieces():
                write_all(1, piece)
        return
    path = absolute(destination)
    target = local_destination(path)
    if has_glob and _is_missing(session, container, source):
        _copy_matches(session, values, container, source, target)
        return
    name = split(source)[1]
    if values.on("follow-link"):
        source = _followed(session, container, source)
    stat, reply = files.read(container, source)
    with reply:
        directory, new_name = target.of(is_directory=stat.is_directory)
        rename = _renamer(split(source)[1], new_name or name)
        _unpack(values, reply.pieces(), directory, rename, path)


def _unpack(
    values: Values,
    pieces: object,
    directory: str,
    rename: Callable[[str], str | None],
    shown: str,
) -> int:
    from seacan.cli.copying.unpacking import unpack

    meter = Meter("Copying from container - ", is_silent=_is_quiet(values))
    counted = meter.counted(pieces)  # type: ignore[arg-type]
    count = unpack(counted, directory, rename, keeps_owners=values.on("archive"))
    for _ in counted:  # what follows the archive's end
        pass
    meter.finish(shown)
    return count


def _followed(session: Session, container: str, path: str) -> str:
    """Return what `path` leads to, if it is a link."""
    try:
        stat = session.client.files.stat(container, path)
    except NotFound:
        return path  # reading it tells what is missing
    if not stat.is_link:
        return path
    return os.path.normpath(os.path.join(split(path)[0], stat.link_target))


def _is_missing(session: Session, container: str, path: str) -> bool:
    """Whether there is no file of just this name, so that its letters are a pattern's."""
    try:
        session.client.files.stat(container, path)
    except NotFound:
        return True
    return False


def _copy_matches(
    session: Session, values: Values, container: str, pattern: str, target: Destination
) -> None:
    """Copy what matches: of the directory above the pattern, what does not is left out."""
    from seacan.cli.copying.patterns import Pattern

    if not (target.exists and target.is_directory):
        raise InvalidArgument(f"{target.path} must be a directory for what matches {pattern}")
    wanted = Pattern(pattern)
    _, reply = session.client.files.read(container, wanted.directory)
    with reply:
        count = _unpack(values, reply.pieces(), target.path, wanted.renamed, target.path)
    if not count:
        raise NotFound(f"nothing in {container} matches {pattern}")


def _renamer(old: str, new: str) -> Callable[[str], str]:
    """Return what calls the root of an archive, `old`, by another name."""

    def rename(name: str) -> str:
        first, slash, rest = name.removeprefix("./").partition("/")
        if old in (".", "/", ""):
            return name if new in (".", "/", "") else f"{new}/{name}"
        return f"{new}{slash}{rest}" if first == old else name

    return rename


def _copy_to(
    session: Session, values: Values, source: str, container: str, destination: str
) -> None:
    files = session.client.files
    target = _destination_in(session, container, destination)
    if source == "-":
        from seacan.cli.input import open_archive, pieces_of

        if not target.is_directory:
            raise InvalidArgument(f'destination "{container}:{destination}" must be a directory')
        with open_archive("-") as archive:
            pieces = pieces_of(archive)
            files.write(container, target.path, pieces, keeps_owners=values.on("archive"))
        return
    from seacan.cli.copying.packing import pack

    path, name, is_directory = _local_source(source, follow=values.on("follow-link"))
    directory, new_name = target.of(is_directory=is_directory)
    meter = Meter("Copying to container - ", is_silent=_is_quiet(values))
    pieces = meter.counted(pack(path, new_name or name))
    files.write(container, directory, pieces, keeps_owners=values.on("archive"))
    meter.finish(f"{container}:{target.path}")


def _local_source(source: str, *, follow: bool) -> tuple[str, str, bool]:
    """Return path, name and whether it is a directory. Raises NotFound."""
    whole = absolute(source)
    name = split(whole)[1] or "."
    followed = follow or is_contents(whole) or whole.endswith("/")
    path = os.path.realpath(whole) if followed else whole
    if not os.path.lexists(path):
        raise NotFound(f"lstat {whole}: no such file or directory")
    is_directory = os.path.isdir(path) and not os.path.islink(path)
    if whole.endswith(("/", "/.")) and not is_directory:
        raise InvalidArgument("not a directory")
    return path, name, is_directory


def _destination_in(session: Session, container: str, path: str) -> Destination:
    """Return the place in a container, a link followed; it need not be there."""
    files = session.client.files
    try:
        stat = files.stat(container, path)
        if stat.is_link:
            path = os.path.normpath(os.path.join(split(path)[0], stat.link_target))
            stat = files.stat(container, path)
    except NotFound:
        return Destination(path, exists=False, is_directory=False)
    if stat.is_device:
        raise InvalidArgument(
            f'destination "{container}:{path}" must be a directory or a regular file: got a device'
        )
    return Destination(path, exists=True, is_directory=stat.is_directory)
