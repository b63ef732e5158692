"""SHA-256 by the interpreter's own module: hashlib loads OpenSSL first, for milliseconds."""

from __future__ import annotations

import sys

try:
    if sys.version_info >= (3, 12):
        from _sha2 import sha256 as _sha256
    else:
        from _sha256 import sha256 as _sha256  # type: ignore[import-not-found]
except ImportError:
    from hashlib import sha256 as _sha256


def sha256_hex(data: bytes) -> str:
    digits: str = _sha256(data).hexdigest()
    return digits
