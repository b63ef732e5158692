"""Names of images: `docker.io/library/busybox:1.36@sha256:…`, and the short forms people type.

    [DOMAIN/]PATH[:TAG][@DIGEST]

The first part is a domain if it has a dot, a colon or a capital letter, or is `localhost`; else the
domain is docker.io, and a path of one part is in `library`. Source: distribution/reference; the
sentences are its own, since clients match them.
"""

import functools
import re
from typing import Final

import msgspec
from msgspec.structs import replace

from seacan.errors import InvalidArgument

DEFAULT_DOMAIN: Final = "docker.io"
DEFAULT_TAG: Final = "latest"
_LEGACY_DOMAIN: Final = "index.docker.io"
_OFFICIAL: Final = "library/"
_LONGEST_NAME: Final = 255
_LONGEST: Final = 4096  # with tag and digest, and far more than can be right
_TOO_LONG: Final = f"repository name must not be more than {_LONGEST_NAME} characters"

_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?")
_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_PART}(?:/{_PART})*")
_TAG = re.compile(r"[\w][\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128}")
_HEX_ID = re.compile(r"[a-f0-9]{64}")


class Reference(msgspec.Struct, frozen=True):
    domain: str
    path: str
    tag: str | None = None
    digest: str | None = None

    @property
    def name(self) -> str:
        """The repository: domain and path."""
        return f"{self.domain}/{self.path}"

    @property
    def familiar_name(self) -> str:
        """The repository as people type it."""
        if self.domain != DEFAULT_DOMAIN:
            return self.name
        path = self.path.removeprefix(_OFFICIAL)
        return self.path if "/" in path else path

    @property
    def familiar(self) -> str:
        """The whole reference as people type it."""
        return self.familiar_name + self._suffix

    def with_default_tag(self) -> "Reference":
        """Return it with the tag `latest`, unless it has a tag or digest."""
        return self if self.tag or self.digest else replace(self, tag=DEFAULT_TAG)

    def __str__(self) -> str:
        return self.name + self._suffix

    @property
    def _suffix(self) -> str:
        return (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")


@functools.lru_cache(maxsize=4096)
def parse(text: str) -> Reference:
    """Return the reference that `text` means. Raises InvalidArgument, in Docker's words."""
    if _HEX_ID.fullmatch(text):
        raise InvalidArgument(
            f"invalid repository name ({text}), cannot specify 64-byte hexadecimal strings"
        )
    if len(text) > _LONGEST:  # patterns take memory for each part
        raise InvalidArgument(_TOO_LONG)
    name, at, digest = text.partition("@")
    domain, rest = _split_domain(name)
    path, colon, tag = rest.partition(":")
    if path.lower() != path:
        raise InvalidArgument(
            f"invalid reference format: repository name ({path}) must be lowercase"
        )
    is_valid = (
        _DOMAIN.fullmatch(domain)
        and _PATH.fullmatch(path)
        and (not colon or _TAG.fullmatch(tag))
        and (not at or is_digest(digest))
    )
    if not is_valid:
        raise InvalidArgument("invalid reference format")
    if len(domain) + 1 + len(path) > _LONGEST_NAME:
        raise InvalidArgument(_TOO_LONG)
    return Reference(domain, path, tag or None, digest or None)


def parse_tagged(repository: str, tag: str) -> Reference:
    """Return the reference to give to an image, from the two parameters of the API.

    A tag within `repository` is kept unless `tag` is there. Raises InvalidArgument.
    """
    reference = parse(repository)
    if reference.digest:
        raise InvalidArgument("refusing to create a tag with a digest reference")
    if tag and not _TAG.fullmatch(tag):
        raise InvalidArgument("invalid tag format")
    if reference.familiar_name in ("sha256", "sha384", "sha512"):
        raise InvalidArgument("refusing to create an ambiguous tag using digest algorithm as name")
    return replace(reference, tag=tag or reference.tag or DEFAULT_TAG)


def parse_pulled(name: str, tag: str) -> Reference:
    """Return what to pull, from the two parameters of the API: `tag` may be a digest.

    Without a tag anywhere it means the whole repository. Raises InvalidArgument.
    """
    reference = parse(name.removesuffix(":"))
    if not tag:
        return replace(reference, tag=None) if reference.digest else reference
    if is_digest(tag):
        return replace(reference, tag=None, digest=tag)
    if not is_tag(tag):
        raise InvalidArgument("invalid tag format")
    return replace(reference, tag=tag)


def is_digest(text: str) -> bool:
    return _DIGEST.fullmatch(text) is not None


def is_path(text: str) -> bool:
    """Return whether `text` names a repository within a registry."""
    return len(text) <= _LONGEST_NAME and _PATH.fullmatch(text) is not None


def is_tag(text: str) -> bool:
    return _TAG.fullmatch(text) is not None


def is_image_id(text: str) -> bool:
    """Return whether `text` is a whole id: 64 digits, with or without `sha256:`."""
    return _HEX_ID.fullmatch(text.removeprefix("sha256:")) is not None


def _split_domain(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    is_domain = "." in first or ":" in first or first == "localhost" or first.lower() != first
    if not slash or not is_domain:
        first, rest = DEFAULT_DOMAIN, name
    if first == _LEGACY_DOMAIN:
        first = DEFAULT_DOMAIN
    if first == DEFAULT_DOMAIN and "/" not in rest:
        rest = _OFFICIAL + rest
    return first, rest
