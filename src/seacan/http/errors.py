"""The door's table: class of error to HTTP status, and the body that Docker's clients read."""

import traceback
from typing import Final

import msgspec

from seacan import errors, log
from seacan.http.messages import Reply

STATUS: Final[dict[type[errors.SeacanError], int]] = {
    errors.NotModified: 304,
    errors.InvalidArgument: 400,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Internal: 500,
    errors.Unsupported: 501,
    errors.Unavailable: 503,
}


def error_reply(err: Exception) -> Reply:
    """Return what tells a client of `err`; what it is not to blame for is logged."""
    status = next((s for kind, s in STATUS.items() if isinstance(err, kind)), None)
    if status is None:
        log_bug(err)
        return message_reply(500, f"internal error: {err}")
    text = err.whole if isinstance(err, errors.SeacanError) else str(err)
    if status in (500, 503):
        log.warn("request failed", error=text)
    return Reply(304) if status == 304 else message_reply(status, text)


def log_bug(err: Exception) -> None:
    """Log what nobody foresaw, with its traceback."""
    log.error("request failed", error=repr(err), trace="".join(traceback.format_exception(err)))


def message_reply(status: int, text: str) -> Reply:
    """Return `{"message": text}`, the body of every error."""
    body = msgspec.json.encode({"message": text})
    return Reply(status, body + b"\n", "application/json")
