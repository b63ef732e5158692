"""Detach keys as Docker's clients write them: `ctrl-p,ctrl-q`, `ctrl-@`, `a`."""

from typing import Final

from seacan.errors import InvalidArgument

DEFAULT: Final = b"\x10\x11"

_CONTROL: Final = "@abcdefghijklmnopqrstuvwxyz[\\]^_"


def parse_detach_keys(text: str | None) -> bytes:
    """Return the bytes that the keys send; the default for None or an empty text."""
    if not text:
        return DEFAULT
    return bytes(_key(name) for name in text.split(","))


def _key(name: str) -> int:
    if len(name) == 1 and name.isascii():
        return ord(name)
    control = name.lower().removeprefix("ctrl-")
    if name.lower().startswith("ctrl-") and len(control) == 1 and control in _CONTROL:
        return _CONTROL.index(control)
    raise InvalidArgument(f"invalid detach keys provided: unknown character: '{name}'")
