"""What stands in a path, checked before anything is done with it: no file is named by other text.

Source: distribution-spec 1.1, "Pulling manifests"; image-spec, descriptor.md, "Digests".
"""

import hashlib
from typing import Final

from seacan.images import references
from seacan.registry.errors import Refused

ALGORITHMS: Final = ("sha256", "sha512")


def check_repository(text: str) -> str:
    """Return `text` if it names a repository. Raises Refused, NAME_INVALID."""
    if not references.is_path(text):
        raise Refused("NAME_INVALID", f"invalid repository name: {text[:300]!r}")
    return text


def check_digest(text: str) -> str:
    """Return `text` if it is a digest that can be verified here. Raises Refused, DIGEST_INVALID."""
    if not references.is_digest(text) or algorithm_of(text) not in ALGORITHMS:
        raise Refused("DIGEST_INVALID", f"no digest of {' or '.join(ALGORITHMS)}: {text[:200]!r}")
    return text


def check_tag(text: str) -> str:
    """Return `text` if it is a tag. Raises Refused, MANIFEST_INVALID."""
    if not references.is_tag(text):
        raise Refused("MANIFEST_INVALID", f"neither a digest nor a tag: {text[:200]!r}")
    return text


def check_reference(text: str) -> str:
    """Return `text` if it is a tag or a digest. Raises Refused."""
    return check_digest(text) if ":" in text else check_tag(text)


def is_digest(reference: str) -> bool:
    """Return whether a checked reference is a digest, not a tag."""
    return ":" in reference


def algorithm_of(digest: str) -> str:
    return digest.partition(":")[0]


def digest_of(data: bytes, algorithm: str) -> str:
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"
