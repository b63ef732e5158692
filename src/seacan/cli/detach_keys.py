"""The keys that leave a container without ending it: ctrl-P ctrl-Q unless told otherwise."""

from __future__ import annotations

from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

DEFAULT_KEYS = "ctrl-p,ctrl-q"


def chosen_keys(session: Session, values: Values) -> str:
    """Return the names of the keys of --detach-keys, else of Docker's config.json, else "".

    Raises InvalidArgument for a name that is no key.
    """
    keys = values.text("detach-keys") or str(session.config.get("detachKeys", ""))
    if keys:
        parse_keys(keys)
    return keys


def parse_keys(text: str) -> bytes:
    """Return the bytes that a terminal sends for `ctrl-p,ctrl-q` or `a,ctrl-@`.

    Raises InvalidArgument for a name that is no key.
    """
    return bytes(_key(name) for name in text.split(","))


def _key(name: str) -> int:
    if len(name) == 1 and name.isascii():
        return ord(name)
    letter = name.removeprefix("ctrl-").upper()
    if name.startswith("ctrl-") and len(letter) == 1 and "@" <= letter <= "_":
        return ord(letter) - ord("@")
    raise InvalidArgument(f"invalid detach keys: {name} is no key: a letter or ctrl-LETTER is")


class KeyScanner:
    """Looks for the keys in what is typed, and holds back what may be their beginning."""

    def __init__(self, keys: bytes) -> None:
        self._keys = keys
        self._held = bytearray()

    def feed(self, typed: bytes) -> tuple[bytes, bool]:
        """Return what of `typed` goes on to the container, and whether the keys are complete.

        What follows the keys is dropped.
        """
        passed = bytearray()
        for byte in typed:
            self._held.append(byte)
            while not self._keys.startswith(self._held):
                passed.append(self._held.pop(0))
            if self._held == self._keys:
                self._held.clear()
                return bytes(passed), True
        return bytes(passed), False
