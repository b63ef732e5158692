"""How a call ended: a code, a sentence, and details that say more to who knows them.

Source: grpc.io, Status codes; grpc, doc/PROTOCOL-HTTP2.md; googleapis, google/rpc/status.proto.
"""

from enum import IntEnum
from typing import Annotated, Final

from seacan import errors
from seacan.errors import SeacanError
from seacan.grpc.protobuf import Message, message


class Code(IntEnum):
    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    UNAUTHENTICATED = 16


# The table of this door: class of error to code.
_CODES: Final[dict[type[SeacanError], Code]] = {
    errors.InvalidArgument: Code.INVALID_ARGUMENT,
    errors.Unauthorized: Code.UNAUTHENTICATED,
    errors.Forbidden: Code.PERMISSION_DENIED,
    errors.NotFound: Code.NOT_FOUND,
    errors.Conflict: Code.FAILED_PRECONDITION,
    errors.Internal: Code.UNKNOWN,
    errors.Unsupported: Code.UNIMPLEMENTED,
    errors.Unavailable: Code.UNAVAILABLE,
}


@message
class Any(Message):
    type_url: Annotated[str, 1] = ""
    value: Annotated[bytes, 2] = b""


@message
class Status(Message):
    """What `grpc-status-details-bin` has."""

    code: Annotated[int, 1] = 0
    message: Annotated[str, 2] = ""
    details: Annotated[tuple[Any, ...], 3] = ()


class CallFailed(SeacanError):
    """A call ended with a status that is not OK: of ours, or of a peer's that was called."""

    def __init__(self, status: Status) -> None:
        super().__init__(status.message or f"call failed with code {status.code}")
        self.status = status

    @property
    def is_unimplemented(self) -> bool:
        return self.status.code == Code.UNIMPLEMENTED

    @property
    def is_already_there(self) -> bool:
        return self.status.code == Code.ALREADY_EXISTS

    @property
    def is_not_found(self) -> bool:
        return self.status.code == Code.NOT_FOUND


def failed(code: Code, text: str) -> CallFailed:
    return CallFailed(Status(code, text))


def of_error(err: SeacanError) -> Status:
    """Return what tells a client of `err`."""
    if isinstance(err, CallFailed):
        return err.status
    code = next((code for kind, code in _CODES.items() if isinstance(err, kind)), Code.UNKNOWN)
    return Status(code, str(err))
