"""Files from a tar archive, made in a container's root: images/unpack.py with Docker's other rules.

A name is resolved in the container's root and from there, each time it is used, so a link that the
container puts on the way leads to another place in the container and never out of it
(CVE-2018-15664, CVE-2026-41568). No whiteouts here: a name is a name.
"""

import os
import stat
from collections.abc import Callable
from typing import BinaryIO

from seacan.errors import InvalidArgument
from seacan.images.tar import Kind, Member, TarReader
from seacan.images.unpack import Unpacking, inside


def extract(
    stream: BinaryIO,
    root_fd: int,
    place: str,
    *,
    owner: tuple[int, int] | None,
    keeps_kinds: bool,
    on_top: Callable[[Member], None] | None = None,
) -> None:
    """Make the members of the archive in `stream` in the directory `place` of the root.

    `place` is an absolute path without links. All that is made belongs to `owner` if there is one.
    With `keeps_kinds`, a directory does not give way to something else, nor something else to it.
    The directory itself stays as it is; `on_top` is called with what the archive says of it.
    Raises InvalidArgument, Internal.
    """
    extraction = _Extraction(root_fd, stream, place, owner, keeps_kinds=keeps_kinds, on_top=on_top)
    try:
        extraction.run()
    finally:
        extraction.close()


class _Extraction(Unpacking):
    def __init__(
        self,
        root_fd: int,
        stream: BinaryIO,
        place: str,
        owner: tuple[int, int] | None,
        *,
        keeps_kinds: bool,
        on_top: Callable[[Member], None] | None,
    ) -> None:
        super().__init__(root_fd, TarReader(stream))
        self._place = place
        self._owner = owner
        self._keeps_kinds = keeps_kinds
        self._on_top = on_top

    def _path(self, member: Member) -> str:
        return self._below_place(member.name, f'invalid entry name "{member.name}"')

    def _link_source(self, member: Member) -> str:
        return self._below_place(member.link, f'invalid hardlink target "{member.link}"')

    def _below_place(self, name: str, refusal: str) -> str:
        try:
            path = inside(name)
        except InvalidArgument:
            raise InvalidArgument(refusal) from None
        return f"{self._place}/{path}".strip("/")

    def _add(self, path: str, member: Member) -> None:
        if path == self._place.strip("/"):
            if self._on_top is not None and member.kind is Kind.DIRECTORY:
                self._on_top(member)
            return
        parent_path, _, name = path.rpartition("/")
        if self._owner is not None:
            member = member._replace(uid=self._owner[0], gid=self._owner[1])
        parent_fd = self._open_parent(parent_path)
        if self._keeps_kinds:
            self._check_kind(parent_fd, name, member)
        self._make(parent_fd, name, path, member)

    def _check_kind(self, parent_fd: int, name: str, member: Member) -> None:
        try:
            old = os.stat(name, dir_fd=parent_fd, follow_symlinks=False)
        except FileNotFoundError:
            return
        was_directory = stat.S_ISDIR(old.st_mode)
        if was_directory == (member.kind is Kind.DIRECTORY):
            return
        kinds = ("directory", "non-directory") if was_directory else ("non-directory", "directory")
        shown = member.name.rstrip("/")
        raise InvalidArgument(
            f'cannot overwrite {kinds[0]} "{shown}" with {kinds[1]} "{self._place or "/"}"'
        )
