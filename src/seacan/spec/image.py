"""Shapes of images: OCI image-spec 1.1, and what Docker keeps beside it.

Names are the wire's own. A key may be absent, and Go's writers leave many of them null.
"""

from typing import Any, Final, TypedDict

MEDIA_TYPE_INDEX: Final = "application/vnd.oci.image.index.v1+json"
MEDIA_TYPE_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
MEDIA_TYPE_CONFIG: Final = "application/vnd.oci.image.config.v1+json"
MEDIA_TYPE_LAYER: Final = "application/vnd.oci.image.layer.v1.tar"
MEDIA_TYPE_LAYER_GZIP: Final = "application/vnd.oci.image.layer.v1.tar+gzip"
MEDIA_TYPE_LAYER_ZSTD: Final = "application/vnd.oci.image.layer.v1.tar+zstd"
# Docker's own, schema version 2.
MEDIA_TYPE_DOCKER_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
MEDIA_TYPE_DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
MEDIA_TYPE_DOCKER_CONFIG: Final = "application/vnd.docker.container.image.v1+json"
_DOCKER_LAYER: Final = "application/vnd.docker.image.rootfs"

# Layers that a registry need not have: their owner is asked for them.
FOREIGN_LAYER_TYPES: Final = frozenset(
    {
        "application/vnd.docker.image.rootfs.foreign.diff.tar",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
    }
)

INDEX_TYPES: Final = frozenset({MEDIA_TYPE_INDEX, MEDIA_TYPE_DOCKER_LIST})
MANIFEST_TYPES: Final = frozenset({MEDIA_TYPE_MANIFEST, MEDIA_TYPE_DOCKER_MANIFEST})
CONFIG_TYPES: Final = frozenset({MEDIA_TYPE_CONFIG, MEDIA_TYPE_DOCKER_CONFIG})
LAYER_TYPES: Final = frozenset(
    {
        MEDIA_TYPE_LAYER,
        MEDIA_TYPE_LAYER_GZIP,
        MEDIA_TYPE_LAYER_ZSTD,
        f"{_DOCKER_LAYER}.diff.tar",
        f"{_DOCKER_LAYER}.diff.tar.gzip",
        f"{_DOCKER_LAYER}.diff.tar.zstd",
    }
)

# Annotations in the index.json of an archive: the tag, and containerd's full name.
ANNOTATION_REF_NAME: Final = "org.opencontainers.image.ref.name"
ANNOTATION_CONTAINERD_NAME: Final = "io.containerd.image.name"


class Platform(TypedDict, total=False):
    """Source: image-index.md; `variant` is arm's v6, v7, v8."""

    architecture: str
    os: str
    variant: str | None


class Descriptor(TypedDict, total=False):
    """Source: descriptor.md. `size` is in bytes."""

    mediaType: str
    digest: str
    size: int
    annotations: dict[str, str] | None
    platform: Platform | None
    artifactType: str | None
    urls: list[str] | None


class Manifest(TypedDict, total=False):
    """Source: manifest.md; a manifest has no `manifests`."""

    schemaVersion: int
    mediaType: str | None
    config: Descriptor
    layers: list[Descriptor]
    manifests: None
    annotations: dict[str, str] | None
    subject: Descriptor | None
    artifactType: str | None


class Index(TypedDict, total=False):
    """Source: image-index.md; an index has no `config` and no `layers`."""

    schemaVersion: int
    mediaType: str | None
    manifests: list[Descriptor]
    config: None
    layers: None
    annotations: dict[str, str] | None
    subject: Descriptor | None
    artifactType: str | None


class Healthcheck(TypedDict, total=False):
    """Docker's; times are in nanoseconds. Source: moby, docker image spec v1.3."""

    Test: list[str] | None
    Interval: int | None
    Timeout: int | None
    StartPeriod: int | None
    StartInterval: int | None
    Retries: int | None


class ExecutionConfig(TypedDict, total=False):
    """How to start a container of the image. Source: config.md, `config`; below, Docker's."""

    User: str | None
    ExposedPorts: dict[str, Any] | None
    Env: list[str] | None
    Entrypoint: list[str] | None
    Cmd: list[str] | None
    Volumes: dict[str, Any] | None
    WorkingDir: str | None
    Labels: dict[str, str] | None
    StopSignal: str | None

    ArgsEscaped: bool | None
    Healthcheck: Healthcheck | None
    OnBuild: list[str] | None
    Shell: list[str] | None


class RootFs(TypedDict, total=False):
    """`type` is `layers`; `diff_ids` are digests of uncompressed layers, the lowest first."""

    type: str
    diff_ids: list[str] | None


class History(TypedDict, total=False):
    created: str | None
    created_by: str | None
    author: str | None
    comment: str | None
    empty_layer: bool | None


class ImageConfig(TypedDict, total=False):
    """The document whose digest is the image's id. Source: config.md; below, Docker's."""

    created: str | None
    author: str | None
    architecture: str | None
    variant: str | None
    os: str | None
    config: ExecutionConfig | None
    rootfs: RootFs
    history: list[History] | None

    comment: str | None
    docker_version: str | None


class ArchiveEntry(TypedDict, total=False):
    """One image in the manifest.json of `docker save`: names of members of the archive."""

    Config: str
    RepoTags: list[str] | None
    Layers: list[str] | None
