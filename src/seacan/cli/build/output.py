"""--output: where the result of a build goes, beside the daemon's store.

    type=local,dest=DIRECTORY    the files of the image; a DIRECTORY alone means that
    type=tar,dest=FILE           the same as a tar; - alone means that, on standard output
    type=oci|docker,dest=FILE    the image, as an archive that `load` reads
    type=registry                the image, under its names, to their registries

`type=docker` without a file, and `type=image`, are the store, where the image is anyway.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager

from seacan.cli.copying.unpacking import unpack
from seacan.cli.output.archive import write_archive
from seacan.cli.output.progress import show
from seacan.client.client import messages
from seacan.errors import InvalidArgument, Unsupported
from seacan.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from seacan.cli.session import Session
    from seacan.client.transport import Response

_TYPES = ("local", "tar", "oci", "docker", "image", "registry")
_NEED_DESTINATION = ("local", "tar", "oci")
_BLOCK_BYTES = 512
_MARKS = (b".dockerenv\0", b"./.dockerenv\0", b"/.dockerenv\0")


@record
class Output:
    type: str
    destination: str = ""
    names: tuple[str, ...] = ()  # beside those of --tag

    @property
    def is_to_stdout(self) -> bool:
        return self.type in _NEED_DESTINATION and not self.destination


def parse(text: str) -> Output:
    """Return what one --output says. Raises InvalidArgument, Unsupported."""
    if "=" not in text:
        return Output("tar") if text == "-" else Output("local", text)
    kind, destination, pushes = "", "", False
    names: tuple[str, ...] = ()
    for field in text.split(","):
        key, _, value = field.partition("=")
        match key.strip():
            case "type":
                kind = value
            case "dest":
                destination = value
            case "name":
                names = (*names, value)
            case "push":
                pushes = value.lower() in ("", "true", "1")
            case other:
                raise Unsupported(f"not supported: {other} of --output")
    if kind not in _TYPES:
        raise InvalidArgument(f'invalid output type "{kind}": one of {", ".join(_TYPES)}')
    if kind in _NEED_DESTINATION and (not destination or (kind, destination) == ("local", "-")):
        raise InvalidArgument(f"dest is required for {kind} output")
    if kind in ("image", "registry") and destination:
        raise InvalidArgument(f"{kind} output has no dest")
    return Output("registry" if pushes else kind, "" if destination == "-" else destination, names)


def require_several(outputs: list[Output], *, has_name: bool) -> None:
    """Raise Unsupported for what cannot take a result for several platforms, as names can."""
    for one in outputs:
        if one.type in ("local", "tar"):
            raise Unsupported(f"not supported: {one.type} output of several platforms")
        if one.destination and not (has_name or one.names):
            raise InvalidArgument("a name, by --tag, is needed for an archive of several platforms")


def write(session: Session, output: Output, image_id: str, tags: list[str]) -> None:
    """Bring the image to where it is to be. Raises SeacanError."""
    names = [*tags, *output.names]
    match output.type:
        case "local":
            with _files(session, image_id) as reply:
                _unpack(reply, output.destination)
        case "tar":
            write_archive(output.destination, lambda: _files(session, image_id))
        case "oci" | "docker" if output.destination or output.type == "oci":
            saved = names or [image_id]
            write_archive(output.destination, lambda: session.client.images.save(saved))
        case "registry":
            _push(session, names)


class _Files:
    """The files of an image as a tar: those of a container, without its mark."""

    def __init__(self, reply: Response) -> None:
        self._reply = reply

    def pieces(self) -> Iterator[bytes]:
        return without_mark(self._reply.pieces())


@contextmanager
def _files(session: Session, image_id: str) -> Iterator[_Files]:
    """Give the files of an image, out of a container that is never started."""
    containers = session.client.containers
    container_id = containers.create({"Image": image_id, "Cmd": ["/"]}).id
    try:
        with containers.export(container_id) as reply:
            yield _Files(reply)
    finally:
        containers.remove(container_id, force=True, volumes=True)


def without_mark(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a tar without the empty file that says, in a container, that it is one."""
    waiting = bytearray()
    left = 0  # of the content at hand
    has_passed = False  # the mark, or what cannot be read: then all is as it comes
    for piece in pieces:
        waiting += piece
        while len(waiting) >= _BLOCK_BYTES and not has_passed:
            count = min(left, len(waiting)) or _BLOCK_BYTES
            part = bytes(waiting[:count])
            del waiting[:count]
            if left:
                left -= count
            elif part.startswith(_MARKS) and not _content_bytes(part):
                has_passed = True
                continue
            else:
                left = _content_bytes(part)
                has_passed = left < 0
            yield part
        if has_passed and waiting:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)


def _content_bytes(head: bytes) -> int:
    """Return the length of what follows the head of an entry; -1 if that cannot be told."""
    size = head[124:136].strip(b" \0")
    if size.strip(b"01234567"):
        return -1
    return -(-int(size or b"0", 8) // _BLOCK_BYTES) * _BLOCK_BYTES


def _unpack(reply: _Files, directory: str) -> None:
    try:
        os.makedirs(directory, exist_ok=True)
    except OSError as err:
        raise InvalidArgument(f"mkdir {directory}: {(err.strerror or str(err)).lower()}") from err
    unpack(reply.pieces(), directory, lambda name: name, keeps_owners=os.geteuid() == 0)


def _push(session: Session, names: list[str]) -> None:
    if not names:
        raise InvalidArgument("tag is needed when pushing to registry")
    for name in names:
        headers = session.registry_headers(name)
        with session.client.images.push(name, headers=headers) as reply:
            show(messages(reply.pieces()), sys.stderr)
