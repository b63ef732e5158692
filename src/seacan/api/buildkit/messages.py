"""The messages of BuildKit's services, as far as they are acted upon; what else is in them is not.

Source: moby/buildkit, api/services/control/control.proto, api/types/worker.proto,
frontend/gateway/pb/gateway.proto, solver/pb/ops.proto, util/apicaps/pb/caps.proto,
session/*/*.proto; tonistiigi/fsutil, types/*.proto.
"""

from collections.abc import Mapping
from dataclasses import field
from enum import IntEnum
from typing import Annotated

from seacan.grpc.protobuf import Message, message
from seacan.grpc.status import Status


@message
class Empty(Message):
    """Any message without a field that matters."""


@message
class Timestamp(Message):
    seconds: Annotated[int, 1] = 0
    nanos: Annotated[int, 2] = 0


@message
class BytesMessage(Message):
    data: Annotated[bytes, 1] = b""


# -- what is built --------------------------------------------------------------------------------


@message
class Definition(Message):
    """Steps of a build in BuildKit's own words; seacan's say of which result they are."""

    steps: Annotated[tuple[bytes, ...], 1] = ()
    metadata: Annotated[Mapping[str, Empty], 2] = field(default_factory=dict)  # by digest


@message
class Source(Message):
    identifier: Annotated[str, 1] = ""


@message
class Input(Message):
    digest: Annotated[str, 1] = ""


@message
class Op(Message):
    """One step of a definition."""

    inputs: Annotated[tuple[Input, ...], 1] = ()
    source: Annotated[Source | None, 3] = None


@message
class Typed(Message):
    """An exporter, or an entry of the cache's options."""

    type: Annotated[str, 1] = ""
    attributes: Annotated[Mapping[str, str], 2] = field(default_factory=dict)


@message
class CacheOptions(Message):
    exports: Annotated[tuple[Typed, ...], 4] = ()
    imports: Annotated[tuple[Typed, ...], 5] = ()


@message
class SolveRequest(Message):
    """Control/Solve."""

    ref: Annotated[str, 1] = ""
    definition: Annotated[Definition | None, 2] = None
    old_exporter: Annotated[str, 3] = ""  # of clients that know of one alone
    old_exporter_attributes: Annotated[Mapping[str, str], 4] = field(default_factory=dict)
    session: Annotated[str, 5] = ""
    frontend: Annotated[str, 6] = ""
    attributes: Annotated[Mapping[str, str], 7] = field(default_factory=dict)
    cache: Annotated[CacheOptions | None, 8] = None
    entitlements: Annotated[tuple[str, ...], 9] = ()
    inputs: Annotated[Mapping[str, Definition], 10] = field(default_factory=dict)
    source_policy: Annotated[bytes, 12] = b""
    exporters: Annotated[tuple[Typed, ...], 13] = ()


@message
class SolveResponse(Message):
    exporter: Annotated[Mapping[str, str], 1] = field(default_factory=dict)


@message
class Ref(Message):
    id: Annotated[str, 1] = ""
    definition: Annotated[Definition | None, 2] = None


@message
class RefMap(Message):
    refs: Annotated[Mapping[str, Ref], 1] = field(default_factory=dict)


@message
class Result(Message):
    ref: Annotated[Ref | None, 3] = None
    refs: Annotated[RefMap | None, 4] = None
    metadata: Annotated[Mapping[str, bytes], 10] = field(default_factory=dict)


@message
class FrontendRequest(Message):
    """LLBBridge/Solve."""

    definition: Annotated[Definition | None, 1] = None
    frontend: Annotated[str, 2] = ""
    attributes: Annotated[Mapping[str, str], 3] = field(default_factory=dict)
    cache_imports: Annotated[tuple[Typed, ...], 12] = ()
    inputs: Annotated[Mapping[str, Definition], 13] = field(default_factory=dict)
    evaluate: Annotated[bool, 14] = False
    source_policies: Annotated[tuple[bytes, ...], 15] = ()


