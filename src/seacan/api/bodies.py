"""JSON bodies: bounded, of the right type, one value, decoded into a shape of spec/.

A Content-Type that no HTML form can send is what keeps a page in a browser from speaking to the
API, so a missing one is as wrong as another. Sentences are dockerd's where clients see them.
"""

from typing import Final, TypeVar

import msgspec

from seacan.api.keys import respell
from seacan.errors import InvalidArgument
from seacan.http.messages import Request

JSON: Final = "application/json"
LIMIT_BYTES: Final = 4 << 20
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
    return decode(await _read(request), decoder)


def decode(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """Return `body` decoded. Raises InvalidArgument, whatever it is."""
    if not body.strip():
        raise InvalidArgument(NO_BODY)
    try:
        value = msgspec.json.decode(body)
        respelled = respell(value, decoder.type)
        return decoder.decode(body if respelled == value else msgspec.json.encode(respelled))
    except RecursionError as err:
        raise InvalidArgument("invalid JSON: nested too deeply") from err
    except (msgspec.DecodeError, UnicodeError) as err:
        raise InvalidArgument(f"invalid JSON: {str(err).replace('`', '')}") from err


def media_type(content_type: str) -> str:
    """Return the type that a Content-Type is of, without parameters."""
    return content_type.partition(";")[0].strip().lower()


def _check_content_type(content_type: str) -> None:
    kind = media_type(content_type)
    if "/" not in kind:
        raise InvalidArgument(f"malformed Content-Type header ({content_type})")
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
