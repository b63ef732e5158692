"""Archives at a URL, as `import` is given them: http and https, read as they come."""

import base64
import contextlib
import io
from collections.abc import Iterator
from contextlib import closing
from typing import BinaryIO, Final
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from seacan.errors import Forbidden, Internal, InvalidArgument, NotFound, SeacanError, Unauthorized
from seacan.images.remote import failures
from seacan.images.remote.failures import Broken, Refused
from seacan.images.remote.http import Http, is_http
from seacan.images.remote.settings import RegistrySettings
from seacan.images.remote.tasks import Cancellation
from seacan.images.streams import buffered

_REFUSALS: Final = {401: Unauthorized, 403: Forbidden, 404: NotFound}


class RemoteArchive(msgspec.Struct, frozen=True):
    url: str  # without its password
    stream: BinaryIO  # as streams.buffered(); read() raises Internal, or Cancelled
    size_bytes: int  # 0 if nobody has said


@contextlib.contextmanager
def open_archive(
    settings: RegistrySettings, url: str, cancellation: Cancellation
) -> Iterator[RemoteArchive]:
    """Ask for what is at `url`; without a scheme it is http, as for Docker.

    A name and password in it are shown to its own host only. Raises InvalidArgument, NotFound,
    Unauthorized, Forbidden, Internal, in Docker's words.
    """
    parts = _parse(url)
    shown = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    with closing(Http(settings)) as http:
        try:
            response = http.send("GET", shown, headers={}, secrets=_authorization(parts))
        except Refused as err:
            raise _refusal(shown, err) from err
        except Broken as err:
            raise Internal(str(err)) from err
        with response:
            length = response.headers.get("Content-Length", "")
            stream = buffered(_Body(response, cancellation))
            yield RemoteArchive(shown, stream, int(length) if length.isdecimal() else 0)


def _parse(url: str) -> SplitResult:
    with contextlib.suppress(ValueError):
        parts = urlsplit(url if "://" in url else f"http://{url}")
        if parts.scheme not in ("http", "https"):
            raise InvalidArgument(f'Get "{url}": unsupported protocol scheme "{parts.scheme}"')
        if url.isprintable() and is_http(parts.geturl()):
            return parts
    raise InvalidArgument(f"invalid URL: {url!r}")


def _authorization(parts: SplitResult) -> dict[str, str]:
    if not parts.username:
        return {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _refusal(url: str, error: Refused) -> SeacanError:
    text = f"failed to GET {url} with status {error.status_line}"
    if error.status >= 500:
        return Internal(text)
    return _REFUSALS.get(error.status, InvalidArgument)(text)


class _Body(io.RawIOBase):
    def __init__(self, response: BaseHTTPResponse, cancellation: Cancellation) -> None:
        self._response = response
        self._cancellation = cancellation

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        self._cancellation.check()
        try:
            data = self._response.read(len(buffer))
        except (HTTPError, OSError, ValueError) as err:
            raise Internal(str(failures.broken("GET", self._response.url or "", err))) from err
        buffer[: len(data)] = data
        return len(data)
