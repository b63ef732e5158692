"""The API versions spoken, and the words for the others.

Source: Engine API, "Versioning"; the sentences are dockerd's, since clients match them.
"""

import re
from typing import Final, NamedTuple

from seacan.errors import InvalidArgument
from seacan.version import API_VERSION, API_VERSION_LEAST


class Version(NamedTuple):
    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


OLDEST: Final = Version(*map(int, API_VERSION_LEAST.split(".")))
NEWEST: Final = Version(*map(int, API_VERSION.split(".")))

_PREFIX: Final = re.compile(r"/v([0-9.]{1,16})(?=/)")


class TooOld(InvalidArgument):
    """A version whose clients print the body as it is, so that it must not be JSON."""


def split_version(path: str) -> tuple[str | None, str]:
    """Return the version that `path` starts with as text, None without one, and the rest."""
    found = _PREFIX.match(path)
    return (found[1], path[found.end() :]) if found else (None, path)


def parse_version(text: str | None) -> Version:
    """Return the version asked for, the newest if none was. Raises TooOld, InvalidArgument."""
    if text is None:
        return NEWEST
    numbers = [int(part or "0") for part in text.split(".")]
    version = Version(numbers[0], numbers[1] if len(numbers) > 1 else 0)
    if version < OLDEST:
        raise TooOld(
            f"client version {text} is too old. Minimum supported API version is {OLDEST}, "
            "please upgrade your client to a newer version"
        )
    if version > NEWEST:
        raise InvalidArgument(
            f"client version {text} is too new. Maximum supported API version is {NEWEST}"
        )
    return version
