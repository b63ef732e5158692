"""The messages of a store of blobs that a client serves.

Source: containerd, api/services/content/v1/content.proto.
"""

from enum import IntEnum
from typing import Annotated

from seacan.grpc.protobuf import Message, message


@message
class ReadBlobRequest(Message):
    digest: Annotated[str, 1] = ""
    offset: Annotated[int, 2] = 0
    size: Annotated[int, 3] = 0


@message
class ReadBlobResponse(Message):
    offset: Annotated[int, 1] = 0
    data: Annotated[bytes, 2] = b""


class WriteAction(IntEnum):
    STAT = 0
    WRITE = 1
    COMMIT = 2


@message
class WriteBlobRequest(Message):
    """`ref` names a blob on its way, from its first piece to the last."""

    action: Annotated[int, 1] = 0
    ref: Annotated[str, 2] = ""
    total: Annotated[int, 3] = 0
    expected: Annotated[str, 4] = ""
    offset: Annotated[int, 5] = 0
    data: Annotated[bytes, 6] = b""


@message
class WriteBlobResponse(Message):
    action: Annotated[int, 1] = 0
    offset: Annotated[int, 4] = 0
    total: Annotated[int, 5] = 0
    digest: Annotated[str, 6] = ""
