"""`/var/log/*.log`: which files of a container are meant.

`*` and `?` match within one part of a path, `[a-z]` one letter, as in a shell; a name that begins
with a dot is matched by a pattern that does.
"""

from __future__ import annotations

import fnmatch

from seacan.cli.copying.places import GLOB_LETTERS


class Pattern:
    """A pattern, and the directory above its first part with a letter of patterns."""

    def __init__(self, text: str) -> None:
        parts = text.strip("/").split("/")
        at = next(n for n, part in enumerate(parts) if any(x in part for x in GLOB_LETTERS))
        self.directory = "/" + "/".join(parts[:at])
        self._parts = parts[at:]

    def renamed(self, name: str) -> str | None:
        """Return what an entry of the directory's archive is called where it is copied to.

        What matches keeps its last part, and what is below it comes with it; others are None.
        """
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if self.directory != "/":
            del parts[:1]  # the directory itself
        depth = len(self._parts)
        if len(parts) < depth or not all(map(_matches, parts, self._parts)):
            return None
        return "/".join(parts[depth - 1 :])


def _matches(part: str, pattern: str) -> bool:
    if part.startswith(".") and not pattern.startswith("."):
        return False
    return fnmatch.fnmatchcase(part, pattern)
