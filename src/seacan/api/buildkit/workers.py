"""What this builder is, and what of BuildKit's protocol it knows."""

from typing import Final

from seacan.api.buildkit.messages import (
    BuilderVersion,
    Capability,
    Platform,
    PongResponse,
    WorkerRecord,
)
from seacan.images import platforms
from seacan.version import VERSION

VERSION_RECORD: Final = BuilderVersion(package="seacan", version=f"v{VERSION}")

# What clients look for before they ask for it. Source: moby/buildkit, frontend/gateway/pb/caps.go,
# solver/pb/caps.go.
_FRONTEND: Final = (
    "frontend.caps", "frontend.inputs", "gateway.evaluate", "gateway.solve.evaluate",
    "gateway.solve.metadata", "gateway.warnings", "importcaches", "proto.refarray",
    "reference.output", "return", "solve.base", "solve.inlinereturn",
)  # fmt: skip
# By this label of a daemon's, buildx knows that it exports caches, archives, and images of several
# platforms, and pushes by itself. Source: docker/buildx, driver/docker/driver.go.
_LABELS: Final = {"org.mobyproject.buildkit.worker.snapshotter": "overlayfs"}
_STEPS: Final = (
    "exporter.multiple", "exporter.session", "exporter.sourcedateepoch", "gc.freespacefilter",
)  # fmt: skip


def worker(daemon_id: str) -> WorkerRecord:
    host = platforms.host()
    platform = Platform(host.architecture, host.os, host.variant)
    return WorkerRecord(id=daemon_id, labels=_LABELS, platforms=(platform,), version=VERSION_RECORD)


def pong(daemon_id: str) -> PongResponse:
    return PongResponse(
        frontend=tuple(Capability(each, True) for each in _FRONTEND),
        steps=tuple(Capability(each, True) for each in _STEPS),
        workers=(worker(daemon_id),),
    )
