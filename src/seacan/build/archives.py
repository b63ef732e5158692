"""Archives that ADD unpacks: read here, each member written anew, nothing of them trusted."""

from collections.abc import Callable
from typing import BinaryIO, Final

from seacan.errors import InvalidArgument
from seacan.files import write_all
from seacan.images import tar_writer
from seacan.images.compression import Decompressed
from seacan.images.streams import buffered
from seacan.images.tar import Member, TarReader

_CHUNK_BYTES: Final = 1 << 20

Open = Callable[[], BinaryIO]


def is_archive(open_file: Open) -> bool:
    """Tell whether a file is a tar archive, compressed or not, with something in it."""
    with open_file() as file:
        try:
            return next(iter(TarReader(buffered(Decompressed(file)))), None) is not None
        except InvalidArgument:
            return False


def write_members(open_file: Open, out_fd: int) -> None:
    """Write what an archive has to a pipe. Raises InvalidArgument, BrokenPipeError."""
    with open_file() as file:
        reader = TarReader(buffered(Decompressed(file)))
        for member in reader:
            write_member(member, reader.read, out_fd)


def write_member(member: Member, read: Callable[[int], bytes], out_fd: int) -> None:
    write_all(out_fd, tar_writer.head(member))
    size_bytes = 0
    while data := read(_CHUNK_BYTES):
        write_all(out_fd, data)
        size_bytes += len(data)
    write_all(out_fd, tar_writer.padding(size_bytes))
