"""`Client`: requests of the Engine API in a version that both sides speak.

    with Client("unix:///run/seacan.sock") as client:
        container_id = client.containers.create({"Image": "busybox", "Cmd": ["true"]}).id
        client.containers.start(container_id)
        status = client.containers.wait(container_id).result()

A refusal by the daemon is raised as the class of seacan.errors that stands for its status, with
Docker's own words in front, which scripts match: `Error response from daemon: …`.
"""

from __future__ import annotations

import os
import select

from seacan import errors, json_text
from seacan.client.endpoint import Endpoint, parse_host
from seacan.client.transport import Connection, Response, Upgraded
from seacan.client.version import API_VERSION, CLIENT_VERSION, LEAST_API_VERSION, version_key
from seacan.lean import cached_property

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from seacan.client.builds import Builds
    from seacan.client.containers import Containers
    from seacan.client.execs import Execs
    from seacan.client.files import Files
    from seacan.client.images import Images
    from seacan.client.networks import Networks
    from seacan.client.registries import Registries
    from seacan.client.system import System
    from seacan.client.volumes import Volumes

_ERRORS: dict[int, type[errors.SeacanError]] = {
    400: errors.InvalidArgument,
    401: errors.Unauthorized,
    403: errors.Forbidden,
    404: errors.NotFound,
    409: errors.Conflict,
    501: errors.Unsupported,
    503: errors.Unavailable,
}
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_IN_PATHS = _UNRESERVED | frozenset(b"/:@")


class Client:
    """A daemon, by its endpoint; connections are made as they are needed, and kept for the next.

    Several threads may use it at once, each request then on a connection of its own.

    `endpoint`: an Endpoint, or a host such as `unix:///run/seacan.sock`. `version`: the API version
    to speak; None for DOCKER_API_VERSION and then the newest that the daemon has too. `headers`: of
    each request, beside its own.
    """

    def __init__(
        self,
        endpoint: Endpoint | str,
        *,
        version: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.endpoint = endpoint if isinstance(endpoint, Endpoint) else parse_host(endpoint)
        self._version = version or os.environ.get("DOCKER_API_VERSION", "").removeprefix("v")
        agent = {"User-Agent": f"seacan/{CLIENT_VERSION}"}
        # The agent is who it is, whatever a proxy on the way wants to be told.
        others = {str(name): str(value) for name, value in (headers or {}).items()}
        self._headers = {n: v for n, v in others.items() if n.lower() != "user-agent"} | agent
        self._idle: list[Connection] = []

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    # Imported as they are used: a command line needs one or two of them.

    @cached_property
    def builds(self) -> Builds:
        from seacan.client.builds import Builds

        return Builds(self)

    @cached_property
    def containers(self) -> Containers:
        from seacan.client.containers import Containers

        return Containers(self)

    @cached_property
    def execs(self) -> Execs:
        from seacan.client.execs import Execs

        return Execs(self)

    @cached_property
    def files(self) -> Files:
        from seacan.client.files import Files

        return Files(self)

    @cached_property
    def images(self) -> Images:
        from seacan.client.images import Images

        return Images(self)

    @cached_property
    def registries(self) -> Registries:
        from seacan.client.registries import Registries

        return Registries(self)

    @cached_property
    def networks(self) -> Networks:
        from seacan.client.networks import Networks

        return Networks(self)

    @cached_property
    def system(self) -> System:
        from seacan.client.system import System

        return System(self)

    @cached_property
    def volumes(self) -> Volumes:
        from seacan.client.volumes import Volumes

        return Volumes(self)

    @property
    def version(self) -> str:
        """The API version in use. The first question asks the daemon, unless one was chosen."""
        if not self._version:
            offered = self.system.ping().api_version
            self._version = min(offered or LEAST_API_VERSION, API_VERSION, key=version_key)
        return self._version

    def path(self, *parts: str) -> str:
        """Return the target of a request: the API version, then `parts`, quoted."""
        quoted = (_quote(part, _IN_PATHS) for part in parts)
        return f"/v{self.version}/" + "/".join(quoted)

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Send a request with `body` as JSON (None: no body); return the head of the reply.

        Its body is the caller's to read, or `finish` it. Raises the error of a status from 400 on.
        """
        all_headers = {**self._headers, **(headers or {})}
        data = None
        if body is not None:
            all_headers["Content-Type"] = "application/json"
            data = encode_json(body)
        return self._exchange(method, path + encode_query(query or {}), all_headers, data)

    def upload(
        self,
        path: str,
        *,
        query: Mapping[str, object],
        pieces: Iterable[bytes],
        media_type: str = "application/x-tar",
        headers: Mapping[str, str] | None = None,
        method: str = "POST",
    ) -> Response:
        """Send `pieces` as they come; return the head of the reply."""
        all_headers = {
            **self._headers,
            "Content-Type": media_type,
            **(headers or {}),
        }
        return self._exchange(method, path + encode_query(query), all_headers, pieces)

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Send a request and return its reply: decoded JSON, or None if it has no body."""
        data = self.finish(self.call(method, path, query=query, body=body, headers=headers))
        return decode_json(data) if data else None

    def upgrade(
        self,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Upgraded:
        """POST a request that turns its connection into a raw stream, and return that."""
        all_headers = {"Connection": "Upgrade", "Upgrade": "tcp", **(headers or {})}
        return self.call("POST", path, query=query, body=body, headers=all_headers).take_over()

    def finish(self, response: Response) -> bytes:
        """Return what is left of a reply's body, and keep its connection for the next request."""
        try:
            data = response.read()
        except BaseException:
            response.connection.close()
            raise
        if response.may_continue:
            self._idle.append(response.connection)
        else:
            response.connection.close()
        return data

    def _exchange(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | Iterable[bytes] | None,
    ) -> Response:
        connection = self._connection()
        try:
            connection.send(method, self.endpoint.base + target, headers, body)
            response = connection.receive(has_body=method != "HEAD")
        except BaseException:
            connection.close()
            raise
        if response.status >= 400:
            raise _refusal(response.status, self.finish(response))
        return response

    def _connection(self) -> Connection:
        while self._idle:
            try:
                idle = self._idle.pop()
            except IndexError:
                break  # Another thread was faster.
            if not _is_readable(idle):
                return idle
            idle.close()  # Readable without a request: the daemon has ended it.
        return Connection(self.endpoint.connect(), self.endpoint.authority)


def _is_readable(connection: Connection) -> bool:
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))


