"""Which seacan this is, and which versions of the Engine API it speaks.

The same as in seacan.version, which imports typing; a test compares them.
"""

CLIENT_VERSION = "0.1.0"

API_VERSION = "1.51"
LEAST_API_VERSION = "1.24"


def version_key(version: str) -> tuple[int, ...]:
    """Return the numbers of a version such as `1.9`, so that it sorts before `1.24`.

    Raises ValueError if a part is no number.
    """
    return tuple(int(part) for part in version.split("."))
