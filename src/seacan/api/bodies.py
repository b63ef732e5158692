"""JSON bodies: bounded, of the right type, one value, decoded into a shape of spec/.

A Content-Type that no HTML form can send is what keeps a page in a browser from speaking to the
API, so a missing one is as wrong as another. Sentences are dockerd's where clients see them.
"""

import re
from typing import Final, TypeVar

import anyio
import msgspec

from seacan.api.go_json import as_go_has_it
from seacan.errors import InvalidArgument
from seacan.http.messages import Request

JSON: Final = "application/json"
LIMIT_BYTES: Final = 4 << 20
# `docker run --expose 1-65535` sends 131,000; each costs a hundred bytes and some microseconds.
MOST_VALUES: Final = 150_000
_BRIEF_BYTES: Final = 64 << 10  # decoded where they are read: others do not wait long
# One without an end goes to the end: else each quote in it would be tried as a beginning.
_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
NO_BODY: Final = "invalid JSON: got EOF while reading request body"

T = TypeVar("T")


async def read_json(request: Request, decoder: msgspec.json.Decoder[T]) -> T | None:
    """Return the body as `decoder` has it, None if there is no body. Raises InvalidArgument."""
    content_type = request.headers.get("content-type", "")
    if not content_type and not request.has_body:
        return None
    _check_content_type(content_type)
    if not request.has_body:
        return None
    body = await _read(request)
    if len(body) <= _BRIEF_BYTES:
        return decode(body, decoder)
    return await anyio.to_thread.run_sync(decode, body, decoder)


def decode(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """Return `body` decoded. Raises InvalidArgument, whatever it is."""
    if not body.strip():
        raise InvalidArgument(NO_BODY)
    if _values(body) > MOST_VALUES and _values(_STRING.sub(b"", body)) > MOST_VALUES:
        raise InvalidArgument(f"invalid JSON: more than {MOST_VALUES} values")
    try:
        value = msgspec.json.decode(body)
        wanted = as_go_has_it(value, decoder.type)
        return decoder.decode(body if wanted == value else msgspec.json.encode(wanted))
    except RecursionError as err:
        raise InvalidArgument("invalid JSON: nested too deeply") from err
    except (msgspec.DecodeError, UnicodeError) as err:
        raise InvalidArgument(f"invalid JSON: {str(err).replace('`', '')}") from err


def _values(body: bytes) -> int:
    """Return how many values there are about, with those that strings only seem to have."""
    return sum(map(body.count, (b",", b"[", b"{")))


def media_type(content_type: str) -> str:
    """Return the type that a Content-Type is of, without parameters."""
    return content_type.partition(";")[0].strip().lower()


def _check_content_type(content_type: str) -> None:
    kind = media_type(content_type)
    if not kind:
        raise InvalidArgument(
            f"malformed Content-Type header ({content_type}): mime: no media type"
        )
    if kind != JSON:
        raise InvalidArgument(
            f"unsupported Content-Type header ({content_type}): must be 'application/json'"
        )


async def _read(request: Request) -> bytes:
    body = bytearray()
    while piece := await request.receive():
        body += piece
        if len(body) > LIMIT_BYTES:
            raise InvalidArgument(f"invalid JSON: longer than {LIMIT_BYTES} bytes")
    return bytes(body)
