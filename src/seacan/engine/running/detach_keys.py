"""Detach keys as Docker's clients write them: `ctrl-p,ctrl-q`, `ctrl-@`, `a`."""

from typing import Final

from seacan.errors import InvalidArgument

DEFAULT: Final = b"\x10\x11"

_CONTROL: Final = "@abcdefghijklmnopqrstuvwxyz[\\]^_"


def parse_detach_keys(text: str | None, *, of: str = "detach") -> bytes:
    """Return the bytes that the keys send; the default for None or an empty text.

    Raises InvalidArgument, where `of` is what dockerd calls them: detach, or escape for an exec's.
    """
    if not text:
        return DEFAULT
    keys = [_key(name) for name in text.split(",")]
    if None in keys:
        raise InvalidArgument(f"Invalid {of} keys ({text}) provided")
    return bytes(key for key in keys if key is not None)


def _key(name: str) -> int | None:
    if len(name) == 1 and name.isascii():
        return ord(name)
    control = name.removeprefix("ctrl-")
    if name != control and len(control) == 1 and control in _CONTROL:
        return _CONTROL.index(control)
    return None