@message
class FrontendResponse(Message):
    result: Annotated[Result | None, 3] = None


@message
class ReturnRequest(Message):
    result: Annotated[Result | None, 1] = None
    error: Annotated[Status | None, 2] = None


@message
class EvaluateRequest(Message):
    ref: Annotated[str, 1] = ""


@message
class InputsResponse(Message):
    definitions: Annotated[Mapping[str, Definition], 1] = field(default_factory=dict)


# -- what can be built, and where -----------------------------------------------------------------


@message
class Platform(Message):
    architecture: Annotated[str, 1] = ""
    os: Annotated[str, 2] = ""
    variant: Annotated[str, 3] = ""


@message
class GcPolicy(Message):
    """Durations are nanoseconds."""

    is_all: Annotated[bool, 1] = False
    keep_duration: Annotated[int, 2] = 0
    reserved_space: Annotated[int, 3] = 0
    filters: Annotated[tuple[str, ...], 4] = ()
    max_used_space: Annotated[int, 5] = 0
    min_free_space: Annotated[int, 6] = 0


@message
class BuilderVersion(Message):
    package: Annotated[str, 1] = ""
    version: Annotated[str, 2] = ""
    revision: Annotated[str, 3] = ""


@message
class WorkerRecord(Message):
    id: Annotated[str, 1] = ""
    labels: Annotated[Mapping[str, str], 2] = field(default_factory=dict)
    platforms: Annotated[tuple[Platform, ...], 3] = ()
    gc_policies: Annotated[tuple[GcPolicy, ...], 4] = ()
    version: Annotated[BuilderVersion | None, 5] = None


@message
class ListWorkersResponse(Message):
    records: Annotated[tuple[WorkerRecord, ...], 1] = ()


@message
class InfoResponse(Message):
    version: Annotated[BuilderVersion | None, 1] = None


@message
class Capability(Message):
    id: Annotated[str, 1] = ""
    is_enabled: Annotated[bool, 2] = False


@message
class PongResponse(Message):
    frontend: Annotated[tuple[Capability, ...], 1] = ()
    steps: Annotated[tuple[Capability, ...], 2] = ()
    workers: Annotated[tuple[WorkerRecord, ...], 3] = ()


# -- how it goes on -------------------------------------------------------------------------------


@message
class Position(Message):
    line: Annotated[int, 1] = 0
    character: Annotated[int, 2] = 0


@message
class Range(Message):
    start: Annotated[Position | None, 1] = None
    end: Annotated[Position | None, 2] = None


@message
class SourceInfo(Message):
    filename: Annotated[str, 1] = ""
    data: Annotated[bytes, 2] = b""
    language: Annotated[str, 4] = ""


@message
class StatusRequest(Message):
    ref: Annotated[str, 1] = ""


@message
class Vertex(Message):
    digest: Annotated[str, 1] = ""
    inputs: Annotated[tuple[str, ...], 2] = ()
    name: Annotated[str, 3] = ""
    is_cached: Annotated[bool, 4] = False
    started: Annotated[Timestamp | None, 5] = None
    completed: Annotated[Timestamp | None, 6] = None
    error: Annotated[str, 7] = ""


@message
class VertexStatus(Message):
    id: Annotated[str, 1] = ""
    vertex: Annotated[str, 2] = ""
    name: Annotated[str, 3] = ""
    current: Annotated[int, 4] = 0
    total: Annotated[int, 5] = 0
    timestamp: Annotated[Timestamp | None, 6] = None
    started: Annotated[Timestamp | None, 7] = None
    completed: Annotated[Timestamp | None, 8] = None


@message
class VertexLog(Message):
    vertex: Annotated[str, 1] = ""
    timestamp: Annotated[Timestamp | None, 2] = None
    stream: Annotated[int, 3] = 0
    data: Annotated[bytes, 4] = b""


