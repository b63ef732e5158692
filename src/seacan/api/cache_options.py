"""Caches that a build is to read and to write, as clients word it: type=registry,ref=…,mode=max.

What is for the client alone (`dest`, `tag`, `reset` of a directory) is its own to see to.

Source: moby/buildkit, README "Cache"; cache/remotecache/*.
"""

import csv
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

import msgspec

from seacan.errors import InvalidArgument, Unsupported
from seacan.images import references
from seacan.images.references import Reference

Typed: TypeAlias = tuple[str, Mapping[str, str]]  # type, and what else is said of it

_ELSEWHERE: Final = ("gha", "s3", "azblob")
_TRUE: Final = ("1", "t", "T", "TRUE", "true", "True")
_FALSE: Final = ("0", "f", "F", "FALSE", "false", "False")
_OF_DIRECTORIES: Final = frozenset(("dest", "tag", "reset"))
_OF_ALL: Final = frozenset(
    ("mode", "ignore-error", "compression", "image-manifest", "oci-mediatypes", "force-compression")
)
_COMPRESSIONS: Final = {"": True, "gzip": True, "uncompressed": False}


class CacheImport(msgspec.Struct, frozen=True):
    """Either of a registry, or what a directory of the client's has under a digest."""

    reference: Reference | None = None
    directory: str = ""
    digest: str = ""

    @property
    def shown(self) -> str:
        return self.reference.familiar if self.reference else f"local cache {self.directory}"


class ExportedCache(msgspec.Struct, frozen=True):
    """To a registry, or to a directory of the client's; or, with neither, into the image."""

    reference: Reference | None = None
    directory: str = ""
    has_all: bool = False
    is_image_manifest: bool = True
    is_compressed: bool = True
    ignores_error: bool = False

    @property
    def is_inline(self) -> bool:
        return self.reference is None and not self.directory


def parse(text: str) -> Typed:
    """Return what an option of a command line says (type=registry,ref=…).

    Raises InvalidArgument.
    """
    try:
        fields = [each.partition("=") for each in next(csv.reader([text], strict=True), [])]
    except csv.Error as err:
        raise InvalidArgument(f"invalid cache: {text}: {err}") from err
    if not all(equals for _, equals, _ in fields):
        raise InvalidArgument(f"invalid cache: {text}: NAME=VALUE is wanted")
    attributes = {name.strip().lower(): value for name, _, value in fields}
    return attributes.pop("type", ""), attributes


def imports(entries: Iterable[Typed]) -> list[CacheImport]:
    """Return what is to be read, each once. Raises InvalidArgument; Unsupported, by name."""
    return [*dict.fromkeys(_import(*each) for each in entries)]


def _import(kind: str, attributes: Mapping[str, str]) -> CacheImport:
    match kind:
        case "registry":
            _check(kind, attributes, frozenset(("ref",)))
            return CacheImport(_reference(attributes))
        case "local":
            _check(kind, attributes, frozenset(("src", "digest", "tag")))
            directory, digest = attributes.get("src", ""), attributes.get("digest", "")
            if not directory or not references.is_digest(digest):
                raise InvalidArgument("a local cache needs src, and the digest of what is there")
            return CacheImport(directory=directory, digest=digest)
        case _:
            raise Unsupported(_unknown(kind, "import"))


def exports(entries: Iterable[Typed]) -> list[ExportedCache]:
    """Return what is to be written. Raises InvalidArgument; Unsupported, by name."""
    found = [_export(*each) for each in entries]
    forms = {
        (each.is_image_manifest, each.is_compressed, each.has_all)
        for each in found
        if each.directory
    }
    if len(forms) > 1:  # its client writes one digest into all of them
        raise Unsupported("not supported: caches in directories with different options")
    return found


def _export(kind: str, attributes: Mapping[str, str]) -> ExportedCache:
    match kind:
        case "inline":
            _check(kind, attributes, frozenset(("mode", "ignore-error")))
            return ExportedCache()
        case "registry":
            _check(kind, attributes, _OF_ALL | {"ref"})
            return _written(attributes, _reference(attributes), "")
        case "local":
            _check(kind, attributes, _OF_ALL | _OF_DIRECTORIES)
            if not (directory := attributes.get("dest", "")):
                raise InvalidArgument("local cache exporter requires dest")
            return _written(attributes, None, directory)
        case _:
            raise Unsupported(_unknown(kind, "export"))


def _written(
    attributes: Mapping[str, str], reference: Reference | None, directory: str
) -> ExportedCache:
    if reference and reference.digest:
        raise InvalidArgument(f"cache export to {reference.familiar}: a name with a digest")
    mode = attributes.get("mode", "min")
    if mode not in ("min", "max"):
        raise InvalidArgument(f"invalid mode of a cache export: {mode} (min or max)")
    compression = attributes.get("compression", "")
    if compression not in _COMPRESSIONS:
        raise Unsupported(f"not supported: compression={compression} of a cache export")
    if _is_on(attributes, "force-compression", default=False):
        raise Unsupported("not supported: force-compression of a cache export")
    if not _is_on(attributes, "oci-mediatypes", default=True):
        raise Unsupported("not supported: oci-mediatypes=false of a cache export")
    return ExportedCache(
        reference=reference,
        directory=directory,
        has_all=mode == "max",
        is_image_manifest=_is_on(attributes, "image-manifest", default=True),
        is_compressed=_COMPRESSIONS[compression],
        ignores_error=_is_on(attributes, "ignore-error", default=False),
    )


def _check(kind: str, attributes: Mapping[str, str], known: frozenset[str]) -> None:
    for name in sorted(attributes.keys() - known):
        if name == "registry.insecure" and kind == "registry":
            if not _is_on(attributes, name, default=False):
                continue
            raise Unsupported(
                "not supported: registry.insecure of a cache; the daemon's --insecure-registry is"
            )
        raise Unsupported(f"not supported: {name} of a cache of type {kind}")


def _reference(attributes: Mapping[str, str]) -> Reference:
    if not (written := attributes.get("ref", "")):
        raise InvalidArgument("a cache in a registry needs ref")
    return references.parse(written).with_default_tag()


def _is_on(attributes: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = attributes.get(name)
    if text is None:
        return default
    if text not in (*_TRUE, *_FALSE):
        raise InvalidArgument(f"failed to parse {name}: {text}")
    return text in _TRUE


def _unknown(kind: str, verb: str) -> str:
    if kind in _ELSEWHERE:
        return f"not supported: cache {verb} of type {kind}; registry, local and inline are"
    return f"unknown type of a cache to {verb}: {kind}"
