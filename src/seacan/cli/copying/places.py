"""What `CONTAINER:PATH` and `PATH` name, and where what is copied ends up.

    destination            a directory is copied      a file is copied
    a directory            into it                    into it
    a file                 refused                    over it
    not there              under that name            under that name, but not if it ends in /

`SOURCE/.` is what is in a directory, without the directory itself.
Source: docker/cli, cp; moby, pkg/archive/copy.go.
"""

from __future__ import annotations

import os

from seacan.errors import InvalidArgument, NotFound

TYPE_CHECKING = False

GLOB_LETTERS = "*?["


def split_place(text: str) -> tuple[str, str]:
    """Return container and path; "" for the container if `text` is a path of this machine."""
    container, colon, path = text.partition(":")
    if text.startswith("/") or not colon or container.startswith("."):
        return "", text
    return container, path


def absolute(path: str) -> str:
    """Return a path of this machine from the root, with the `/` or `/.` that it ended in."""
    whole = os.path.abspath(path)
    if whole != "/" and path.endswith("/"):
        return f"{whole}/"
    return f"{whole}/." if is_contents(path) and whole != "/" else whole


def is_contents(path: str) -> bool:
    """Whether `path` means what is in a directory."""
    return path == "." or path.endswith("/.")


def split(path: str) -> tuple[str, str]:
    """Return directory and last part; the last part of `a/.` is "."."""
    if is_contents(path):
        return path[:-1].rstrip("/") or "/", "."
    cleaned = os.path.normpath(path)
    return os.path.dirname(cleaned) or "/", os.path.basename(cleaned)


class Destination:
    """Where to copy to: whether it is there, and whether it is a directory."""

    __slots__ = ("exists", "is_directory", "path")

    def __init__(self, path: str, *, exists: bool, is_directory: bool) -> None:
        self.path = path
        self.exists = exists
        self.is_directory = is_directory

    def of(self, *, is_directory: bool) -> tuple[str, str]:
        """Return the directory to unpack in, and the name there; "" for the source's own name.

        `is_directory`: whether a directory is copied. Raises InvalidArgument, NotFound.
        """
        if self.exists and self.is_directory:
            return self.path, ""
        if self.exists and is_directory:
            raise InvalidArgument("cannot copy directory")
        if not is_directory and not self.exists and self.path.endswith(("/", "/.")):
            raise NotFound("no such directory")
        return split(self.path)


def local_destination(path: str) -> Destination:
    """Return the place on this machine, links followed. Raises InvalidArgument."""
    parent = os.path.dirname(os.path.normpath(path))
    if not os.path.exists(parent):
        raise InvalidArgument(f'invalid output path: directory "{parent}" does not exist')
    real = os.path.realpath(path) + ("/" if path.endswith(("/", "/.")) else "")
    exists = os.path.exists(real.rstrip("/") or "/")
    if exists and not os.path.isdir(real) and not os.path.isfile(real.rstrip("/")):
        raise InvalidArgument(
            f'invalid output path: "{path}" must be a directory or a regular file: got a device'
        )
    if not exists and not os.path.isdir(os.path.dirname(real.rstrip("/"))):
        raise InvalidArgument("not a directory")
    return Destination(real, exists=exists, is_directory=os.path.isdir(real))