@message
class VertexWarning(Message):
    vertex: Annotated[str, 1] = ""
    level: Annotated[int, 2] = 0
    short: Annotated[bytes, 3] = b""
    detail: Annotated[tuple[bytes, ...], 4] = ()
    url: Annotated[str, 5] = ""
    info: Annotated[SourceInfo | None, 6] = None
    ranges: Annotated[tuple[Range, ...], 7] = ()


@message
class StatusResponse(Message):
    vertexes: Annotated[tuple[Vertex, ...], 1] = ()
    statuses: Annotated[tuple[VertexStatus, ...], 2] = ()
    logs: Annotated[tuple[VertexLog, ...], 3] = ()
    warnings: Annotated[tuple[VertexWarning, ...], 4] = ()


@message
class WarnRequest(Message):
    digest: Annotated[str, 1] = ""
    level: Annotated[int, 2] = 0
    short: Annotated[bytes, 3] = b""
    detail: Annotated[tuple[bytes, ...], 4] = ()
    url: Annotated[str, 5] = ""
    info: Annotated[SourceInfo | None, 6] = None
    ranges: Annotated[tuple[Range, ...], 7] = ()


# -- the cache ------------------------------------------------------------------------------------


@message
class PruneRequest(Message):
    """The duration is nanoseconds."""

    filters: Annotated[tuple[str, ...], 1] = ()
    is_all: Annotated[bool, 2] = False
    keep_duration: Annotated[int, 3] = 0
    reserved_space: Annotated[int, 4] = 0
    max_used_space: Annotated[int, 5] = 0
    min_free_space: Annotated[int, 6] = 0


@message
class DiskUsageRequest(Message):
    filters: Annotated[tuple[str, ...], 1] = ()


@message
class UsageRecord(Message):
    id: Annotated[str, 1] = ""
    is_mutable: Annotated[bool, 2] = False
    is_in_use: Annotated[bool, 3] = False
    size: Annotated[int, 4] = 0
    created: Annotated[Timestamp | None, 6] = None
    used: Annotated[Timestamp | None, 7] = None
    uses: Annotated[int, 8] = 0
    description: Annotated[str, 9] = ""
    type: Annotated[str, 10] = ""
    is_shared: Annotated[bool, 11] = False


@message
class DiskUsageResponse(Message):
    records: Annotated[tuple[UsageRecord, ...], 1] = ()


# -- what the client of a build serves ------------------------------------------------------------


class PacketType(IntEnum):
    STAT = 0  # one without a stat ends them
    REQUEST = 1
    DATA = 2  # one without data ends a file
    FINISH = 3
    ERROR = 4


@message
class Stat(Message):
    """`mode` has Go's bits of fs.FileMode; times are nanoseconds since 1970."""

    path: Annotated[str, 1] = ""
    mode: Annotated[int, 2] = 0
    uid: Annotated[int, 3] = 0
    gid: Annotated[int, 4] = 0
    size: Annotated[int, 5] = 0
    mtime_ns: Annotated[int, 6] = 0
    link: Annotated[str, 7] = ""
    major: Annotated[int, 8] = 0
    minor: Annotated[int, 9] = 0
    xattrs: Annotated[Mapping[str, bytes], 10] = field(default_factory=dict)


@message
class Packet(Message):
    type: Annotated[int, 1] = 0
    stat: Annotated[Stat | None, 2] = None
    id: Annotated[int, 3] = 0
    data: Annotated[bytes, 4] = b""


@message
class SecretRequest(Message):
    id: Annotated[str, 1] = ""


@message
class CredentialsRequest(Message):
    host: Annotated[str, 1] = ""


@message
class CredentialsResponse(Message):
    username: Annotated[str, 1] = ""
    secret: Annotated[str, 2] = ""


@message
class AgentRequest(Message):
    id: Annotated[str, 1] = ""
