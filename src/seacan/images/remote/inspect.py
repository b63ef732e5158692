"""What a registry has under a name, without pulling it."""

import msgspec

from seacan.errors import SeacanError
from seacan.images import documents
from seacan.images.references import Reference
from seacan.images.remote.failures import Broken, Refused
from seacan.images.remote.repository import Fetched, Repository
from seacan.spec.image import Platform


class _ConfigPlatform(msgspec.Struct):
    architecture: str = ""
    os: str = ""
    variant: str = ""


class Distribution(msgspec.Struct, frozen=True):
    media_type: str
    digest: str
    size_bytes: int
    platforms: list[Platform]


def inspect(repository: Repository, reference: Reference) -> Distribution:
    """Return what a tag or digest means. Raises Refused, Broken, InvalidArgument, Unsupported."""
    fetched = repository.manifest(reference.digest or reference.tag or "")
    return Distribution(
        fetched.media_type, fetched.digest, len(fetched.data), _platforms(repository, fetched)
    )


def _platforms(repository: Repository, fetched: Fetched) -> list[Platform]:
    if fetched.is_index:
        return [
            descriptor.get("platform") or {}
            for descriptor in documents.index(fetched.data)["manifests"]
        ]
    manifest = documents.manifest(fetched.data)
    try:
        data = repository.small_blob(manifest["config"], "image configuration")
        config = msgspec.json.decode(data, type=_ConfigPlatform)
    except (Refused, Broken, SeacanError, msgspec.DecodeError, UnicodeError):
        return []  # the manifest of an artifact says all that there is to say
    if not config.os and not config.architecture:
        return []
    platform: Platform = {"architecture": config.architecture, "os": config.os}
    if config.variant:
        platform["variant"] = config.variant
    return [platform]
