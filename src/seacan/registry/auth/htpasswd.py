"""Passwords: `NAME:HASH` a line, bcrypt hashes alone, as `htpasswd -B` writes them."""

import hashlib
import hmac
import os
import secrets
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from seacan import log
from seacan.errors import InvalidArgument
from seacan.files import read_bounded
from seacan.registry.auth.rules import ANONYMOUS, USERS

try:
    import bcrypt
except ImportError as err:
    raise InvalidArgument("--htpasswd needs bcrypt: pip install 'seacan[registry]'") from err

_LIMIT_BYTES: Final = 4 << 20
_PREFIXES: Final = (b"$2a$", b"$2b$", b"$2y$")
# What bcrypt looks at of a password; its library refuses more, htpasswd cuts it off.
_PASSWORD_BYTES: Final = 72
_CACHED: Final = 1000
# Of no password, for a file without users.
_NOBODY: Final = b"$2b$10$OVRzpVxS.JxfbjLZ5L4jbeYyVNfoIo1gbZMZR3YBYTsCPeHSw83M."


class Htpasswd:
    """Read again when it changes. Each hash takes some 50 ms to check, once for each password."""

    def __init__(self, path: Path) -> None:
        """Read the file. Raises InvalidArgument for what is no bcrypt hash."""
        self._path = path
        self._guard = threading.Lock()
        self._stamp, self._hashes = _load(path)
        self._secret = secrets.token_bytes(32)
        self._checked: dict[bytes, bytes] = {}

    def check(self, user: str, password: str) -> bool:
        """Return whether this is the password of `user`; to be called in a thread."""
        self._refresh()
        hashes = self._hashes
        is_user = user in hashes
        known = hashes[user] if is_user else self._stand_in(user, hashes)
        proof = hmac.digest(self._secret, f"{user}\0{password}".encode(), hashlib.sha256)
        if is_user and self._checked.get(proof) == known:
            return True
        try:
            is_right = bcrypt.checkpw(password.encode()[:_PASSWORD_BYTES], known)
        except ValueError:  # a NUL in it
            is_right = False
        if is_right and is_user:
            if len(self._checked) >= _CACHED:
                self._checked.clear()
            self._checked[proof] = known
        return is_right and is_user

    def _stand_in(self, user: str, hashes: Mapping[str, bytes]) -> bytes:
        """Return whose hash is checked for somebody unknown, always the same one.

        Hashes cost what the file says: one of another cost would tell by the time who is no user.
        """
        if not hashes:
            return _NOBODY
        number = hmac.digest(self._secret, user.encode(), hashlib.sha256)
        return list(hashes.values())[int.from_bytes(number) % len(hashes)]

    def _refresh(self) -> None:
        with self._guard:
            try:
                if _stamp(self._path) == self._stamp:
                    return
                self._stamp, self._hashes = _load(self._path)
            except (InvalidArgument, OSError) as err:
                log.error("the old passwords stay", error=str(err))


def _stamp(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_mtime_ns, status.st_size


def _load(path: Path) -> tuple[tuple[int, int, int], dict[str, bytes]]:
    try:
        stamp = _stamp(path)
        data = read_bounded(os.open(path, os.O_RDONLY | os.O_NONBLOCK), _LIMIT_BYTES, str(path))
    except OSError as err:
        raise InvalidArgument(f"read {path}: {err}") from err
    hashes = {}
    for number, line in enumerate(data.splitlines(), 1):
        if not line.strip() or line.startswith(b"#"):
            continue
        name, _, found = line.strip().partition(b":")
        user = name.decode(errors="replace")
        if not user or user in (USERS, ANONYMOUS):
            raise InvalidArgument(f"read {path}, line {number}: {user!r} is no name for a user")
        if not found.startswith(_PREFIXES):
            raise InvalidArgument(f"read {path}, line {number}: no bcrypt hash (htpasswd -B)")
        hashes[user] = found
    return stamp, hashes
