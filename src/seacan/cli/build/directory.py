"""A directory as a context: which of its files are sent."""

from __future__ import annotations

import os

from seacan.errors import InvalidArgument
from seacan.spec import dockerignore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from seacan.spec.dockerignore import Ignored, Verdict

IGNORE_FILE = ".dockerignore"


def read_ignore_file(root: str, dockerfile: str) -> tuple[str, bytes]:
    """Return path and content of what says which files are left out: empty if nothing does.

    `dockerfile` has one of its own if there is a FILE.dockerignore beside it.
    """
    for path in (f"{dockerfile}{IGNORE_FILE}" if dockerfile else "", f"{root}/{IGNORE_FILE}"):
        try:
            with open(path, "rb") as file:
                return path, file.read(dockerignore.LIMIT_BYTES + 1)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as err:
            raise InvalidArgument(f"error reading {path}: {err.strerror or err}") from err
    return "", b""


def files(root: str, ignored: Ignored) -> Iterator[str]:
    """Yield the paths below `root` that are part of the context, a directory before what is in it.

    Raises InvalidArgument if a directory cannot be read.
    """
    yield from _below(root, "", ignored, None)


def _below(root: str, directory: str, ignored: Ignored, above: Verdict | None) -> Iterator[str]:
    try:
        with os.scandir(f"{root}/{directory}") as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError as err:
        why = (err.strerror or str(err)).lower()
        raise InvalidArgument(f"error checking context: cannot read {directory}: {why}") from err
    for entry in entries:
        path = f"{directory}/{entry.name}" if directory else entry.name
        verdict = ignored.judge(path, above)
        if not verdict.is_excluded:
            yield path
        is_directory = entry.is_dir(follow_symlinks=False)
        if is_directory and (not verdict.is_excluded or ignored.may_have_exceptions(path)):
            yield from _below(root, path, ignored, verdict)