def _refusal(status: int, body: bytes) -> errors.SeacanError:
    try:
        message = json_text.loads(body)["message"].strip()
    except (ValueError, KeyError, TypeError, AttributeError):
        message = body.decode(errors="replace").strip() or f"status {status} without a message"
    return _ERRORS.get(status, errors.Internal)(f"Error response from daemon: {message}")


def encode_json(value: object) -> bytes:
    """Return `value` as JSON; bytes of arguments that are no UTF-8 become U+FFFD, as Go does."""
    text = json_text.dumps(value)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="surrogateescape").decode(errors="replace").encode()


def decode_json(data: bytes) -> Any:
    """Return what the daemon has sent. Raises Unavailable if it is no JSON: it is no daemon."""
    try:
        return json_text.loads(data)
    except (ValueError, RecursionError) as err:
        raise errors.Unavailable(f"the daemon's reply is no JSON: {err}") from err


def encode_query(values: Mapping[str, object]) -> str:
    """Return `?name=value&…`, or nothing: None and False are left out, a list is repeated.

    A dict travels as JSON, as the API has filters.
    """
    pairs = []
    for name, value in values.items():
        if value is None or value is False or value == {}:
            continue
        for item in value if isinstance(value, list) else (value,):
            text = "1" if item is True else item
            quoted = _quote(encode_json(text) if isinstance(text, dict) else str(text), _UNRESERVED)
            pairs.append(f"{name}={quoted}")
    return "?" + "&".join(pairs) if pairs else ""


def _quote(text: str | bytes, safe: frozenset[int]) -> str:
    data = os.fsencode(text) if isinstance(text, str) else text
    return "".join(chr(byte) if byte in safe else f"%{byte:02X}" for byte in data)


def messages(pieces: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects, one a line, of a progress or event stream as they arrive."""
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from (decode_json(line) for line in lines if line.strip())
    if rest.strip():
        yield decode_json(rest)
