"""What a request is turned away with: a code of the specification, its status, one sentence.

Source: distribution-spec 1.1, "Error Codes"; statuses beside them from its tables of endpoints and
from what Docker's registry answers.
"""

import sqlite3
from collections.abc import Sequence
from typing import Final

import msgspec

from seacan import errors, log
from seacan.http.messages import HeaderLine, Reply

STATUS: Final = {
    "BLOB_UNKNOWN": 404,
    "BLOB_UPLOAD_INVALID": 400,
    "BLOB_UPLOAD_UNKNOWN": 404,
    "DENIED": 403,
    "DIGEST_INVALID": 400,
    "MANIFEST_BLOB_UNKNOWN": 404,
    "MANIFEST_INVALID": 400,
    "MANIFEST_UNKNOWN": 404,
    "NAME_INVALID": 400,
    "NAME_UNKNOWN": 404,
    "SIZE_INVALID": 400,
    "TOOMANYREQUESTS": 429,
    "UNAUTHORIZED": 401,
    "UNSUPPORTED": 405,
    # Not the specification's: what the registry, or the one behind it, is to blame for.
    "UNAVAILABLE": 503,
    "UNKNOWN": 500,
}


class Refused(errors.SeacanError):
    """A request that is turned away. `code` is one of STATUS; `status` overrides what it has."""

    def __init__(
        self,
        code: str,
        text: str,
        *,
        status: int = 0,
        detail: object = None,
        headers: Sequence[HeaderLine] = (),
    ) -> None:
        super().__init__(text)
        self.code = code
        self.status = status or STATUS[code]
        self.detail = detail
        self.headers = headers

    def reply(self) -> Reply:
        error: dict[str, object] = {"code": self.code, "message": str(self)}
        if self.detail is not None:
            error["detail"] = self.detail
        body = msgspec.json.encode({"errors": [error]})
        return Reply(self.status, body, "application/json", self.headers)


# What the floors below raise, and a client is told.
FAILURES: Final = (errors.SeacanError, OSError, sqlite3.Error)


def as_refused(err: errors.SeacanError | OSError | sqlite3.Error) -> Refused:
    """Return what tells a client of a failure of the floors below; ours is logged."""
    refused = _translated(err)
    if refused.status >= 500:
        log.warn("request failed", error=str(err))
    return refused


def _translated(err: errors.SeacanError | OSError | sqlite3.Error) -> Refused:
    match err:
        case Refused():
            return err
        case errors.NotFound():
            return Refused("BLOB_UNKNOWN", str(err))
        case errors.InvalidArgument():
            return Refused("MANIFEST_INVALID", str(err))
        case OSError():
            return Refused("UNAVAILABLE", f"the store: {err.strerror or err}")  # without its path
        case errors.Unavailable() | sqlite3.Error():
            return Refused("UNAVAILABLE", str(err))
        case _:
            return Refused("UNKNOWN", str(err))
